"""The secrets of the embedded axis in one file that only its owner can read; made once, then found again."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from docaxis.embedded.problems import OldFolder
from docaxis_signing.durable import write_private
from docaxis_signing.receipts import EvidenceSigner
from docaxis_signing.statements import MemberSigner
from docaxis_signing.transparency.note import Signer

FILE: Final = "identities.json"
AUDITOR_NAME: Final = "kiemtoan"
"""The auditor's account at the pages; members' end in a member's id."""
KEEPER: Final = "directory-keeper-1"
_SERVICE_KEYS: Final = ("gateway", "evidence", "log", "directory", "store", "clerk", "passwords")
_MEMBER_SECRETS: Final = ("jwk", "credential", "clerk_credential", "kafka_password", "clerk_password")
SECRET_BYTES: Final = 24
FIRST_SLOTS: Final = 4
"""Slots of an axis that was made before their number was kept here: topics and database hold it to them."""


@dataclass(frozen=True, slots=True)
class MemberIdentity:
    """What a member holds: its signing key, its credentials on HTTP, and its password on the broker."""

    member: str
    signer: MemberSigner
    credential: str
    clerk_credential: str
    kafka_password: str
    clerk_password: str

    @property
    def clerk_name(self) -> str:
        """The account at the clerk's pages."""
        return f"vanthu.{self.member}"


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """What the axis itself holds, one process each: see `write_files`."""

    gateway: MemberSigner
    evidence: EvidenceSigner
    log: Signer
    directory: MemberSigner
    store_key: bytes
    clerk_key: bytes
    passwords: Mapping[str, str]


def new_password() -> str:
    """Make a password nobody will ever type."""
    return secrets.token_urlsafe(SECRET_BYTES)


def new_service_keys(services: Iterable[str], origin: str) -> ServiceKeys:
    """Make the keys and passwords of a new axis; ``origin`` is the name of its log."""
    return ServiceKeys(
        MemberSigner.generate("gateway-1"),
        EvidenceSigner.generate("evidence-1"),
        Signer.generate(origin),
        MemberSigner.generate(KEEPER),
        secrets.token_bytes(32),
        secrets.token_bytes(32),
        {service: new_password() for service in services},
    )


def load(directory: Path) -> dict[str, Any] | None:
    """Give what was saved; None for a new axis."""
    try:
        value: dict[str, Any] = json.loads((directory / FILE).read_bytes())
    except FileNotFoundError:
        return None
    return value


def completed(value: Mapping[str, Any], services: Iterable[str], origin: str) -> dict[str, Any]:
    """Give what was saved with what an older version did not make yet, as far as nothing else hangs on it.

    Raises:
        OldFolder: More is missing than can be made anew: what brokers and directory know of it is not here.
    """
    made = {
        "log": Signer.generate(origin).to_skey(),
        "clerk": secrets.token_bytes(32).hex(),
        "directory": MemberSigner.generate(KEEPER).private_jwk(),
    }
    whole: dict[str, Any] = {
        "auditor_password": new_password(),
        "slots": FIRST_SLOTS,
        **value,
        "services": made | value.get("services", {}),
        "members": {name: {"clerk_password": new_password()} | held for name, held in value.get("members", {}).items()},
    }
    missing = [name for name in ("operator", "auditor") if name not in whole]
    missing += [f"services.{name}" for name in _SERVICE_KEYS if name not in whole["services"]]
    missing += [f"passwords.{name}" for name in services if name not in whole["services"].get("passwords", {})]
    missing += [
        f"{member}.{name}" for member, held in whole["members"].items() for name in _MEMBER_SECRETS if name not in held
    ]
    if missing:
        raise OldFolder(missing)
    return whole


def save(directory: Path, value: Mapping[str, Any]) -> None:
    """Keep what the next start must find."""
    write_private(directory / FILE, json.dumps(value, indent=2).encode())


def service_keys_to_json(keys: ServiceKeys) -> dict[str, Any]:
    """Give the form in which the axis's own keys are kept."""
    return {
        "gateway": keys.gateway.private_jwk(),
        "evidence": keys.evidence.private_jwk(),
        "log": keys.log.to_skey(),
        "directory": keys.directory.private_jwk(),
        "store": keys.store_key.hex(),
        "clerk": keys.clerk_key.hex(),
        "passwords": dict(keys.passwords),
    }


def service_keys_from_json(value: Mapping[str, Any]) -> ServiceKeys:
    """Read the axis's own keys."""
    return ServiceKeys(
        MemberSigner.from_jwk(value["gateway"]),
        EvidenceSigner.from_jwk(value["evidence"]),
        Signer.from_skey(value["log"]),
        MemberSigner.from_jwk(value["directory"]),
        bytes.fromhex(value["store"]),
        bytes.fromhex(value["clerk"]),
        dict(value["passwords"]),
    )


def member_to_json(identity: MemberIdentity) -> dict[str, Any]:
    """Give the form in which a member's secrets are kept."""
    return {
        "jwk": identity.signer.private_jwk(),
        "credential": identity.credential,
        "clerk_credential": identity.clerk_credential,
        "kafka_password": identity.kafka_password,
        "clerk_password": identity.clerk_password,
    }


def member_from_json(member: str, value: Mapping[str, Any]) -> MemberIdentity:
    """Read a member's secrets."""
    return MemberIdentity(
        member,
        MemberSigner.from_jwk(value["jwk"]),
        value["credential"],
        value["clerk_credential"],
        value["kafka_password"],
        value["clerk_password"],
    )
