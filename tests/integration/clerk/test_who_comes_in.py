"""Who comes in at the clerk's pages, and what keeps others out."""

import asyncio
import re

import httpx
import pytest

from clerkoffice import LEADER, SENDER, Office
from docaxis.clerk.guarding import HEADERS
from docaxis.clerk.visitors import COOKIE
from docaxis.limiting import FAILURES

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


async def token_of(visitor: httpx.AsyncClient) -> str:
    found = _TOKEN.search((await visitor.get("/inbox")).text)
    assert found, "a page of somebody signed in has forms of that session"
    return found[1]


@pytest.mark.parametrize("path", ["/inbox", "/outbox", "/drafts", "/inbox/7f3b5f0e-30cf-4c1e-9f3f-0d6b8c3a5a11"])
async def test_who_is_not_signed_in_is_asked_to(office: Office, path: str) -> None:
    async with office.visitor() as visitor:
        answer = await visitor.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_a_wrong_password_and_an_unknown_account_are_answered_alike(office: Office) -> None:
    async with office.visitor() as visitor:
        known = await visitor.post("/sign-in", data={"name": office.clerk(SENDER).clerk_name, "password": "sai"})
        unknown = await visitor.post("/sign-in", data={"name": "không-có", "password": "sai"})
    assert known.status_code == unknown.status_code == 401
    assert known.text == unknown.text
    assert COOKIE not in known.cookies


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(office: Office) -> None:
    async with office.visitor() as visitor:
        clerk = office.clerk(SENDER)
        answer = await visitor.post("/sign-in", data={"name": clerk.clerk_name, "password": clerk.clerk_password})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


async def test_every_answer_binds_the_browser(office: Office) -> None:
    async with office.signed_in(SENDER) as visitor:
        for path in ("/inbox", "/sign-in", "/nothing", "/static/clerk.css"):
            answer = await visitor.get(path)
            for name, value in HEADERS.items():
                assert answer.headers[name] == value, (path, name)


async def test_a_form_without_the_sessions_token_does_nothing(office: Office) -> None:
    async with office.signed_in(SENDER) as visitor:
        before = (await visitor.get("/drafts")).text.count("/document")
        for data in ({}, {"form_token": "0" * 64}):
            answer = await visitor.post("/send", data=data)
            assert answer.status_code == 403
        assert (await visitor.get("/drafts")).text.count("/document") == before


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
async def test_a_form_from_another_site_does_nothing_even_with_the_token(
    office: Office, headers: dict[str, str]
) -> None:
    async with office.signed_in(SENDER) as visitor:
        answer = await visitor.post("/send", data={"form_token": await token_of(visitor)}, headers=headers)
        assert answer.status_code == 403
        elsewhere = await visitor.post("/sign-in", data={"name": "a", "password": "b"}, headers=headers)
        assert elsewhere.status_code == 403


async def test_anothers_token_does_not_fit(office: Office) -> None:
    async with office.signed_in(SENDER) as first, office.signed_in(SENDER) as second:
        answer = await first.post("/send", data={"form_token": await token_of(second)})
        assert answer.status_code == 403


async def test_who_signed_out_is_out(office: Office) -> None:
    async with office.signed_in(SENDER) as visitor:
        held = visitor.cookies[COOKIE]
        await visitor.post("/sign-out", data={"form_token": await token_of(visitor)})
        visitor.cookies.set(COOKIE, held)
        assert (await visitor.get("/inbox")).status_code == 303


async def test_a_leader_reads_and_sends_nothing(office: Office) -> None:
    async with office.visitor() as visitor:
        await visitor.post("/sign-in", data={"name": LEADER, "password": "mật khẩu lãnh đạo"})
        shown = await visitor.get("/inbox")
        assert shown.status_code == 200
        assert 'action="/send"' not in shown.text
        answer = await visitor.post("/send", data={"form_token": await token_of(visitor)})
        assert answer.status_code == 403


async def test_guessing_is_slowed_down(office: Office) -> None:
    async with office.visitor("127.0.0.9") as visitor:
        tries = (visitor.post("/sign-in", data={"name": "đoán", "password": str(n)}) for n in range(FAILURES + 2))
        answers = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in answers) == [401] * FAILURES + [429] * 2


async def test_going_back_after_a_change_of_language_stays_on_our_pages(office: Office) -> None:
    async with office.visitor() as visitor:
        for here in ("/outbox", "//evil.example", "https://evil.example", "/\\evil.example"):
            answer = await visitor.post("/language", data={"here": here})
            assert answer.headers["location"] == ("/outbox" if here == "/outbox" else "/inbox")
