"""Files of the log are written at once, and none that could not be is passed over."""

from pathlib import Path

import pytest

from docaxis.storage.log_files import LocalDisk, LogFiles


def test_a_file_among_many_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    names = [f"{number}.new" for number in range(9)]
    (tmp_path / names[7]).mkdir()  # nobody can write there, root included
    with pytest.raises(IsADirectoryError):
        LocalDisk(tmp_path).write([(name, b"bytes") for name in names])


def test_files_of_many_directories_are_all_there(tmp_path: Path) -> None:
    files = [(f"tile/0/x00{number}/{number}", b"%d" % number) for number in range(9)]
    LogFiles(LocalDisk(tmp_path)).put(files)
    assert {str(one.relative_to(tmp_path)): one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()} == dict(
        files
    )
