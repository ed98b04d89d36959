"""The proof that travels with a receipt: an entry is in a log that was signed and witnessed (c2sp.org/tlog-proof)."""

import base64
from dataclasses import dataclass
from typing import Final, Self

from docaxis_signing.transparency.checkpoint import SignedCheckpoint, decode_hash, decode_number
from docaxis_signing.transparency.merkle import check_inclusion, leaf_hash
from docaxis_signing.transparency.note import decode_base64
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import RejectedNote, RejectedProof

HEADER: Final = "c2sp.org/tlog-proof@v1"
PROOF: Final = ".tlog-proof"
"""How the files are called."""
MAX_HASHES: Final = 63
"""A tree of 2**63 leaves needs no more."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """An entry's place, the hashes up to the root, and the checkpoint, as they are handed out. Nothing is checked yet.

    ``extra`` is the entry itself in the proofs of this project: it shows commitments only, and it is believed as soon
    as the proof holds for it, because its hash is what the proof begins with.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def to_bytes(self) -> bytes:
        """Write the ``.tlog-proof`` file."""
        extra = [] if self.extra is None else [f"extra {base64.b64encode(self.extra).decode()}"]
        hashes = [base64.b64encode(one).decode() for one in self.hashes]
        head = "\n".join([HEADER, *extra, f"index {self.index}", *hashes, "", ""])
        return head.encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a ``.tlog-proof`` file.

        Raises:
            RejectedProof: It is not of its form.
        """
        head, blank, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
            if not blank or lines.pop(0) != HEADER:
                raise RejectedProof("not a log proof of version 1")
            extra = None
            if lines and lines[0].startswith("extra "):
                extra = decode_base64(lines.pop(0).removeprefix("extra "))
            word, _, number = lines.pop(0).partition(" ")
            if word != "index" or len(lines) > MAX_HASHES:
                raise RejectedProof("the index is missing, or there are too many hashes")
            return cls(decode_number(number), tuple(decode_hash(line) for line in lines), checkpoint, extra)
        except (IndexError, ValueError, RejectedNote) as error:
            raise RejectedProof(f"the log proof is malformed: {error}") from error

    def check(self, entry: bytes, policy: Policy) -> SignedCheckpoint:
        """Check that an entry is in a log of the policy, in a checkpoint that enough witnesses saw.

        Raises:
            RejectedProof: It is not shown to be there.
            RejectedNote: The checkpoint is not signed by a log of the policy.
            RejectedPolicy: Too few witnesses.
        """
        opened = policy.require(self.checkpoint)
        found = opened.checkpoint
        check_inclusion(leaf_hash(entry), self.index, found.size, self.hashes, found.root)
        return opened

    def check_itself(self, policy: Policy) -> bytes:
        """Check the entry that the proof carries, and give it.

        Raises:
            RejectedProof: It carries none, or is no proof of it.
            RejectedNote: As of `check`.
            RejectedPolicy: As of `check`.
        """
        if self.extra is None:
            raise RejectedProof("the proof does not carry its entry")
        self.check(self.extra, policy)
        return self.extra
