"""Jars, first the broker's: brought once into the cache, and compared with a committed SHA-256 list at every start."""

import hashlib
import importlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from docaxis.embedded.places import cache_directory, exclusively, require_free_space
from docaxis.embedded.problems import NoRegistry, TamperedJar

KAFKA_VERSION: Final = "4.3.1"
MAVEN_GOAL: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
MAVEN_TIMEOUT_SECONDS: Final = 600.0
"""A cold local repository took 18 to 30 s; a slow line gets ten minutes, not for ever."""
SPACE_MEBIBYTES: Final = 150
"""44 MiB of jars, the same again in Maven's own repository, and some."""
REPOSITORY_VARIABLE: Final = "DOCAXIS_MAVEN_REPOSITORY"


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the committed list."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """The file name Maven gives it."""
        return f"{self.artifact}-{self.version}.jar"


@dataclass(frozen=True, slots=True)
class JarSet:
    """Jars that are brought together: a pom without addresses for Maven, beside it the list ``jars.sha256``."""

    name: str
    pom: Path
    jars: tuple[Jar, ...]


def committed_jars(text: str | None = None) -> tuple[Jar, ...]:
    """Read the committed list: ``sha256  group:artifact:version`` a line, in class path order."""
    if text is None:
        text = (files("docaxis.embedded") / "jars.sha256").read_text("ascii")
    return tuple(_jar(line) for line in text.splitlines() if line)


def _jar(line: str) -> Jar:
    digest, coordinates = line.split()
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, digest)


def check_jars(directory: Path, jars: tuple[Jar, ...]) -> tuple[Path, ...]:
    """Give the class path of a directory that holds exactly the committed jars.

    Every byte is hashed at every start (44 MiB, about 0.1 s): cheaper than explaining a stamp that can lie.

    Raises:
        TamperedJar: A jar is missing, changed, or one too many.
    """
    found = {path.name: path for path in directory.iterdir()}
    wrong = sorted({jar.name for jar in jars} ^ found.keys())
    for jar in jars:
        if jar.name in found:
            with found[jar.name].open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != jar.sha256:
                    wrong.append(jar.name)
    if wrong:
        named = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        raise TamperedJar(
            f"The broker's files in {directory} are not those this version was built for ({named}): "
            "remove that directory and start again; if it happens again, do not trust the registry they come from."
        )
    return tuple(found[jar.name] for jar in jars)


def resolve_jars(environ: Mapping[str, str] = os.environ, cache: Path | None = None) -> tuple[Path, ...]:
    """Give the broker's class path, bringing the jars first where the cache does not have them.

    Raises:
        NoRegistry: They are not in the cache and no registry could be reached.
        TamperedJar: They are there, and not the committed ones.
    """
    with as_file(files("docaxis.embedded") / "pom.xml") as pom:
        return resolve(JarSet(f"kafka-{KAFKA_VERSION}", pom, committed_jars()), environ, cache)


def resolve(wanted: JarSet, environ: Mapping[str, str] = os.environ, cache: Path | None = None) -> tuple[Path, ...]:
    """Give the class path of a set of jars, as `resolve_jars` does for the broker's.

    Raises:
        NoRegistry: They are not in the cache and no registry could be reached.
        TamperedJar: They are there, and not the committed ones.
    """
    jars, prefix = wanted.jars, wanted.name.partition("-")[0]
    cache = (cache or cache_directory(environ)).absolute()  # Maven would read it from where its pom lies
    directory = cache / f"{wanted.name}-{_fingerprint(jars)}"
    if not directory.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        require_free_space(cache, SPACE_MEBIBYTES)
        with exclusively(cache / f"{prefix}.lock"):
            if not directory.is_dir():
                _bring(wanted, directory, environ)
    return check_jars(directory, jars)


def _fingerprint(jars: tuple[Jar, ...]) -> str:
    return hashlib.sha256("".join(jar.sha256 for jar in jars).encode()).hexdigest()[:12]


def _bring(wanted: JarSet, directory: Path, environ: Mapping[str, str]) -> None:
    """Fill a temporary directory, check it, and rename it into place: whoever sees the name sees all of it."""
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f"{wanted.name}-") as scratch:
        library = Path(scratch) / "lib"
        library.mkdir()
        maven = shutil.which("mvn", path=environ.get("PATH"))
        if maven:
            _bring_with_maven(maven, wanted.pom, library, environ)
        else:
            _bring_with_jgo(wanted.jars, library, Path(scratch) / "repository", environ)
        check_jars(library, wanted.jars)
        library.rename(directory)


def _bring_with_maven(maven: str, pom: Path, library: Path, environ: Mapping[str, str]) -> None:
    command = [maven, "-B", "-q", "-f", str(pom), MAVEN_GOAL, "-DincludeScope=runtime"]
    try:
        run = subprocess.run(
            [*command, f"-DoutputDirectory={library}"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MAVEN_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoRegistry(_no_registry("mvn", "no answer in ten minutes")) from None
    if run.returncode:
        cause = next((line for line in run.stdout.splitlines() if "ERROR" in line), run.stderr.strip())
        raise NoRegistry(_no_registry("mvn", cause.strip()))


def _bring_with_jgo(jars: tuple[Jar, ...], library: Path, repository: Path, environ: Mapping[str, str]) -> None:
    """Fetch each committed coordinate; the list is closed, so no dependency graph needs to be walked."""
    try:
        maven = importlib.import_module("jgo.maven")
        constants = importlib.import_module("jgo.constants")
    except ImportError:
        raise NoRegistry(
            "The Kafka broker's files are not in the cache and nothing is there to bring them: "
            "install Maven (mvn), or install docaxis with its [embedded] extra."
        ) from None
    address = environ.get(REPOSITORY_VARIABLE) or constants.MAVEN_CENTRAL_URL
    context = maven.MavenContext(repo_cache=repository, remote_repos={"central": address})
    for jar in jars:
        try:
            path = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors; jgo raises RuntimeError
            cause = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise NoRegistry(_no_registry("jgo", cause)) from error
        shutil.move(path, library / jar.name)


def _no_registry(tool: str, cause: str) -> str:
    return (
        f"The Kafka {KAFKA_VERSION} broker's files could not be brought by {tool} ({cause[:300]}): check the network, "
        f"name your mirror in Maven's settings.xml (or in {REPOSITORY_VARIABLE} where there is no mvn), "
        "or copy the cache directory of a machine that has them."
    )
