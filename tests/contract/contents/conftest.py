from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore.store
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.embedded.database import EmbeddedDatabase
from docaxis.storage.contents import ContentStore, FileStoreKey, SealedStore
from docaxis.storage.contents.directory import DirectoryStore
from docaxis.storage.contents.objects import ObjectStore
from docaxis.storage.database import open_database
from docaxis.storage.tables import intake, metadata

MakeStore = Callable[[], SealedStore]


class HandClock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture(scope="session")
async def content_engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncEngine]:
    async with EmbeddedDatabase(tmp_path_factory.mktemp("database")) as database:
        engine = open_database(database.url, application="test")
        async with engine.begin() as connection:
            tables = [intake.contents, intake.uploads]
            await connection.run_sync(lambda sync: metadata.create_all(sync, tables=tables))
        yield engine
        await engine.dispose()


@pytest.fixture(params=["directory", "objects in memory", "objects in files"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """Open the same place, as a process does that was started again."""
    if request.param == "directory":
        return lambda: DirectoryStore(tmp_path / "store")
    if request.param == "objects in memory":
        memory = obstore.store.MemoryStore()
        return lambda: ObjectStore(memory)
    return lambda: ObjectStore(obstore.store.LocalStore(tmp_path / "objects", mkdir=True))


@pytest.fixture
def sealed(reopen: MakeStore) -> SealedStore:
    return reopen()


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(content_engine: AsyncEngine, sealed: SealedStore, hand_clock: HandClock) -> AsyncIterator[ContentStore]:
    store = ContentStore(content_engine, sealed, FileStoreKey(b"k" * 32), clock=hand_clock, lease=timedelta(hours=24))
    yield store
    store.close()
