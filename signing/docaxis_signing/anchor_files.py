"""How anchors lie below a log's directory: a checkpoint and the time-stamp token over it, by the size of the log."""

from typing import Final

ANCHORS: Final = "anchors"
TOKEN: Final = ".tst"  # noqa: S105 - the name of a file
"""How a token is called beside its ``.checkpoint``: a DER ContentInfo, ``openssl ts -verify -token_in``."""
CHECKPOINT: Final = ".checkpoint"


def anchor_path(size: int, suffix: str) -> str:
    """Name a file of the anchor of so many leaves below the log's directory; names sort by size."""
    return f"{ANCHORS}/{size:019}{suffix}"
