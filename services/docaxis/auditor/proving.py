"""Proofs for many leaves at once: the tiles of the published tree are read once for all of them."""

from collections.abc import Mapping

from docaxis.storage.log_files import CHECKPOINT, LogFiles
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.merkle import inclusion_proof
from docaxis_signing.transparency.proof import LogProof
from docaxis_signing.transparency.tiles import TileReader


def prove_all(files: LogFiles, leaves: Mapping[int, bytes]) -> dict[int, LogProof]:
    """Give the proofs of leaves in the published checkpoint; a leaf that is younger than it has none.

    Raises:
        RejectedProof: A tile is missing.
        RejectedTile: A tile is malformed.
        RejectedNote: So is the checkpoint.
    """
    checkpoint = files.read(CHECKPOINT)
    if checkpoint is None:
        return {}
    size = Checkpoint.stated(checkpoint).size
    reader = TileReader(files.tile, size)
    return {
        index: LogProof(index, inclusion_proof(reader, index, size), checkpoint, entry)
        for index, entry in leaves.items()
        if index < size
    }
