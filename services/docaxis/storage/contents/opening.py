"""Makes the content store that a URL names."""

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import obstore.store

from docaxis.storage.contents.directory import DirectoryStore
from docaxis.storage.contents.objects import ObjectStore
from docaxis.storage.contents.port import SealedStore
from docaxis.storage.decisions import StorageError

OBJECT_SCHEMES: Final = frozenset({"s3", "s3a", "gs", "az", "abfs", "abfss", "https"})


def open_sealed_store(url: str) -> SealedStore:
    """Open ``file:///path``, ``s3://bucket/prefix`` (settings from the environment, see obstore) or ``memory:``.

    Raises:
        StorageError: No URL of a content store.
        UnavailableStorage: The directory cannot be made.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return DirectoryStore(Path(unquote(parts.path)))
    if parts.scheme == "memory":
        return ObjectStore(obstore.store.MemoryStore())
    if parts.scheme in OBJECT_SCHEMES:
        return ObjectStore(obstore.store.from_url(url))
    raise StorageError(f"not the URL of a content store: {url!r}")
