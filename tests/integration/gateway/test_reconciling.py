"""Reconciling at the gateway: whatever is lost on purpose on either side is found, and nothing else."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from docaxis.cli import main
from docaxis.client import AxisClient, Comparison, Direction, Held, RegisterEntry, RejectedByAxis
from docaxis.client import reconciling as client_side
from docaxis.client.profile import Profile, write_profile
from docaxis.gateway import reconciling as gateway_side
from docaxis.storage.tables.decisions import deliveries
from docaxis_schemas.digests import contents_digest
from docaxis_schemas.events import Action
from docaxis_schemas.holdings import LackKind, Remedy
from docaxis_schemas.moments import VIETNAM, to_text

World = Any
SENDER, RECIPIENT, OTHER = "so-noi-vu", "bo-mau", "xa-mot"
DAY = datetime.now(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
"""The world's credentials begin today."""
AT_MIDNIGHT = (DAY - timedelta(microseconds=1), DAY, DAY + timedelta(days=1, microseconds=-1), DAY + timedelta(days=1))


def axis_of(world: World, member: str, credential: str | None = None, *, signs: bool = True) -> AxisClient:
    return AxisClient(
        "http://127.0.0.1",
        world.secrets[credential or member],
        world.signers[member] if signs else None,
        member=member,
        axis=world.settings.axis,
        environment=world.settings.environment,
        transport=httpx.ASGITransport(world.gateway.app),
        clock=world.time,
    )


async def exchange(world: World, at: datetime, recipient: str = "G99", member: str = RECIPIENT) -> RegisterEntry:
    """Send one document at a moment, deliver it in the same, and give what its recipient keeps of it."""
    world.time.now = at
    written = world.write(recipients=(recipient,))
    answer = await world.send(written)
    assert answer.status_code == 202, answer.text
    submission = UUID(answer.json()["submission_id"])
    await world.judge(submission)
    await world.deliver(written, submission, recipient, member)
    held = Held(submission, recipient, contents_digest(written.files), "consigned")
    return RegisterEntry(Direction.RECEIVED, at, held)


def as_sent(entries: Iterable[RegisterEntry]) -> list[RegisterEntry]:
    return [replace(one, direction=Direction.SENT) for one in entries]


async def compared(
    world: World,
    member: str,
    other: str,
    register: Iterable[RegisterEntry],
    since: datetime = DAY,
    days: int = 1,
) -> Comparison:
    async with axis_of(world, member) as axis:
        return await axis.reconcile(other, register, since=since, until=since + timedelta(days=days))


def lacking(found: Comparison) -> set[tuple[str, str, str]]:
    return {(lack["submission_id"], lack["kind"], lack["remedy"]) for lack in found.lacks.values()}


async def test_where_nothing_was_lost_nothing_is_found_whatever_the_day(world: World) -> None:
    register = [await exchange(world, at) for at in AT_MIDNIGHT]
    for day, many in (
        (DAY - timedelta(days=1), 1),
        (DAY, 2),
        (DAY + timedelta(days=1), 1),
        (DAY + timedelta(days=2), 0),
    ):
        own = [one for one in register if day <= one.at < day + timedelta(days=1)]
        received = await compared(world, RECIPIENT, SENDER, own, since=day)
        sent = await compared(world, SENDER, RECIPIENT, as_sent(own), since=day)
        assert (received.lacks, sent.lacks) == ({}, {}), day
        assert (received.compared, sent.compared, sent.waiting) == (many, many, many)


