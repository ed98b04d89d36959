"""What members sign: JWS (RFC 7515, ES256) over canonical JSON, opened only against the keys of the directory.

ES256 signatures differ each time and each has a valid twin, so nothing is ever compared or hashed by its JWS bytes: the
payload's digest is what a claim binds.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from docaxis_schemas.canonical import RejectedJson, canonical, parse_object

ALGORITHM: Final = "ES256"
TYPE: Final = "docaxis+jws"
_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REGISTRY: Final = jws.JWSRegistry(algorithms=[ALGORITHM])
_REGISTRY.max_payload_length = 8 * 1024 * 1024
KEYS: Final = 4096
"""Public keys kept ready: reading one costs as much as a verification."""


class StatementError(Exception):
    """Root of what can be wrong with a signed statement."""


class RejectedStatement(StatementError):
    """The statement is not one, was changed, or was not signed by whom it names."""


@dataclass(frozen=True, slots=True)
class MemberKey:
    """A member's public key in the directory, as JWK, and when it may sign."""

    kid: str
    jwk: Mapping[str, Any]
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class OpenedStatement:
    """A statement whose signature verified: the payload as parsed, its canonical bytes, and the key that signed."""

    payload: Mapping[str, Any]
    data: bytes
    kid: str


KeyOf = Callable[[str], MemberKey | None]
"""Looks a key up by its id; None for an unknown one."""


class MemberSigner:
    """A member's private key. Made once, used for every record."""

    def __init__(self, key: ECKey, kid: str) -> None:
        self._key = key
        self.kid = kid

    @classmethod
    def generate(cls, kid: str) -> "MemberSigner":
        """Make a new P-256 key."""
        return cls(ECKey.generate_key("P-256", private=True), kid)

    @classmethod
    def from_jwk(cls, value: Mapping[str, Any]) -> "MemberSigner":
        """Load a private JWK with its ``kid``.

        Raises:
            StatementError: Not a private P-256 key with an id.
        """
        try:
            key = ECKey.import_key(dict(value))
        except (JoseError, ValueError) as error:
            raise StatementError("not a JSON Web Key") from error
        if not key.is_private or key.curve_name != "P-256" or not value.get("kid"):
            raise StatementError("a private P-256 key with a kid is needed")
        return cls(key, str(value["kid"]))

    def private_jwk(self) -> dict[str, Any]:
        """Give the private key for its owner's key file."""
        return dict(self._key.as_dict(private=True)) | {"kid": self.kid}

    def public_jwk(self) -> dict[str, Any]:
        """Give the public key for the directory."""
        return dict(self._key.as_dict(private=False)) | {"kid": self.kid}

    def sign(self, payload: Mapping[str, Any]) -> str:
        """Sign a record; the payload travels in canonical form."""
        protected = {"alg": ALGORITHM, "kid": self.kid, "typ": TYPE}
        return jws.serialize_compact(protected, canonical(payload), self._key, registry=_REGISTRY)


def open_statement(token: str | bytes, key_of: KeyOf, *, at: datetime, limit: int) -> OpenedStatement:
    """Verify a compact JWS and give its payload; nothing of it is used before that.

    ``at`` is the moment the key must be valid at; ``limit`` bounds the token in bytes.

    Raises:
        RejectedStatement: Oversized, malformed, unknown or expired key, wrong algorithm, wrong signature, payload not
            canonical.
    """
    raw = token.encode("ascii", "replace") if isinstance(token, str) else token
    if len(raw) > limit * 2:
        raise RejectedStatement("larger than a signed record may be")
    try:
        found = jws.extract_compact(raw, registry=_REGISTRY)
        protected = found.headers()
    except (JoseError, ValueError, TypeError) as error:
        raise RejectedStatement("not a compact JWS") from error
    kid = protected.get("kid")
    if set(protected) != {"alg", "kid", "typ"} or protected["alg"] != ALGORITHM or protected["typ"] != TYPE:
        raise RejectedStatement("the header is not that of a signed record")
    key = key_of(kid) if isinstance(kid, str) else None
    if key is None:
        raise RejectedStatement("signed by a key that the directory does not know for this member")
    if at < key.valid_from or (key.valid_to is not None and at >= key.valid_to):
        raise RejectedStatement("signed by a key that is not valid at this time")
    try:
        verified = jws.deserialize_compact(raw, _public_key(canonical(dict(key.jwk))), registry=_REGISTRY)
    except (JoseError, ValueError) as error:
        raise RejectedStatement("the signature does not verify") from error
    try:
        payload = parse_object(verified.payload, limit=limit)
    except RejectedJson as error:
        raise RejectedStatement(f"the payload is not acceptable: {error}") from error
    if canonical(payload) != verified.payload:
        raise RejectedStatement("the payload is not in canonical form (RFC 8785)")
    return OpenedStatement(payload, verified.payload, key.kid)


def open_pinned(token: str | bytes, public_jwk: Mapping[str, Any], *, at: datetime, limit: int) -> OpenedStatement:
    """Verify a compact JWS by one pinned key, and give its payload.

    Raises:
        RejectedStatement: As `open_statement`.
    """
    kid = str(public_jwk.get("kid", ""))
    key = MemberKey(kid, public_jwk, _ALWAYS, None)
    return open_statement(token, lambda asked: key if asked == kid else None, at=at, limit=limit)


@lru_cache(KEYS)
def _public_key(jwk: bytes) -> ECKey:
    return ECKey.import_key(json.loads(jwk))
