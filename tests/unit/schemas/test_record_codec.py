import dataclasses
import json
from datetime import UTC, datetime, timedelta
from importlib import resources
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas import codec, events
from docaxis_schemas.codec import RejectedRecordBytes, UnknownSchema, decode, encode

MOMENTS = st.integers(0, 2**52).map(
    lambda microseconds: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
FIELD: dict[object, st.SearchStrategy[object]] = {
    UUID: st.uuids(),
    int: st.integers(0, 2**31 - 1),
    str: TEXT | HEX,
    datetime: MOMENTS,
    bytes: st.binary(max_size=200),
}


def strategy_of(annotation: object) -> st.SearchStrategy[object]:
    options = getattr(annotation, "__args__", (annotation,))
    return st.one_of([st.none() if option is type(None) else FIELD[option] for option in options])


ANY_EVENT = st.one_of(
    [
        st.builds(event, **{field.name: strategy_of(field.type) for field in dataclasses.fields(event)})
        for event in events.TYPES.values()
    ]
)


@given(ANY_EVENT)
def test_every_event_reads_back_as_it_was_written(event: events.Event) -> None:
    assert decode(encode(event)) == event


@pytest.mark.parametrize("event", events.TYPES.values())
def test_schema_and_dataclass_name_the_same_fields_in_the_same_order(event: type[events.Event]) -> None:
    name = next(key for key, value in events.TYPES.items() if value is event)
    file = name.removeprefix("vn.docaxis.").removesuffix(".v1") + ".avsc"
    schema = json.loads(resources.files("docaxis_schemas").joinpath("avro", file).read_text("utf-8"))
    assert schema["name"] == event.__name__
    assert [field["name"] for field in schema["fields"]] == [field.name for field in dataclasses.fields(event)]


def sample() -> events.EvidenceRecord:
    return events.EvidenceRecord(UUID(int=1), "t", UUID(int=2), "abc", None, datetime(2026, 1, 2, tzinfo=UTC), b"{}")


def test_the_bytes_on_the_wire_do_not_drift() -> None:
    assert encode(sample()).hex() == (
        "c301" + codec.fingerprints()["vn.docaxis.evidence.v1"] + encode(sample())[10:].hex()
    )
    assert codec.fingerprints()["vn.docaxis.evidence.v1"] == "c87230444a7e8861"


@pytest.mark.parametrize("data", [None, b"", b"garbage", b"\xc3\x01", b"\x00" * 20, bytes(events.MAX_RECORD + 1)])
def test_bytes_that_are_no_record_are_rejected(data: bytes | None) -> None:
    with pytest.raises(RejectedRecordBytes):
        decode(data)


def test_a_truncated_record_and_one_with_a_tail_are_rejected() -> None:
    data = encode(sample())
    for broken in (data[:-1], data + b"x"):
        with pytest.raises(RejectedRecordBytes):
            decode(broken)


def test_an_unknown_schema_is_no_garbage_but_a_reason_to_wait() -> None:
    data = encode(sample())
    with pytest.raises(UnknownSchema):
        decode(data[:2] + b"\x00" * 8 + data[10:])


def test_a_record_above_64_kib_is_never_written() -> None:
    big = dataclasses.replace(sample(), statement=bytes(events.MAX_RECORD))
    with pytest.raises(ValueError, match="at most"):
        encode(big)


def test_headers_are_cloudevents_in_binary_mode() -> None:
    event = sample()
    at = datetime(2026, 11, 21, 1, 2, 3, 4, tzinfo=UTC)
    pairs = codec.headers(event, source="registrar", event_id=UUID(int=5), subject=UUID(int=6), at=at)
    assert codec.header(pairs, "ce_specversion") == "1.0"
    assert codec.header(pairs, "ce_type") == "vn.docaxis.evidence.v1"
    assert codec.header(pairs, "ce_time") == "2026-11-21T01:02:03.000004Z"
    assert codec.header(pairs, "ce_subject") == str(UUID(int=6))
    assert codec.header((("ce_id", b"\xff"),), "ce_id") is None


def test_times_keep_their_microseconds() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=1)
    event = dataclasses.replace(sample(), at=at)
    decoded = decode(encode(event))
    assert isinstance(decoded, events.EvidenceRecord)
    assert decoded.at == at


def test_a_dead_letter_can_be_written_and_read_whatever_its_cause_quotes() -> None:
    cause = "PdfReadError: \ud800 /Na\x00me\r\n" + "x" * 200_000
    letter = events.DeadLetter(
        dead_letter_id=UUID(int=1),
        stage="verifier",
        topic="submitted",
        partition=0,
        offset=1,
        record_sha256="00" * 32,
        submission_id=None,
        attempt=None,
        cause=cause,
        at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    decoded = decode(encode(letter))
    assert isinstance(decoded, events.DeadLetter)
    assert decoded.cause.startswith("PdfReadError: \ufffd /Na\ufffdme\ufffd\ufffdxxx")
    assert decoded.cause.isprintable()
    assert len(decoded.cause) == events.MAX_CAUSE
