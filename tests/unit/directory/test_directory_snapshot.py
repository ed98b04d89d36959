"""Look-ups as of a date, and recipient lists turned into one delivery a body."""

import pickle
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis.directory.entries import Member, MemberState
from docaxis.directory.errors import MemberFault, RejectedMember, RejectedRecipients
from docaxis.directory.organisations import OrganisationIndex
from docaxis.directory.resolution import MergedNotice, Resolution, Unreachable
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis_schemas.organisation import Organisation
from docaxis_schemas.submission import MAX_RECIPIENTS

SINCE = date(2020, 1, 1)
MERGER = date(2025, 6, 30)
BEFORE = datetime(2025, 6, 30, 16, 59, tzinfo=UTC)  # 23:59 in Vietnam, the last day of the merged ones
AFTER = BEFORE + timedelta(minutes=1)
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    organisation: str | None = None
    group: str | None = None
    role: str = "action"


ORGANISATIONS = (
    Organisation("H20", "Tỉnh Thử Nghiệm", 1, SINCE, "000.00.00.H20", member="tinh", groups=("tinh",)),
    Organisation("H21", "Tỉnh Đã Sáp Nhập", 1, SINCE, "000.00.00.H21", None, "tinh-2", MERGER, "H22", ("tinh",)),
    Organisation("H22", "Tỉnh Sáp Nhập Tiếp", 1, SINCE, None, None, "tinh-3", date(2025, 12, 31), "H20"),
    Organisation("H20.14", "Sở Thử Nghiệm", 2, SINCE, "000.00.14.H20", "H20", "so", groups=("so",)),
    Organisation("H20.14.01", "Chi cục Thử Nghiệm", 3, SINCE, None, "H20.14", None, groups=("so",)),
    Organisation("H20.15", "Sở Giải Thể", 2, SINCE, None, "H20", "so", MERGER),
    Organisation("H20.16", "Sở Tên Cũ", 2, SINCE, None, "H20", "so", MERGER),
    Organisation("H20.16", "Sở Tên Mới", 2, date(2025, 7, 1), None, "H20", "so"),
    Organisation("H20.17", "Sở Bị Đình Chỉ", 2, SINCE, None, "H20", "dinh-chi", groups=("so",)),
    Organisation("H20.18", "Sở Tương Lai", 2, date(2027, 1, 1), None, "H20", "so"),
)
INDEX = OrganisationIndex.of(ORGANISATIONS)
MEMBERS = {name: Member(name, name, MemberState.ACTIVE) for name in ("tinh", "tinh-2", "tinh-3", "so")} | {
    "dinh-chi": Member("dinh-chi", "Đình chỉ", MemberState.SUSPENDED, BEFORE)
}
SNAPSHOT = DirectorySnapshot(7, INDEX, MEMBERS)


def resolve(*lines: Line, at: datetime = NOW) -> Resolution:
    return SNAPSHOT.resolve(lines, at)


def reached(resolution: Resolution) -> dict[str, str]:
    return {recipient.organisation: recipient.role for recipient in resolution.recipients}


@pytest.mark.parametrize("code", ["H20.14", "000.00.14.H20", "14.H20", " h20.14 ", "000.00.14.h20"])
def test_both_forms_of_a_code_name_one_body(code: str) -> None:
    assert SNAPSHOT.canonical(code) == "H20.14"
    assert reached(resolve(Line(code))) == {"H20.14": "action"}


@pytest.mark.parametrize("code", ["H99", "??", "", "000.00.15.H20", "H20.14.99"])
def test_a_code_that_nobody_has_is_unknown(code: str) -> None:
    assert SNAPSHOT.canonical(code) is None
    assert [item.reason for item in resolve(Line(code)).unknown] == [Unreachable.UNKNOWN]


def test_a_body_is_looked_up_as_of_a_day_in_vietnam() -> None:
    old, new = SNAPSHOT.organisation("H20.16", BEFORE), SNAPSHOT.organisation("H20.16", AFTER)
    assert old is not None
    assert new is not None
    assert (old.name, new.name) == ("Sở Tên Cũ", "Sở Tên Mới")
    assert SNAPSHOT.organisation("H21", BEFORE) is not None
    assert SNAPSHOT.organisation("H21", AFTER) is None
    assert SNAPSHOT.member_of("H20.15", AFTER) is None
    assert [entry.code for entry in INDEX.ancestors("H20.14.01", NOW.date())] == ["H20.14", "H20"]


def test_a_merged_body_resolves_to_its_successor_at_that_date_and_the_sender_is_told() -> None:
    assert reached(resolve(Line("H21"), at=BEFORE)) == {"H21": "action"}
    assert not resolve(Line("H21"), at=BEFORE).notices
    assert reached(resolve(Line("H21"), at=AFTER)) == {"H22": "action"}
    late = resolve(Line("000.00.00.H21"))
    assert reached(late) == {"H20": "action"}
    assert late.notices == (MergedNotice("000.00.00.H21", "H20", "Tỉnh Thử Nghiệm"),)


