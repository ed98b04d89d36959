"""Whatever is missing from the log, or from the index over it, is named: from the topic and from a party's receipt."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from auditlog import AuditedLog, certificate, verdict
from docaxis.auditor.completeness import Committed, Finding, TopicRead, compare, held, read_topic
from docaxis.auditor.rebuilding import Rebuilt, rebuild
from docaxis.auditor.walking import open_checkpoint
from docaxis.bus.memory import MemoryBus
from docaxis.bus.port import Outgoing, Partition
from docaxis.cli.application import main
from docaxis.cli.exit_codes import Exit
from docaxis.client.auditing import AuditClient
from docaxis.client.profile import Profile, write_profile
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import decode
from docaxis_schemas.events import EvidenceRecord
from docaxis_schemas.topics import EVIDENCE
from docaxis_signing.disposition import Disposition


async def _emitted(world: Any, log: AuditedLog) -> list[Outgoing]:
    """Hand a document in and judge it; give what the verifier put on the topic."""
    written = world.write()
    submission = UUID((await world.send(written)).json()["submission_id"])
    found = [
        one
        for one in await log.judged(submission, verdict(certificate()), Disposition.DELIVER)
        if one.partition.topic == EVIDENCE
    ]
    await world.publisher.broker.append(found, transaction=False)
    return found


def _event(outgoing: Outgoing) -> EvidenceRecord:
    event = decode(outgoing.value)
    assert isinstance(event, EvidenceRecord)
    return event


async def _topic(world: Any, log: AuditedLog) -> TopicRead:
    return await read_topic(MemoryBus(world.publisher.broker), log.slots, until=world.time())


async def _rebuilt(auditor: AuditClient, log: AuditedLog) -> Rebuilt:
    return await rebuild(auditor, await open_checkpoint(auditor, log.policy))


async def _found(
    world: Any, log: AuditedLog, auditor: AuditClient, *receipts: Committed
) -> tuple[Rebuilt, list[Finding]]:
    topic = await _topic(world, log)
    rebuilt = await _rebuilt(auditor, log)
    return rebuilt, compare(rebuilt, topic, receipts, now=world.time())


async def _receipt(world: Any, event: UUID) -> dict[str, Any]:
    async with world.engine.connect() as connection:
        query = text("SELECT receipt FROM receipts WHERE event_id = :id")
        token = (await connection.execute(query, {"id": event})).scalar_one()
    empty: dict[str, Any] = dict.fromkeys(("record", "record_key", "proof", "openings"))
    return {"v": 1, "format": "docaxis-evidence", "receipt": token} | empty


async def test_a_whole_log_lacks_nothing(world: Any, log: AuditedLog, auditor: AuditClient) -> None:
    for _ in range(3):
        await log.sign(await _emitted(world, log))
    await log.publish()
    world.time.now += timedelta(minutes=2)
    rebuilt, findings = await _found(world, log, auditor)
    assert (rebuilt.leaves, len(rebuilt.events), rebuilt.faults, findings) == (6, 6, 0, [])


async def test_a_statement_suppressed_before_the_registrar_is_named_from_the_topic(
    world: Any, log: AuditedLog, auditor: AuditClient
) -> None:
    emitted = await _emitted(world, log)
    await log.sign(emitted[:-1])
    await log.publish()
    world.time.now += timedelta(seconds=50)
    assert (await _found(world, log, auditor))[1] == [], "it is not late yet"
    world.time.now += timedelta(seconds=11)
    _, findings = await _found(world, log, auditor)
    (found,) = findings
    assert (found.kind, found.event_id) == ("unlogged", str(_event(emitted[-1]).event_id))
    assert found.place.startswith("evidence[")


async def test_a_partition_that_was_trimmed_empty_is_not_taken_for_whole(
    world: Any, log: AuditedLog, auditor: AuditClient
) -> None:
    (emitted, *_) = await _emitted(world, log)
    await log.publish()
    world.time.now += timedelta(seconds=1)
    broker = world.publisher.broker
    assert (await _topic(world, log)).trimmed == {}
    for number in range(log.slots):
        broker.trim(Partition(EVIDENCE, number), broker.end(Partition(EVIDENCE, number)))
    topic = await _topic(world, log)
    end = broker.end(emitted.partition)
    assert (topic.statements, topic.spans, topic.trimmed) == ((), {}, {emitted.partition.number: end})


async def test_the_axis_says_where_each_statement_lay(world: Any, log: AuditedLog, auditor: AuditClient) -> None:
    await log.sign(await _emitted(world, log))
    async with world.engine.begin() as connection:
        await connection.execute(text("UPDATE receipts SET topic_partition = 1, topic_offset = 40 + topic_offset"))
        await connection.execute(text("DELETE FROM submission_secrets"))
    await log.publish()
    rebuilt = await _rebuilt(auditor, log)
    assert [one["source"][0] for one in rebuilt.closed] == [1, 1]
    assert all(one["source"][1] >= 40 for one in rebuilt.closed)


async def test_a_receipt_that_was_given_and_never_logged_is_a_broken_promise(
    world: Any, log: AuditedLog, auditor: AuditClient
) -> None:
    emitted = await _emitted(world, log)
    records = await log.sign(emitted)
    async with world.engine.begin() as connection:
        query = text("DELETE FROM log_queue WHERE event_id = :id")
        await connection.execute(query, {"id": records[1].event_id})
    await log.publish()
    kept = held(json.loads(records[1].statement), records[1].statement, "bien-nhan.json")
    world.time.now += timedelta(seconds=61)
    rebuilt, findings = await _found(world, log, auditor, kept)
    event = str(records[1].event_id)
    assert [(one.kind, one.event_id) for one in findings] == [("unlogged", event), ("broken-promise", event)]
    assert compare(rebuilt, None, [kept], now=kept.at + timedelta(seconds=59)) == []


async def test_a_leaf_of_a_statement_that_no_stage_committed_is_named(
    world: Any, log: AuditedLog, auditor: AuditClient
) -> None:
    await log.sign(await _emitted(world, log))
    await log.publish()
    topic = await _topic(world, log)
    written = world.write()
    submission = UUID((await world.send(written)).json()["submission_id"])
    forged = await log.sign(await log.judged(submission, verdict(), Disposition.DELIVER))
    await log.publish()
    world.time.now += timedelta(seconds=61)
    _, findings = await _found(world, log, auditor)
    assert {(one.kind, one.event_id) for one in findings} == {("unheard-of", str(one.event_id)) for one in forged}
    assert topic.statements == ()  # nothing was appended before the moment it was read


async def test_a_receipt_that_says_something_else_than_the_log_is_named(
    world: Any, log: AuditedLog, auditor: AuditClient
) -> None:
    (record, *_) = await log.sign(await _emitted(world, log))
    await log.publish()
    world.time.now += timedelta(seconds=61)
    value = json.loads(record.statement)
    other = held(value, canonical(value | {"facts": {}}), "bien-nhan.json")
    _, findings = await _found(world, log, auditor, other)
    assert [(one.kind, one.place) for one in findings] == [("contradicted", "bien-nhan.json")]


async def test_what_was_shredded_answers_for_what_it_still_shows(
    world: Any, log: AuditedLog, auditor: AuditClient
) -> None:
    await log.sign(await _emitted(world, log))
    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM submission_secrets"))
    await log.publish()
    world.time.now += timedelta(seconds=61)
    rebuilt, findings = await _found(world, log, auditor)
    assert (len(rebuilt.closed), findings) == (2, [])


_TAMPERED: Mapping[str, str] = {
    "UPDATE audit_entries SET \"row\" = '{}' WHERE leaf_index = 1": "leaf 1: the index says something else",
    "DELETE FROM audit_entries WHERE leaf_index = 0": "leaf 0: the index lacks it",
    "UPDATE log_leaves SET leaf = '{}' WHERE leaf_index = 1": "leaf 1: the database has another leaf than the log",
    "DELETE FROM log_leaves WHERE leaf_index = 0": "leaf 0: the axis does not disclose it",
    "UPDATE decisions SET body = convert_to(replace(convert_from(body, 'UTF8'), '1a2b', '1a2c'), 'UTF8')": (
        "leaf 1: the verdict is not the one that the statement names"
    ),
    "UPDATE claims SET manifest = manifest || '\\x20'": (
        "leaf 0: the manifest is not the one that the statement names"
    ),
    "UPDATE receipts SET statement = convert_to(replace(convert_from(statement, 'UTF8'), 'so-noi', 'so-nao'), 'UTF8')"
    " WHERE type = 'submission.received'": "leaf 0: the statement and its openings do not make this leaf",
}


@pytest.mark.parametrize("tampering", _TAMPERED)
async def test_an_index_that_does_not_follow_from_the_log_is_found_out(
    world: Any, log: AuditedLog, auditor: AuditClient, tampering: str
) -> None:
    await log.sign(await _emitted(world, log))
    await log.publish()
    async with world.engine.begin() as connection:
        await connection.execute(text(tampering))
    rebuilt = await _rebuilt(auditor, log)
    assert (rebuilt.faults, rebuilt.shown) == (1, [_TAMPERED[tampering]])


async def test_the_commands_say_so_and_end_with_it(
    world: Any, log: AuditedLog, auditor: AuditClient, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    records = await log.sign(await _emitted(world, log))
    receipt = tmp_path / "bien-nhan.json"
    receipt.write_text(json.dumps(await _receipt(world, records[1].event_id)))
    pinned = tmp_path / "pinned.json"
    pinned.write_text(json.dumps(log.pinned().to_json()))
    profile = tmp_path / "auditor.toml"
    secret = world.secrets["auditor"]
    write_profile(profile, Profile(world.gateway.url, secret, "auditor", log.axis, log.environment, keys=pinned))

    async def run(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
        code = await asyncio.to_thread(main, ["audit", *arguments, "--profile", str(profile), "--json"])
        return code, [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM log_queue WHERE event_id = :id"), {"id": records[1].event_id})
    await log.publish()
    code, (found,) = await run("search", "--submission", str(records[0].submission_id))
    assert (code, found["shown"], found["row"]["type"]) == (Exit.OK, True, "submission.received")
    rows = tmp_path / "rows.jsonl"
    code, (answer,) = await run("reindex", "--verify", "--to", str(rows))
    assert (code, answer["leaves"], answer["faults"]) == (Exit.OK, 1, 0)
    assert [json.loads(line) for line in rows.read_text("utf-8").splitlines()] == [found["row"]]
    code, answers = await run("completeness", str(receipt))
    assert (code, answers[-1]) == (Exit.OK, {"complete": True}), "it is not late yet"
    async with world.engine.begin() as connection:
        await connection.execute(text("UPDATE audit_entries SET \"row\" = '{}'"))
    code, (answer,) = await run("reindex", "--verify")
    assert (code, answer["shown"]) == (Exit.REFUSED, ["leaf 0: the index says something else"])
