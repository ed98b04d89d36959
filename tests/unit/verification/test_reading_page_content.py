"""Operations of a page are the same, however they are written: at once where they are plain, else token by token."""

from hypothesis import given
from hypothesis import strategies as st

from docaxis_signing.pdf.page_text import operations

NUMBERS = st.sampled_from([b"0", b"1", b"-2.5", b"+.5", b"12.", b"595.2756"])
NAMES = st.sampled_from([b"/F1", b"/F1+0", b"/"])
STRINGS = st.sampled_from([b"()", b"(a b)", rb"(\051\\)", rb"(\n\)x)", b"(a(b)c)", b"<>", b"<0a 0B>", b"<0>"])
OPERATORS = st.sampled_from([b"Tj", b"'", b'"', b"T*", b"re", b"f*", b"Tf", b"d0", b"BT", b"true"])
OPERATION = st.tuples(st.lists(NUMBERS | NAMES | STRINGS, max_size=4), OPERATORS)
BLANKS = st.sampled_from([b" ", b"\n", b"\r\n \t", b"\x0c"])


@given(st.lists(OPERATION, max_size=6), BLANKS)
def test_comments_between_tokens_change_nothing(rows: list[tuple[list[bytes], bytes]], blank: bytes) -> None:
    tokens = [token for operands, operator in rows for token in (*operands, operator)]
    plain = list(operations(blank.join(tokens)))
    assert plain == list(operations(b"%(\n".join(tokens)))
    assert [operator for operator, _, _ in plain] == [operator for _, operator in rows]
    assert all(numbers == [item for item in operands if isinstance(item, float)] for _, operands, numbers in plain)


def test_what_stands_close_together_is_told_apart() -> None:
    assert list(operations(b"1-2 .5.5 m/F1 9Tf(a)Tj<41>Tj[(a)-3(b)]TJ q")) == [
        (b"m", [1.0, -2.0, 0.5, 0.5], [1.0, -2.0, 0.5, 0.5]),
        (b"Tf", ["/F1", 9.0], [9.0]),
        (b"Tj", [b"a"], []),
        (b"Tj", [b"A"], []),
        (b"TJ", [b"a", -3.0, b"b"], [-3.0]),
        (b"q", [], []),
    ]


def test_the_bytes_of_a_picture_are_passed_over() -> None:
    content = b"BI /W 1 /H 1 ID (\x00 1 0 m EI q"
    assert [operator for operator, _, _ in operations(content)] == [b"BI", b"ID", b"q"]
    assert [operator for operator, _, _ in operations(b"BI ID no end (")] == [b"BI", b"ID"]
