"""Files that take another's place whole: their rights, and what a killed or failing writer leaves."""

import stat
import tracemalloc
from pathlib import Path

import pytest

from docaxis_signing.durable import write_pieces, write_private, write_whole


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "văn bản.json"
    path.write_bytes(b"old")
    write_whole(path, b"new ", b"whole")
    assert path.read_bytes() == b"new whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_private_file_is_its_owners_whatever_a_killed_writer_left(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    left = tmp_path / ".key.json.new"
    left.write_bytes(b"half of it")
    left.chmod(0o644)
    path.write_bytes(b"read by all")
    path.chmod(0o644)
    write_private(path, b"secret")
    assert (path.read_bytes(), mode_of(path)) == (b"secret", 0o600)


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "trust.toml"
    path.write_bytes(b"version = 1\n")
    with pytest.raises(TypeError):
        write_whole(path, b"version", "= 2")  # type: ignore[arg-type]
    assert path.read_bytes() == b"version = 1\n"


def test_a_link_in_the_scratch_files_place_is_not_followed(tmp_path: Path) -> None:
    stranger = tmp_path / "elsewhere"
    stranger.write_bytes(b"mine")
    (tmp_path / ".out.new").symlink_to(stranger)
    write_whole(tmp_path / "out", b"data")
    assert stranger.read_bytes() == b"mine"


def test_pieces_are_never_held_together(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        write_pieces(tmp_path / "large", (bytes(1024 * 1024) for _ in range(64)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "large").stat().st_size == 64 * 1024 * 1024
    assert peak < 16 * 1024 * 1024
