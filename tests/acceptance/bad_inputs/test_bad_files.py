"""Files that are none, or not what was announced: told at the gateway where it can see it, else by the verdict."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

from badinputs import forged
from badinputs.checking import Answered, nothing_else, parametrised, played, told
from badinputs.house import Draft, House
from badinputs.table import FILES, Case, Refusal
from docaxis.embedded.documents import render_document

Act = Callable[[House], Awaitable[Answered]]
TOO_MUCH = 100 * 1024 * 1024 + 1
BLOCK = bytes(1024 * 1024)


def _instead(make: Callable[[bytes], bytes]) -> Act:
    async def act(house: House) -> Answered:
        paper = await house.paper()
        draft = house.draft(paper, data=make(paper.data))
        return Answered.of(await house.send(draft, wait=30), draft)

    return act


async def _zeros() -> AsyncIterator[bytes]:
    """Give a PDF's header and zeros, 100 MiB and one byte in all."""
    head = b"%PDF-1.7\n"
    yield head
    left = TOO_MUCH - len(head)
    while left:
        piece = BLOCK[:left]
        left -= len(piece)
        yield piece


async def _of_zeros(house: House, announced: int) -> Draft:
    digest = hashlib.sha256()
    async for piece in _zeros():
        digest.update(piece)
    draft = house.draft(await house.paper(), data=b"")
    draft.payload["contents"][0] |= {"size": announced, "sha256": digest.hexdigest()}
    return Draft(draft.payload, {digest.hexdigest(): b""})


def _streamed(announced: int) -> Act:
    async def act(house: House) -> Answered:
        draft = await _of_zeros(house, announced)
        return Answered.of(await house.stream(draft, _zeros(), TOO_MUCH), draft)

    return act


async def _other_bytes(house: House) -> Answered:
    draft = house.draft(await house.paper())
    [(name, body)] = draft.files.items()
    other = body[:-1] + bytes([body[-1] ^ 1])
    return Answered.of(await house.send(draft, files={name: other}), draft)


async def _program(house: House) -> Answered:
    draft = house.draft(await house.paper())
    body = b"MZ\x90\x00\x03\x00\x00\x00this program cannot be run in DOS mode"
    name = hashlib.sha256(body).hexdigest()
    draft.payload["contents"].append(
        {"role": "enclosure", "name": "bảng.exe", "media_type": "application/pdf", "size": len(body), "sha256": name}
    )
    return Answered.of(await house.send(draft, files=draft.files | {name: body}), draft)


def _unsigned_page(house: House) -> bytes:
    return render_document(house.spec(padding=200_000)).data


async def _encrypted(house: House, make: Callable[[bytes], bytes]) -> Answered:
    draft = house.draft(await house.paper(), data=make(_unsigned_page(house)))
    return Answered.of(await house.send(draft, wait=30), draft)


ACTS: dict[str, Act] = {
    "empty-file": _instead(lambda _: b""),
    "not-a-pdf": _instead(lambda _: "Kính gửi: Ủy ban nhân dân tỉnh".encode()),
    "truncated": _instead(lambda data: data[: len(data) // 2]),
    "encrypted": lambda house: _encrypted(house, forged.encrypted),
    "encrypted-out-of-sight": lambda house: _encrypted(house, forged.encrypted_out_of_sight),
    "too-large": _streamed(TOO_MUCH),
    "larger-than-announced": _streamed(1024),
    "other-bytes": _other_bytes,
    "type-refused": _program,
}


def test_every_case_of_the_table_is_played() -> None:
    played(ACTS, FILES)


@parametrised(FILES)
async def test_a_bad_file(house: House, case: Case) -> None:
    answered = await ACTS[case.name](house)
    assert answered.status == (202 if isinstance(case.told, Refusal) else answered.value["status"])
    await told(house, case, answered)
    await nothing_else(house)
