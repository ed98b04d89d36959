"""One Kafka node as a supervised JVM: formatted once, started, stopped, killed."""

import base64
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docaxis.embedded.jvm import ClassArchive, Jvm
from docaxis.embedded.problems import StartFailed
from docaxis.embedded.properties import ADMIN_USER, ClusterPlan, Node, server_properties
from docaxis.embedded.supervision import STOP_BOUND_SECONDS, Component, Supervised, supervise

FORMAT_TIMEOUT_SECONDS: Final = 60.0
ARCHIVE_BOUND_SECONDS: Final = 40.0
"""Writing the class archive at the first clean stop takes 4 s on a quiet machine."""
CLEAN_STOPS: Final = (0, 143)
"""A JVM ended by SIGTERM after its shutdown hooks says 143."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every node runs on."""

    jvm: Jvm
    class_path: tuple[Path, ...]
    archive: ClassArchive
    heap_mb: int

    def command(self, archive: Sequence[str], *, tls: bool) -> list[str]:
        """Give the java command up to the main class."""
        return [
            str(self.jvm.java),
            # C1 alone starts fastest, but has no AES-GCM intrinsics: TLS would cost 12 to 28 times the CPU.
            *([] if tls else ["-XX:TieredStopAtLevel=1"]),
            "-XX:+UseSerialGC",
            f"-Xmx{self.heap_mb}m",
            "-XX:+ExitOnOutOfMemoryError",
            *archive,
            *("-Xlog:disable", "-Xlog:all=error:stderr"),  # a hundred warnings about classes not archived
            "-Djava.awt.headless=true",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
            # Jars only, in the committed order: anything else would silently disable the archive.
            *("-cp", os.pathsep.join(map(str, self.class_path))),
        ]


def new_cluster_id() -> str:
    """Make a cluster id as Kafka writes them; one that begins with a dash would read as an option."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")


class Broker:
    """One node in its directory: ``server.properties``, ``data``, ``broker.log``."""

    def __init__(self, directory: Path, node: Node, plan: ClusterPlan, runtime: Runtime) -> None:
        self._directory = directory
        self._node = node
        self._plan = plan
        self._runtime = runtime
        self._process: Supervised | None = None
        self._dump: Path | None = None

    @property
    def node(self) -> Node:
        """Its number and ports."""
        return self._node

    @property
    def pids(self) -> list[int]:
        """Its processes."""
        return self._process.pids if self._process and self._process.running else []

    @property
    def pid(self) -> int | None:
        """The JVM's process."""
        return self._process.pid if self._process and self._process.running else None

    def require_running(self) -> None:
        """Raise if it has ended."""
        if self._process:
            self._process.require_running()

    def format(self, cluster_id: str, admin_password: str, broker_password: str) -> None:
        """Write the properties; format the data directory if it is new, whole or not at all. Blocks for a second."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = self._directory / "data"
        self._write_properties(data, broker_password)
        if data.exists():
            return
        scratch = self._directory / "data.new"
        shutil.rmtree(scratch, ignore_errors=True)
        user = f"SCRAM-SHA-512=[name={ADMIN_USER},password={admin_password}]"
        with tempfile.TemporaryDirectory(dir=self._directory) as private:
            properties = Path(private) / "server.properties"
            properties.write_text(server_properties(self._plan, self._node, scratch, broker_password), "utf-8")
            # Main class and arguments in a file: other users can read a command line, and this one has a password.
            arguments = Path(private) / "arguments"
            words = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(properties), "--add-scram", user]
            arguments.write_text("\n".join(f'"{_quoted(word)}"' for word in words), "utf-8")
            self._run_java([f"@{arguments}"])
        scratch.rename(data)

    def _run_java(self, arguments: list[str]) -> None:
        command = self._runtime.command(self._runtime.archive.flags(), tls=False)
        run = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, timeout=FORMAT_TIMEOUT_SECONDS, check=False
        )
        if run.returncode:
            said = (run.stderr or run.stdout).strip().splitlines() or ["nothing"]
            raise StartFailed(f"Kafka could not format {self._directory}: {said[-1][:300]}")

    def _write_properties(self, data: Path, broker_password: str) -> None:
        path = self._directory / "server.properties"
        path.touch(0o600)
        path.write_text(server_properties(self._plan, self._node, data, broker_password), "utf-8")

    async def start(self, lock: int) -> None:
        """Start the JVM; it answers some time later."""
        archive = self._runtime.archive
        writes = archive.missing and self._node.number == 1
        self._dump = archive.dynamic.with_suffix(f".{uuid.uuid4().hex}") if writes else None
        self._process = await supervise(
            Component(
                name=f"Kafka broker {self._node.number}",
                command=[
                    *self._runtime.command(archive.flags(self._dump), tls=self._plan.tls is not None),
                    *("kafka.Kafka", str(self._directory / "server.properties")),
                ],
                directory=self._directory,
                log=self._directory / "broker.log",
                stop_bound=ARCHIVE_BOUND_SECONDS if writes else STOP_BOUND_SECONDS,
            ),
            descriptors=[lock],
        )

    async def stop(self) -> None:
        """Stop it cleanly and keep the class archive it may have written."""
        if self._process is None:
            return
        code = await self._process.stop()
        self._process = None
        if self._dump:
            if code in CLEAN_STOPS:
                self._runtime.archive.adopt(self._dump)
            self._dump.unlink(missing_ok=True)

    async def kill(self) -> None:
        """Kill -9 it, as a crash would."""
        if self._process is not None:
            await self._process.kill()
            self._process = None


def _quoted(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')
