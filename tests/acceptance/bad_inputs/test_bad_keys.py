"""Keys used twice, recipients that are none or too many, and numbers that another document holds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from badinputs.checking import Answered, nothing_else, once, parametrised, played, refused, told
from badinputs.house import ISSUER, RECEIVER, RECIPIENT, Draft, House
from badinputs.table import KEYS, NATURAL_KEY_TAKEN, NUMBERS, Case, Refusal, Taken
from docaxis.embedded.forgeries import tamper
from docaxis.embedded.papers import Paper
from docaxis_schemas.moments import system_clock, to_text
from docaxis_schemas.natural_key import write_document_id

Act = Callable[[House], Awaitable[Answered | None]]
"""Gives what came back, or None where the act itself looks at what became of it."""
OTHER = "H99"


# --- idempotency keys and recipients ---------------------------------------------------------------------------------


async def _fifty(house: House) -> None:
    draft = house.draft(await house.paper())
    token = house.sign(draft.payload)
    answers = await asyncio.gather(*(house.send(draft, token=token) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    await house.consigned(draft)
    await once(house, draft.submission, RECIPIENT)


async def _other_body(house: House) -> Answered:
    first = house.draft(await house.paper())
    await house.delivered(first)
    other = house.draft(await house.paper(), own_id=first.own_id)
    answered = Answered.of(await house.send(other))
    assert UUID(answered.value["submission_id"]) == first.submission
    await once(house, first.submission, RECIPIENT)
    return answered


async def _unknown(house: House) -> Answered:
    draft = house.draft(await house.paper(), ["H98.77", "G77"])
    answered = Answered.of(await house.send(draft), draft)
    assert [one["asked"] for one in answered.value["recipients"]["unknown"]] == ["H98.77", "G77"]
    return answered


async def _one_unknown(house: House) -> None:
    draft = house.draft(await house.paper(), ["H98.77", RECIPIENT])
    value = await house.judged(draft)
    assert [one["asked"] for one in value["recipients"]["unknown"]] == ["H98.77"]
    assert value["recipients"]["delivered_to"] == 1
    await house.consigned(draft)
    await once(house, draft.submission, RECIPIENT)


async def _too_many(house: House) -> Answered:
    draft = house.draft(await house.paper())
    draft.payload["recipients"] = [{"organisation": f"H97.{n}", "role": "action"} for n in range(1, 5002)]
    return Answered.of(await house.send(draft), draft)


KEY_ACTS: dict[str, Act] = {
    "same-key-at-once": _fifty,
    "same-key-other-body": _other_body,
    "unknown-organisation": _unknown,
    "one-unknown-organisation": _one_unknown,
    "too-many-recipients": _too_many,
}


# --- number and notation ---------------------------------------------------------------------------------------------


async def _two(house: House) -> tuple[Paper, Paper]:
    """Make two documents with one number."""
    spec = house.spec()
    return await house.paper(spec=spec), await house.paper(spec=spec)


async def _taken(house: House) -> Answered:
    first, second = await _two(house)
    await house.delivered(house.draft(first))
    draft = house.draft(second)
    return Answered.of(await house.send(draft), draft)


async def _raced(house: House) -> Answered:
    drafts = [house.draft(paper) for paper in await _two(house)]
    answers = await asyncio.gather(*(house.send(draft, wait=30) for draft in drafts))
    assert [answer.status_code for answer in answers] == [202, 202]

    async def both() -> bool:
        return len(await _routed(house, drafts)) == 2

    await house.until(both)
    states = await _routed(house, drafts)
    assert sorted(states.values()) == ["consigned", "refused"]
    for draft, answer in zip(drafts, answers, strict=True):
        if states[draft.submission] == "consigned":
            await house.consigned(draft)
            await once(house, draft.submission, RECIPIENT)
        else:
            lost = Answered.of(answer, draft)
    return lost


async def _routed(house: House, drafts: list[Draft]) -> dict[UUID, str]:
    rows = [
        row
        for draft in drafts
        for row in await house.rows(
            "SELECT submission_id, state FROM deliveries WHERE submission_id = :id", id=draft.submission
        )
    ]
    return {UUID(str(row.submission_id)): row.state for row in rows}


async def _after_a_refusal(house: House) -> None:
    first, second = await _two(house)
    bad = house.draft(first, data=tamper(first.data))
    await refused(house, bad, await house.judged(bad), "broken")
    await house.delivered(house.draft(second))


async def _after_a_return(house: House) -> None:
    first, second = await _two(house)
    draft = house.draft(first)
    delivery = await house.delivered(draft)
    report = {
        **{name: draft.payload[name] for name in ("v", "axis", "environment")},
        "kind": "report",
        "member": RECEIVER,
        "id": str(uuid4()),
        "time": to_text(system_clock()),
        "delivery_id": str(delivery),
        "code": "02",
        "reason": "Sai thẩm quyền ký, đề nghị sửa và gửi lại.",
    }
    response = await house.http.post(
        f"/v1/deliveries/{delivery}/reports",
        content=house.sign(report),
        headers=house.bearer(RECEIVER) | {"Content-Type": "application/jose"},
    )
    assert response.status_code == 202, response.text
    await house.news(draft, "report")
    await house.delivered(house.draft(second))


async def _to_others(house: House) -> None:
    paper = await house.paper()
    await house.delivered(house.draft(paper))
    more = house.draft(paper, [OTHER])
    await house.delivered(more, OTHER)
    await once(house, more.submission, OTHER)


def _amending(house: House, paper: Paper, number: str) -> Draft:
    metadata = paper.metadata
    named = write_document_id(ISSUER, metadata.promulgated_on, number, metadata.notation)
    return house.draft(paper, document={"business": {"action": "update", "document_id": named}})


async def _update(house: House) -> None:
    first, second = await _two(house)
    await house.delivered(house.draft(first))
    await house.delivered(_amending(house, second, first.spec.number))


async def _update_of_another(house: House) -> Answered:
    first, second = await _two(house)
    await house.delivered(house.draft(first))
    draft = _amending(house, second, "999999")
    return Answered.of(await house.send(draft), draft)


async def _unnumbered(house: House) -> None:
    for paper in await _two(house):
        document: dict[str, Any] = {"number": None}
        await house.delivered(house.draft(paper, document=document))


async def _again(house: House) -> Answered:
    first = house.draft(await house.paper())
    delivery = await house.delivered(first)
    again = first.renamed()
    answered = Answered.of(await house.send(again), again)
    assert answered.value["deliveries"] == [
        {"recipient": RECIPIENT, "submission_id": str(first.submission), "delivery_id": str(delivery)}
    ]
    await once(house, first.submission, RECIPIENT)
    return answered


NUMBER_ACTS: dict[str, Act] = {
    "number-taken": _taken,
    "number-raced-for": _raced,
    "number-of-a-refused-document": _after_a_refusal,
    "number-of-a-returned-document": _after_a_return,
    "same-document-to-others": _to_others,
    "update-that-names-it": _update,
    "update-that-names-another": _update_of_another,
    "no-number": _unnumbered,
    "same-document-again": _again,
}


def test_every_case_of_the_table_is_played() -> None:
    played(KEY_ACTS, KEYS)
    played(NUMBER_ACTS, NUMBERS)


@parametrised([*KEYS, *NUMBERS])
async def test_a_key_a_recipient_or_a_number(house: House, case: Case) -> None:
    answered = await (KEY_ACTS | NUMBER_ACTS)[case.name](house)
    if isinstance(case.told, Taken):
        assert answered is None
    else:
        assert answered is not None
        assert case.told != Refusal(NATURAL_KEY_TAKEN) or answered.value["disposition"] == "deliver", "by its verdict"
        await told(house, case, answered)
    await nothing_else(house)
