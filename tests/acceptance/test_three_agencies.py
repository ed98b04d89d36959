"""Three agencies work one day: pages in a browser, the field's interface with edXML, a folder with the connector.

Some fifty documents go between them, with corrections, recalls, updates and replacements. At the end whatever anybody
says of them is the same, seen from outside.
"""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import async_playwright

from chromium import CHROMIUM, SWITCHES
from docaxis.storage.database import open_database
from threeagencies.day import Day, work_one_day
from threeagencies.outside import lines, save_evidence, verify_evidence, wanted
from threeagencies.scene import opened

DOCUMENTS = 54
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