def test_one_body_gets_one_delivery_in_the_role_that_asks_most() -> None:
    resolution = resolve(
        Line("H20.14", role="information"),
        Line("000.00.14.H20", role="action"),
        Line(group="so", role="coordination"),
        Line("H21", role="coordination"),
        Line("H20", role="information"),
    )
    assert reached(resolution) == {"H20.14": "action", "H20": "coordination"}
    assert resolution.recipients[0].given == ("H20.14", "000.00.14.H20", "so")


def test_a_group_is_resolved_and_who_was_in_it_is_kept() -> None:
    resolution = resolve(Line(group="tinh"))
    assert reached(resolution) == {"H20": "action"}
    assert resolution.groups == {"tinh": ("H20", "H21")}
    assert resolution.to_json()["groups"] == {"tinh": ["H20", "H21"]}


def test_what_cannot_be_reached_is_answered_one_by_one_and_the_rest_is_delivered() -> None:
    resolution = resolve(
        *(Line(code) for code in ("H20", "H99", "H20.15", "H20.14.01", "H20.17", "H20.18")),
        Line(group="khong-co"),
        Line(group="so"),
    )
    assert reached(resolution) == {"H20": "action", "H20.14": "action"}
    assert {(item.given, item.group, item.reason) for item in resolution.unknown} == {
        ("H99", None, Unreachable.UNKNOWN),
        ("H20.15", None, Unreachable.CEASED),
        ("H20.18", None, Unreachable.CEASED),
        ("H20.14.01", None, Unreachable.NOT_CONNECTED),
        ("H20.14.01", "so", Unreachable.NOT_CONNECTED),
        ("khong-co", "khong-co", Unreachable.UNKNOWN_GROUP),
    }
    assert {(item.given, item.group) for item in resolution.suspended} == {("H20.17", None), ("H20.17", "so")}


def test_more_bodies_than_a_submission_may_address_are_refused() -> None:
    many = [
        Organisation(f"H20.{number}", "Đơn vị", 2, SINCE, None, None, "so", groups=("all",))
        for number in range(MAX_RECIPIENTS + 1)
    ]
    snapshot = DirectorySnapshot(1, OrganisationIndex.of(many), MEMBERS)
    with pytest.raises(RejectedRecipients, match="5001"):
        snapshot.resolve([Line(group="all")], NOW)
    assert len(snapshot.resolve([Line(entry.code) for entry in many[1:]], NOW).recipients) == MAX_RECIPIENTS


def test_successors_that_go_round_in_a_circle_end_the_search() -> None:
    circle = OrganisationIndex.of(
        [
            Organisation("H30", "Một", 1, SINCE, valid_to=MERGER, successor="H31"),
            Organisation("H31", "Hai", 1, SINCE, valid_to=MERGER, successor="H30"),
        ]
    )
    assert circle.standing_on("H30", NOW.date()) is None


def test_an_unknown_member_may_not_act() -> None:
    with pytest.raises(RejectedMember) as caught:
        SNAPSHOT.require_member("khong-co", accepted_at=NOW)
    assert caught.value.fault is MemberFault.UNKNOWN


def test_a_snapshot_reaches_worker_processes_whole() -> None:
    assert pickle.loads(pickle.dumps(SNAPSHOT)) == SNAPSHOT


codes = st.sampled_from([entry.code for entry in ORGANISATIONS] + ["H99", "14.H20", "000.00.00.H21"])
groups = st.sampled_from(["tinh", "so", "khong-co"])
roles = st.sampled_from(["action", "coordination", "information"])
lines = st.lists(
    st.one_of(st.builds(Line, organisation=codes, role=roles), st.builds(Line, group=groups, role=roles)), max_size=8
)
instants = st.datetimes(datetime(2020, 1, 2), datetime(2028, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone is set behind


@given(lines, instants)
def test_every_delivery_goes_to_a_standing_body_once_and_order_decides_nothing(
    recipients: list[Line], at: datetime
) -> None:
    resolution = SNAPSHOT.resolve(recipients, at)
    codes = [recipient.organisation for recipient in resolution.recipients]
    assert len(codes) == len(set(codes))
    for recipient in resolution.recipients:
        body = SNAPSHOT.organisation(recipient.organisation, at)
        assert body is not None
        assert body.code == recipient.organisation
        assert MEMBERS[recipient.member].state is MemberState.ACTIVE
    assert reached(SNAPSHOT.resolve(recipients[::-1], at)) == reached(resolution)
    given = {name for recipient in resolution.recipients for name in recipient.given}
    left_out = {item.group or item.given for item in (*resolution.unknown, *resolution.suspended)}
    assert {line.organisation or line.group for line in recipients} == given | left_out


def test_an_index_does_not_depend_on_the_order_of_its_list() -> None:
    assert OrganisationIndex.of(reversed(ORGANISATIONS)) == INDEX
    assert replace(ORGANISATIONS[0], name="x") not in list(INDEX)
