"""Codes of both forms have one spelling each, and nothing turns one form into the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.organisation import CodeForm, RejectedCode, normalise_code, parse_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("000.00.14.H20", "000.00.14.H20"),
        ("14.H20", "000.00.14.H20"),
        ("28.22.H17", "000.28.22.H17"),
        ("000.28.22.H17", "000.28.22.H17"),
        (" 000.00.00.g22 ", "000.00.00.G22"),
        ("０００.00.00.G22", "000.00.00.G22"),
        ("000.00.00.W00", "000.00.00.W00"),
    ],
)
def test_the_old_form_is_filled_up_to_four_groups(text: str, code: str) -> None:
    assert parse_code(text).value == code
    assert parse_code(text).form is CodeForm.OLD


@pytest.mark.parametrize("code", ["G22", "H20.14", "H37.02.02", "H37.DN.001", "A01.B", "H" + ".00" * 11])
def test_the_new_form_is_kept(code: str) -> None:
    assert parse_code(code.lower()).value == code
    assert parse_code(code).form is CodeForm.NEW


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "14",
        "000.00.14",
        "H20.",
        ".H20",
        "H20..14",
        "H20 14",
        "H20-14",
        "H" * 36,
        "Đ20",
        "0000.00.14.H20",
        "H20\n.1",
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(RejectedCode):
        parse_code(text)


def test_the_two_forms_are_never_equal_by_themselves() -> None:
    assert normalise_code("000.00.14.H20") != normalise_code("H20.14")


@given(st.text("0123456789GHW.dn ", max_size=20) | st.text(max_size=40))
def test_normalising_is_done_once_and_for_all(text: str) -> None:
    try:
        code = normalise_code(text)
    except RejectedCode:
        return
    assert normalise_code(code) == code
    assert len(code) <= 35
