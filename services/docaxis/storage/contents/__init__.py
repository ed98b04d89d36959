"""Contents: encrypted bytes in their sender's space, in a directory or an object store."""

from docaxis.storage.contents.opening import open_sealed_store
from docaxis.storage.contents.port import (
    UNCLAIMED_QUOTA,
    ContentMismatch,
    DamagedContent,
    MissingContent,
    QuotaExceeded,
    RejectedContent,
    SealedStore,
    StoreFull,
    Unclaimed,
    WrongOffset,
)
from docaxis.storage.contents.reading import OpenContent
from docaxis.storage.contents.sealing import SEGMENT, FileStoreKey, StoreKey
from docaxis.storage.contents.store import ContentStore, Progress, Swept
from docaxis.storage.contents.writing import ContentWriter

__all__ = [
    "SEGMENT",
    "UNCLAIMED_QUOTA",
    "ContentMismatch",
    "ContentStore",
    "ContentWriter",
    "DamagedContent",
    "FileStoreKey",
    "MissingContent",
    "OpenContent",
    "Progress",
    "QuotaExceeded",
    "RejectedContent",
    "SealedStore",
    "StoreFull",
    "StoreKey",
    "Swept",
    "Unclaimed",
    "WrongOffset",
    "open_sealed_store",
]
