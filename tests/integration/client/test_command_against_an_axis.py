"""The command from outside: what it prints, where, and how it ends."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from docaxis.cli import main
from docaxis_schemas.moments import to_text

Run = Any


@pytest.fixture
def run(profile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line; gives the exit code, the JSON lines and what went to standard error."""
    monkeypatch.setenv("DOCAXIS_PROFILE", str(profile))

    def call(*arguments: object) -> tuple[int, list[dict[str, Any]], str]:
        code = main([*map(str, arguments), "--json"])
        printed = capsys.readouterr()
        return code, [json.loads(line) for line in printed.out.splitlines()], printed.err

    return call


def test_send_prints_one_object_and_the_key_to_standard_error(
    fake: Any, run: Run, pdf: Path, metadata: dict[str, Any], tmp_path: Path
) -> None:
    described = tmp_path / "metadata.json"
    described.write_text(json.dumps(metadata), "utf-8")
    code, lines, errors = run("send", pdf, "--metadata", described, "--to", "H38", "--number", "16", "--id", "k-1")
    assert (code, len(lines)) == (0, 1)
    assert lines[0]["id"] == "k-1"
    assert lines[0]["recipients"]["unknown"] == ["H99"]
    assert "k-1" in errors
    assert fake.manifests[0]["document"]["number"] == "16"


SUBMISSION = "1d6f2c1e-58a1-5b0e-8f55-0a4c0f1d2e3b"
DESCRIBED = ("--issuer", "H37.02", "--type", "cong-van", "--place", "X", "--date", "2026-03-04", "--subject", "x")


@pytest.mark.parametrize(
    ("given", "numbered", "named"),
    [
        (SUBMISSION, ("--number", "15", "--notation", "UBND-VP"), "H37.02,2026/03/04,15/UBND-VP"),
        (SUBMISSION, (), SUBMISSION),
        ("H37.02,2026/03/01,7/UBND", ("--number", "15"), "H37.02,2026/03/01,7/UBND"),
    ],
)
def test_an_update_names_what_it_updates(
    fake: Any, run: Run, pdf: Path, given: str, numbered: tuple[str, ...], named: str
) -> None:
    why = ("--reason", "Đính chính", "--to", "H38", "--remove", "H39")
    code, lines, _ = run("update", given, pdf, *DESCRIBED, *numbered, *why)
    assert code == 0, lines
    business = fake.manifests[0]["document"]["business"]
    assert (business["action"], business["reason"], business["document_id"]) == ("update", "Đính chính", named)
    assert business["update"]["receivers"] == [{"code": "H39", "change": "removed"}]


def test_a_replacement_names_all_that_it_replaces_and_who_holds_it(fake: Any, run: Run, pdf: Path) -> None:
    named = (SUBMISSION, "H37.02,2026/03/01,7/UBND")
    given = [word for one in named for word in ("--earlier", one)]
    code, lines, _ = run("replace", pdf, *given, *DESCRIBED, "--to", "H38", "--holder", "H39", "--reason", "Mới")
    assert code == 0, lines
    business = fake.manifests[0]["document"]["business"]
    assert business["replacements"] == [{"document_id": one, "holders": ["H39"]} for one in named]


@pytest.mark.parametrize(
    "wrong",
    [("update", "15/UBND", "--reason", "x"), ("update", SUBMISSION, "--reason", " "), ("replace", "--reason", "x")],
)
def test_a_change_that_names_nothing_or_gives_no_reason_is_not_sent(
    fake: Any, run: Run, pdf: Path, wrong: tuple[str, ...]
) -> None:
    command, *rest = wrong
    earlier, reason = rest[:-2], rest[-2:]
    code, lines, _ = run(command, *earlier, pdf, *DESCRIBED, "--to", "H38", *reason)
    assert (code, lines[0]["error"]["code"]) == (64, "usage")
    assert not fake.manifests


def test_a_refused_document_ends_with_1_and_its_faults(run: Run, pdf: Path) -> None:
    code, lines, _ = run("send", pdf, "--to", "H38", "--issuer", "H37.02", "--subject", "bad")
    assert code == 1
    assert lines[0]["error"]["code"] == "metadata-invalid"
    assert lines[0]["error"]["faults"][0]["field"] == "subject"


