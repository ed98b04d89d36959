"""Whatever is sent to any operation of the OpenAPI, it is answered, and never with an error of the server's."""

import asyncio
import json
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import httpx
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

World = Any
ENDLESS: Final = "/v1/inbox/events"
"""A stream without end; tests of its own look at it."""
ANSWERED_SECONDS: Final = 60

ODD: Final = st.sampled_from(
    [
        *("", "0", "-1", "1e309", "NaN", "9" * 30, "٣", "true", "null", "[]", "{}", "'", '"', "\\", "%", "%00", "\0"),
        *("..", "../..", "/etc/passwd", "x" * 3000, "\u202e", "Ệ", "e\u0323\u0302", "😀", "\ud800", "\r\nX: y", "=1+1"),
        *("2026-02-30", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00"),
        *(str(UUID(int=0)), "0" * 64, "G99", "H20.14", "edoc", "status", "bytes=0-", "1.1", "000", "x001/000"),
    ]
)
TEXT: Final = st.one_of(ODD, st.text(max_size=12))
JSON: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=8,
)
NAMES: Final = st.sampled_from(
    ["kind", "member", "id", "docId", "status", "agencyCode", "code", "messageType", "pageSize", "fromDate", "time"]
)
TAGS: Final = ["<edXML>", "</edXML>", "<a", "&lt;", "<!--", "<![CDATA[", "<Status/>", "<!DOCTYPE a>", "\ufeff", ">"]
PARTS: Final = st.sampled_from(["manifest", "edocFile", "messageType", "0" * 64])


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def as_form(parts: list[tuple[str, str]]) -> bytes:
    return b"".join(_part(name, as_bytes(text)) for name, text in parts) + b"--x--\r\n"


def _part(name: str, data: bytes) -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n"


BODIES: Final = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(NAMES, st.one_of(TEXT, JSON), max_size=5).map(lambda value: json.dumps(value).encode()),
    st.lists(st.sampled_from(TAGS), max_size=12).map(lambda tags: "".join(tags).encode()),
    st.lists(st.tuples(PARTS, TEXT), max_size=3).map(as_form),
)
TYPES: Final = st.sampled_from(
    [
        *("application/json", "application/jose", "application/xml", "text/plain", "", "multipart/form-data"),
        *("multipart/form-data; boundary=x", "multipart/form-data; boundary=", "application/octet-stream"),
    ]
)
HEADERS: Final = st.sampled_from(
    [
        *("Idempotency-Key", "Prefer", "Range", "If-None-Match", "Upload-Offset", "Upload-Length", "Accept", "Origin"),
        *("docId", "messageType", "status", "fromDate", "toDate", "X-Forwarded-For", "Content-Encoding", "Expect"),
    ]
)


def sendable(text: str) -> bytes:
    """Give what HTTP can carry in a header of this text."""
    return as_bytes("".join(character for character in text if character not in "\0\r\n")).strip()


async def ask(world: World, drawn: st.DataObject, method: str, path: str, operation: dict[str, Any]) -> httpx.Response:
    query = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(as_bytes(drawn.draw(TEXT)) or b"-", safe=""))
        elif parameter["in"] == "query" and drawn.draw(st.booleans()):
            query[parameter["name"]] = as_bytes(drawn.draw(TEXT))
    path = path.replace("{path}", "000").replace("{sha256}", "0" * 64)
    headers = {name: sendable(text) for name, text in drawn.draw(st.dictionaries(HEADERS, TEXT, max_size=3)).items()}
    secret = world.secrets[drawn.draw(st.sampled_from(sorted(world.secrets)))]
    headers |= {"Authorization": f"Bearer {secret}".encode(), "X-SystemId": b"H20.14", "X-SecretKey": secret.encode()}
    body = drawn.draw(BODIES) if method in {"post", "put"} else None
    if body is not None:
        headers["Content-Type"] = drawn.draw(TYPES).encode()
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    async with asyncio.timeout(ANSWERED_SECONDS + 15):
        answer: httpx.Response = await world.client.request(
            method.upper(), f"{path}?{asked}", headers=headers, content=body
        )
    return answer


@settings(
    max_examples=500,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
async def test_no_request_makes_the_gateway_fail(world: World, data: st.DataObject) -> None:
    paths: dict[str, Any] = world.gateway.app.openapi()["paths"]
    operations = [(method, path) for path, each in paths.items() for method in each if path != ENDLESS]
    assert len(operations) > 35
    method, path = data.draw(st.sampled_from(operations))
    answer = await ask(world, data, method, path, paths[path][method])
    assert answer.status_code < 500, (method, str(answer.request.url), answer.text)
    event(f"{answer.status_code // 100}xx")
