"""A day with the command: an axis kept running, documents sent, fetched and answered, and all of it found again."""

import asyncio
import base64
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client import CollectorRegistry

from docaxis.embedded.authorities import ORGANISATIONS
from docaxis.embedded.authorities.keystore import Keystore
from docaxis.embedded.documents import render, sample
from docaxis.registrar.anchoring import Anchoring, AnchorMeasures
from docaxis.storage.log_files import LocalDisk, LogFiles
from docaxis_schemas.document import EarlierDocument, Issuer
from docaxis_schemas.edxml import Status, examine_packet, write_status
from docaxis_schemas.lifecycle import Report
from docaxis_schemas.moments import system_clock
from docaxis_signing.pdf.timestamps import TimestampClient
from evidencepackage import Unpacked, bring_npm_judge, flip

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DOCAXIS = str(Path(sys.executable).with_name("docaxis"))
ISSUER = next(entry for entry in ORGANISATIONS if entry.code == "H98.14")


class Axis:
    """`docaxis up` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: dict[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [DOCAXIS, "up", "--json", "--data", "data", "--profiles", "p"]
        with (self.folder / "up.err").open("a") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, (self.folder / "up.err").read_text()[-3000:]
        self.told = json.loads(line)

    def family(self) -> list[psutil.Process]:
        assert self._process is not None
        me = psutil.Process(self._process.pid)
        return [me, *me.children(recursive=True)]

    def interrupt(self) -> int:
        assert self._process is not None
        family = self.family()
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(90)
        self._close()
        _, left = psutil.wait_procs(family, timeout=20)
        assert left == []
        return code

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    def run(self, *words: str, member: str | None = None, expect: int = 0) -> list[dict[str, Any]]:
        profile = ["--profile", self.told["profiles"][member]] if member else []
        environ = os.environ | {"DOCAXIS_PASSPHRASE": Keystore(self.authorities).passphrase.decode()}
        done = subprocess.run(
            [DOCAXIS, *words, "--json", *profile], capture_output=True, text=True, check=False, env=environ, timeout=120
        )
        assert done.returncode == expect, (words, done.stdout[-2000:], done.stderr[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    @property
    def authorities(self) -> Path:
        return self.folder / "data" / "axis-1" / "authorities"

    def key(self, name: str) -> str:
        return f"file:{Keystore(self.authorities).pkcs12_path(name)}"


@pytest.fixture(scope="module")
def axis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Axis]:
    folder = tmp_path_factory.mktemp("up") / "Trục số 1"
    folder.mkdir()
    running = Axis(folder)
    try:
        running.start()
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def signed(axis: Axis) -> Path:
    drafted = axis.folder / "dự thảo.pdf"
    drafted.write_bytes(render(sample(7, ISSUER)))
    once, twice = axis.folder / "đã ký.pdf", axis.folder / "đã đóng dấu.pdf"
    stamp = ["--tsa", f"{axis.told['authorities']}/tsa"]
    person, seal = axis.key("H98.14-leader"), axis.key("H98.14-seal")
    axis.run("sign", str(drafted), "--key", person, "--field", "Person", "--out", str(once), *stamp)
    axis.run("sign", str(once), "--key", seal, "--field", "Seal", "--out", str(twice), *stamp)
    return twice


@pytest.fixture(scope="module")
def sent(axis: Axis, signed: Path) -> dict[str, Any]:
    words = ["--issuer", "H98.14", "--type", "quyết định", "--subject", "Về việc thử nghiệm", "--place", "Thử Nghiệm"]
    words += ["--date", "2026-11-20", "--number", "71", "--notation", "QĐ-SNV", "--to", "G98", "--id", "2026-71"]
    (answer,) = axis.run("send", str(signed), *words, "--wait", "30", member="tinh-thu-nghiem")
    return answer


def deliveries(axis: Axis, member: str) -> list[dict[str, Any]]:
    return [entry for entry in axis.run("inbox", member=member) if entry.get("kind") == "delivery"]


def test_a_signed_file_is_judged_by_command(axis: Axis, signed: Path) -> None:
    trust = str(axis.folder / "data" / "axis-1" / "trust")
    (answer,) = axis.run("verify", str(signed), "--trust", trust)
    assert answer["verdict"] == "TOTAL-PASSED"
    assert [one["field"] for one in answer["signatures"]] == ["Person", "Seal"]


def test_a_document_is_sent_fetched_and_answered(axis: Axis, signed: Path, sent: dict[str, Any]) -> None:
    (delivery,) = deliveries(axis, "bo-thu-nghiem")
    delivery_id = delivery["delivery_id"]
    folder = axis.folder / "văn bản đến"
    axis.run("get", delivery_id, "--to", str(folder), member="bo-thu-nghiem")
    assert [path.read_bytes() for path in folder.glob("*.pdf")] == [signed.read_bytes()]
    axis.run("accept", delivery_id, "--register-number", "1482", member="bo-thu-nghiem")
    axis.run("report", delivery_id, "06", member="bo-thu-nghiem")
    axis.run("refuse", delivery_id, "--reason", "quá muộn", member="tinh-uy", expect=1)


def test_the_sender_follows_it_and_keeps_evidence(axis: Axis, sent: dict[str, Any]) -> None:
    folder = axis.folder / "biên nhận"
    (trace,) = axis.run("trace", sent["submission_id"], "--evidence", str(folder), member="tinh-thu-nghiem")
    assert [line["recipient"] for line in trace["deliveries"]] == ["G98"]
    files = [str(path) for path in sorted(folder.iterdir())]
    keys = str(axis.folder / "data" / "axis-1" / "keys" / "pinned.json")
    checked = axis.run("verify-evidence", *files, "--keys", keys)
    types = {one["statement"]["type"] if "statement" in one else one["type"] for one in checked}
    assert {"submission.received", "verdict.given", "SubmissionAcceptance", "ContentConsignment"} <= types


def test_receipts_are_downloaded_with_proofs_that_hold_off_line(axis: Axis, sent: dict[str, Any]) -> None:
    folder = axis.folder / "biên nhận trong sổ"
    saved = axis.run("receipt", sent["submission_id"], "--to", str(folder), member="tinh-thu-nghiem")
    assert {"submission.received", "ContentConsignment"} <= {one["type"] for one in saved}
    assert all(one["holds"] for one in saved)
    keys = str(axis.folder / "data" / "axis-1" / "keys" / "pinned.json")
    evidence, proofs = [one["file"] for one in saved], [one["proof"] for one in saved]
    for one in axis.run("verify-evidence", *evidence, "--logged", "--keys", keys):
        assert one["logged"]["log"] == "docaxis-local/test"
        assert one["logged"]["index"] < one["logged"]["size"]
    entries = [one["entry"] for one in axis.run("verify-evidence", *proofs, "--keys", keys)]
    assert sorted(one["type"] for one in entries) == sorted(one["type"] for one in saved)
    assert sent["submission_id"] not in json.dumps(entries)


def test_receipts_carry_the_signature_of_the_axiss_organisation(axis: Axis, sent: dict[str, Any]) -> None:
    folder, data = axis.folder / "biên nhận có chữ ký", axis.folder / "data" / "axis-1"
    saved = axis.run("receipt", sent["submission_id"], "--to", str(folder), member="tinh-thu-nghiem")
    signed = [one["p7s"] for one in saved]
    assert all(signed)
    keys, lists = str(data / "keys" / "pinned.json"), data / "trust" / "crls"
    lists.mkdir()
    for name in ("gov-root", "gov-state", "gov-tsa"):
        (lists / f"{name}.crl").write_bytes(httpx.get(f"{axis.told['authorities']}/crl/{name}.crl").content)
    checked = axis.run("verify-evidence", *signed, "--keys", keys, "--trust", str(data / "trust"))
    assert [one["type"] for one in checked] == [one["type"] for one in saved]
    assert {one["signer"] for one in checked} == {checked[0]["signer"]}
    Path(signed[0]).with_suffix(".statement").write_bytes(b"{}")
    axis.run("verify-evidence", signed[0], "--keys", keys, "--trust", str(data / "trust"), expect=1)


def test_a_receipt_that_was_tampered_with_is_refused(axis: Axis, sent: dict[str, Any], tmp_path: Path) -> None:
    (first, *_) = axis.run("receipt", sent["submission_id"], "--to", str(tmp_path), member="tinh-thu-nghiem")
    keys = str(axis.folder / "data" / "axis-1" / "keys" / "pinned.json")
    path, proof = Path(first["file"]), Path(first["proof"])
    value = json.loads(path.read_text())
    for name, changed in (("openings", {}), ("proof", value["proof"].replace("index ", "index 1"))):
        path.write_text(json.dumps(value | {name: changed}))
        (answer,) = axis.run("verify-evidence", str(path), "--keys", keys, expect=1)
        assert answer["holds"] is False
    path.write_text(json.dumps(value | {"proof": None, "openings": None}))
    (answer,) = axis.run("verify-evidence", str(path), "--keys", keys)
    assert answer["logged"] is None
    (answer,) = axis.run("verify-evidence", str(path), "--logged", "--keys", keys, expect=1)
    assert "no proof" in answer["reason"]
    proof.write_bytes(proof.read_bytes().replace(b"index ", b"index 1"))
    axis.run("verify-evidence", str(proof), "--keys", keys, expect=1)


def test_another_member_sees_nothing_of_it(axis: Axis, sent: dict[str, Any]) -> None:
    axis.run("trace", sent["submission_id"], member="tinh-uy", expect=1)
    assert deliveries(axis, "tinh-uy") == []


def clerk_of(axis: Axis, member: str) -> str:
    """Give the credential by which a member's software speaks that has no key."""
    kept = json.loads(next((axis.folder / "data").rglob("identities.json")).read_text("utf-8"))
    return str(kept["members"][member]["clerk_credential"])


