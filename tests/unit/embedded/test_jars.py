"""The broker's jars: brought once, whole, and only the committed ones."""

import hashlib
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docaxis.embedded import jars
from docaxis.embedded.jars import Jar, check_jars, committed_jars, resolve_jars
from docaxis.embedded.problems import NoRegistry, TamperedJar

CONTENT = {"one": b"first jar", "two": b"second jar"}
LIST = tuple(Jar("org.test", name, "1.0", hashlib.sha256(content).hexdigest()) for name, content in CONTENT.items())


def fake_maven(folder: Path, script: str) -> dict[str, str]:
    """Put an `mvn` on an otherwise usual PATH."""
    folder.mkdir(exist_ok=True)
    program = folder / "mvn"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def delivering(folder: Path) -> dict[str, str]:
    """Give a PATH with an `mvn` that delivers both jars and counts its runs."""
    return fake_maven(
        folder,
        f'for word in "$@"; do case $word in -DoutputDirectory=*) out=${{word#*=}};; esac; done\n'
        f"echo run >> {folder}/runs\n"
        f'printf "first jar" > $out/one-1.0.jar; printf "second jar" > $out/two-1.0.jar',
    )


@pytest.fixture
def short_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "committed_jars", lambda: LIST)


def library(folder: Path, content: Mapping[str, bytes] = CONTENT) -> Path:
    folder.mkdir()
    for name, data in content.items():
        (folder / f"{name}-1.0.jar").write_bytes(data)
    return folder


def test_the_committed_list_is_the_pinned_broker() -> None:
    names = [jar.name for jar in committed_jars()]
    assert len(names) == len(set(names)) == 46
    assert {"kafka_2.13-4.3.1.jar", "slf4j-simple-1.7.36.jar"} <= set(names)
    assert all(len(jar.sha256) == 64 for jar in committed_jars())


def test_the_class_path_has_the_committed_order(tmp_path: Path) -> None:
    assert [path.name for path in check_jars(library(tmp_path / "lib"), LIST)] == ["one-1.0.jar", "two-1.0.jar"]


@pytest.mark.parametrize(
    "content",
    [{**CONTENT, "two": b"second jaR"}, {"one": CONTENT["one"]}, {**CONTENT, "extra": b"x"}],
    ids=["changed", "missing", "one too many"],
)
def test_anything_but_the_committed_jars_is_refused(tmp_path: Path, content: dict[str, bytes]) -> None:
    with pytest.raises(TamperedJar, match=r"(one|two|extra)-1\.0\.jar"):
        check_jars(library(tmp_path / "lib", content), LIST)


@pytest.mark.usefixtures("short_list")
def test_jars_are_brought_once_and_checked_again_at_the_next_start(tmp_path: Path) -> None:
    environ, cache = delivering(tmp_path / "bin"), tmp_path / "cache"
    first = resolve_jars(environ, cache)
    assert resolve_jars(environ, cache) == first
    assert (tmp_path / "bin" / "runs").read_text() == "run\n"
    first[0].write_bytes(b"first jaR")
    with pytest.raises(TamperedJar, match="do not trust the registry"):
        resolve_jars(environ, cache)


@pytest.mark.usefixtures("short_list")
def test_a_relative_cache_is_told_to_maven_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "bin"
    environ = fake_maven(folder, f'echo "$@" > {folder}/words; exit 1')
    with pytest.raises(NoRegistry):
        resolve_jars(environ, Path("cache"))
    assert f"-DoutputDirectory={tmp_path}/cache/" in (folder / "words").read_text("utf-8")


@pytest.mark.usefixtures("short_list")
def test_two_at_once_bring_them_once(tmp_path: Path) -> None:
    environ, cache = delivering(tmp_path / "bin"), tmp_path / "cache"
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda _: resolve_jars(environ, cache), range(2))
    assert one == two
    assert (tmp_path / "bin" / "runs").read_text() == "run\n"


@pytest.mark.usefixtures("short_list")
def test_a_broken_registry_gives_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    environ = fake_maven(tmp_path / "bin", 'echo "[ERROR] Could not transfer artifact: Network is unreachable"; exit 1')
    with pytest.raises(NoRegistry, match=r"by mvn \(\[ERROR\].*Network is unreachable\): check the network") as caught:
        resolve_jars(environ, tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["kafka.lock"]


@pytest.mark.usefixtures("short_list")
def test_a_registry_that_delivers_something_else_is_refused_before_it_is_kept(tmp_path: Path) -> None:
    environ = fake_maven(
        tmp_path / "bin",
        'for word in "$@"; do case $word in -DoutputDirectory=*) echo evil > ${word#*=}/one-1.0.jar;; esac; done',
    )
    with pytest.raises(TamperedJar):
        resolve_jars(environ, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["kafka.lock"]


@pytest.mark.usefixtures("short_list")
def test_without_maven_a_mirror_that_is_away_is_named(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and never listening: refused, and nobody else gets the port
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/maven2"
        environ = {"PATH": str(tmp_path), "DOCAXIS_MAVEN_REPOSITORY": address}
        with pytest.raises(NoRegistry, match=r"by jgo .*check the network, name your mirror"):
            resolve_jars(environ, tmp_path / "cache")