async def test_what_each_side_lost_is_found_and_how_it_is_mended(world: World) -> None:
    first, second, third, fourth = [await exchange(world, DAY + timedelta(hours=hour)) for hour in range(4)]
    never = Held(uuid4(), "G99", "0" * 64, "consigned")
    sent = [*as_sent([first, third, fourth]), RegisterEntry(Direction.SENT, DAY, never)]
    found = await compared(world, SENDER, RECIPIENT, sent)
    assert lacking(found) == {
        (str(second.held.submission_id), LackKind.SENDER_LACKS, Remedy.FETCH_AGAIN),
        (str(never.submission_id), LackKind.AXIS_LACKS, Remedy.SEND_AGAIN),
    }
    signed = replace(second, held=replace(second.held, state="handed_over"))
    other = replace(third, held=replace(third.held, contents_sha256="0" * 64))
    told = replace(fourth, held=replace(fourth.held, report="03"))
    found = await compared(
        world, RECIPIENT, SENDER, [signed, other, told, RegisterEntry(Direction.RECEIVED, DAY, never)]
    )
    assert lacking(found) == {
        (str(first.held.submission_id), LackKind.RECIPIENT_LACKS, Remedy.FETCH_AGAIN),
        (str(second.held.submission_id), LackKind.STATES_DIFFER, Remedy.HAND_OVER),
        (str(third.held.submission_id), LackKind.STATES_DIFFER, Remedy.FETCH_AGAIN),
        (str(fourth.held.submission_id), LackKind.STATES_DIFFER, Remedy.REPORT_AGAIN),
        (str(never.submission_id), LackKind.SENDER_LACKS, Remedy.ASK_SENDER),
    }
    assert found.counts == {"axis-lacks": 0, "recipient-lacks": 1, "sender-lacks": 1, "states-differ": 3}


async def test_an_item_stated_beyond_the_period_is_no_lack_and_one_given_back_need_not_be_held(world: World) -> None:
    early, given_back = [await exchange(world, DAY + timedelta(hours=hour)) for hour in (-1, 1)]
    async with world.engine.begin() as connection:
        ended = {"change": "recall", "change_state": "agreed"}
        where = deliveries.c.submission_id == given_back.held.submission_id
        await connection.execute(update(deliveries).where(where).values(ended))
    late = replace(early, at=DAY)  # by the member's own clock
    assert (await compared(world, RECIPIENT, SENDER, [late])).lacks == {}


async def test_nobody_learns_of_what_is_between_others(world: World) -> None:
    theirs = await exchange(world, DAY, "H20.20", OTHER)
    invented = replace(theirs, held=replace(theirs.held, submission_id=uuid4()))
    answers = []
    for entry in (theirs, invented):
        found = await compared(world, RECIPIENT, SENDER, [entry])
        answers.append([{**lack, "submission_id": ""} for lack in found.lacks.values()])
    assert answers[0] == answers[1], "a document of others and none at all are answered alike"
    assert (await compared(world, RECIPIENT, OTHER, [])).compared == 0
    third = await compared(world, SENDER, RECIPIENT, as_sent([theirs]))
    assert (third.compared, third.lacks) == (0, {}), "what went to somebody else is not compared"


async def test_a_long_period_is_stated_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    register = [await exchange(world, DAY + timedelta(hours=hour)) for hour in range(8)]
    monkeypatch.setattr(client_side, "MAX_HELD", 3)
    monkeypatch.setattr(gateway_side, "MAX_HELD", 1)
    whole = await compared(world, RECIPIENT, SENDER, register)
    assert (whole.lacks, len(whole.comparisons)) == ({}, 4)
    nothing = await compared(world, RECIPIENT, SENDER, [])
    assert {lack["submission_id"] for lack in nothing.lacks.values()} == {
        str(one.held.submission_id) for one in register
    }
    lost = register.pop(4)
    found = await compared(world, RECIPIENT, SENDER, register)
    assert lacking(found) == {(str(lost.held.submission_id), LackKind.RECIPIENT_LACKS, Remedy.FETCH_AGAIN)}


async def test_the_evidence_counts_and_names_nothing(world: World) -> None:
    entry = await exchange(world, DAY)
    found = await compared(world, RECIPIENT, SENDER, [])
    action = next(
        one for one in world.publisher.events("actions") if isinstance(one, Action) and one.kind == "holdings-compared"
    )
    assert (action.submission_id, action.member, action.recipient) == (found.comparisons[0], RECIPIENT, None)
    assert str(entry.held.submission_id).encode() not in action.body
    assert b'"recipient_lacks":1' in action.body
    assert b"record_sha256" not in action.body, "whoever checks evidence would want the record, which nobody kept"