def test_a_refused_verdict_ends_with_1_and_says_what_to_do(
    fake: Any, run: Run, pdf: Path, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.decided = {"disposition": "refuse", "verdict": {"indication": "TOTAL-FAILED", "cause": "modified"}}
    code, lines, _ = run("send", pdf, "--to", "H38", "--subject", "x", "--wait", 5)
    assert (code, lines[0]["disposition"]) == (1, "refuse")
    assert main(["send", str(pdf), "--to", "H38", "--subject", "x", "--wait", "5", "--lang", "vi"]) == 1
    assert "đã bị thay đổi sau khi ký. Ký lại văn bản" in capsys.readouterr().out
    fake.decided = {"disposition": "hold", "verdict": None}
    assert run("send", pdf, "--to", "H38", "--subject", "x", "--wait", 5)[0] == 2


def test_a_missing_file_ends_with_66(run: Run, tmp_path: Path) -> None:
    code, lines, _ = run("send", tmp_path / "none.pdf", "--to", "H38")
    assert (code, lines[0]["error"]["code"]) == (66, "file-unreadable")


def test_metadata_that_are_no_json_end_with_65(run: Run, pdf: Path, tmp_path: Path) -> None:
    described = tmp_path / "metadata.json"
    described.write_text('{"a": 1, "a": 2}', "utf-8")
    code, lines, _ = run("send", pdf, "--metadata", described, "--to", "H38")
    assert (code, lines[0]["error"]["code"]) == (65, "malformed-json")


def test_no_permission_ends_with_77(run: Run) -> None:
    code, lines, _ = run("dead-letters")
    assert (code, lines[0]["error"]["code"]) == (77, "forbidden")


def test_another_members_submission_is_not_found(run: Run) -> None:
    code, lines, _ = run("trace", uuid4())
    assert (code, lines[0]["error"]["code"]) == (1, "not-found")


def test_the_inbox_is_listed_and_a_delivery_taken_and_answered(fake: Any, run: Run, tmp_path: Path) -> None:
    delivery = fake.deliver(b"%PDF-1.7 one")
    fake.tell(news="report", code="03", own_id="k-1")
    code, lines, _ = run("inbox")
    assert (code, [line["kind"] for line in lines]) == (0, ["delivery", "news"])
    assert run("inbox", "--cursor", lines[0]["cursor"])[1] == lines[1:]

    code, lines, _ = run("get", delivery, "--to", tmp_path / "in")
    assert code == 0
    assert Path(lines[0]["files"][0]).read_bytes() == b"%PDF-1.7 one"
    assert json.loads(Path(lines[0]["metadata"]).read_text("utf-8"))["document"]["number"] == "15"
    assert len(fake.handovers) == 1

    assert run("accept", delivery, "--register-number", "128")[0] == 0
    assert run("refuse", delivery, "--reason", "Sai thẩm quyền")[0] == 0
    assert run("report", delivery, "05", "--note", "Đang trình")[0] == 0
    assert [report["code"] for report in fake.reports] == ["01", "03", "02", "05"]
    assert fake.reports[1]["register_number"] == "128"


def test_people_read_it_in_their_language(
    fake: Any, profile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCAXIS_PROFILE", str(profile))
    fake.deliver(b"one")
    assert main(["inbox", "--lang", "vi"]) == 0
    assert "✓ TOTAL-PASSED Hợp lệ." in capsys.readouterr().out
    assert main(["inbox", "--lang", "en"]) == 0
    assert "✓ TOTAL-PASSED Valid." in capsys.readouterr().out
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    assert main(["trace", str(uuid4())]) == 1
    assert "Không tìm thấy" in capsys.readouterr().err


def test_organisations_are_found(run: Run) -> None:
    code, lines, _ = run("organisations", "thử nghiệm")
    assert (code, lines) == (0, [{"code": "H37.02", "name": "Sở Thử Nghiệm", "member": "so-thu-nghiem"}])


def test_evidence_is_saved_and_checked_on_its_own(
    fake: Any, run: Run, pdf: Path, metadata: dict[str, Any], tmp_path: Path
) -> None:
    described = tmp_path / "metadata.json"
    described.write_text(json.dumps(metadata), "utf-8")
    sent = run("send", pdf, "--metadata", described, "--to", "H38")[1][0]
    token = fake.signer.sign(fake.manifests[0])
    statement = {
        "v": 1,
        "axis": "docaxis-test",
        "environment": "test",
        "event_id": str(uuid4()),
        "type": "submission.received",
        "submission_id": sent["submission_id"],
        "time": to_text(fake.pinned().keys[0].valid_from.replace(year=2026)),
        "member": "so-thu-nghiem",
        "facts": {"manifest_sha256": "0" * 64},
    }
    fake.prove(statement, fake.opened(token.encode()), token)
    code, lines, _ = run("trace", sent["submission_id"], "--evidence", tmp_path / "evidence")
    assert code == 0
    (path,) = lines[0]["saved"]

    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(fake.pinned().to_json()), "utf-8")
    code, lines, _ = run("verify-evidence", path, "--keys", keys)
    assert (code, lines[0]["holds"], lines[0]["signed_by_member"]) == (0, True, "so-thu-nghiem")
    assert lines[0]["does_not_prove"]["vi"].startswith("Không chứng minh")

    piece = json.loads(Path(path).read_text("utf-8"))
    head, payload, signature = piece["receipt"].split(".")
    for name, broken in (
        ("receipt", f"{head}.{payload[:-2]}AA.{signature}"),
        ("record", fake.signer.sign(fake.manifests[0] | {"forwarded": True})),
        ("record", None),
    ):
        Path(path).write_text(json.dumps(piece | {name: broken}), "utf-8")
        code, lines, _ = run("verify-evidence", path, "--keys", keys)
        assert (code, lines[0]["holds"]) == (1, False)
