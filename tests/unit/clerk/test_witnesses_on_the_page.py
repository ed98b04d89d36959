"""The page of the log says of each cosignature whether it holds, in words, and whether they are enough."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from docaxis.clerk.auditing import read_head
from docaxis.clerk.cookies import Cookies
from docaxis.clerk.rendering import page
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.note import Algorithm, Note, Signature, Signer
from docaxis_signing.transparency.policy import NONE, Policy, Witness

LOG = Signer.from_seed("axis/test", b"\x01" * 32)
KNOWN, FORGED, STRANGER = (
    Signer.from_seed(f"{name}.example", name.encode().ljust(32), Algorithm.COSIGNATURE)
    for name in ("known", "forged", "stranger")
)
TEXT = Checkpoint("axis/test", 7, b"\x03" * 32).to_text()
AT = 1_772_600_000


def _note() -> bytes:
    other = STRANGER.sign(TEXT, seconds=AT)
    false = Signature(FORGED.verifier.name, FORGED.verifier.key_id, other.data)
    return Note(TEXT, (LOG.sign(TEXT), KNOWN.sign(TEXT, seconds=AT), false, other)).to_bytes()


async def _shown(policy: Policy | None) -> str:
    head = read_head(_note(), Policy((LOG.verifier,), {}, {}, NONE), policy)

    async def log(request: Request) -> Response:
        return page(request, "audit_log.html", None, head=head, indexed=7, anchors={}, rows=[])

    app = Starlette(routes=[Route("/audit/log", log)])
    app.state.cookies, app.state.environment, app.state.provider = Cookies(secure=False), "test", None
    conditions: Any = SimpleNamespace(troubles=(), read_only=False)
    app.state.conditions = conditions
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://pages") as client:
        return (await client.get("/audit/log")).text


@pytest.mark.parametrize(
    ("quorum", "said"), [("known", "Đủ số nhân chứng mà"), ("forged", "Chưa đủ số nhân chứng mà"), (NONE, "Đủ số")]
)
async def test_each_line_and_the_quorum_are_judged_by_the_policy_of_the_pages(quorum: str, said: str) -> None:
    known = {one.verifier.name.partition(".")[0]: one for one in (KNOWN, FORGED)}
    witnesses = {name: Witness(name, one.verifier) for name, one in known.items()}
    told = await _shown(Policy((LOG.verifier,), witnesses, {}, quorum))
    places = [told.index(f"<code>{name}.example</code>") for name in ("known", "forged", "stranger")]
    words = [told.index(word) for word in ("Chữ ký đúng", "Chữ ký không đúng", "Chưa kiểm tra: không có khóa này")]
    assert sorted([*places, *words]) == [place for pair in zip(words, places, strict=True) for place in pair]
    assert said in told


async def test_without_a_policy_the_page_vouches_for_no_cosignature() -> None:
    told = await _shown(None)
    assert "Chữ ký đúng" not in told
    assert told.count("Chưa kiểm tra: không có khóa này") == 3
    assert "không được giao khóa của nhân chứng nào" in told
