"""Contents: encrypted bytes in their sender's space, in a directory or an object store."""

from docaxis.storage.contents.opening import open_sealed_store
from docaxis.storage.contents.port import (
    ContentMismatch,
    DamagedContent,
    MissingContent,
    RejectedContent,
    SealedStore,
    StoreFull,
    WrongOffset,
)
from docaxis.storage.contents.reading import OpenContent
from docaxis.storage.contents.sealing import SEGMENT, FileStoreKey, StoreKey
from docaxis.storage.contents.store import ContentStore, Progress, Swept
from docaxis.storage.contents.writing import ContentWriter

__all__ = [
    "SEGMENT",
    "ContentMismatch",
    "ContentStore",
    "ContentWriter",
    "DamagedContent",
    "FileStoreKey",
    "MissingContent",
    "OpenContent",
    "Progress",
    "RejectedContent",
    "SealedStore",
    "StoreFull",
    "StoreKey",
    "Swept",
    "WrongOffset",
    "open_sealed_store",
]
