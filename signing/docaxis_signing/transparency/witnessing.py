"""What a witness is asked and what it answers (c2sp.org/tlog-witness): the request's form and the rule of cosigning."""

import base64
import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

from docaxis_signing.transparency.checkpoint import Checkpoint, SignedCheckpoint, decode_hash, decode_number
from docaxis_signing.transparency.merkle import EMPTY_ROOT, check_consistency
from docaxis_signing.transparency.note import Note, Signer, Verifier
from docaxis_signing.transparency.problems import RejectedNote, RejectedProof, TransparencyError

MAX_HASHES: Final = 63
SIZE_TYPE: Final = "text/x.tlog.size"
"""Media type of the answer to a request that begins at another size than the witness saw last."""
ADD_CHECKPOINT: Final = "/add-checkpoint"


def origin_hash(origin: str) -> str:
    """Name a log as witnesses do on HTTP: SHA-256 of its origin, in hex."""
    return hashlib.sha256(origin.encode()).hexdigest()


def latest_path(origin: str) -> str:
    """Give the path under which a witness shows the latest checkpoint that it cosigned of a log."""
    return f"/{origin_hash(origin)}/checkpoint"


class RefusedCheckpoint(TransparencyError):
    """A witness does not cosign. ``status`` is its answer on HTTP; ``size`` what it saw last, where that is why."""

    def __init__(self, status: HTTPStatus, why: str, size: int | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.size = size


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """The request: a checkpoint, and a proof that it continues the one of ``old`` leaves."""

    old: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    def to_bytes(self) -> bytes:
        """Write the request's body."""
        lines = [f"old {self.old}", *(base64.b64encode(one).decode() for one in self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a request's body.

        Raises:
            RefusedCheckpoint: It is malformed.
        """
        head, blank, checkpoint = data.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
            word, _, number = first.partition(" ")
            found = cls(decode_number(number), tuple(decode_hash(line) for line in lines), checkpoint)
        except (ValueError, RejectedNote) as error:
            raise RefusedCheckpoint(HTTPStatus.BAD_REQUEST, f"malformed request: {error}") from error
        if not blank or word != "old" or len(lines) > MAX_HASHES:
            raise RefusedCheckpoint(HTTPStatus.BAD_REQUEST, "malformed request: its first line, or too many hashes")
        return found


def origin_of(request: AddCheckpoint) -> str:
    """Give the log that a request says it is of; nothing is checked.

    Raises:
        RefusedCheckpoint: The checkpoint is malformed.
    """
    try:
        return Checkpoint.stated(request.checkpoint).origin
    except RejectedNote as error:
        raise RefusedCheckpoint(HTTPStatus.BAD_REQUEST, str(error)) from error


def examine(request: AddCheckpoint, log: Verifier, latest: Checkpoint | None) -> SignedCheckpoint:
    """Decide whether a checkpoint may be cosigned, given the latest one that was; give it if so.

    Raises:
        RefusedCheckpoint: Why not.
    """
    try:
        opened = SignedCheckpoint.open(request.checkpoint, log)
    except RejectedNote as error:
        raise RefusedCheckpoint(HTTPStatus.FORBIDDEN, str(error)) from error
    found = opened.checkpoint
    if request.old > found.size:
        raise RefusedCheckpoint(HTTPStatus.BAD_REQUEST, f"old size {request.old} above the size {found.size}")
    seen = 0 if latest is None else latest.size
    if request.old != seen:
        raise RefusedCheckpoint(HTTPStatus.CONFLICT, f"the latest size seen is {seen}, not {request.old}", seen)
    if found.size == 0 and found.root != EMPTY_ROOT:
        raise RefusedCheckpoint(HTTPStatus.UNPROCESSABLE_ENTITY, "an empty tree has the empty root")
    try:
        check_consistency(seen, EMPTY_ROOT if latest is None else latest.root, found.size, found.root, request.hashes)
    except RejectedProof as error:
        raise RefusedCheckpoint(HTTPStatus.UNPROCESSABLE_ENTITY, f"not a continuation: {error}") from error
    return opened


def cosign(opened: SignedCheckpoint, signer: Signer, seconds: int) -> Note:
    """Cosign an examined checkpoint at a POSIX time: the log's signature and the witness's, nobody else's."""
    own = signer.sign(opened.note.text, seconds=seconds)
    return Note(opened.note.text, (opened.signature, own))
