"""The connector: what its folder says is what the axis has, also when it is killed in between."""

import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from docaxis.cli import main
from docaxis.client.profile import load_profile
from docaxis.connector import Connector
from docaxis.connector.folder import Folder
from docaxis_schemas.document import Business, BusinessAction, EarlierDocument, Issuer
from docaxis_schemas.edxml import Status, examine_packet, write_status
from docaxis_schemas.lifecycle import Report
from packets import NOW, PDF, come, packet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "lien-thong"
    (place / "out").mkdir(parents=True)
    return place


def connector(folder: Path, profile: Path) -> Connector:
    return Connector(folder, load_profile(profile))


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


async def test_a_packet_is_signed_by_the_member_and_sent(fake: Any, folder: Path, profile: Path) -> None:
    (folder / "out" / "15.edxml").write_bytes(packet())
    (folder / "out" / "notes.txt").write_text("not a packet")
    done = await connector(folder, profile).once()
    assert (done.settled, done.deliveries, done.news) == (1, 0, 0)
    [manifest] = fake.manifests
    assert manifest["document"]["subject"] == "V/v thử nghiệm"
    assert manifest["recipients"] == [{"organisation": "G01", "role": "action"}]
    assert [(file["name"], file["sha256"]) for file in manifest["contents"]] == [
        ("công văn.pdf", hashlib.sha256(PDF).hexdigest())
    ]
    assert manifest["id"] == f"edxml:{hashlib.sha256(packet()).hexdigest()}"
    assert names(folder / "sent") == ["15.edxml", "15.edxml.receipt.json"]
    assert names(folder / "out") == ["notes.txt"]
    receipt = json.loads((folder / "sent" / "15.edxml.receipt.json").read_text("utf-8"))
    assert receipt["submission_id"] == next(iter(fake.claims.values()))[1]["submission_id"]
    assert receipt["acknowledgement"]


async def test_two_packets_of_one_name_are_both_kept(fake: Any, folder: Path, profile: Path) -> None:
    for number in (15, 16):
        (folder / "out" / "a.edxml").write_bytes(packet(number))
        await connector(folder, profile).once()
    assert len(fake.manifests) == 2
    assert len([name for name in names(folder / "sent") if name.endswith(".edxml")]) == 2


async def test_what_is_refused_lies_beside_its_reasons(fake: Any, folder: Path, profile: Path) -> None:
    about = EarlierDocument("G01", "9", "H37.02,2026/01/05,9/STN-VP")
    answer = Status(Issuer("H37.02"), about, Report.RECALL_ASKED, "r", NOW)
    (folder / "out" / "bad.edxml").write_bytes(packet(subject="bad"))
    (folder / "out" / "faulty.edxml").write_bytes(packet().replace(b"2026/01/05<", b"hom nay<"))
    (folder / "out" / "recall.edxml").write_bytes(write_status(answer))
    (folder / "out" / "wrapped.edxml").write_bytes(b"<!DOCTYPE x><x/>")
    assert (await connector(folder, profile).once()).settled == 4
    told = {name: json.loads((folder / "refused" / f"{name}.edxml.refusal.json").read_text("utf-8")) for name in (
        "bad", "faulty", "recall", "wrapped"
    )}  # fmt: skip
    assert {name: value["code"] for name, value in told.items()} == {
        "bad": "metadata-invalid",
        "faulty": "edxml-invalid",
        "recall": "not-found",
        "wrapped": "edxml-invalid",
    }
    assert told["faulty"]["faults"][0]["element"] == "MessageHeader/PromulgationInfo/PromulgationDate"
    assert fake.manifests == []


async def test_a_packet_that_is_still_written_is_waited_for(fake: Any, folder: Path, profile: Path) -> None:
    whole = packet()
    with (folder / "out" / "15.edxml").open("wb") as half:
        half.write(whole[:900])
        half.flush()
        assert (await connector(folder, profile).once()).settled == 0
        half.write(whole[900:])
    assert (await connector(folder, profile).once()).settled == 1
    assert len(fake.manifests) == 1


async def test_a_packet_that_stays_cut_off_is_refused(fake: Any, folder: Path, profile: Path) -> None:
    path = folder / "out" / "15.edxml"
    path.write_bytes(packet()[:900])
    os.utime(path, (time.time() - 60, time.time() - 60))
    await connector(folder, profile).once()
    assert names(folder / "refused") == ["15.edxml", "15.edxml.refusal.json"]
    assert fake.manifests == []


