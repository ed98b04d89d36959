"""Ports that are kept or replaced, one axis a directory, the cache's place."""

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from docaxis.embedded.places import DirectoryLock, cache_directory, require_free_space
from docaxis.embedded.ports import free_ports, is_free, kept_ports
from docaxis.embedded.problems import DirectoryInUse, DiskFull, EmbeddedProblem

HOST = "127.0.0.1"


def test_ports_are_found_again(tmp_path: Path) -> None:
    first = kept_ports(tmp_path / "ports.json", ["a", "b"], HOST)
    assert len(set(first.values())) == 2
    assert kept_ports(tmp_path / "ports.json", ["a", "b"], HOST) == first


def test_a_taken_port_is_replaced_and_the_others_kept(tmp_path: Path) -> None:
    first = kept_ports(tmp_path / "ports.json", ["a", "b"], HOST)
    with socket.socket() as rival:
        rival.bind((HOST, first["a"]))
        rival.listen()
        assert not is_free(HOST, first["a"])
        second = kept_ports(tmp_path / "ports.json", ["a", "b"], HOST)
    assert second["a"] != first["a"]
    assert second["b"] == first["b"]
    assert kept_ports(tmp_path / "ports.json", ["a", "b"], HOST) == second


def test_a_host_that_is_not_this_machine_is_said(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedProblem, match=r"192\.0\.2\.1"):
        free_ports("192.0.2.1", 1)


async def test_a_second_axis_on_the_same_directory_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    first, second = DirectoryLock(tmp_path / "axis"), DirectoryLock(tmp_path / "axis")
    await first.acquire()
    with pytest.raises(DirectoryInUse, match=r"Another axis is running on .*: stop it first"):
        await second.acquire(patience=0)
    first.release()
    await second.acquire(patience=0)
    second.release()


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docaxis.embedded.places.shutil.disk_usage", lambda _: SimpleNamespace(free=50 * 1024 * 1024))
    with pytest.raises(DiskFull, match=r"Only 50 MiB are free under .*, 300 MiB are needed: free some space"):
        require_free_space(tmp_path, 300)


def test_the_cache_lies_where_the_system_keeps_such_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/nobody")
    assert cache_directory({"DOCAXIS_CACHE": "/c"}, "linux") == Path("/c")
    assert cache_directory({"XDG_CACHE_HOME": "/x"}, "linux") == Path("/x/docaxis")
    assert cache_directory({}, "linux") == Path("/home/nobody/.cache/docaxis")
    assert cache_directory({}, "darwin") == Path("/home/nobody/Library/Caches/docaxis")
