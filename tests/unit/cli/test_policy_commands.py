"""``docaxis policy`` and how ``docaxis verify`` finds a policy."""

import json
from pathlib import Path
from typing import Any

import pytest

from docaxis.cli import main
from docaxis_signing.policy_files import FILE_POLICIES, shipped


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
        code = main([*map(str, arguments), "--json"])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


def test_show_lists_them_all_and_shows_one_as_it_is_hashed(run: Any) -> None:
    code, lines = run("policy", "show")
    assert (code, [line["name"] for line in lines]) == (0, list(FILE_POLICIES))
    code, (line,) = run("policy", "show", "original")
    assert (code, line["sha256"], line["text"]) == (0, shipped("original").sha256, shipped("original").text.decode())
    assert main(["policy", "show", "strict"]) == 0


def test_check_names_what_is_wrong_in_each_file(run: Any, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_bytes(shipped("original").text)
    bad.write_bytes(shipped("original").text.replace(b"rsa_bits = 2048", b"rsa_bits = 512"))
    code, lines = run("policy", "check", good, bad)
    assert (code, [line["valid"] for line in lines]) == (1, [True, False])
    assert "2048" in lines[1]["reason"]
    assert run("policy", "check", good)[0] == 0
    assert run("policy", "check", tmp_path / "none.toml")[0] == 66


def test_diff_tells_what_differs_and_ends_with_1(run: Any, tmp_path: Path) -> None:
    code, lines = run("policy", "diff", "original", "certified_copy")
    assert code == 1
    assert {"setting": "signatures.seal_of", "one": "issuer", "other": "copier"} in lines
    copy = tmp_path / "copy.toml"
    copy.write_bytes(shipped("original").text)
    assert run("policy", "diff", "original", copy) == (0, [])


@pytest.mark.parametrize(("name", "code"), [("none", 64), ("none.toml", 66), ("bad.toml", 65)])
def test_a_policy_that_is_not_there_or_not_usable_is_told(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text("name = 1")
    assert run("verify", "x.pdf", "--policy", name)[0] == code
    assert run("policy", "show", name)[0] == code
