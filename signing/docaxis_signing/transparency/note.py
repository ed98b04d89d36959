"""Signed notes and the keys that sign them (c2sp.org/signed-note): text, a blank line, signature lines.

`open_note` gives a text only with signatures of known keys that verified; a note that a known key did not really sign
is refused whole, as the specification recommends.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from docaxis_signing.transparency.problems import RejectedNote

MAX_NOTE: Final = 1_000_000
"""Bytes of a note that is read at all; the specification leaves the limit to the verifier."""
MAX_SIGNATURES: Final = 100
"""Signature lines of a note; the specification wants at least 16 accepted."""
_ID_BYTES: Final = 4
_KEY_BYTES: Final = 32
_TIME_BYTES: Final = 8
COSIGNATURE_BYTES: Final = _TIME_BYTES + 64
"""A time and an Ed25519 signature (c2sp.org/tlog-cosignature)."""
_DASH: Final = "\u2014 "


class Algorithm(IntEnum):
    """The signature types that this project signs and verifies."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line. ``data`` is what follows the key id: what it is made of depends on the type of the key."""

    name: str
    key_id: bytes
    data: bytes

    def to_line(self) -> str:
        """Write it, with its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.data).decode()}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name and type."""

    name: str
    algorithm: Algorithm
    key: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes by which signature lines tell keys of one name apart."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.key).digest()[:_ID_BYTES]

    def to_vkey(self) -> str:
        """Write it the way keys are handed around."""
        encoded = base64.b64encode(bytes([self.algorithm]) + self.key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def from_vkey(cls, text: str) -> Self:
        """Read a verifier key.

        Raises:
            RejectedNote: It is none, or of a type that is not verified here.
        """
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            data = base64.b64decode(encoded, validate=True)
            found = cls(name, Algorithm(data[0]), data[1:])
        except (binascii.Error, ValueError, IndexError) as error:
            raise RejectedNote("not a verifier key of a known type") from error
        if len(found.key) != _KEY_BYTES or not is_name(name) or found.key_id.hex() != key_id:
            raise RejectedNote("the verifier key's name, id and key do not belong together")
        return found

    def check(self, text: bytes, signature: Signature) -> None:
        """Check one signature over a note's text.

        Raises:
            RejectedNote: It is not this key's.
        """
        try:
            public = Ed25519PublicKey.from_public_bytes(self.key)
            if self.algorithm is Algorithm.ED25519:
                public.verify(signature.data, text)
            else:
                public.verify(signature.data[_TIME_BYTES:], cosigned(text, cosigned_at(signature)))
        except (InvalidSignature, ValueError) as error:
            raise RejectedNote(f"the signature of {self.name} does not verify") from error


def cosigned_at(signature: Signature) -> int:
    """Give the POSIX time in seconds that a cosignature states."""
    return int.from_bytes(signature.data[:_TIME_BYTES], "big")


def cosigned(text: bytes, seconds: int) -> bytes:
    """Give the message that a cosignature is over (c2sp.org/tlog-cosignature)."""
    return f"cosignature/v1\ntime {seconds}\n".encode() + text


class Signer:
    """A private Ed25519 key with its name: a log's, or with ``COSIGNATURE`` a witness's."""

    def __init__(self, name: str, key: Ed25519PrivateKey, algorithm: Algorithm = Algorithm.ED25519) -> None:
        if not is_name(name):
            raise RejectedNote("the name of a key has neither spaces nor a plus sign")
        self._key = key
        self.verifier = Verifier(name, algorithm, key.public_key().public_bytes_raw())

    @classmethod
    def from_seed(cls, name: str, seed: bytes, algorithm: Algorithm = Algorithm.ED25519) -> Self:
        """Make it from the 32 secret bytes of the key."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed), algorithm)

    @classmethod
    def generate(cls, name: str, algorithm: Algorithm = Algorithm.ED25519) -> Self:
        """Make a new key."""
        return cls(name, Ed25519PrivateKey.generate(), algorithm)

    @classmethod
    def from_skey(cls, text: str) -> Self:
        """Read a private key the way golang.org/x/mod/sumdb/note writes it.

        Raises:
            RejectedNote: It is none.
        """
        label, _, rest = text.strip().partition("+KEY+")
        name, _, rest = rest.partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            data = base64.b64decode(encoded, validate=True)
            found = cls.from_seed(name, data[1:], Algorithm(data[0]))
        except (binascii.Error, ValueError, IndexError) as error:
            raise RejectedNote("not a private key of a known type") from error
        if label != "PRIVATE" or found.verifier.key_id.hex() != key_id:
            raise RejectedNote("the private key's name, id and key do not belong together")
        return found

    def to_skey(self) -> str:
        """Write the private key for its owner's key file."""
        known = self.verifier
        encoded = base64.b64encode(bytes([known.algorithm]) + self._key.private_bytes_raw()).decode()
        return f"PRIVATE+KEY+{known.name}+{known.key_id.hex()}+{encoded}"

    def sign(self, text: str, *, seconds: int = 0) -> Signature:
        """Sign a note's text; ``seconds`` is the POSIX time that a cosignature states."""
        data, known = text.encode(), self.verifier
        if known.algorithm is Algorithm.ED25519:
            return Signature(known.name, known.key_id, self._key.sign(data))
        time = seconds.to_bytes(_TIME_BYTES, "big")
        return Signature(known.name, known.key_id, time + self._key.sign(cosigned(data, seconds)))


@dataclass(frozen=True, slots=True)
class Note:
    """A text with signatures of which nothing has been checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    def to_bytes(self) -> bytes:
        """Write the signed note."""
        return (self.text + "\n" + "".join(one.to_line() for one in self.signatures)).encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take a note apart.

        Raises:
            RejectedNote: It is malformed.
        """
        if len(data) > MAX_NOTE:
            raise RejectedNote(f"a note of {len(data)} bytes")
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise RejectedNote("the note is not UTF-8") from error
        if any(character < " " and character != "\n" for character in whole):
            raise RejectedNote("the note holds control characters")
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise RejectedNote("the note has no signatures")
        return cls(text + "\n", tuple(_signatures(lines)))

    def open(self, known: Sequence[Verifier]) -> tuple[Signature, ...]:
        """Give the signatures of known keys, all of which verified; those of strangers are ignored.

        Raises:
            RejectedNote: No known key signed, or what is said to be its signature is not.
        """
        keys = {(key.name, key.key_id): key for key in known}
        data, verified = self.text.encode(), {}
        for signature in self.signatures:
            key = keys.get((signature.name, signature.key_id))
            if key is not None:
                key.check(data, signature)
                verified[key.name, key.key_id] = signature
        if not verified:
            raise RejectedNote("the note is signed by no known key")
        return tuple(verified.values())


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines, as a witness answers them.

    Raises:
        RejectedNote: They are malformed.
    """
    if not lines.endswith("\n"):
        raise RejectedNote("signature lines end with a newline")
    return tuple(_signatures(lines))


def _signatures(lines: str) -> list[Signature]:
    rows = lines[:-1].split("\n")
    if len(rows) > MAX_SIGNATURES:
        raise RejectedNote(f"the note has {len(rows)} signatures; at most {MAX_SIGNATURES}")
    found = []
    for row in rows:
        name, _, encoded = row.removeprefix(_DASH).partition(" ")
        try:
            data = decode_base64(encoded)
        except ValueError as error:
            raise RejectedNote("a signature line is malformed") from error
        if not row.startswith(_DASH) or not is_name(name) or len(data) <= _ID_BYTES:
            raise RejectedNote("a signature line is malformed")
        found.append(Signature(name, data[:_ID_BYTES], data[_ID_BYTES:]))
    return found


def decode_base64(text: str) -> bytes:
    """Read bytes in their only spelling: no other last character, of which the decoder ignores some bits.

    Raises:
        ValueError: It is another one, or no base64.
    """
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 in another spelling than its own")
    return data


def is_name(name: str) -> bool:
    """Say whether this may be the name of a key."""
    return bool(name) and "+" not in name and not any(one.isspace() for one in name) and name.isprintable()
