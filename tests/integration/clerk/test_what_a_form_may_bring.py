"""Forms are bounded: in bytes, in files, in recipients, in what is text at all; and nothing stays behind on disk."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

import docaxis_schemas.files
from clerkoffice import SENDER, Office
from docaxis.clerk import ClerkPages, drafting, guarding, uploading
from docaxis.clerk.cookies import Cookie, Cookies
from docaxis.storage import clerk_drafts

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')
TYPED = {"type": "cong-van", "number": "7", "notation": "BTN-VP", "subject": "V/v thử giới hạn", "place": "Hà Nội"}
Desk = tuple[httpx.AsyncClient, str, str]


@pytest.fixture
async def desk(office: Office, published: ClerkPages) -> AsyncIterator[Desk]:
    """Somebody signed in, with a draft that has been begun and the token of the session."""
    transport = httpx.ASGITransport(published.app, raise_app_exceptions=False, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="https://axis.example", trust_env=False) as visitor:
        clerk = office.clerk(SENDER)
        await visitor.post("/sign-in", data={"name": clerk.clerk_name, "password": clerk.clerk_password})
        found = _TOKEN.search((await visitor.get("/inbox")).text)
        assert found
        begun = await visitor.post("/send", data={"form_token": found[1]})
        address = begun.headers["location"]
        yield visitor, found[1], address
        await visitor.post(address.replace("/document", "/discard"), data={"form_token": found[1]})


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def left_in(scratch: Path) -> list[Path]:
    return list(scratch.iterdir())


async def both_languages(desk: Desk, files: list[tuple[str, Any]]) -> tuple[int, str, str]:
    """Send the first form in either language; give its status and both pages."""
    visitor, token, address = desk
    answers = []
    for language in ("vi", "en"):
        visitor.cookies.set(Cookies(secure=True).name(Cookie.LANGUAGE), language)
        answers.append(await visitor.post(address, data=TYPED | {"form_token": token}, files=files))
    assert answers[0].status_code == answers[1].status_code
    return answers[0].status_code, answers[0].text, answers[1].text


async def test_a_pdf_that_the_axis_would_refuse_is_told_before_it_is_uploaded(
    desk: Desk, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docaxis_schemas.files, "MAX_JUDGED", 1_500_000)
    big = ("file-main", ("lớn.pdf", b"%PDF-" + bytes(1_500_000), "application/pdf"))
    status, vietnamese, english = await both_languages(desk, [big])
    assert status == 422
    assert "Tệp lớn quá 1500000 byte." in vietnamese
    assert "The file is larger than 1500000 bytes." in english
    assert TYPED["subject"] in vietnamese, "what was typed is kept"
    assert not left_in(scratch)


async def test_more_files_than_a_submission_has_are_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor, token, address = desk
    monkeypatch.setattr(uploading, "MAX_FILES", 0)
    answer = await visitor.post(
        address, data={"form_token": token}, files=[("file-enclosure", ("a.txt", b"a", "text/plain"))]
    )
    assert answer.status_code == 400, "not even read"
    assert "Không đọc được biểu mẫu" in answer.text


async def test_a_form_beyond_what_one_may_bring_is_refused_and_nothing_of_it_is_kept(
    desk: Desk, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "MAX_FORM", 3_000_000)
    status, vietnamese, english = await both_languages(
        desk, [("file-enclosure", (f"{n}.txt", bytes(2_000_000), "text/plain")) for n in range(2)]
    )
    assert status == 413
    assert "chưa có tệp nào được nhận" in vietnamese
    assert "none was taken" in english
    assert not left_in(scratch)


async def test_a_form_that_does_not_say_how_long_it_is_is_counted_all_the_same(
    desk: Desk, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, _, address = desk
    monkeypatch.setattr(uploading, "MAX_FORM", 3_000_000)

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file-main"; filename="a.pdf"\r\n\r\n'
        while True:
            yield bytes(100_000)

    answer = await visitor.post(address, content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 413
    assert not left_in(scratch)


async def test_a_form_of_words_brings_no_files_and_no_megabytes(desk: Desk) -> None:
    visitor, token, address = desk
    recipients = address.replace("/document", "/recipients")
    with_file = await visitor.post(recipients, data={"form_token": token}, files={"x": ("a", b"a")})
    assert with_file.status_code == 400
    long = {f"n{n}": "x" * 200_000 for n in range(guarding.MAX_WORDS // 200_000 + 1)}
    for path in (recipients, "/sign-in", "/language"):
        assert (await visitor.post(path, data={"form_token": token, **long})).status_code == 413, path


async def test_without_room_an_upload_is_asked_to_come_again(desk: Desk, published: ClerkPages, scratch: Path) -> None:
    file = ("file-main", ("a.pdf", b"%PDF-", "application/pdf"))
    with ExitStack() as others:
        for _ in range(16):
            others.enter_context(published.app.state.room.share(SENDER))
        status, vietnamese, english = await both_languages(desk, [file])
        assert status == 503
        assert "Tạm thời hết chỗ nhận tệp" in vietnamese
        assert "no room for more files" in english
        visitor, token, address = desk
        answer = await visitor.post(address, data={"form_token": token}, files=[file])
        assert int(answer.headers["retry-after"]) > 0
    assert published.app.state.room.taken == 0
    assert not left_in(scratch)


async def test_a_draft_has_no_more_recipients_than_may_be_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor, token, address = desk
    recipients = address.replace("/document", "/recipients")
    monkeypatch.setattr(drafting, "MAX_RECIPIENTS", 2)
    for group in ("một", "x" * 100_000):
        assert (await visitor.post(recipients, data={"form_token": token, "group": group})).status_code == 200
    answer = await visitor.post(recipients, data={"form_token": token, "add": "H98.14"})
    assert answer.status_code == 422
    assert "tối đa 5.000 nơi nhận" in answer.text
    assert "H98.14" not in answer.text
    assert "x" * (drafting.MAX_NAMED + 1) not in answer.text


async def test_one_account_has_so_many_drafts_also_when_they_are_begun_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, token, _ = desk
    begun = (await visitor.get("/drafts")).text.count("/document")
    monkeypatch.setattr(clerk_drafts, "MAX_DRAFTS", begun + 2)
    answers = await asyncio.gather(*(visitor.post("/send", data={"form_token": token}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [303, 303, 409, 409, 409, 409]
    assert "Quá nhiều bản nháp" in next(answer.text for answer in answers if answer.status_code == 409)
    for answer in answers:
        if answer.status_code == 303:
            address = answer.headers["location"].replace("/document", "/discard")
            await visitor.post(address, data={"form_token": token})
    assert (await visitor.post("/send", data={"form_token": token})).status_code == 303


@pytest.mark.parametrize("charset", ["utf-8", "unicode_escape"])
@pytest.mark.parametrize("value", [b"\\ud800", b"a\0b"])
async def test_what_is_no_text_is_refused(desk: Desk, value: bytes, charset: str) -> None:
    visitor, token, address = desk
    parts = {"form_token": token.encode(), "subject": value, "save": b"1"}
    body = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + part + b"\r\n"
        for name, part in parts.items()
    )
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    answer = await visitor.post(address, content=body + b"--x--\r\n", headers=headers)
    harmless = (charset, value) == ("utf-8", b"\\ud800")  # a backslash and five letters
    assert answer.status_code == (200 if harmless else 400)


@pytest.mark.parametrize("name", ["a\0b", "\0", "x" * 100_000])
async def test_a_name_that_is_no_name_signs_nobody_in(desk: Desk, name: str) -> None:
    visitor, _, _ = desk
    answer = await visitor.post("/sign-in", data={"name": name, "password": "?"})
    assert answer.status_code == (400 if "\0" in name else 401)


@pytest.mark.parametrize("path", ["/inbox?after=%00", "/outbox?after=x%00", "/drafts?x=%00", "/search?q=%00"])
async def test_an_address_that_holds_no_text_is_refused(desk: Desk, path: str) -> None:
    visitor, _, _ = desk
    assert (await visitor.get(path)).status_code == 400


async def test_a_role_that_is_none_is_not_kept(desk: Desk) -> None:
    visitor, token, address = desk
    recipients = address.replace("/document", "/recipients")
    await visitor.post(recipients, data={"form_token": token, "add": "<script>", "role": "chủ trì"})
    shown = await visitor.get(recipients)
    assert shown.status_code == 200
    assert "&lt;script&gt;" in shown.text
    assert "<script>" not in shown.text


async def test_a_mistake_of_ours_is_told_in_words_and_says_nothing_of_our_insides(
    desk: Desk, published: ClerkPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, _, _ = desk

    def fail() -> None:
        raise RuntimeError("insides")

    monkeypatch.setattr(published.app.state, "directory", fail)
    monkeypatch.setattr(published.app.state, "drafts", None)
    answer = await visitor.get("/drafts")
    assert answer.status_code == 500
    assert "Trang gặp lỗi" in answer.text
    assert "insides" not in answer.text
    assert answer.headers["content-security-policy"]
