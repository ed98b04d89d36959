"""Receipts: statements signed by the registrar (JWS, Ed25519 as of RFC 9864), checked with pinned public keys only.

An evidence file holds the receipt and, where a member acted, the member's own signed record. The statement names the
digest of that record and the thumbprint of the key that signed it, so neither can be exchanged for another.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.registry import HeaderParameter
from joserfc.util import urlsafe_b64encode

from docaxis_schemas.canonical import RejectedJson, canonical, parse_object
from docaxis_schemas.evidence import MAX_STATEMENT
from docaxis_schemas.moments import from_text, to_text
from docaxis_signing.statements import MemberKey, OpenedStatement, RejectedStatement, open_statement
from docaxis_signing.transparency.leaves import Openings, leaf
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import RejectedPolicy, TransparencyError
from docaxis_signing.transparency.proof import LogProof

ALGORITHM: Final = "Ed25519"
TYPE: Final = "docaxis-receipt+jws"
FORMAT: Final = "docaxis-evidence"
STATEMENT: Final = ".statement"
"""How the signed bytes of a receipt are called beside it, for programs that know nothing of JWS."""
SIGNATURE: Final = ".p7s"
"""How the signature of the axis's organisation over them is called (`docaxis_signing.cades`)."""
MAX_EVIDENCE_FILE: Final = 16 * 1024 * 1024
_ISSUED_AT: Final = HeaderParameter("time of signing, as of ETSI TS 119 182-1, 5.1.11", "int")
_REGISTRY: Final = jws.JWSRegistry({"iat": _ISSUED_AT}, algorithms=[ALGORITHM])
_REGISTRY.max_payload_length = 2 * MAX_STATEMENT


class RejectedEvidence(Exception):
    """The evidence does not hold: the text says which check failed."""