async def test_what_came_is_a_packet_signed_for_and_reported(fake: Any, folder: Path, profile: Path) -> None:
    delivery = come(fake)
    assert (await connector(folder, profile).once()).deliveries == 1
    assert names(folder / "in") == [f"{delivery}.edxml", f"{delivery}.json"]
    found = examine_packet(io.BytesIO((folder / "in" / f"{delivery}.edxml").read_bytes()), io.BytesIO, NOW)
    assert found.faults == ()
    assert [file.stream.read() for file in found.attachments] == [PDF]
    assert json.loads((folder / "in" / f"{delivery}.json").read_text("utf-8"))["verdict"]["indication"]
    assert [record["contents"] for record in fake.handovers] == [[hashlib.sha256(PDF).hexdigest()]]
    assert [record["code"] for record in fake.reports] == ["01"]
    assert (await connector(folder, profile).once()).deliveries == 0
    assert len(fake.handovers) == 1


async def test_a_delivery_that_takes_long_holds_up_no_other(fake: Any, folder: Path, profile: Path) -> None:
    come(fake, b"%PDF-1.7 slow")
    others = {come(fake, f"%PDF-1.7 {number}".encode()) for number in range(10)}
    fake.held_back = (hashlib.sha256(b"%PDF-1.7 slow").hexdigest(), 10)
    assert (await connector(folder, profile).once()).deliveries == 11
    assert {UUID(record["delivery_id"]) for record in fake.handovers[:10]} == others


async def test_nothing_is_signed_for_that_was_not_received_right(fake: Any, folder: Path, profile: Path) -> None:
    delivery = come(fake)
    fake.wrong_bytes = True
    assert (await connector(folder, profile).once()).deliveries == 0
    assert (names(folder / "in"), fake.handovers, fake.reports) == ([], [], [])
    fake.wrong_bytes = False
    assert (await connector(folder, profile).once()).deliveries == 1
    assert names(folder / "in") == [f"{delivery}.edxml", f"{delivery}.json"]


@pytest.mark.parametrize("named", ["document", "old-spelling", "delivery"])
async def test_a_status_packet_is_a_report_about_what_came(fake: Any, folder: Path, profile: Path, named: str) -> None:
    delivery = come(fake)
    await connector(folder, profile).once()
    document_id = {
        "document": "000.00.00.G22,2026/01/05,15/STN-VP",
        "old-spelling": "000.00.00.G22,2026,015/STN-VP",
        "delivery": str(delivery),
    }[named]
    about = EarlierDocument("000.00.00.G22", None, document_id)
    status = Status(Issuer("H37.02"), about, Report.REJECTED, "Sai thẩm quyền", NOW)
    (folder / "out" / "tra-lai.edxml").write_bytes(write_status(status))
    await connector(folder, profile).once()
    assert [(record["code"], record.get("reason")) for record in fake.reports[1:]] == [("02", "Sai thẩm quyền")]
    assert fake.reports[1]["delivery_id"] == str(delivery)
    assert names(folder / "sent") == ["tra-lai.edxml", "tra-lai.edxml.receipt.json"]


async def test_a_status_of_nothing_that_came_is_refused(fake: Any, folder: Path, profile: Path) -> None:
    status = Status(Issuer("H37.02"), EarlierDocument("G22", None, "G22,2026,1/X"), Report.ACCEPTED, None, NOW)
    (folder / "out" / "03.edxml").write_bytes(write_status(status))
    await connector(folder, profile).once()
    assert json.loads((folder / "refused" / "03.edxml.refusal.json").read_text("utf-8"))["code"] == "not-found"
    assert fake.reports == []


async def test_news_of_what_was_sent_lie_beside_it_and_a_report_is_a_packet(
    fake: Any, folder: Path, profile: Path
) -> None:
    (folder / "out" / "15.edxml").write_bytes(packet())
    await connector(folder, profile).once()
    fake.evidence = [{"type": "acceptance"}]
    fake.tell(news="report", recipient="G01", code="03", register_number="128")
    submission = next(iter(fake.claims.values()))[1]["submission_id"]
    fake.inbox[-1] |= {"submission_id": submission, "event_id": str(uuid4())}
    assert (await connector(folder, profile).once()).news == 1
    event = fake.inbox[-1]["event_id"]
    assert names(folder / "sent" / "15.edxml.news") == sorted([f"{event}.json", "evidence-000.json"])
    found = examine_packet(io.BytesIO((folder / "in" / f"{event}.edxml").read_bytes()), io.BytesIO, NOW)
    assert (found.business, found.sender, found.recipients) == ("03", "G01", ("H37.02",))
    assert found.document_id == "H37.02,2026/01/05,15/STN-VP"
    assert found.status is not None
    assert found.status.description == "Số đến: 128"


