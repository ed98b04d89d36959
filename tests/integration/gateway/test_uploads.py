"""Uploading beforehand: resumed at any offset, by any gateway, after any break."""

import hashlib
import os
from typing import Any

import pytest

from docaxis.storage.contents import SEGMENT, Unclaimed

World = Any
SENDER = "so-noi-vu"
BODY = os.urandom(2 * SEGMENT + 777)
NAME = hashlib.sha256(BODY).hexdigest()
PATH = f"/v1/contents/{NAME}"


async def put(world: World, body: bytes, offset: int = 0, size: int = len(BODY), path: str = PATH) -> Any:
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(size)} | world.bearer(SENDER)
    return await world.client.put(path, content=body, headers=headers)


async def test_an_upload_is_resumed_where_head_says(world: World) -> None:
    first = await put(world, BODY[: SEGMENT + 100])
    assert first.status_code == 200
    assert first.json() == {"sha256": NAME, "offset": SEGMENT, "complete": False}
    head = await world.client.head(PATH, headers=world.bearer(SENDER))
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == (str(SEGMENT), str(len(BODY)))
    wrong = await put(world, BODY[SEGMENT + 100 :], SEGMENT + 100)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "offset-mismatch")
    assert wrong.headers["upload-offset"] == str(SEGMENT)
    last = await put(world, BODY[SEGMENT:], SEGMENT)
    assert (last.status_code, last.json()["complete"]) == (201, True)
    assert await (await world.store.open(SENDER, NAME)).read() == BODY
    again = await put(world, b"", len(BODY))
    assert again.status_code == 201


async def test_uploading_twice_is_answered_like_the_first_time(world: World) -> None:
    first, second = await put(world, BODY), await put(world, BODY)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.headers["upload-offset"] == second.headers["upload-offset"]
    assert len([path for path in world.place.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    ("offset", "size", "path", "code"),
    [
        (0, 0, PATH, "content-empty"),
        (0, 2 * 1024**3 + 1, PATH, "content-too-large"),
        (0, 10, PATH, "content-length-wrong"),
        (5, len(BODY), PATH, "content-length-wrong"),
        (0, len(BODY), "/v1/contents/" + "A" * 64, "malformed-request"),
        (0, len(BODY), "/v1/contents/" + "0" * 64, "content-mismatch"),
    ],
)
async def test_uploads_that_are_refused(world: World, offset: int, size: int, path: str, code: str) -> None:
    response = await put(world, BODY, offset, size, path)
    assert response.json()["code"] == code, response.text
    assert await world.store.find(SENDER, [NAME, "0" * 64]) == {}


async def test_an_offset_that_is_no_number(world: World) -> None:
    headers = {"Upload-Offset": "½"} | world.bearer(SENDER)
    response = await world.client.put(PATH, content=b"x", headers={k: v.encode() for k, v in headers.items()})
    assert response.json()["code"] == "malformed-request"


async def test_more_than_the_quota_is_refused_in_both_languages(world: World) -> None:
    world.store._records._quota = Unclaimed(contents=1, bytes=len(BODY))
    assert (await put(world, BODY)).status_code == 201
    other = hashlib.sha256(b"x").hexdigest()
    refused = await put(world, b"x", 0, 1, f"/v1/contents/{other}")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (507, "upload-quota")
    assert f"1 contents of {len(BODY)} bytes" in problem["detail"]
    assert f"1 tệp ({len(BODY)} byte)" in problem["detail_vi"]
    assert (await put(world, BODY)).status_code == 201, "what is there already is answered as before"
    assert await world.store.find(SENDER, [other]) == {}
