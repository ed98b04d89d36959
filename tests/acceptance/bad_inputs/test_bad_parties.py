"""Manifests that their member did not sign so, for here and now; and parties that ask for what is not theirs."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from badinputs.checking import Answered, nothing_else, once, parametrised, played, told
from badinputs.house import RECEIVER, RECIPIENT, SENDER, STRANGER, Draft, House
from badinputs.table import MANIFESTS, PARTIES, Case, Taken
from docaxis_schemas.canonical import canonical
from docaxis_schemas.moments import from_text, system_clock, to_text
from docaxis_schemas.submission import MAX_AGE
from docaxis_signing.statements import MemberSigner

Act = Callable[[House], Awaitable[Answered | None]]


# --- the member's own signature --------------------------------------------------------------------------------------


def _token(make: Callable[[House, Draft], str], media_type: str = "application/jose") -> Act:
    async def act(house: House) -> Answered:
        draft = house.draft(await house.paper())
        return Answered.of(await house.send(draft, token=make(house, draft), media_type=media_type), draft)

    return act


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _made_up(house: House, draft: Draft) -> str:
    return MemberSigner.generate(house.axis.members[SENDER].signer.kid).sign(draft.payload)


def _readdressed(house: House, draft: Draft) -> str:
    head, _, signature = house.sign(draft.payload).split(".")
    other = draft.payload | {"recipients": [{"organisation": "A98", "role": "action"}]}
    return f"{head}.{_encoded(canonical(other))}.{signature}"


def _unsigned(_: House, draft: Draft) -> str:
    return f"{_encoded(canonical({'alg': 'none'}))}.{_encoded(canonical(draft.payload))}."


def _saying(**changes: Any) -> Act:
    async def act(house: House) -> Answered:
        draft = house.draft(await house.paper(), **changes)
        return Answered.of(await house.send(draft), draft)

    return act


async def _in_anothers_name(house: House) -> Answered:
    draft = house.draft(await house.paper())
    draft.payload["member"] = STRANGER
    token = house.sign(draft.payload, by=SENDER)
    return Answered.of(await house.send(draft, token=token, headers=house.bearer(SENDER)), draft)


async def _not_the_issuer(house: House) -> Answered:
    draft = house.draft(await house.paper(), member=STRANGER)
    return Answered.of(await house.send(draft), draft)


async def _old(house: House) -> Answered:
    draft = house.draft(await house.paper(), time=to_text(system_clock() - MAX_AGE - timedelta(seconds=1)))
    return Answered.of(await house.send(draft), draft)


async def _replayed(house: House) -> None:
    """Hand a manifest in just before its day is over, and again when it is over for any new one."""
    paper = await house.paper()
    almost = to_text(system_clock() - MAX_AGE + timedelta(seconds=5))
    draft = house.draft(paper, time=almost)
    token = house.sign(draft.payload)
    first = await house.send(draft, token=token)
    assert first.status_code == 202, first.text

    async def over() -> bool:
        return system_clock() - from_text(almost) > MAX_AGE

    await house.until(over)
    new = house.draft(await house.paper(), time=almost)
    assert (await house.send(new)).json()["code"] == "manifest-expired"
    again = await house.send(draft, token=token)
    assert (again.status_code, again.content) == (202, first.content)
    await house.consigned(draft)
    await once(house, draft.submission, RECIPIENT)


MANIFEST_ACTS: dict[str, Act] = {
    "forged-signature": _token(_made_up),
    "anothers-signature": _token(lambda house, draft: house.sign(draft.payload, by=STRANGER)),
    "anothers-manifest": _in_anothers_name,
    "no-signature": _token(_unsigned),
    "plain-json": _token(lambda _, draft: canonical(draft.payload).decode(), "application/json"),
    "changed-after-signing": _token(_readdressed),
    "wrong-environment": _saying(environment="production"),
    "wrong-axis": _saying(axis="docaxis-elsewhere"),
    "not-the-issuer": _not_the_issuer,
    "old-manifest": _old,
    "replayed-manifest": _replayed,
}


# --- who may see and report ------------------------------------------------------------------------------------------


async def _act(house: House, member: str, delivery: UUID, kind: str, **says: Any) -> httpx.Response:
    """Post a signed hand-over or report as a member."""
    some = house.draft(await house.paper()).payload
    record = {name: some[name] for name in ("v", "axis", "environment", "time")} | {
        "kind": kind,
        "member": member,
        "id": str(uuid4()),
        "delivery_id": str(delivery),
        **says,
    }
    path = f"/v1/deliveries/{delivery}/{'handover' if kind == 'handover' else 'reports'}"
    headers = house.bearer(member) | {"Content-Type": "application/jose"}
    return await house.http.post(path, content=house.sign(record), headers=headers)


def _says(member: str, kind: str, **says: Any) -> Act:
    async def act(house: House) -> Answered:
        draft = house.draft(await house.paper())
        delivery = await house.delivered(draft)
        answered = Answered.of(await _act(house, member, delivery, kind, **says))
        recorded = await house.rows("SELECT 1 FROM member_records WHERE delivery_id = :id", id=delivery)
        assert recorded == []
        assert [
            row.state for row in await house.rows("SELECT state FROM deliveries WHERE delivery_id = :id", id=delivery)
        ] == ["consigned"]
        return answered

    return act


async def _like_nothing(house: House, member: str, paths: list[str], unknown: list[str]) -> Answered:
    """Assert that what is another's is answered as what is not there, word by word."""
    for path, nowhere in zip(paths, unknown, strict=True):
        answers = [await house.http.get(one, headers=house.bearer(member)) for one in (path, nowhere)]
        assert [answer.status_code for answer in answers] == [404, 404], path
        assert answers[0].json() == answers[1].json()
    return Answered.of(answers[0])