@dataclass(frozen=True, slots=True)
class EvidenceKey:
    """A public key of the axis, pinned by whoever checks: evidence signed or dated outside its dates is refused."""

    kid: str
    jwk: Mapping[str, Any]
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class PinnedKeys:
    """What a checker holds beforehand: the axis, its environment, its evidence keys, and whom to believe of its log.

    Without a policy no proof is looked at; ``docaxis verify-evidence`` says so. ``certificates`` are the axis's own, by
    SHA-256 in hex: only they sign its statements as CAdES.
    """

    axis: str
    environment: str
    keys: tuple[EvidenceKey, ...]
    log: Policy | None = None
    certificates: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the form of the pinned-keys file."""
        return {
            "axis": self.axis,
            "environment": self.environment,
            "keys": [
                {
                    "kid": key.kid,
                    "jwk": dict(key.jwk),
                    "valid_from": to_text(key.valid_from),
                    "valid_to": None if key.valid_to is None else to_text(key.valid_to),
                }
                for key in self.keys
            ],
            "log_policy": None if self.log is None else self.log.to_text(),
            "certificates": list(self.certificates),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PinnedKeys":
        """Read a pinned-keys file.

        Raises:
            RejectedEvidence: It is not of that form.
        """
        try:
            keys = tuple(
                EvidenceKey(
                    str(key["kid"]),
                    dict(key["jwk"]),
                    from_text(key["valid_from"]),
                    None if key["valid_to"] is None else from_text(key["valid_to"]),
                )
                for key in value["keys"]
            )
            policy = None if value.get("log_policy") is None else Policy.parse(value["log_policy"])
            certificates = tuple(str(one).lower() for one in value.get("certificates", ()))
            return cls(str(value["axis"]), str(value["environment"]), keys, policy, certificates)
        except (KeyError, TypeError, ValueError, AttributeError, RejectedPolicy) as error:
            raise RejectedEvidence("the file of pinned keys is not of its form") from error


@dataclass(frozen=True, slots=True)
class Logged:
    """Where the log has a statement: its place, the size of the tree it was shown in, and who had seen that tree."""

    index: int
    size: int
    origin: str
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedEvidence:
    """Evidence that holds: the statement, and the member's record where one belongs to it.

    ``logged`` is None where the evidence carries no proof yet, or the checker pinned no log. ``kid`` names the key that
    signed the receipt.
    """

    statement: Mapping[str, Any]
    record: OpenedStatement | None
    kid: str
    logged: Logged | None = None


class EvidenceSigner:
    """The registrar's private key; nobody else holds one."""

    def __init__(self, key: OKPKey, kid: str) -> None:
        private = key.private_key
        if not isinstance(private, Ed25519PrivateKey):
            raise TypeError("evidence is signed with a private key of Ed25519")
        self._key = key
        self._private = private
        self._header = (-1, b"")
        self.kid = kid

    @classmethod
    def generate(cls, kid: str) -> "EvidenceSigner":
        """Make a new Ed25519 key."""
        return cls(OKPKey.generate_key("Ed25519", private=True), kid)

    @classmethod
    def from_jwk(cls, value: Mapping[str, Any]) -> "EvidenceSigner":
        """Load a private JWK with its ``kid``."""
        return cls(OKPKey.import_key(dict(value)), str(value["kid"]))

    def private_jwk(self) -> dict[str, Any]:
        """Give the private key for the registrar's key file."""
        return dict(self._key.as_dict(private=True)) | {"kid": self.kid}

    def public_jwk(self) -> dict[str, Any]:
        """Give the public key for pinning."""
        return dict(self._key.as_dict(private=False)) | {"kid": self.kid}

    def sign(self, statement: bytes, at: datetime) -> str:
        """Sign the canonical bytes of a statement, and say when; full seconds, rounded down.

        As RFC 7515, 3.1 has it, with the header of a second made once: joserfc takes half as long again for it as for
        the signature.
        """
        issued_at = int(at.timestamp())
        if self._header[0] != issued_at:
            protected = {"alg": ALGORITHM, "iat": issued_at, "kid": self.kid, "typ": TYPE}
            self._header = (issued_at, urlsafe_b64encode(canonical(protected)))
        data = self._header[1] + b"." + urlsafe_b64encode(statement)
        return (data + b"." + urlsafe_b64encode(self._private.sign(data))).decode("ascii")


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Give the RFC 7638 thumbprint of an EC or OKP public key as SHA-256 in hex."""
    names = ("crv", "kty", "x", "y") if jwk.get("kty") == "EC" else ("crv", "kty", "x")
    return hashlib.sha256(canonical({name: jwk[name] for name in names})).hexdigest()


def evidence_file(
    receipt: str,
    *,
    record: str | None,
    record_key: Mapping[str, Any] | None,
    proof: LogProof | None = None,
    salts: Openings | None = None,
) -> dict[str, Any]:
    """Give the form in which evidence is handed out; ``salts`` open what the log says of this statement alone."""
    return {
        "v": 1,
        "format": FORMAT,
        "receipt": receipt,
        "record": record,
        "record_key": None if record_key is None else dict(record_key),
        "proof": None if proof is None else proof.to_bytes().decode(),
        "openings": None if salts is None else {field: salt.hex() for field, salt in salts.items()},
    }


def check_evidence(value: Mapping[str, Any], pinned: PinnedKeys) -> CheckedEvidence:
    """Check an evidence file against pinned keys, with nothing else at hand.

    Raises:
        RejectedEvidence: Form, signature, axis, environment, dates of the key, or the member's record do not hold.
    """
    if value.get("v") != 1 or value.get("format") != FORMAT or not isinstance(value.get("receipt"), str):
        raise RejectedEvidence("not an evidence file of version 1")
    if value.keys() != {"v", "format", "receipt", "record", "record_key", "proof", "openings"}:
        raise RejectedEvidence("the evidence file has unknown or missing members")
    statement, data, kid = _open_receipt(str(value["receipt"]), pinned)
    logged = _open_proof(value, data, pinned)
    facts = statement.get("facts")
    wanted = facts.get("record_sha256") if isinstance(facts, dict) else None
    if wanted is None or not isinstance(facts, dict):
        if value["record"] is not None:
            raise RejectedEvidence("the statement names no member's record, yet one is attached")
        return CheckedEvidence(statement, None, kid, logged)
    return CheckedEvidence(statement, _open_record(value, statement, facts), kid, logged)


def statement_of(receipt: str) -> bytes:
    """Give the bytes that a receipt signs, unchecked.

    Raises:
        RejectedEvidence: It is no receipt.
    """
    try:
        return jws.extract_compact(receipt.encode("ascii", "replace"), registry=_REGISTRY).payload
    except (JoseError, ValueError, TypeError) as error:
        raise RejectedEvidence("the receipt is not a compact JWS") from error


def read_statement(data: bytes, pinned: PinnedKeys) -> dict[str, Any]:
    """Read a statement of the pinned axis, whose signature is checked elsewhere.

    Raises:
        RejectedJson: It is no JSON of one meaning, or too long.
        RejectedEvidence: It is not canonical, or of another axis.
    """
    statement = parse_object(data, limit=MAX_STATEMENT)
    if canonical(statement) != data:
        raise RejectedEvidence("the statement is not in canonical form (RFC 8785)")
    if statement.get("axis") != pinned.axis or statement.get("environment") != pinned.environment:
        raise RejectedEvidence("the statement is of another axis or environment")
    return statement


def _open_receipt(token: str, pinned: PinnedKeys) -> tuple[dict[str, Any], bytes, str]:
    try:
        protected = jws.extract_compact(token.encode("ascii", "replace"), registry=_REGISTRY).headers()
    except (JoseError, ValueError, TypeError) as error:
        raise RejectedEvidence("the receipt is not a compact JWS") from error
    if set(protected) - {"iat"} != {"alg", "kid", "typ"} or protected["alg"] != ALGORITHM or protected["typ"] != TYPE:
        raise RejectedEvidence("the receipt's header is not that of a receipt")
    for key in pinned.keys:
        if key.kid == protected["kid"]:
            break
    else:
        raise RejectedEvidence(f"signed by a key that is not pinned: {protected['kid']!r}")
    try:
        verified = jws.deserialize_compact(token, OKPKey.import_key(dict(key.jwk)), registry=_REGISTRY)
        statement = read_statement(verified.payload, pinned)
    except (JoseError, ValueError, RejectedJson) as error:
        raise RejectedEvidence("the receipt's signature does not verify") from error
    _require_alive(key, from_text(str(statement["time"])), protected.get("iat"))
    return statement, verified.payload, key.kid


def _require_alive(key: EvidenceKey, dated: datetime, issued_at: int | None) -> None:
    """Refuse what a key signed, or says to have happened, outside its life.

    A statement may be older than the key that signs it: it waited while keys changed. Receipts that do not say when
    they were signed are taken to be as old as what they say.
    """
    try:
        signed = dated if issued_at is None else datetime.fromtimestamp(issued_at, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise RejectedEvidence("the receipt's time of signing is none") from error
    if signed < key.valid_from or (key.valid_to is not None and max(signed, dated) >= key.valid_to):
        raise RejectedEvidence("the statement is dated outside the life of the key that signed it")


def _open_proof(value: Mapping[str, Any], statement: bytes, pinned: PinnedKeys) -> Logged | None:
    """Check that the log has the entry that this statement and its openings make."""
    if value["proof"] is None or pinned.log is None:
        return None
    try:
        salts = {str(field): bytes.fromhex(salt) for field, salt in value["openings"].items()}
        proof = LogProof.parse(value["proof"].encode())
        opened = proof.check(leaf(statement, salts), pinned.log)
        seen = tuple(sorted(pinned.log.witnessed(opened.note)))
    except (TransparencyError, AttributeError, TypeError, ValueError) as error:
        raise RejectedEvidence(f"the log does not show this statement: {error}") from error
    return Logged(proof.index, opened.checkpoint.size, opened.checkpoint.origin, seen)


def _open_record(value: Mapping[str, Any], statement: Mapping[str, Any], facts: Mapping[str, Any]) -> OpenedStatement:
    record, jwk = value["record"], value["record_key"]
    if not isinstance(record, str) or not isinstance(jwk, dict):
        raise RejectedEvidence("the member's signed record is missing")
    if thumbprint(jwk) != facts.get("record_key_sha256"):
        raise RejectedEvidence("the member's key is not the one the statement names")
    at = from_text(str(statement["time"]))
    key = MemberKey(str(jwk.get("kid")), jwk, at, None)
    try:
        opened = open_statement(record, lambda kid: key if kid == key.kid else None, at=at, limit=MAX_EVIDENCE_FILE)
    except RejectedStatement as error:
        raise RejectedEvidence(f"the member's record: {error}") from error
    if hashlib.sha256(opened.data).hexdigest() != facts.get("record_sha256"):
        raise RejectedEvidence("the member's record is not the one the statement names")
    return opened
