"""Three agencies work one day: pages in a browser, the field's interface with edXML, a folder with the connector.

Two hundred documents go between them, with corrections, recalls, updates, replacements and answers that are overdue. At
the end whatever anybody says of them is the same, seen from outside.
"""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import async_playwright
from sqlalchemy import text

from chromium import CHROMIUM, SWITCHES
from docaxis.embedded.population import member_of
from docaxis.storage.database import open_database
from threeagencies.day import Day, work_one_day
from threeagencies.letters import of
from threeagencies.outside import lines, save_evidence, told_as_not_fetched, verify_evidence, wanted
from threeagencies.scene import CITY, MINISTRY, MORNING, PROVINCE, opened

DOCUMENTS = 200
LOSE = "DELETE FROM clerk_documents WHERE submission_id = :lost AND member = :member"
PER_DELIVERY = ("ContentConsignment", "ContentHandover", "change.asked", "change.answered")


@pytest.fixture(scope="module")
async def day(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Day]:
    folder: Path = tmp_path_factory.mktemp("day")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        async with opened(browser, folder) as scene:
            engine = open_database(scene.axis.database.url, application="outside", pool=2)
            try:
                yield await work_one_day(scene, engine)
            finally:
                await engine.dispose()
        await browser.close()


async def test_all_sides_say_the_same_of_every_document(day: Day) -> None:
    letters = day.letters
    assert len(letters) == DOCUMENTS
    assert await lines(day.engine, "deliveries") == wanted(letters)
    assert await lines(day.engine, "delivery_lines") == wanted(letters)
    assert day.scene.witness.deliveries == Counter({(letter.id, letter.to): 1 for letter in letters})
    assert set(day.scene.witness.entries.values()) == {1}, "nothing came twice"


async def test_the_evidence_of_every_document_holds_and_tells_what_happened(day: Day, tmp_path: Path) -> None:
    axis, place = day.scene.axis, tmp_path
    asked = {f"/v1/submissions/{letter.id}": day.credential_of(letter.sender) for letter in day.letters}
    await save_evidence(day.scene.gateway, asked, place)
    told = verify_evidence(place, axis.settings().keys.evidence_public_keys)
    count = Counter((UUID(one["submission_id"]), one["type"], one["recipient"]) for one in told if one["holds"])
    assert count.total() == len(told)
    for letter in day.letters:
        end = letter.end
        stated = {kind: count[letter.id, kind, letter.to] for kind in PER_DELIVERY}
        assert stated == {
            "ContentConsignment": 1,
            "ContentHandover": int(end.state == "handed_over"),
            "change.asked": int(end.change is not None),
            "change.answered": int(end.change_state in {"agreed", "refused"}),
        }, letter.label
        assert (count[letter.id, "status.reported", letter.to] > 0) is (end.report is not None)
        assert count[letter.id, "submission.received", None] == count[letter.id, "SubmissionAcceptance", None] == 1


async def test_the_registers_at_the_pages_name_what_came_and_went(day: Day) -> None:
    sent = [letter for letter in day.letters if letter.sender == MINISTRY]
    outgoing = await day.scene.desk.table("outgoing")
    assert [row["Số thứ tự"] for row in outgoing] == [str(number) for number in range(1, len(sent) + 1)]
    assert Counter(row["Số, ký hiệu"] for row in outgoing) == Counter(letter.label for letter in sent)
    accepted = of(day.accepted, MINISTRY)
    incoming = await day.scene.desk.table("incoming")
    assert [row["Số đến"] for row in incoming] == [str(number) for number in range(1, len(accepted) + 1)]
    assert {row["Số, ký hiệu"] for row in incoming} == {letter.label for letter in accepted}


async def test_what_is_overdue_is_told_on_both_sides_and_who_fetched_nothing_is_named(day: Day) -> None:
    due = [letter for letter in day.letters if letter.document.due_on and letter.end.report not in {"02", "06"}]
    open_still = [letter for letter in due if letter.end.change_state != "agreed"]
    desk = day.scene.desk
    incoming, outgoing = await desk.overdue("incoming"), await desk.overdue("outgoing")
    assert {letter.label for letter in open_still if letter.to == MINISTRY} <= incoming
    assert {letter.label for letter in open_still if letter.sender == MINISTRY} <= outgoing
    ended = {letter.id for letter in day.letters if letter.end.report == "02" or letter.end.change_state == "agreed"}
    waiting = {letter.id for letter in day.letters if letter.end.state == "consigned"} - ended
    assert await told_as_not_fetched(day.scene.witness, waiting) == waiting


async def test_reconciling_finds_nothing_where_nothing_was_lost_and_exactly_what_was(day: Day, tmp_path: Path) -> None:
    desk, city, first = day.scene.desk, day.scene.city, day.began_at.date()
    last, ministry, province = day.ended_at.date(), member_of(MINISTRY), member_of(PROVINCE)
    since, until = MORNING.replace(hour=0), day.ended_at
    await city.carry()
    for other in (province, member_of(CITY)):
        assert await desk.reconcile(other, first, last) == set()
    for other in (ministry, province):
        found = await city.reconcile(other, since, until)
        assert (found.lacks, found.compared > 0) == ({}, True)

    sent = next(letter for letter in of(day.letters, MINISTRY) if letter.sender == CITY)
    received = next(letter for letter in of(day.letters, CITY) if letter.sender == MINISTRY and not letter.end.change)
    for lost in (sent, received):
        city.lose(lost)
    found = await city.reconcile(ministry, since, until)
    assert {(lack["submission_id"], lack["kind"]) for lack in found.lacks.values()} == {
        (str(sent.id), "sender-lacks"),
        (str(received.id), "recipient-lacks"),
    }
    assert (await city.reconcile(province, since, until)).lacks == {}
    paths = [f"/v1/reconciliations/{comparison}" for comparison in found.comparisons]
    await save_evidence(day.scene.gateway, dict.fromkeys(paths, day.credential_of(CITY)), tmp_path)
    [told] = verify_evidence(tmp_path, day.scene.axis.settings().keys.evidence_public_keys)
    assert (told["type"], told["facts"]["sender_lacks"], told["facts"]["recipient_lacks"]) == (
        "holdings.compared",
        1,
        1,
    )

    async with day.engine.begin() as connection:
        for lost in (sent, received):
            values = {"lost": lost.id, "member": ministry}
            await connection.execute(text(LOSE), values)
    assert await desk.reconcile(member_of(CITY), first, last) == {
        (str(sent.id), "Trục có, bên nhận không có"),
        (str(received.id), "Bên nhận có, bên gửi không có"),
    }
    assert await desk.reconcile(province, first, last) == set()
