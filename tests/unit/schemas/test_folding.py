"""Searching does not ask for diacritics."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.folding import folded


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Đề án Chuyển đổi số", "de an chuyen doi so"),
        ("QUYẾT ĐỊNH", "quyet dinh"),
        ("  15/QĐ-BTN \u00a0 ", "15/qd-btn"),
        ("Ươm mầm ở Huế", "uom mam o hue"),
    ],
)
def test_vietnamese_is_found_without_diacritics(typed: str, found: str) -> None:
    assert folded(typed) == found
    assert folded(unicodedata.normalize("NFD", typed)) == found


@given(st.text(alphabet=st.characters(max_codepoint=0x1EFF)))
def test_what_is_folded_stays_so(text: str) -> None:
    assert folded(folded(text)) == folded(text)
