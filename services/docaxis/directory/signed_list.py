"""The signature beside a list of organisations: Ed25519, by a key that no service holds.

Whoever can change the directory decides where documents go and whose seal counts, so the axis itself must not be able
to. The signed object names the SHA-256 of the canonical list and a serial; a lower serial than the last one loaded is
refused, so that an old list cannot be played back.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from docaxis.directory.errors import RejectedList
from docaxis.directory.organisation_list import read_list, write_list
from docaxis_schemas.canonical import RejectedJson, canonical, parse_object, without
from docaxis_schemas.moments import from_text, to_text
from docaxis_schemas.organisation import Organisation

FORMAT: Final = "docaxis-directory-list/1"
MAX_SIGNATURE_FILE: Final = 4096
_MEMBERS: Final = frozenset({"format", "key", "serial", "sha256", "signature", "signed_at"})


@dataclass(frozen=True, slots=True)
class SignedList:
    """A list whose signature verified."""

    organisations: tuple[Organisation, ...]
    serial: int
    sha256: str
    key: str
    signed_at: datetime


def sign_list(data: bytes, *, key: Ed25519PrivateKey, key_id: str, serial: int, signed_at: datetime) -> bytes:
    """Make the signature file of a list; for the directory's keeper, outside the services.

    Raises:
        RejectedList: The list is faulty; what cannot be loaded is not signed.
    """
    value: dict[str, Any] = {
        "format": FORMAT,
        "key": key_id,
        "serial": serial,
        "sha256": hashlib.sha256(write_list(read_list(data))).hexdigest(),
        "signed_at": to_text(signed_at),
    }
    signature = base64.b64encode(key.sign(canonical(value))).decode("ascii")
    return canonical(value | {"signature": signature}) + b"\n"


def open_list(data: bytes, signature_file: bytes, *, keys: Mapping[str, Ed25519PublicKey]) -> SignedList:
    """Verify a list's signature under a pinned key, and read the list.

    Raises:
        RejectedList: Unsigned, signed by another key, changed, or faulty.
    """
    value = _read_signature(signature_file)
    key = keys.get(value["key"])
    if key is None:
        raise RejectedList(f"signed by the key {value['key']!r}, which is not a directory key")
    try:
        signature = base64.b64decode(value["signature"], validate=True)
        key.verify(signature, canonical(without(value, "signature")))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise RejectedList("the signature of the list is wrong") from error
    organisations = read_list(data)
    if hashlib.sha256(write_list(organisations)).hexdigest() != value["sha256"]:
        raise RejectedList("the list is not the one that was signed")
    return SignedList(organisations, value["serial"], value["sha256"], value["key"], from_text(value["signed_at"]))


def _read_signature(data: bytes) -> dict[str, Any]:
    if not data.strip():
        raise RejectedList("the list is not signed")
    try:
        value = parse_object(data, limit=MAX_SIGNATURE_FILE)
        if value.keys() != _MEMBERS or value["format"] != FORMAT:
            raise RejectedList("not a signature file of a list")
        texts = all(isinstance(value[name], str) for name in _MEMBERS - {"serial"})
        serial = value["serial"]
        if not texts or isinstance(serial, bool) or not isinstance(serial, int) or serial < 1:
            raise RejectedList("not a signature file of a list")
        from_text(value["signed_at"])
    except (RejectedJson, ValueError) as error:
        raise RejectedList("the signature file of the list cannot be read") from error
    return value