def call(axis: Axis, member: str, system: str, method: str, name: str, **options: Any) -> Any:
    headers = {"X-SystemId": system, "X-SecretKey": clerk_of(axis, member)}
    answer = httpx.request(method, f"{axis.told['gateway']}/v1/{name}", headers=headers, timeout=60, **options)
    value = answer.json()
    assert value["success"], value
    return value


def wait_for(look: Callable[[], Any]) -> Any:
    """Look again until there is something; the axis passes things on by itself."""
    deadline = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < deadline
    return found


def test_existing_software_and_a_connector_exchange_a_document(axis: Axis, signed: Path) -> None:
    """One side calls as the field's software does, the other has a folder: sent, judged, taken, answered, told."""
    metadata = {
        "issuer": {"code": "H98.14"},
        "type": "quyet-dinh",
        "subject": "Về việc liên thông",
        "place": "Thử Nghiệm",
        "promulgated_on": "2026-11-20",
        "number": "72",
        "notation": "QĐ-SNV",
        "recipients": [{"organisation": "A98"}],
    }
    (axis.folder / "72.json").write_text(json.dumps(metadata), "utf-8")
    (written,) = axis.run("edxml", "write", str(axis.folder / "72.json"), "--attach", str(signed), "--zip")
    file = {"edocFile": ("72.edxml", Path(written["written"]).read_bytes(), "application/xml")}
    sender = ("tinh-thu-nghiem", "H98.14")
    submission = call(axis, *sender, "POST", "sendEdoc", files=file, data={"messageType": "edoc"})["docId"]

    folder = axis.folder / "liên thông"

    def carried() -> list[Path]:
        axis.run("connector", str(folder), "--once", member="tinh-uy")
        return [path for path in (folder / "in").glob("*.edxml") if b"QCVN" in path.read_bytes()]

    packets = wait_for(carried)
    told = {line["document_id"]: line for line in axis.run("edxml", "check", *map(str, packets))}
    assert told["H98.14,2026/11/20,72/QĐ-SNV"]["attachments"][0]["sha256"] == written["attachments"][0]["sha256"]
    status = Status(
        Issuer("A98"), EarlierDocument("H98.14", None, "H98.14,2026/11/20,72/QĐ-SNV"), Report.ACCEPTED, "Số đến 5", NOW
    )
    (folder / "out" / "03.edxml").write_bytes(write_status(status))
    axis.run("connector", str(folder), "--once", member="tinh-uy")
    assert (folder / "sent" / "03.edxml").exists()

    def reported() -> list[dict[str, Any]]:
        listed = call(axis, *sender, "GET", "getReceivedEdocList", params={"messageType": "status"})["data"]
        return listed if len(listed) >= 2 else []

    codes = []
    for message in wait_for(reported):
        packet = call(axis, *sender, "GET", "getEdoc", params={"docId": message["docId"]})["data"]["edxml"]
        found = examine_packet(io.BytesIO(packet.encode()), io.BytesIO, NOW)
        codes.append((found.business, found.document_id))
        call(axis, *sender, "POST", "updateStatus", json={"docId": message["docId"], "status": "done"})
    assert {("01", "H98.14,2026/11/20,72/QĐ-SNV"), ("03", "H98.14,2026/11/20,72/QĐ-SNV")} <= set(codes)
    assert reported() == []
    lines = {line["senderDocId"]: line for line in call(axis, *sender, "GET", "getSentEdocList")["data"]}
    assert (lines[submission]["receiveStatus"], lines[submission]["businessStatus"]) == ("done", "03")
    (trace,) = axis.run("trace", submission, member="tinh-thu-nghiem")
    assert {line["state"] for line in trace["deliveries"]} == {"handed_over"}


