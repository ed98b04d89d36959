"""A signed trust directory that was in force is gone on from: an older one of the same key is refused ever after."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.embedded.authorities import TestAuthorities
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.settings import Settings
from docaxis.storage.database import open_database
from docaxis.storage.migrate import upgrade
from docaxis.storage.trust_in_force import TrustInForce
from docaxis.verifier.opening import load_latest_trust
from docaxis_signing.statements import MemberSigner
from docaxis_signing.trust.editing import TrustDirectory
from docaxis_signing.trust.sealing import PutBackTrustStore, seal
from docaxis_signing.trust.store import TrustStore

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass
class Keeper:
    """Whoever keeps the trust directory, and the verifier that starts under it."""

    root: Path
    engine: AsyncEngine
    signer: MemberSigner

    @property
    def directory(self) -> Path:
        return self.root / "trust"

    def distrust(self, name: str) -> None:
        trust = TrustDirectory(self.directory)
        trust.distrust(name, since=NOW, reason="its key was stolen", at=NOW)
        self.sign(trust.store)

    def sign(self, store: TrustStore) -> None:
        seal(self.directory, store, self.signer, at=NOW)
        (self.root / "key.json").write_text(json.dumps(self.signer.public_jwk()), "utf-8")

    def copy(self, name: str) -> Path:
        return Path(shutil.copytree(self.directory, self.root / name))

    def put_back(self, copy: Path) -> None:
        shutil.rmtree(self.directory)
        shutil.copytree(copy, self.directory)

    async def start(self) -> TrustStore:
        settings = Settings(trust=self.directory, trust_key=self.root / "key.json")
        return await load_latest_trust(settings, TrustInForce(self.engine), lambda: NOW)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncEngine]:
    async with EmbeddedDatabase(tmp_path_factory.mktemp("database")) as database:
        await upgrade(database.url)
        engine = open_database(database.url, application="test")
        yield engine
        await engine.dispose()


@pytest_asyncio.fixture(loop_scope="session")
async def keeper(engine: AsyncEngine, tmp_path: Path, authorities: TestAuthorities) -> Keeper:
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM trust_in_force"))
    keeper = Keeper(tmp_path, engine, MemberSigner.generate("trust"))
    authorities.write_trust(keeper.directory)
    keeper.distrust("gov-local")
    return keeper


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> TestAuthorities:
    return TestAuthorities.create(tmp_path_factory.mktemp("keys"), base_url="http://127.0.0.1:9", now=NOW)


async def test_an_older_directory_is_refused_though_its_signature_is_good(keeper: Keeper) -> None:
    older = keeper.copy("older")
    keeper.distrust("public-one")
    newer, latest = keeper.copy("newer"), await keeper.start()
    keeper.put_back(older)
    for _ in range(2):
        with pytest.raises(PutBackTrustStore, match="lacks change"):
            await keeper.start()
    keeper.put_back(newer)
    assert (await keeper.start()).sha256 == latest.sha256


async def test_a_directory_that_goes_on_is_taken_and_becomes_the_one_to_go_on_from(keeper: Keeper) -> None:
    first = await keeper.start()
    before = keeper.copy("before")
    keeper.distrust("public-one")
    assert (await keeper.start()).sha256 != first.sha256
    keeper.put_back(before)
    with pytest.raises(PutBackTrustStore):
        await keeper.start()


async def test_another_history_of_the_same_length_is_refused(keeper: Keeper) -> None:
    base = keeper.copy("base")
    keeper.distrust("public-one")
    await keeper.start()
    keeper.put_back(base)
    keeper.distrust("gov-root")
    with pytest.raises(PutBackTrustStore):
        await keeper.start()


async def test_a_new_key_begins_a_new_history_and_the_old_one_is_remembered(keeper: Keeper) -> None:
    base = keeper.copy("base")
    keeper.distrust("public-one")
    await keeper.start()
    keeper.put_back(base)
    old, keeper.signer = keeper.signer, MemberSigner.generate("trust")
    keeper.distrust("gov-root")
    await keeper.start()
    keeper.put_back(base)
    keeper.signer = old
    keeper.sign(TrustStore.load(keeper.directory))
    with pytest.raises(PutBackTrustStore):
        await keeper.start()
