"""Registers and deadlines over HTTP and by the command: one's own, and nobody else's."""

import asyncio
import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from docaxis.cli import main
from docaxis.client.profile import Profile, write_profile
from docaxis.storage.clerk_documents import DocumentRow, Register
from docaxis.storage.clerk_registers import Book, ClerkRegisters, year_of

World = Any
RECIPIENT, OTHER = "bo-mau", "xa-mot"
FORMULA = '=HYPERLINK("https://evil.example")'


async def enter(world: World, *subjects: str, due_in: timedelta | None = None) -> list[DocumentRow]:
    """Let documents come in and be accepted."""
    registers, now = ClerkRegisters(world.engine), world.time()
    rows = []
    for subject in subjects:
        row = DocumentRow(
            register=Register.INCOMING,
            document_id=uuid4(),
            submission_id=uuid4(),
            member=RECIPIENT,
            organisation="G99",
            at=now - timedelta(days=9),
            issuer="H20.14",
            number="15/QĐ-SNV",
            type_name="Quyết định",
            subject=subject,
            signer="",
            promulgated_on=None,
            due_at=None if due_in is None else now + due_in,
            urgency="normal",
            folded=subject.lower(),
        )
        await registers.accept(row, account="văn thư", at=now)
        rows.append(row)
    return rows


async def ask(world: World, path: str, who: str = RECIPIENT) -> tuple[int, Any]:
    answer = await world.client.get(path, headers=world.bearer(who))
    return answer.status_code, answer.json()


async def test_a_register_is_read_page_by_page(world: World) -> None:
    rows = await enter(world, "một", "hai", "ba")
    year = year_of(world.time())
    book = Book(RECIPIENT, "G99", Register.INCOMING, year)
    await ClerkRegisters(world.engine).explain_gap(book, 9, reason="sổ giấy", account="văn thư", at=world.time())
    status, page = await ask(world, "/v1/registers/incoming?organisation=G99&limit=2")
    assert status == 200
    assert [one["subject"] for one in page["entries"]] == ["một", "hai"]
    assert [(one["first"], one["last"], one["reason"]) for one in page["gaps"]] == [(4, 9, "sổ giấy")]
    _, rest = await ask(world, f"/v1/registers/incoming?organisation=G99&limit=2&after={page['next']}")
    assert [one["document_id"] for one in rest["entries"]] == [str(rows[2].document_id)]
    assert rest["next"] is None
    _, before = await ask(world, f"/v1/registers/incoming?organisation=G99&year={year - 1}")
    assert before["entries"] == []


async def test_anothers_register_and_deadlines_do_not_exist(world: World) -> None:
    await enter(world, "bí mật", due_in=timedelta(days=-2))
    assert (await ask(world, "/v1/registers/incoming?organisation=G99", OTHER))[0] == 404
    assert (await ask(world, "/v1/registers/secret?organisation=G99"))[0] == 400
    assert (await ask(world, "/v1/registers/incoming?organisation=G99", "auditor"))[0] == 403
    status, due = await ask(world, "/v1/deadlines", OTHER)
    assert (status, due["deadlines"], due["counts"]) == (200, [], {"incoming": 0, "outgoing": 0})
    assert (await ask(world, "/v1/deadlines", "auditor"))[0] == 403
    part, of_part = await ask(world, "/v1/deadlines", f"clerk of {RECIPIENT}")
    assert part == 200
    assert {one["organisation"] for one in of_part["deadlines"]} <= {"G99"}


@pytest.fixture
async def url(world: World) -> Any:
    yield await world.gateway.start()
    await world.gateway.stop()


async def test_the_command_shows_and_exports_them(
    world: World, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await enter(world, "Về việc thử", FORMULA, due_in=timedelta(days=-2))
    path, table = tmp_path / "profile.toml", tmp_path / "so-den.csv"
    settings = world.settings
    write_profile(path, Profile(url, world.secrets[RECIPIENT], RECIPIENT, settings.axis, settings.environment))
    monkeypatch.setenv("DOCAXIS_PROFILE", str(path))
    monkeypatch.setenv("COLUMNS", "200")

    async def run(*words: str) -> str:
        assert await asyncio.to_thread(main, words) == 0
        return capsys.readouterr().out

    lines = [json.loads(one) for one in (await run("registers", "incoming", "--json")).splitlines()]
    assert [(one["register_number"], one["subject"]) for one in lines] == [(1, "Về việc thử"), (2, FORMULA)]
    assert "Về việc thử" in await run("registers", "--lang", "vi")
    await run("registers", "incoming", "--organisation", "G99", "--export", str(table), "--lang", "vi")
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:2] == ["Số", "Lúc"]
    assert rows[2][6] == f"'{FORMULA}", "a spreadsheet shows it and works nothing out"
    due = [json.loads(one) for one in (await run("deadlines", "--json", "--overdue")).splitlines()]
    assert {one["duty"] for one in due} == {"acknowledge", "answer"}
    assert {one["standing"] for one in due} == {"overdue"}
    assert "quá hạn" in await run("deadlines", "--lang", "vi")
    code = await asyncio.to_thread(main, ("registers", "incoming", "--organisation", "H20", "--json"))
    assert (code, json.loads(capsys.readouterr().out)["error"]["code"]) == (1, "not-found")
