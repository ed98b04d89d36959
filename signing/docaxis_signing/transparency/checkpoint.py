"""Checkpoints: what the log signs about itself (c2sp.org/tlog-checkpoint)."""

import base64
import re
from dataclasses import dataclass
from typing import Final, Self

from docaxis_signing.transparency.merkle import HASH_BYTES
from docaxis_signing.transparency.note import Note, Signature, Signer, Verifier, decode_base64
from docaxis_signing.transparency.problems import RejectedNote

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
"""A number without leading zeroes that fits into 64 bits."""
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree as its log states it. Extension lines are refused: nobody could check them."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        """Write the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a checkpoint's text.

        Raises:
            RejectedNote: It is not of its form.
        """
        lines = text.split("\n")
        if len(lines) != _LINES + 1 or lines[-1] or not lines[0]:
            raise RejectedNote("the note is no checkpoint of three lines")
        return cls(lines[0], decode_number(lines[1]), decode_hash(lines[2]))

    @classmethod
    def stated(cls, note: bytes) -> Self:
        """Read the checkpoint that a signed note states; whose signatures are on it is not checked.

        Raises:
            RejectedNote: It is none.
        """
        return cls.parse(Note.parse(note).text)

    def sign(self, signer: Signer) -> Note:
        """Sign it with the log's key."""
        text = self.to_text()
        return Note(text, (signer.sign(text),))


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that its log did sign, with the note it came in."""

    checkpoint: Checkpoint
    note: Note
    signature: Signature

    @classmethod
    def open(cls, data: bytes, log: Verifier) -> Self:
        """Open a checkpoint; the name of the log's key is its origin.

        Raises:
            RejectedNote: Malformed, of another log, or not signed by this one.
        """
        note = Note.parse(data)
        signature = note.open((log,))[0]
        checkpoint = Checkpoint.parse(note.text)
        if checkpoint.origin != log.name:
            raise RejectedNote(f"a checkpoint of {checkpoint.origin}, not of {log.name}")
        return cls(checkpoint, note, signature)


def decode_number(text: str) -> int:
    """Read a size or index, in its only spelling.

    Raises:
        RejectedNote: It is none.
    """
    if not _NUMBER.fullmatch(text):
        raise RejectedNote("a size is a number without leading zeroes")
    return int(text)


def decode_hash(text: str) -> bytes:
    """Read one hash in base64, in its only spelling.

    Raises:
        RejectedNote: It is none.
    """
    try:
        data = decode_base64(text)
    except ValueError as error:
        raise RejectedNote("a hash is not base64") from error
    if len(data) != HASH_BYTES:
        raise RejectedNote("a hash has 32 bytes")
    return data