@pytest.fixture(scope="module")
def exported(axis: Axis, sent: dict[str, Any]) -> Path:
    """The package of the first document, once all of it is in the log and the log was time-stamped."""
    auditor = axis.folder / "auditor.toml"
    (log,) = (path.parent for path in (axis.folder / "data").rglob("log/vkey"))
    fields = {
        "url": axis.told["gateway"],
        "member": "auditor",
        "axis": "docaxis-local",
        "environment": "test",
        "credential": axis.told["auditor"],
    }
    auditor.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items()), "utf-8")
    axis.told["profiles"]["auditor"] = str(auditor)

    def logged() -> bool:
        path = axis.folder / f"{time.monotonic_ns()}.zip"
        axis.run("audit", "export", sent["submission_id"], "--to", str(path), member="auditor")
        with zipfile.ZipFile(path) as packed:
            told = json.loads(packed.read("package.json"))
        return all(one["leaf_index"] is not None for one in told["evidence"]) and len(told["evidence"]) >= 6

    wait_for(logged)
    stamper = TimestampClient(f"{axis.told['authorities']}/tsa")
    measures = AnchorMeasures(CollectorRegistry())
    anchoring = Anchoring(LogFiles(LocalDisk(log)), stamper, timedelta(hours=1), system_clock, measures)
    assert asyncio.run(anchoring.round())
    path = axis.folder / "hồ sơ.zip"
    (line,) = axis.run("audit", "export", sent["submission_id"], "--to", str(path), member="auditor")
    assert line["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    return path


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bring_npm_judge(tmp_path_factory.mktemp("npm"))


def test_an_evidence_package_is_checked_by_the_commands_in_it(
    exported: Path, tmp_path: Path, signed: Path, modules: Path
) -> None:
    package = Unpacked.of(exported, tmp_path / "package").with_modules(modules)
    told = json.loads((package.path / "package.json").read_bytes())
    assert (told["log"]["anchored"], told["missing_objects"]) == (True, [])
    assert [(package.path / one["file"]).read_bytes() for one in told["documents"]] == [signed.read_bytes()]
    assert [one["signature_missing"] for one in told["evidence"]] == [None] * len(told["evidence"])
    assert len(list((package.path / "receipts").glob("*.p7s"))) == len(told["evidence"])
    ran = [block for block in package.blocks() if "install" not in block.words]
    assert {word for block in ran for word in block.words} == {
        "sums",
        "openssl",
        "anchored",
        "signed",
        "go",
        "python",
        "npm",
        "docaxis",
    }
    for block in ran:
        done = package.run(block)
        assert done.returncode == 0, (block.script, done.stdout[-2000:], done.stderr[-2000:])


def test_the_verdict_in_a_package_is_drawn_again_off_line(axis: Axis, exported: Path, tmp_path: Path) -> None:
    package = Unpacked.of(exported, tmp_path / "package")
    (line,) = axis.run("verify", "--evidence", str(package.path))
    assert (line["reproduced"], line["verdict"]) == (True, "TOTAL-PASSED")
    (stated,) = (package.path / "receipts").glob("*verdict.given.json")
    assert line["verdict_sha256"] == json.loads((package.path / "package.json").read_bytes())["verdicts"][0]["sha256"]
    assert line["verdict_sha256"] in payload_of(stated)


def test_one_flipped_byte_in_any_file_of_a_package_is_found(exported: Path, tmp_path: Path) -> None:
    package = Unpacked.of(exported, tmp_path / "package")
    assert not package.refuses("sums")
    for path in list(package.files()):
        before = flip(path)
        assert package.refuses("sums"), path
        path.write_bytes(before)
    assert not package.refuses("sums")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("documents/*.pdf", ("python",)),
        ("verdicts/*.json", ("python",)),
        ("objects/*", ("python",)),
        ("trust/certs/*.pem", ("python",)),
        ("log/leaves/*.json", ("python",)),
        ("log/proofs/*.tlog-proof", ("go",)),
        ("log/proofs/*.tlog-proof", ("npm",)),
        ("log/checkpoint", ("openssl",)),
        ("log/checkpoint.tst", ("openssl", "anchored")),
    ],
)
def test_who_changes_a_package_and_its_sums_is_found_by_what_was_signed(
    exported: Path, tmp_path: Path, modules: Path, pattern: str, words: tuple[str, ...]
) -> None:
    package = Unpacked.of(exported, tmp_path / "package").with_modules(modules)
    flip(min(package.path.glob(pattern)))
    package.sum_up_again()
    assert not package.refuses("sums")
    assert package.refuses(*words)


