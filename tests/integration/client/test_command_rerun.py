"""Verdicts drawn again from kept evidence: the same bytes give the same hash, other bytes do not go unnoticed."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from docaxis.cli import main
from docaxis.embedded.authorities import TestAuthorities, open_authorities
from docaxis.embedded.documents import render, sample
from docaxis_schemas.moments import system_clock, to_text

Run = Callable[..., tuple[int, list[dict[str, Any]]]]


class Scene:
    """A signed file with a trust directory that needs no network."""

    def __init__(self, directory: Path, authorities: TestAuthorities, base_url: str) -> None:
        self.authorities, self.trust = authorities, directory / "trust"
        (self.trust / "crls").mkdir()
        self.issue_lists()
        organisation = authorities.organisations[0]
        document, self.signed = directory / "document.pdf", directory / "văn bản.pdf"
        document.write_bytes(render(sample(1, organisation)))
        passphrase = directory / "passphrase"
        passphrase.write_bytes(authorities.passphrase)
        key = f"file:{authorities.seal(organisation.code).pkcs12_path}"
        common = ("--key", key, "--passphrase-file", passphrase, "--tsa", f"{base_url}/tsa", "--out", self.signed)
        assert main(["sign", str(document), *map(str, common), "--json"]) == 0

    def issue_lists(self) -> None:
        for name in self.authorities.authorities:
            path = self.trust / "crls" / f"{name}.crl"
            path.write_bytes(self.authorities.crl(name, now=system_clock()))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("rerun")
    authorities, responder = open_authorities(directory / "pki", directory / "trust", clock=system_clock)
    with responder:
        yield Scene(directory, authorities, responder.base_url)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
        capsys.readouterr()
        code = main([*map(str, arguments), "--json"])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


@pytest.fixture
def kept(scene: Scene, run: Run, tmp_path: Path) -> Path:
    """Evidence of a passed file, of one without a signature, and of one that is no PDF."""
    directory, plain, text = tmp_path / "evidence", tmp_path / "plain.pdf", tmp_path / "text.pdf"
    plain.write_bytes(render(sample(2, scene.authorities.organisations[0])))
    text.write_bytes(b"no PDF")
    files = (scene.signed, plain, text, tmp_path / "none.pdf")
    code, lines = run("verify", *files, "--trust", scene.trust, "--offline", "--keep-evidence", directory)
    assert (code, [line["integrity"] for line in lines]) == (1, ["intact", "unsigned", "unreadable", "unreadable"])
    return directory


def test_the_same_verdicts_come_out_of_the_stored_bytes_alone(
    scene: Scene, run: Run, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("verify", scene.signed, "--trust", scene.trust, "--offline")
    alone = tmp_path / "moved"
    shutil.move(kept, alone)
    monkeypatch.setattr("docaxis.cli.trusting.trust_directory", lambda *_: pytest.fail("trust was looked up"))
    monkeypatch.setattr("docaxis.cli.trusting.new_client", lambda *_: pytest.fail("somebody was contacted"))
    code, lines = run("verify", "--evidence", alone)
    assert code == 1
    assert [line["reproduced"] for line in lines] == [True] * 3
    assert all(line["verdict_sha256"] == line["recorded_verdict_sha256"] for line in lines)
    passed = next(line for line in lines if line["verdict"] == "TOTAL-PASSED")
    assert passed["signatures"][0]["evidence"]
    monkeypatch.undo()
    at = passed["validation_time"]
    (line,) = run(*asked, "--at", at)[1]
    assert line["verdict_sha256"] == passed["verdict_sha256"]


def test_everything_a_signature_rests_on_lies_there_by_its_hash(scene: Scene, run: Run, kept: Path) -> None:
    line = run("verify", scene.signed, "--trust", scene.trust, "--offline")[1][0]
    named = {item["sha256"] for found in line["signatures"] for item in found["evidence"]}
    assert named <= {path.name for path in (kept / "objects").iterdir()}


def test_each_thing_the_verdict_rests_on_changes_its_hash(scene: Scene, run: Run, tmp_path: Path) -> None:
    now = system_clock()
    asked = ("verify", scene.signed, "--offline")
    base = (*asked, "--trust", scene.trust, "--at", to_text(now))
    other = tmp_path / "other.pdf"
    other.write_bytes(scene.signed.read_bytes())
    trust = tmp_path / "trust"
    shutil.copytree(scene.trust, trust)
    text = (trust / "trust.toml").read_text("utf-8")
    (trust / "trust.toml").write_text(text.replace("http://", "https://"), "utf-8")
    before = run(*base)[1][0]["verdict_sha256"]
    assert run(*base)[1][0]["verdict_sha256"] == before
    changed = {
        "policy": run(*base, "--policy", "foreign"),
        "time": run(*asked, "--trust", scene.trust, "--at", to_text(now + timedelta(seconds=1))),
        "trust": run(*asked, "--trust", trust, "--at", to_text(now)),
        "findings": run("verify", other, "--offline", "--trust", scene.trust, "--at", to_text(now)),
    }
    scene.issue_lists()
    changed["evidence"] = run(*base)
    hashes = {name: lines[0]["verdict_sha256"] for name, (_, lines) in changed.items()}
    assert len({before, *hashes.values()}) == len(hashes) + 1
    assert {lines[0]["verdict"] for _, lines in changed.values()} == {"TOTAL-PASSED"}


def damage(kept: Path, kind: str, scene: Scene) -> None:
    records = {json.loads(path.read_text("utf-8"))["verdict"]["indication"]: path for path in kept.glob("verdicts/*")}
    record = json.loads(records["TOTAL-PASSED"].read_text("utf-8"))
    if kind in {"document", "list", "trust"}:
        inputs = record["inputs"]
        named = {
            "document": inputs["files"][0]["sha256"],
            "list": inputs["lists"][0]["sha256"],
            "trust": inputs["trust"],
        }
        path = kept / "objects" / named[kind]
        path.write_bytes(path.read_bytes()[:-1])
    elif kind == "another list":
        forged = scene.authorities.crl(record["inputs"]["lists"][1]["authority"], now=system_clock())
        path = kept / "objects" / "made"
        path.write_bytes(forged)
        record["inputs"]["lists"][0]["sha256"] = "../objects/made"
        records["TOTAL-PASSED"].write_text(json.dumps(record), "utf-8")
    elif kind == "format":
        records["TOTAL-PASSED"].write_text(json.dumps(record | {"format": "other"}), "utf-8")
    else:
        shutil.rmtree(kept / "verdicts")


@pytest.mark.parametrize("kind", ["document", "list", "trust", "another list", "format", "no record"])
def test_damaged_evidence_is_an_error_and_never_a_verdict(scene: Scene, run: Run, kept: Path, kind: str) -> None:
    damage(kept, kind, scene)
    code, lines = run("verify", "--evidence", kept)
    assert (code, lines[-1]["error"]["code"]) == (65, "evidence-damaged")
    assert not any(line.get("verdict") == "TOTAL-PASSED" for line in lines)


def test_a_damaged_record_holds_up_no_other(run: Run, kept: Path) -> None:
    first, *others = sorted(path.stem for path in kept.glob("verdicts/*"))
    (kept / "verdicts" / f"{first}.json").write_text("{}", "utf-8")
    code, lines = run("verify", "--evidence", kept)
    assert (code, lines[-1]["error"]["code"]) == (65, "evidence-damaged")
    said = {line["recorded_verdict_sha256"]: line["reproduced"] for line in lines[:-1]}
    assert said == {first: None} | dict.fromkeys(others, True)


def test_inputs_that_were_exchanged_are_told_by_the_hash(run: Run, kept: Path) -> None:
    for path in kept.glob("verdicts/*"):
        record = json.loads(path.read_text("utf-8"))
        record["inputs"]["received"] = "2026-01-01T00:00:00.000000Z"
        path.write_text(json.dumps(record), "utf-8")
    code, lines = run("verify", "--evidence", kept)
    assert code == 1
    assert [line["reproduced"] for line in lines] == [False] * 3


@pytest.mark.parametrize("arguments", [(), ("x.pdf", "--evidence", "y")])
def test_files_or_evidence_but_not_both_and_not_neither(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("verify", *arguments)[0] == 64