async def test_a_statement_that_is_not_of_its_form_or_not_for_all_is_refused(world: World) -> None:
    world.time.now = DAY
    heading = {"axis": world.settings.axis, "environment": world.settings.environment, "member": RECIPIENT}
    good = heading | {"v": 1, "kind": "holdings", "id": "1", "time": to_text(DAY), "with": SENDER}
    good |= {"since": to_text(DAY), "until": to_text(DAY + timedelta(days=1)), "sent": [], "received": []}
    item = [str(uuid4()), "G99", None, None, None]

    async def post(payload: dict[str, Any], who: str = RECIPIENT) -> tuple[int, str]:
        token = world.signers[RECIPIENT].sign(payload)
        headers = world.bearer(who) | {"Content-Type": "application/jose"}
        answer = await world.client.post("/v1/reconciliations", content=token, headers=headers)
        return answer.status_code, answer.json().get("code", "")

    assert await post(good) == (200, "")
    wrongs: tuple[dict[str, Any], ...] = (
        {"until": good["since"]},
        {"since": "yesterday"},
        {"received": [item, item]},
        {"received": [["x", *item[1:]]]},
        {"received": [item[:4]]},
        {"sent": {}},
        {"more": 1},
    )
    for wrong in wrongs:
        assert await post(good | wrong) == (400, "malformed-request"), wrong
    assert await post(good | {"with": "nobody"}) == (404, "not-found")
    assert (await post(good | {"member": SENDER}))[0] == 422
    assert (await post(good | {"time": to_text(DAY - timedelta(days=2))}))[1] == "manifest-expired"


@pytest.mark.parametrize(("who", "status"), [(f"part of {RECIPIENT}", 403), (RECIPIENT, 200), (OTHER, 200)])
async def test_only_who_sees_the_whole_member_reconciles_ended_bodies_aside(
    world: World, who: str, status: int
) -> None:
    member = who.removeprefix("part of ")  # a body of OTHER's has ended, and its credential does not name it
    axis = axis_of(world, member, who)
    async with axis:
        if status == 200:
            assert (await axis.reconcile(SENDER, [], since=DAY, until=DAY + timedelta(days=1))).lacks == {}
            return
        with pytest.raises(RejectedByAxis) as refused:
            await axis.reconcile(SENDER, [], since=DAY, until=DAY + timedelta(days=1))
        assert refused.value.code == "forbidden"


async def test_the_command_lists_what_a_file_lacks_and_says_so_by_its_exit_code(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = world.time.now
    kept, lost = [await exchange(world, now + timedelta(microseconds=step)) for step in range(2)]
    key, profile, register = tmp_path / "key.json", tmp_path / "p.toml", tmp_path / "register.jsonl"
    key.write_text(json.dumps(world.signers[RECIPIENT].private_jwk()))
    key.chmod(0o600)
    settings, url = world.settings, await world.gateway.start()
    who = Profile(url, world.secrets[RECIPIENT], RECIPIENT, settings.axis, settings.environment, key)
    write_profile(profile, who)

    async def run(*entries: RegisterEntry) -> tuple[int, dict[str, Any]]:
        lines: list[dict[str, str | None]] = [
            {
                "direction": "received",
                "submission_id": str(one.held.submission_id),
                "recipient": one.held.recipient,
                "at": to_text(one.at),
                "contents_sha256": one.held.contents_sha256,
                "state": one.held.state,
            }
            for one in entries
        ]
        register.write_text("".join(json.dumps(line) + "\n" for line in lines))
        command = ["reconcile", "--with", SENDER, "--register", str(register), "--profile", str(profile), "--json"]
        since = now.astimezone(VIETNAM).date().isoformat()
        code = await asyncio.to_thread(main, [*command, "--since", since, "--until", since])
        return code, json.loads(capsys.readouterr().out)

    code, whole = await run(kept, lost)
    assert (code, whole["lacks"], whole["compared"]) == (0, [], 2)
    code, found = await run(kept)
    assert (code, found["counts"]["recipient-lacks"]) == (1, 1)
    assert [lack["submission_id"] for lack in found["lacks"]] == [str(lost.held.submission_id)]
    register.write_text("{}\n")
    command = ["reconcile", "--with", SENDER, "--register", str(register), "--profile", str(profile)]
    assert await asyncio.to_thread(main, command) == 65