async def test_a_status_13_recalls_what_was_sent_and_the_answer_comes_as_a_packet(
    fake: Any, folder: Path, profile: Path
) -> None:
    (folder / "out" / "15.edxml").write_bytes(packet())
    await connector(folder, profile).once()
    submission = next(iter(fake.claims.values()))[1]["submission_id"]
    about = EarlierDocument("G01", "15/STN-VP", "H37.02,2026-01-05,15/STN-VP")
    (folder / "out" / "13.edxml").write_bytes(
        write_status(Status(Issuer("H37.02"), about, Report.RECALL_ASKED, "Gửi nhầm", NOW))
    )
    await connector(folder, profile).once()
    (recall,) = fake.recalls
    assert (recall["submission_id"], recall["recipients"], recall["reason"]) == (submission, ["G01"], "Gửi nhầm")
    fake.tell(news="change_answered", recipient="G01", change="recall", code="15", note="Đã xóa")
    fake.inbox[-1] |= {"submission_id": submission, "event_id": str(uuid4())}
    await connector(folder, profile).once()
    data = (folder / "in" / f"{fake.inbox[-1]['event_id']}.edxml").read_bytes()
    assert examine_packet(io.BytesIO(data), io.BytesIO, NOW).business == "15"


async def test_a_recall_comes_as_status_13_and_is_answered_by_a_packet(fake: Any, folder: Path, profile: Path) -> None:
    delivery = come(fake, PDF)
    await connector(folder, profile).once()
    sent = fake.inbox[-1]
    fake.tell(news="change_asked", recipient="H37.02", change="recall", reason="Gửi nhầm", issuer="G01")
    fake.inbox[-1] |= {
        "submission_id": sent["submission_id"], "event_id": str(uuid4()), "delivery_id": str(delivery),
        "recipient": "H37.02",
    }  # fmt: skip
    await connector(folder, profile).once()
    data = (folder / "in" / f"{fake.inbox[-1]['event_id']}.edxml").read_bytes()
    found = examine_packet(io.BytesIO(data), io.BytesIO, NOW)
    assert (found.business, found.sender, found.recipients) == ("13", "G01", ("H37.02",))
    assert found.document_id is not None
    answer = Status(Issuer("H37.02"), EarlierDocument("G01", None, found.document_id), Report.CHANGE_AGREED, None, NOW)
    (folder / "out" / "15.edxml").write_bytes(write_status(answer))
    await connector(folder, profile).once()
    assert [(report["code"], report["delivery_id"]) for report in fake.reports][-1] == ("15", str(delivery))


async def test_a_packet_of_a_recall_an_update_or_a_replacement_is_sent_as_it_is(
    fake: Any, folder: Path, profile: Path
) -> None:
    named = "H37.02,2026/01/05,15/STN-VP"
    for number, action in enumerate((BusinessAction.REVOKE, BusinessAction.UPDATE, BusinessAction.REPLACE), 20):
        business = Business(action, "Sai", document_id=named)
        (folder / "out" / f"{number}.edxml").write_bytes(packet(number, business=business))
    assert (await connector(folder, profile).once()).settled == 3
    actions = {manifest["document"]["business"]["action"] for manifest in fake.manifests}
    assert actions == {"revoke", "update", "replace"}


def once(folder: Path, profile: Path) -> int:
    return main(["connector", str(folder), "--once", "--profile", str(profile), "--json"])


def test_two_connectors_do_not_share_a_folder(
    fake: Any, folder: Path, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "out" / "15.edxml").write_bytes(packet())
    with Folder(folder).alone():
        assert once(folder, profile) == 69
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "folder-taken"
    assert fake.manifests == []
    assert once(folder, profile) == 0
    assert json.loads(capsys.readouterr().out) == {"settled": 1, "deliveries": 0, "news": 0}


KILLS = 5
PACKETS = 40


def test_killed_again_and_again_it_sends_each_packet_once_and_signs_for_each_delivery(
    fake: Any, folder: Path, profile: Path
) -> None:
    for number in range(PACKETS):
        (folder / "out" / f"{number:03}.edxml").write_bytes(packet(number, PDF + str(number).encode()))
    expected = {come(fake, PDF + f" {number}".encode()) for number in range(10)}
    program = str(Path(sys.executable).parent / "docaxis")
    for kill in range(1, KILLS + 1):
        fake.unavailable = 2
        with subprocess.Popen([program, "connector", str(folder), "--profile", str(profile), "--every", "0.05"]) as one:
            while fake.submissions_posted < kill * PACKETS // (KILLS + 1):
                assert one.poll() is None
                with contextlib.suppress(subprocess.TimeoutExpired):
                    one.wait(0.01)
            one.kill()
    assert once(folder, profile) == once(folder, profile) == 0
    assert sorted(manifest["document"]["number"] for manifest in fake.manifests) == sorted(map(str, range(PACKETS)))
    assert [name for name in names(folder / "sent") if name.endswith(".edxml")] == [
        f"{number:03}.edxml" for number in range(PACKETS)
    ]
    assert names(folder / "out") == names(folder / ".connector" / "taken") == []
    assert {UUID(path.stem) for path in (folder / "in").glob("*.edxml")} == expected
    assert {UUID(record["delivery_id"]) for record in fake.handovers} == expected
    assert {record["id"] for record in fake.handovers} == {f"handover:{name}" for name in expected}
    assert {record["code"] for record in fake.reports} == {"01"}
    assert len({record["id"] for record in fake.reports}) == len(expected)
