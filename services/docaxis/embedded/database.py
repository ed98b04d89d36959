"""The embedded PostgreSQL: made once, started, stopped, killed; reached by a socket nobody else can open."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import stat
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import asyncpg

from docaxis.embedded.places import DirectoryLock, require_free_space
from docaxis.embedded.postgres import MAJOR_VERSION, Postgres, find_postgres
from docaxis.embedded.problems import OtherVersion, StartFailed
from docaxis.embedded.supervision import Component, Supervised, supervise
from docaxis_signing.durable import write_private

START_ALLOWANCE_SECONDS: Final = 60.0
"""Under a second, more when it has to recover from a crash."""
SPACE_MEBIBYTES: Final = 200
ROLE: Final = "docaxis"
"""Owns its one database and is no superuser; the superuser has no way in at all."""
SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    # A small machine: no worker processes for reading ahead, no compiler for queries of a millisecond.
    "io_method": "sync",
    "jit": "off",
}


class EmbeddedDatabase:
    """A real PostgreSQL below one directory, found again by the next start. Also an async context manager."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        self._lock = DirectoryLock(self._directory)
        self._process: Supervised | None = None
        self._url: str | None = None

    @property
    def pids(self) -> list[int]:
        """The launcher, the postmaster and its backends."""
        return self._process.pids if self._process and self._process.running else []

    @property
    def url(self) -> str:
        """The address for SQLAlchemy with asyncpg, from the first start on; the same after a crash."""
        if self._url is None:
            raise RuntimeError("the database was never started")
        return self._url

    async def start(self) -> str:
        """Start it, recovering what a crash left, and return its address once it answers.

        Raises:
            EmbeddedProblem: It cannot; nothing is left running.
        """
        await self._lock.acquire()
        try:
            postgres = await asyncio.to_thread(find_postgres)
            password, socket = await asyncio.to_thread(self._prepare, postgres)
            self._url = f"postgresql+asyncpg://{ROLE}:{password}@/{ROLE}?host={quote(str(socket), safe='/')}"
            if not self.pids:
                self._process = await self._run(postgres, socket)
            await self._answers(password, socket)
        except BaseException:
            await self.kill()
            self._lock.release()
            raise
        return self.url

    async def stop(self) -> None:
        """Stop it: open transactions are rolled back, the rest is written; kill after a bound."""
        if self._process is not None:
            await self._process.stop()
            self._process = None
        record = self._directory / "database.json"
        if record.exists():
            shutil.rmtree(json.loads(record.read_text("utf-8"))["socket"], ignore_errors=True)
        self._lock.release()

    async def kill(self) -> None:
        """Kill -9 the postmaster and all of its children, as a crash of the machine would."""
        if self._process is not None:
            await self._process.kill()
            self._process = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _prepare(self, postgres: Postgres) -> tuple[str, Path]:
        """Make what is missing; give the role's password and the socket's directory."""
        require_free_space(self._directory, SPACE_MEBIBYTES)
        record = self._directory / "database.json"
        kept: dict[str, str] = json.loads(record.read_text("utf-8")) if record.exists() else {}
        password = kept.get("password") or secrets.token_hex(24)
        self._make_data(postgres, password)
        socket = Path(kept.get("socket", ""))
        if not kept or not _private(socket):
            # Not below the data directory: a socket's whole path may have 107 bytes, 103 on macOS.
            socket = Path(tempfile.mkdtemp(prefix="docaxis-", dir="/tmp"))
        postgres.own(socket)
        write_private(record, json.dumps({"password": password, "socket": str(socket)}).encode())
        return password, socket

    def _make_data(self, postgres: Postgres, password: str) -> None:
        """Make the data directory with its role and database, whole or not at all."""
        data = self._directory / "data"
        if data.exists():
            found = (data / "PG_VERSION").read_text("ascii").strip()
            if found != str(MAJOR_VERSION):
                raise OtherVersion(
                    f"{data} was written by PostgreSQL {found} and this is {MAJOR_VERSION}: choose another directory, "
                    "or move its contents over with pg_dump."
                )
            return
        scratch = self._directory / "data.new"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        postgres.own(scratch)
        place = postgres.data_argument(scratch)
        # The built-in locale: the same order and case rules on every machine, Vietnamese letters included.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        postgres.run("initdb", ["-D", place, "-U", "postgres", "--auth=reject", *locale], scratch)
        (scratch / "pg_hba.conf").write_text("local all all scram-sha-256\n", "ascii")
        # In single-user mode, by standard input: no superuser ever needs a password or a connection.
        words = f"CREATE ROLE {ROLE} LOGIN PASSWORD '{password}';\nCREATE DATABASE {ROLE} OWNER {ROLE};\n"
        postgres.run("postgres", ["--single", "-D", place, "postgres"], scratch, words=words)
        scratch.rename(data)

    async def _run(self, postgres: Postgres, socket: Path) -> Supervised:
        data = self._directory / "data"
        settings = SETTINGS | {"unix_socket_directories": str(socket)}
        return await supervise(
            Component(
                name="PostgreSQL",
                command=[
                    *(str(postgres.programs / "postgres"), "-D", postgres.data_argument(data)),
                    *(word for key, value in settings.items() for word in ("-c", f"{key}={value}")),
                ],
                directory=data,
                log=self._directory / "postgres.log",
                stop_signal=signal.SIGINT,  # "fast": does not wait for clients to leave
                user=postgres.user,
            ),
            descriptors=[self._lock.descriptor],
        )

    async def _answers(self, password: str, socket: Path) -> None:
        deadline = time.monotonic() + START_ALLOWANCE_SECONDS
        while True:
            try:
                connection = await asyncpg.connect(host=str(socket), user=ROLE, password=password, database=ROLE)
                await connection.close()
            except (OSError, asyncpg.CannotConnectNowError) as error:
                if self._process:
                    self._process.require_running()
                if time.monotonic() > deadline:
                    raise StartFailed(
                        f"PostgreSQL did not answer in {START_ALLOWANCE_SECONDS:.0f} s ({error}): "
                        f"its log is {self._directory / 'postgres.log'}."
                    ) from error
                await asyncio.sleep(0.05)
            else:
                return


def _private(socket: Path) -> bool:
    """Say whether this directory is still there and closed to others: its parent is everybody's."""
    try:
        status = os.lstat(socket)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700
