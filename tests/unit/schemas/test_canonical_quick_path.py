"""The quick way of writing canonical JSON and the library's way give the same bytes, or the same refusal."""

from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from docaxis_schemas.canonical import MAX_INTEGER, RejectedJson, canonical

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def _by_the_library(value: Any) -> bytes | None:
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return None


@given(ANY_JSON)
@example({"\ufb33": 1, "\U0001f600": 2, "b": '\x00\x1f\x7f\u2028"\\/\b\f\n\r\t', "a": [MAX_INTEGER, -MAX_INTEGER]})
@example([MAX_INTEGER + 1])
@example("\ud800")
@example({"\ud800": 1})
def test_both_ways_agree_on_every_value(value: Any) -> None:
    expected = _by_the_library(value)
    if expected is None:
        with pytest.raises(RejectedJson):
            canonical(value)
    else:
        assert canonical(value) == expected
