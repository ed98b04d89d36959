"""How a command ends where its terminal, its disk or what it needs is not what it should be."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from docaxis.cli import main
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import explain
from docaxis.cli.options import UpOptions
from docaxis.embedded import up
from docaxis.embedded.problems import DirectoryInUse
from docaxis_signing.keys import load_key

COMMAND = (sys.executable, "-c", "import sys; from docaxis.cli import main; sys.exit(main())")
NO_DATABASE = "postgresql+asyncpg://docaxis:secret-word@127.0.0.1:1/docaxis"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("frob", "Không có lệnh frob. Xem: docaxis --help"),
        ("audit frob", "Không có lệnh frob. Xem: docaxis audit --help"),
        ("verify --frob x.pdf", "Không có tùy chọn --frob. Xem: docaxis verify --help"),
        ("send", "Thiếu FILE. Xem: docaxis send --help"),
        ("verify --trust", "Thiếu giá trị của --trust. Xem: docaxis verify --help"),
        ("verify-evidence x.json", "Thiếu --keys. Xem: docaxis verify-evidence --help"),
        ("inbox x", "Thừa trên dòng lệnh: x. Xem: docaxis inbox --help"),
        ("up --port 1 --port 2", "Tùy chọn --port chỉ được ghi một lần. Xem: docaxis up --help"),
        ("up --port x", "Giá trị 'x' của --port không dùng được: cần số nguyên. Xem: docaxis up --help"),
        ("registers x", "Giá trị 'x' của REGISTER không dùng được; hãy chọn: incoming, outgoing."),
    ],
)
def test_a_clerk_is_told_in_vietnamese_what_is_wrong_with_the_call(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments.split(), "--lang", "vi"]) == Exit.USAGE
    assert capsys.readouterr().err.startswith(f"Lỗi: {sentence}")


@pytest.mark.parametrize("arguments", [("policy", "show"), ("policy", "show", "--json"), ("--help",)])
def test_a_reader_that_has_gone_is_no_success_and_no_judgement(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run([*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (Exit.CANNOT_WRITE, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a full disk as a file")
@pytest.mark.parametrize("arguments", [("policy", "show"), ("policy", "show", "--json")])
def test_a_full_disk_under_standard_output_is_said_in_one_sentence(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert (ran.returncode, ran.stderr) == (Exit.CANNOT_WRITE, "Error: The system refused: the disk is full.\n")


def test_a_terminal_that_cannot_write_vietnamese_is_still_told_the_verdict(tmp_path: Path) -> None:
    environ = os.environ | {"PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(
        [*COMMAND, "verify", "--lang", "vi", str(tmp_path / "none.pdf")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environ,
    )
    assert (ran.returncode, "(TOTAL-FAILED)" in ran.stdout) == (Exit.UNREADABLE, True)


def test_a_file_that_is_not_there_is_not_called_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing, damaged = tmp_path / "none.pdf", tmp_path / "damaged.pdf"
    damaged.write_bytes(b"no PDF")
    assert main(["verify", "--lang", "en", str(missing)]) == Exit.UNREADABLE
    assert "The file cannot be opened: No such file or directory." in capsys.readouterr().out
    assert main(["verify", "--lang", "en", str(damaged)]) == Exit.UNREADABLE
    assert "no PDF, or damaged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "vi"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x.pdf"), "Không có tệp x.pdf."),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "x"), "x là thư mục, không phải tệp."),
        (OSError(errno.ENOSPC, "No space left on device", "x"), "Hệ thống không cho phép: x: đĩa đã đầy."),
        (OSError(errno.EROFS, "Read-only file system"), "Hệ thống không cho phép: ổ đĩa chỉ cho đọc."),
    ],
)
def test_what_the_system_refuses_is_said_in_vietnamese(error: OSError, vi: str) -> None:
    assert explain(error, extra="services").vi == vi


def test_of_several_parts_that_fail_at_once_the_first_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ExceptionGroup("parts", [DirectoryInUse("Another axis is running."), DirectoryInUse("As well.")])
    monkeypatch.setattr("docaxis.embedded.up.run_up", raising(both))
    assert main(["up", "--lang", "en"]) == Exit.UNAVAILABLE
    assert capsys.readouterr().err == "Error: Another axis is running.\n"


def raising(error: Exception) -> Callable[[object], int]:
    def fail(_: object) -> int:
        raise error

    return fail


@pytest.mark.parametrize("columns", [40, 200])
def test_what_an_axis_prints_can_be_copied_whole(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("gateway", "pages", "kafka", "database", "authorities", "operator", "auditor")
    credential, profile = "dax_" + "b" * 43, "/srv/Trục số 1/profiles/tinh-uy.toml"
    described: dict[str, Any] = {
        **dict.fromkeys(names, "postgresql+asyncpg://docaxis:" + "a" * 64 + "@127.0.0.1:1/docaxis"),
        "members": {"tinh-uy": credential},
        "profiles": {"tinh-uy": profile},
        "clerks": {"vanthu.tinh-uy": "c" * 32},
        "auditors": {},
    }
    options = UpOptions(json=False, language="vi", data=None, brokers=1, port=0, profiles=Path("p"))
    up.tell(Console(width=columns), described, options)
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert all(text in printed for text in (described["gateway"], credential, profile, "c" * 32))
    assert f"docaxis inbox --profile '{profile}'" in printed


def test_a_key_file_that_is_not_there_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="key-file") as raised:
        load_key(f"file:{tmp_path / 'none.p12'}", passphrase=lambda: b"")
    assert explain(raised.value, extra="services").exit is Exit.NO_INPUT


def test_a_service_whose_database_is_away_says_where_it_looked_and_ends_with_69() -> None:
    ran = subprocess.run(
        [*COMMAND, "run", "projector"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env=os.environ | {"DOCAXIS_DATABASE": NO_DATABASE},
    )
    assert ran.returncode == Exit.UNAVAILABLE
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("docaxis: the database is away")
    assert "127.0.0.1" in last
    assert "secret-word" not in ran.stderr
