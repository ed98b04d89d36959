"""Lists of organisations: read with every fault said, written in one form, signed as what they mean."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from docaxis.directory.errors import RejectedList
from docaxis.directory.organisation_list import COLUMNS, read_list, write_list
from docaxis.directory.signed_list import open_list, sign_list
from docaxis_schemas.canonical import canonical
from docaxis_schemas.organisation import Organisation, OrganisationKind

HEADER = ",".join(COLUMNS)
PROVINCE = "H20,000.00.00.H20,Tỉnh Thử Nghiệm,1,,tinh,2020-01-01,,,tinh,state"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()


def csv_of(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


def faults_of(*lines: str) -> set[tuple[str, str]]:
    with pytest.raises(RejectedList) as caught:
        read_list(csv_of(*lines))
    assert all(fault.vi and fault.en for fault in caught.value.faults)
    return {(fault.field, fault.rule) for fault in caught.value.faults}


def test_a_list_is_read_with_codes_in_one_spelling() -> None:
    province, office = read_list(
        csv_of(PROVINCE, 'h20.14,14.H20,"Sở ""Thử"", Nghiệm",2,00.H20,so-1,2020-01-01,2030-12-31,000.00.00.H20,b; a,')
    )
    assert province == Organisation(
        "H20", "Tỉnh Thử Nghiệm", 1, date(2020, 1, 1), "000.00.00.H20", member="tinh", groups=("tinh",)
    )
    assert office == Organisation(
        "H20.14",
        'Sở "Thử", Nghiệm',
        2,
        date(2020, 1, 1),
        "000.00.14.H20",
        "H20",
        "so-1",
        date(2030, 12, 31),
        "H20",
        ("a", "b"),
    )


def test_line_ends_byte_order_marks_and_blank_lines_mean_nothing() -> None:
    plain = csv_of(PROVINCE)
    assert read_list(b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n") + b"\r\n") == read_list(plain)


def test_every_fault_of_a_line_and_of_the_whole_is_said() -> None:
    assert faults_of(
        PROVINCE,
        "??,??,,9,??,A.B,2020-13-01,01/02/2020,??,HOA,khác",
        "one,two",
        "H21,,Tên,1,,,2020-01-02,2020-01-01,,,",
        "H20,,Trùng,1,,,2022-01-01,,,,",
        "H22,000.00.00.H20,Chiếm mã,1,,,2020-01-01,,,,",
        "H23,,Mồ côi,2,H99,,2020-01-01,,,,",
        "H24,,Ngược cấp,1,H20,,2020-01-01,,,,",
        "H25,,Không có kế thừa,1,,,2020-01-01,2021-01-01,H99,,",
        "H26,,Kế thừa sớm,1,,,2020-01-01,,H20,,",
        "H27,,Vòng một,1,,,2020-01-01,2021-01-01,H28,,",
        "H28,,Vòng hai,1,,,2020-01-01,2021-01-01,H27,,",
        ",,Không mã,1,,,2020-01-01,,,,",
        "H29,,Không ngày,1,,,,,,,",
    ) == {
        ("line 3: code", "code"),
        ("line 3: old_code", "code"),
        ("line 3: name", "name"),
        ("line 3: level", "level"),
        ("line 3: parent", "code"),
        ("line 3: member", "member"),
        ("line 3: valid_from", "date"),
        ("line 3: valid_to", "date"),
        ("line 3: successor", "code"),
        ("line 3: groups", "group"),
        ("line 3: kind", "kind"),
        ("line 4: columns", "columns"),
        ("line 5: valid_to", "period"),
        ("line 6: code", "overlap"),
        ("line 7: old_code", "alias"),
        ("line 8: parent", "parent"),
        ("line 9: parent", "parent-level"),
        ("line 10: successor", "successor"),
        ("line 11: successor", "successor-early"),
        ("line 12: successor", "cycle"),
        ("line 14: code", "code"),
        ("line 15: valid_from", "date"),
    }


def test_one_body_may_have_several_periods_that_follow_each_other() -> None:
    entries = read_list(csv_of("H20,,Tên cũ,1,,,2020-01-01,2025-06-30,,,", "H20,,Tên mới,1,,,2025-07-01,,,,"))
    assert [entry.name for entry in entries] == ["Tên cũ", "Tên mới"]


@pytest.mark.parametrize(
    "data", [b"", b"code,name\n", b"\xff\xfe", HEADER.lower().replace("code", "Code").encode(), csv_of('"open')]
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(RejectedList):
        read_list(data)


names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
entries = st.builds(
    Organisation,
    code=st.integers(1, 99).map(lambda number: f"H{number:02d}"),
    name=names.map(lambda name: name.strip() or "x"),
    level=st.integers(1, 5),
    valid_from=st.dates(date(2000, 1, 1), date(2020, 1, 1)),
    member=st.none() | st.sampled_from(["tinh", "so-1"]),
    valid_to=st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    groups=st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(lambda found: tuple(sorted(found))),
    kind=st.sampled_from(OrganisationKind),
)


@given(st.lists(entries, max_size=5, unique_by=lambda entry: entry.code))
def test_what_is_written_is_read_back_and_written_alike(organisations: list[Organisation]) -> None:
    data = write_list(organisations)
    again = read_list(data)
    assert write_list(again) == write_list(read_list(write_list(again)))
    assert [(entry.code, entry.level, entry.groups) for entry in again] == [
        (entry.code, entry.level, entry.groups) for entry in organisations
    ]


def signed(data: bytes, serial: int = 1) -> bytes:
    return sign_list(data, key=KEY, key_id="keeper", serial=serial, signed_at=NOW)


def test_a_signature_covers_what_the_list_means() -> None:
    data = csv_of(PROVINCE)
    opened = open_list(data.replace(b"\n", b"\r\n"), signed(data), keys={"keeper": KEY.public_key()})
    assert opened.organisations == read_list(data)
    assert (opened.serial, opened.key, opened.signed_at) == (1, "keeper", NOW)


def test_a_faulty_list_is_not_signed() -> None:
    with pytest.raises(RejectedList):
        signed(csv_of("x"))


def changed(name: str, value: object) -> Callable[[bytes], bytes]:
    return lambda signature: canonical(json.loads(signature) | {name: value})


TOUCHES: dict[str, Callable[[bytes], bytes]] = {
    "left out": lambda _: b"",
    "empty": lambda _: b"{}",
    "no json": lambda _: b"no json",
    "twice": lambda signature: signature * 2,
    "too large": lambda signature: signature + b" " * 5000,
    "other serial": changed("serial", 2),
    "serial as text": changed("serial", "1"),
    "serial as truth": changed("serial", True),
    "unknown key": changed("key", "other"),
    "key as number": changed("key", 1),
    "other digest": changed("sha256", "0" * 64),
    "other time": changed("signed_at", "2026-03-03T00:00:00.000000Z"),
    "no time": changed("signed_at", "yesterday"),
    "other signature": changed("signature", "AAAA"),
    "no signature": changed("signature", "*"),
    "other format": changed("format", "docaxis-directory-list/2"),
    "more": changed("extra", 1),
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_a_signature_file_that_was_touched_is_refused(touch: str) -> None:
    data = csv_of(PROVINCE)
    with pytest.raises(RejectedList):
        open_list(data, TOUCHES[touch](signed(data)), keys={"keeper": KEY.public_key()})


def test_a_list_that_was_touched_is_refused() -> None:
    data = csv_of(PROVINCE)
    for other in (
        data.replace(b"tinh,2020", b"so-1,2020"),
        csv_of(),
        data + data.splitlines()[1].replace(b"H20", b"H21"),
    ):
        with pytest.raises(RejectedList):
            open_list(other, signed(data), keys={"keeper": KEY.public_key()})
