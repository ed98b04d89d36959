import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.canonical import MAX_DEPTH, RejectedJson, canonical, digest, parse, parse_object, without

EXACT = 2**53 - 1
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-EXACT, EXACT) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_written_reads_back_and_writes_alike(value: object) -> None:
    data = canonical(value)
    assert parse(data, limit=1 << 20) == value
    assert canonical(parse(data, limit=1 << 20)) == data


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 9), min_size=2, max_size=6))
def test_the_order_of_members_does_not_change_the_digest(value: dict[str, int]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"a":1,"a":2}', "'a' occurs twice"),
        (b'{"o":{"b":1,"b":1}}', "'b' occurs twice"),
        (b"[NaN]", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"1e400", "JCS"),
        (b'"\\ud800"', "codepoints"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested deeper"),
        (b'{"escaped":"\\u1ee7","deep":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, "nested deeper"),
        (b'{"quoted":"\\"","deep":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, "nested deeper"),
        (b"{" + b",".join(b'"%d":1' % n for n in range(100_000)) + b',"99999":1}', "'99999' occurs twice"),
        (b"9" * 5000, "digits"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"a":', "not JSON"),
        (b"9007199254740993", "integer"),
    ],
    ids=range(14),
)
def test_ambiguous_or_hostile_json_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(RejectedJson, match=says):
        parse(data, limit=1 << 20)


def test_brackets_inside_strings_are_no_depth() -> None:
    value = {"text": "[" * 500, "escaped": '"' + "{" * 500}
    assert parse(json.dumps(value).encode(), limit=1 << 20) == value


def test_a_size_above_the_limit_is_refused_before_reading() -> None:
    with pytest.raises(RejectedJson, match="larger than 3"):
        parse(b"[   ]", limit=3)


def test_an_object_is_demanded_where_one_is_needed() -> None:
    with pytest.raises(RejectedJson, match="object"):
        parse_object(b"[]", limit=10)


def test_vietnamese_text_is_hashed_as_utf8() -> None:
    assert digest({"trích yếu": "Về việc"}) == hashlib.sha256('{"trích yếu":"Về việc"}'.encode()).hexdigest()


def test_members_are_left_out_by_name() -> None:
    assert without({"a": 1, "time": 2}, "time") == {"a": 1}
