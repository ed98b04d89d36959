"""Rules of the gateway that need neither database nor socket."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from docaxis.directory import DirectorySnapshot
from docaxis.directory.entries import Member, MemberState, Principal, Role
from docaxis.directory.errors import CredentialFault, RejectedCredential, UnavailableDirectory
from docaxis.directory.organisations import OrganisationIndex
from docaxis.gateway.authentication import REMEMBERED_SECONDS, Doorkeeper
from docaxis.gateway.downloading import disposition, read_range
from docaxis.gateway.formats import TAIL, TYPES, FileInspector, Flag
from docaxis.gateway.intake import check_age
from docaxis.gateway.multipart import MultipartReader
from docaxis.gateway.parts import EVERYBODY
from docaxis.gateway.refusals import Refused
from docaxis.gateway.waiting import preferred_wait
from docaxis.limiting import FAILURES, RECOVERY_SECONDS, FailureLimiter
from docaxis_schemas.folding import folded
from docaxis_schemas.problems import PROBLEMS, Code
from docaxis_schemas.submission import MAX_AGE, MAX_AHEAD, ContentEntry, FileRole

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", list(Code))
def test_every_problem_speaks_both_languages(code: Code) -> None:
    value = Refused(code).to_json()
    assert value["status"] == PROBLEMS[code].status
    assert all(value[name] for name in ("title", "title_vi", "detail", "detail_vi", "action", "action_vi"))


@pytest.mark.parametrize(
    ("signed", "accepted"),
    [
        (NOW - MAX_AGE, True),
        (NOW - MAX_AGE - timedelta(microseconds=1), False),
        (NOW + MAX_AHEAD, True),
        (NOW + MAX_AHEAD + timedelta(microseconds=1), False),
    ],
)
def test_age_is_judged_to_the_microsecond(signed: datetime, *, accepted: bool) -> None:
    if accepted:
        check_age(signed, NOW)
        return
    with pytest.raises(Refused) as caught:
        check_age(signed, NOW)
    assert caught.value.code is Code.MANIFEST_EXPIRED


# --- credentials ------------------------------------------------------------------------------------------------------


class Directory:
    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.state = MemberState.ACTIVE

    async def authenticate(self, secret: str) -> Principal:
        self.asked += 1
        if self.away:
            raise UnavailableDirectory("away")
        if secret != "dax_right":
            raise RejectedCredential(CredentialFault.UNKNOWN)
        return Principal("1", "member", ("H20",), Role.MEMBER_SYSTEM, "hệ thống")

    async def snapshot(self) -> DirectorySnapshot:
        if self.away:
            raise UnavailableDirectory("away")
        return DirectorySnapshot(1, OrganisationIndex.of(()), {"member": Member("member", "Thành viên", self.state)})


def request(secret: str, address: str = "192.0.2.1") -> Request:
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    return Request({"type": "http", "headers": headers, "client": (address, 1)})


async def refusal(doorkeeper: Doorkeeper, asked: Request) -> Refused:
    with pytest.raises(Refused) as caught:
        await doorkeeper.require(asked, EVERYBODY)
    return caught.value


async def test_a_good_credential_is_believed_for_a_while() -> None:
    directory, seconds = Directory(), Seconds()
    doorkeeper = Doorkeeper(directory, directory, monotonic=seconds)
    for _ in range(5):
        assert (await doorkeeper.require(request("dax_right"), EVERYBODY)).member == "member"
    assert directory.asked == 1
    seconds.now += REMEMBERED_SECONDS
    await doorkeeper.require(request("dax_right"), EVERYBODY)
    assert directory.asked == 2


async def test_while_the_database_is_away_what_was_good_still_serves() -> None:
    directory, seconds = Directory(), Seconds()
    doorkeeper = Doorkeeper(directory, directory, monotonic=seconds)
    await doorkeeper.require(request("dax_right"), EVERYBODY)
    directory.away = True
    seconds.now += 60
    assert (await doorkeeper.require(request("dax_right"), EVERYBODY)).member == "member"
    assert (await refusal(doorkeeper, request("dax_other"))).code is Code.UNAVAILABLE


async def test_a_suspended_member_is_let_in_nowhere_until_it_is_let_act_again() -> None:
    directory = Directory()
    doorkeeper = Doorkeeper(directory, directory, monotonic=Seconds())
    await doorkeeper.require(request("dax_right"), EVERYBODY)
    directory.state = MemberState.SUSPENDED
    assert (await refusal(doorkeeper, request("dax_right"))).code is Code.MEMBER_SUSPENDED
    directory.state = MemberState.ACTIVE
    await doorkeeper.require(request("dax_right"), EVERYBODY)


async def test_failures_are_counted_by_address_and_by_credential() -> None:
    directory, seconds = Directory(), Seconds()
    doorkeeper = Doorkeeper(directory, directory, monotonic=seconds)
    await doorkeeper.require(request("dax_right"), EVERYBODY)
    for number in range(FAILURES):
        assert (await refusal(doorkeeper, request(f"dax_{number}"))).code is Code.UNAUTHENTICATED
    slowed = await refusal(doorkeeper, request("dax_more"))
    assert slowed.code is Code.TOO_MANY_ATTEMPTS
    assert int(slowed.headers["Retry-After"]) <= RECOVERY_SECONDS + 1
    assert directory.asked == FAILURES + 1, "the directory is not asked any more"
    assert (await doorkeeper.require(request("dax_right"), EVERYBODY)).member == "member", "who is known goes in"
    assert (await refusal(doorkeeper, request("dax_more", "192.0.2.2"))).code is Code.UNAUTHENTICATED
    for number in range(FAILURES):
        await refusal(doorkeeper, request(f"dax_same_beginning_{number}", f"198.51.100.{number}"))
    by_credential = await refusal(doorkeeper, request("dax_same_beginning_x", "203.0.113.1"))
    assert by_credential.code is Code.TOO_MANY_ATTEMPTS


def test_patience_is_given_back() -> None:
    seconds = Seconds()
    limiter = FailureLimiter(seconds)
    for _ in range(FAILURES):
        assert limiter.wait("x") == 0
        limiter.fail("x")
    assert limiter.wait("x") == pytest.approx(RECOVERY_SECONDS)
    seconds.now += RECOVERY_SECONDS
    assert limiter.wait("x") == 0


# --- files ------------------------------------------------------------------------------------------------------------

OOXML = "application/vnd.openxmlformats-officedocument"
ZIP = b"PK\x03\x04"


def judge(body: bytes, media_type: str, role: FileRole = FileRole.ENCLOSURE, portion: int = 700) -> object:
    inspector = FileInspector()
    for start in range(0, len(body), portion):
        inspector.feed(body[start : start + portion])
    found = inspector.judge(ContentEntry(role, "tên tệp", media_type, len(body), "0" * 64))
    return found.type, found.flags


@pytest.mark.parametrize(
    ("body", "media_type", "expected"),
    [
        (b"%PDF-1.7\n" + b"x" * 300_000, "application/pdf", ("pdf", ())),
        (ZIP + b"word/document.xml", f"{OOXML}.wordprocessingml.document", ("docx", ())),
        (
            ZIP + b"x" * 200_000 + b"xl/workbook.xml xl/vbaProject.bin xl/externalLinks/1.xml",
            f"{OOXML}.spreadsheetml.sheet",
            ("xlsx", (Flag.MACROS, Flag.EXTERNAL_LINKS)),
        ),
        (ZIP + b"ppt/embeddings/1.bin", f"{OOXML}.presentationml.presentation", ("pptx", (Flag.EMBEDDED_OBJECTS,))),
        (
            ZIP + b"mimetypeapplication/vnd.oasis.opendocument.text Basic/Standard/Module1.xml",
            "application/vnd.oasis.opendocument.text",
            ("odt", (Flag.MACROS,)),
        ),
        (ZIP + b"map.tif", "application/zip", ("zip", (Flag.ARCHIVE,))),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..V\x00B\x00A\x00",
            "application/msword",
            ("doc", (Flag.LEGACY_OFFICE, Flag.MACROS)),
        ),
        (b"\x89PNG\r\n\x1a\n", "image/png", ("png", ())),
        (b"II*\x00", "image/tiff", ("tiff", ())),
        (b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "application/xml", ("xml", ())),
        ("Quyết định số 12".encode() * 1000, "text/plain", ("text", ())),
        ("số".encode("utf-16"), "text/csv", ("text", ())),
        (b"a,b\n", "application/octet-stream", ("text", ())),
    ],
)
def test_files_are_known_by_their_bytes(body: bytes, media_type: str, expected: object) -> None:
    assert judge(body, media_type) == expected


@pytest.mark.parametrize(
    "body", [b"#!/bin/sh\n", b"\x00\x01\x02", b"  <HTML>", b"{\\rtf1", b"<a><script>", "<svg".encode("utf-16")]
)
def test_what_acts_by_itself_is_no_text(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        judge(body, "text/plain")
    assert caught.value.code is Code.CONTENT_TYPE_REFUSED


@pytest.mark.parametrize("mark", [b"/Encrypt 12 0 R", b"/Encrypt<</Filter/Standard>>"])
@pytest.mark.parametrize("behind", [0, TAIL - 100])
def test_an_encrypted_pdf_is_told_by_its_trailer(mark: bytes, behind: int) -> None:
    with pytest.raises(Refused) as caught:
        judge(b"%PDF-1.7\n" + b"x" * 200_000 + b"trailer" + mark + b" " * behind, "application/pdf", FileRole.MAIN)
    assert caught.value.code is Code.PDF_ENCRYPTED


def test_every_permitted_type_says_why_it_is_taken() -> None:
    assert all(kind.reason and kind.media_types for kind in TYPES)
    assert len({kind.name for kind in TYPES}) == len(TYPES)


# --- multipart --------------------------------------------------------------------------------------------------------


async def portions(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def read(body: bytes, size: int) -> list[tuple[str, bytes]]:
    reader = MultipartReader("multipart/form-data; boundary=x", portions(body, size), max_parts=5)
    return [(part.name, b"".join([chunk async for chunk in part.chunks()])) async for part in reader.parts()]


@given(
    bodies=st.lists(
        st.binary(max_size=40) | st.sampled_from([b"\r\n--", b"\r\n--x", b"--x--"]), min_size=1, max_size=5
    ),
    size=st.integers(1, 30),
)
async def test_parts_come_out_as_they_went_in_however_they_are_cut(bodies: Sequence[bytes], size: int) -> None:
    bodies = [body for body in bodies if b"--x" not in b"\r\n" + body]
    body = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n'.encode() + each + b"\r\n"
        for n, each in enumerate(bodies)
    )
    if bodies:
        assert await read(body + b"--x--\r\n", size) == [(str(n), each) for n, each in enumerate(bodies)]


@given(cut=st.integers(1, 95))
async def test_a_body_cut_anywhere_is_never_taken_for_whole(cut: int) -> None:
    whole = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nabcdefghijklmnopqrstuvwxyz0123456789\r\n--x--\r\n'
    with pytest.raises(Refused):
        await read(whole[: min(cut, len(whole) - 4)], 7)


# --- ranges, names, wishes --------------------------------------------------------------------------------------------


@given(size=st.integers(1, 1000), first=st.integers(0, 1200), last=st.integers(0, 1200))
def test_a_range_is_within_the_file_or_refused(size: int, first: int, last: int) -> None:
    asked = f"bytes={first}-{last}"
    if first < size and first <= last:
        assert read_range(asked, size) == (first, min(last + 1, size))
        return
    with pytest.raises(Refused) as caught:
        read_range(asked, size)
    assert caught.value.status == 416


@pytest.mark.parametrize("name", ['a"b.pdf', "công văn\r\nX: y.pdf", "..\\a", "đ" * 300, "a;b'c.pdf"])
def test_a_file_name_never_leaves_its_header(name: str) -> None:
    value = disposition(name)
    assert value.isascii()
    assert "\r" not in value
    assert "\n" not in value
    assert value.count('"') == 2
    assert value.startswith('attachment; filename="')


def test_names_are_searched_without_diacritics() -> None:
    assert folded("Sở  NỘI VỤ Đắk Lắk") == "so noi vu dak lak"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("wait=20", 20), ("respond-async, wait=5", 5), ("wait=9999", 60), ("wait=-1", 0), ("wait", 0), ("", 0)],
)
def test_a_wish_to_wait(header: str, seconds: int) -> None:
    assert preferred_wait({"prefer": header}) == seconds