async def _anothers_submission(house: House) -> Answered:
    draft = house.draft(await house.paper())
    await house.delivered(draft)
    [name] = draft.files
    tails = ("", "/verdict", "/evidence", f"/contents/{name}")
    there, nowhere = (f"/v1/submissions/{one}" for one in (draft.submission, uuid4()))
    return await _like_nothing(house, STRANGER, [there + tail for tail in tails], [nowhere + tail for tail in tails])


async def _anothers_delivery(house: House) -> Answered:
    draft = house.draft(await house.paper())
    delivery = await house.delivered(draft)
    [name] = draft.files
    there, nowhere = (f"/v1/deliveries/{one}" for one in (delivery, uuid4()))
    tails = ("", f"/contents/{name}")
    return await _like_nothing(house, STRANGER, [there + tail for tail in tails], [nowhere + tail for tail in tails])


async def _stolen_hash(house: House) -> Answered:
    """Name what another member has: answered as if nobody had it, in the upload too."""
    secret = house.draft(await house.paper())
    await house.delivered(secret)
    [(stolen, body)] = secret.files.items()
    nobodys = hashlib.sha256(uuid4().bytes).hexdigest()
    answers, drafts = [], []
    for name in (stolen, nobodys):
        draft = house.draft(await house.paper("A98"), member=STRANGER, data=body)
        draft.payload["contents"][0]["sha256"] = name
        answers.append(await house.send(draft, files={}))
        drafts.append(draft)
        assert not await house.claimed(draft.submission)
    assert answers[0].text.replace(stolen, "") == answers[1].text.replace(nobodys, "")
    for ask in ("HEAD", "PUT"):
        told_ = [await _upload(house, ask, name) for name in (stolen, nobodys)]
        assert told_[0] == told_[1]
    return Answered.of(answers[0], drafts[0])


async def _upload(house: House, method: str, name: str) -> tuple[int, dict[str, str], str]:
    """Ask how far an upload came, or begin one with its first byte; give all that is told."""
    headers = house.bearer(STRANGER) | ({"Upload-Length": "1000"} if method == "PUT" else {})
    response = await house.http.request(
        method, f"/v1/contents/{name}", headers=headers, content=b"%" if method == "PUT" else None
    )
    told_ = {key: value for key, value in response.headers.items() if key != "date"}
    return response.status_code, told_, response.text.replace(name, "")


PARTY_ACTS: dict[str, Act] = {
    "report-by-the-sender": _says(SENDER, "report", code="03"),
    "report-by-a-stranger": _says(STRANGER, "report", code="03"),
    "report-without-reason": _says(RECEIVER, "report", code="02"),
    "report-of-no-code": _says(RECEIVER, "report", code="77"),
    "handover-of-other-hashes": _says(RECEIVER, "handover", contents=["0" * 64]),
    "anothers-submission": _anothers_submission,
    "anothers-delivery": _anothers_delivery,
    "stolen-hash": _stolen_hash,
}


def test_every_case_of_the_table_is_played() -> None:
    played(MANIFEST_ACTS, MANIFESTS)
    played(PARTY_ACTS, PARTIES)


@parametrised([*MANIFESTS, *PARTIES])
async def test_a_bad_manifest_or_party(house: House, case: Case) -> None:
    answered = await (MANIFEST_ACTS | PARTY_ACTS)[case.name](house)
    if isinstance(case.told, Taken):
        assert answered is None
    else:
        assert answered is not None
        await told(house, case, answered)
    await nothing_else(house)
