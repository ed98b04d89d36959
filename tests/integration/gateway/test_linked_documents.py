"""What a document names is a link for who may follow it, and text for everybody else."""

from typing import Any
from uuid import UUID

from sqlalchemy import update

from docaxis.storage.tables.decisions import deliveries
from docaxis_schemas.identifiers import delivery_id

World = Any
SENDER, RECIPIENT, OTHER = "so-noi-vu", "bo-mau", "xa-mot"
READERS = {"G99": RECIPIENT, "H20.20": OTHER}


async def delivered(world: World, *recipients: str, number: str, **names: Any) -> UUID:
    """Do what router and projector do with what was handed in."""
    document = world.document(number=number, notation="SNV-VP", **names)
    written = world.write(document=document, recipients=recipients)
    submission = UUID((await world.send(written)).json()["submission_id"])
    await world.judge(submission)
    for recipient in recipients:
        await world.deliver(written, submission, recipient, READERS[recipient])
    async with world.engine.begin() as connection:
        key = {"natural_key": f"H20.14 2026 {number} SNV-VP original"}
        await connection.execute(update(deliveries).where(deliveries.c.submission_id == submission).values(key))
    return submission


def named(number: str) -> str:
    return f"000.00.14.H20,2026/01/15,{number}/SNV-VP"


async def links(world: World, submission: UUID, who: str) -> list[dict[str, str]]:
    answer = await world.get(f"/v1/submissions/{submission}", who)
    assert answer.status_code == 200
    found: list[dict[str, str]] = answer.json()["links"]
    return found


async def test_a_named_document_is_a_link_for_its_parties_only(world: World) -> None:
    first = await delivered(world, "G99", number="501")
    about = {"response_for": [{"document_id": named("501")}], "reference_codes": ["Kế hoạch <b>năm</b>"]}
    second = await delivered(world, "G99", "H20.20", number="502", **about)
    reply, reference = {"kind": "reply", "text": named("501")}, {"kind": "reference", "text": "Kế hoạch <b>năm</b>"}
    own = {"submission_id": str(first)}
    assert await links(world, second, SENDER) == [reply | own, reference]
    theirs = own | {"delivery_id": str(delivery_id(first, "G99"))}
    assert await links(world, second, RECIPIENT) == [reply | theirs, reference]
    assert await links(world, second, OTHER) == [reply, reference]
    assert await links(world, first, RECIPIENT) == []


async def test_it_is_resolved_once_the_named_one_has_arrived(world: World) -> None:
    business = {"action": "update", "reason": "Sửa ngày", "document_id": named("503")}
    later = await delivered(world, "G99", number="504", business=business)
    assert await links(world, later, RECIPIENT) == [{"kind": "change", "text": named("503")}]
    first = await delivered(world, "G99", number="503")
    [link] = await links(world, later, RECIPIENT)
    assert (link["submission_id"], link["delivery_id"]) == (str(first), str(delivery_id(first, "G99")))


async def test_by_number_without_an_id_or_by_our_own_id_and_never_itself(world: World) -> None:
    first = await delivered(world, "G99", number="505")
    earlier = {"issuer": "H20.14", "code": "505/SNV-VP", "promulgated_on": "2026-01-15"}
    about = {"response_for": [earlier], "reply_fors": [str(first), named("506")]}
    second = await delivered(world, "G99", number="506", **about)
    found = await links(world, second, SENDER)
    assert [link.get("submission_id") for link in found] == [str(first), str(first), None]
