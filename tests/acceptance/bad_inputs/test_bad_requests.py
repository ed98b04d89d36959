"""Requests that lie about their length, come too slowly, hold JSON with two meanings, or come from nobody."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from joserfc import jws

from badinputs.checking import Answered, nothing_else, parametrised, played, told
from badinputs.house import PATIENCE_SECONDS, Draft, House
from badinputs.table import REQUESTS, Case
from docaxis_schemas.canonical import canonical

Act = Callable[[House], Awaitable[Answered]]
MULTIPART = "Content-Type: multipart/form-data; boundary=x"


async def _talk(house: House, pieces: Iterable[bytes], pause: float = 0.0) -> Answered:
    """Speak HTTP by hand until something comes back."""
    host, _, port = house.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answer = asyncio.create_task(_answer(reader))
    try:
        for piece in pieces:
            if answer.done():
                break
            writer.write(piece)
            await asyncio.wait([answer], timeout=pause)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await answer
    finally:
        answer.cancel()
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> Answered:
    """Read while the answer comes: closing on a body it did not read, the server may reset the connection behind it."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while not _complete(found) and (chunk := await reader.read(65536)):
            found += chunk
    assert _complete(found), found
    head, _, body = found.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    return Answered(int(head.split()[1]), json.loads(body[: _length(head)]))


def _complete(found: bytes) -> bool:
    head, end, body = found.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= _length(head)


def _length(head: bytes) -> int:
    [line] = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(line.partition(b":")[2])


def _head(house: House, draft: Draft, *lines: str) -> bytes:
    bearer = house.bearer()["Authorization"]
    given = (f"Authorization: {bearer}", f"Idempotency-Key: {draft.own_id}", MULTIPART, *lines)
    return "\r\n".join(("POST /v1/submissions HTTP/1.1", "Host: axis", *given, "", "")).encode()


def _body(house: House, draft: Draft) -> bytes:
    [(name, data)] = draft.files.items()
    parts = (("manifest", "application/jose", house.sign(draft.payload).encode()), (name, "application/pdf", data))
    return (
        b"".join(
            f"--x\r\nContent-Disposition: form-data; name={part}\r\nContent-Type: {kind}\r\n\r\n".encode()
            + body
            + b"\r\n"
            for part, kind, body in parts
        )
        + b"--x--\r\n"
    )


def _raw(*lines: Callable[[int], str], pieces: Callable[[bytes], Iterable[bytes]], pause: float = 0.0) -> Act:
    async def act(house: House) -> Answered:
        draft = house.draft(await house.paper())
        body = _body(house, draft)
        head = _head(house, draft, *(line(len(body)) for line in lines))
        found = await _talk(house, [head, *pieces(body)], pause)
        return Answered(found.status, found.value, draft)

    return act


def _trickle(body: bytes) -> Iterable[bytes]:
    return (body[at : at + 1] for at in range(len(body)))


def _json(change: Callable[[str], str]) -> Act:
    """Send what a clerk's page would send, as JSON with something wrong in it."""

    async def act(house: House) -> Answered:
        draft = house.draft(await house.paper())
        text = change(canonical(draft.payload).decode())
        clerk = house.bearer(clerk=True)
        return Answered.of(await house.send(draft, token=text, media_type="application/json", headers=clerk), draft)

    return act


async def _signed_twice_over(house: House) -> Answered:
    draft = house.draft(await house.paper())
    payload = canonical(draft.payload).replace(b'"v":1', b'"v":1,"v":1')
    signer = house.axis.members[draft.member].signer
    header = {"alg": "ES256", "kid": signer.kid, "typ": "docaxis+jws"}
    token = jws.serialize_compact(header, payload, signer._key, algorithms=["ES256"])
    return Answered.of(await house.send(draft, token=token), draft)


def _as(headers: dict[str, str]) -> Act:
    async def act(house: House) -> Answered:
        draft = house.draft(await house.paper())
        given = {"Idempotency-Key": draft.own_id} | headers
        response = await house.http.post(
            "/v1/submissions", files={"manifest": house.sign(draft.payload)}, headers=given
        )
        assert response.headers["www-authenticate"].startswith("Bearer")
        return Answered.of(response, draft)

    return act


async def _guess(house: House) -> Answered:
    response = await house.http.get("/v1/inbox", headers={"Authorization": "Bearer dax_guess"})
    for number in range(20):
        response = await house.http.get("/v1/inbox", headers={"Authorization": f"Bearer dax_{number:020}"})
    assert 1 <= int(response.headers["retry-after"]) <= 60
    for member in house.axis.members:  # who was let in before shares the address and is not shut out
        assert (await house.http.get("/v1/inbox", headers=house.bearer(member))).status_code == 200
    return Answered.of(response)


def _deep(text: str) -> str:
    value: dict[str, Any] = json.loads(text) | {"document": "here"}
    return json.dumps(value).replace('"here"', '{"a":' * 100_000 + "1" + "}" * 100_000)


ACTS: dict[str, Act] = {
    "content-length-short": _raw(lambda size: f"Content-Length: {size - 50}", pieces=lambda body: [body]),
    "content-length-long": _raw(lambda size: f"Content-Length: {size + 50}", pieces=lambda body: [body]),
    "framed-twice": _raw(
        lambda size: f"Content-Length: {size}", lambda _: "Transfer-Encoding: chunked", pieces=lambda _: [b"0\r\n\r\n"]
    ),
    "slow-upload": _raw(lambda size: f"Content-Length: {size}", pieces=_trickle, pause=0.1),
    "duplicate-keys": _json(lambda text: text.replace('"v":1', '"v":1,"v":1')),
    "not-a-number": _json(lambda text: text.replace('"v":1', '"v":NaN')),
    "deep-nesting": _json(_deep),
    "duplicate-keys-signed": _signed_twice_over,
    "wrong-credential": _as({"Authorization": "Bearer dax_not_a_credential_of_anybody"}),
    "no-credential": _as({}),
    "guessing": _guess,
}


def test_every_case_of_the_table_is_played() -> None:
    played(ACTS, REQUESTS)


@parametrised(REQUESTS)
async def test_a_bad_request(house: House, case: Case) -> None:
    await told(house, case, await ACTS[case.name](house))
    await nothing_else(house)