def test_the_same_export_gives_the_same_bytes_and_each_is_evidence(
    axis: Axis, sent: dict[str, Any], exported: Path
) -> None:
    again = axis.folder / "lần nữa.zip"
    axis.run("audit", "export", sent["submission_id"], "--to", str(again), member="auditor")
    assert again.read_bytes() == exported.read_bytes()
    axis.run("audit", "export", sent["submission_id"], "--to", str(again), member="auditor", expect=73)
    axis.run("audit", "export", sent["submission_id"], "--to", str(axis.folder / "x"), member="tinh-uy", expect=77)
    looks = axis.run("audit", "looks", member="auditor")
    assert sum(one["what"] == "export" for one in looks) >= 3


def payload_of(receipt: Path) -> str:
    part = json.loads(receipt.read_bytes())["receipt"].split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


def test_organisations_are_found_without_diacritics(axis: Axis) -> None:
    found = axis.run("organisations", "so noi vu", member="tinh-uy")
    assert "H98.14" in {one["code"] for one in found}


def test_ctrl_c_stops_all_of_it_and_the_next_start_finds_its_data(axis: Axis, sent: dict[str, Any]) -> None:
    before = axis.told
    assert axis.interrupt() == 0
    axis.start()
    assert axis.told["members"] == before["members"]
    (delivery,) = deliveries(axis, "bo-thu-nghiem")
    assert delivery["submission_id"] == sent["submission_id"]
    assert axis.interrupt() == 0
