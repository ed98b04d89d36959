"""Contents in an object store (S3 and its kin) through obstore: each segment one object, made once.

A segment is put only where none is (``If-None-Match: *``), so two writers cannot mix their bytes, and the objects that
are there say how far an upload came. Nothing is renamed: a content is readable once the database has it on record.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from docaxis.storage.contents.port import DamagedContent, WrongOffset
from docaxis.storage.decisions import UnavailableStorage


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except BaseError as error:
        raise UnavailableStorage("the object store cannot be reached or refuses") from error
    except OSError as error:
        raise UnavailableStorage("the object store cannot be reached") from error


class ObjectUpload:
    """Segments of one content as objects below its location."""

    def __init__(self, store: Any, location: str, count: int) -> None:
        self._store = store
        self._location = location
        self._count = count

    def count(self) -> int:
        return self._count

    def read(self, number: int) -> bytes:
        with _reported():
            return bytes(obstore.get(self._store, _name(self._location, number)).bytes())

    def truncate(self, count: int) -> None:
        with _reported():
            for number in range(count, self._count):
                obstore.delete(self._store, _name(self._location, number))
        self._count = count

    def append(self, data: bytes) -> None:
        try:
            with _reported():
                obstore.put(self._store, _name(self._location, self._count), data, mode="create", use_multipart=False)
        except UnavailableStorage as error:
            if isinstance(error.__cause__, AlreadyExistsError | PreconditionError):
                raise WrongOffset(None) from error
            raise
        self._count += 1

    def finish(self) -> None:
        """Leave the objects where they are."""


class ObjectStore:
    """Sealed contents in one bucket or prefix."""

    def __init__(self, store: Any) -> None:
        self._store = store

    @contextmanager
    def upload(self, location: str) -> Iterator[ObjectUpload]:
        with _reported():
            there = {meta["path"] for batch in obstore.list(self._store, prefix=location) for meta in batch}
        count = 0
        while _name(location, count) in there:
            count += 1
        yield ObjectUpload(self._store, location, count)

    def read(self, location: str, number: int) -> bytes:
        try:
            with _reported():
                return bytes(obstore.get(self._store, _name(location, number)).bytes())
        except UnavailableStorage as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise DamagedContent("a content on record is not in the store") from error
            raise

    def settle(self, location: str) -> None:
        """Keep everything: an upload has nothing beside its segments."""

    def delete(self, location: str) -> None:
        with _reported():
            for batch in obstore.list(self._store, prefix=location):
                obstore.delete(self._store, [meta["path"] for meta in batch])

    def older_than(self, moment: datetime) -> Iterator[str]:
        last: dict[str, datetime] = {}
        with _reported():
            for batch in obstore.list(self._store):
                for meta in batch:
                    location = meta["path"].partition("/")[0]
                    last[location] = max(last.get(location, meta["last_modified"]), meta["last_modified"])
        yield from (location for location, written in last.items() if written < moment)

    def probe(self) -> None:
        name = f".probe-{os.getpid()}/0"
        with _reported():
            obstore.put(self._store, name, b"probe")
            obstore.delete(self._store, name)


def _name(location: str, number: int) -> str:
    return f"{location}/{number:08d}"
