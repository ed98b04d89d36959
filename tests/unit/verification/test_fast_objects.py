"""Objects read by the plain grammar are those that pyHanko reads, byte for byte and type for type.

And what is looked through for references only has those that it would have if it were read.
"""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import DictionaryObject, Reference, StreamObject

from bothways import ENGINE
from docaxis_signing.pdf.speed.branches import plain_branches
from docaxis_signing.pdf.speed.grammar import MAX_NESTED
from docaxis_signing.pdf.speed.history import branches_of


class Handler:
    """Stands for a reader: strict, and without any other object."""

    strict = True

    def get_object(self, _: Any) -> Any:
        raise KeyError("no other object")


HANDLER = Handler()
CONTAINER = Reference(7, 0, HANDLER)


def shape(found: Any) -> Any:
    """All that can be seen of an object, and what it stands in."""
    below: Any = None
    if isinstance(found, dict):
        below = [(type(key), str(key), shape(item)) for key, item in found.items()]
    elif isinstance(found, list):
        below = [shape(item) for item in found]
    payload = found.encoded_data if isinstance(found, StreamObject) else None
    spelled = getattr(found, "original_bytes", None), getattr(found, "autodetected_encoding", None)
    if isinstance(found, generic.IndirectObject):
        spelled = (found.reference, found.reference.pdf)
    written = "" if below is not None or isinstance(found, generic.NullObject) else repr(found)
    return type(found), below, payload, spelled, written, found.container_ref


def outcome(read: Any, data: bytes) -> Any:
    stream = BytesIO(data)
    try:
        found = read(stream, CONTAINER)
    except RecursionError:
        return RecursionError
    except Exception as error:  # noqa: BLE001 - whatever it is, both have to raise it
        return type(error), str(error)
    return shape(found), stream.tell()


def both(name: str, data: bytes) -> None:
    owner: Any = {"object": generic, "dictionary": DictionaryObject}[name]
    attribute = {"object": "read_object", "dictionary": "read_from_stream"}[name]
    stock = outcome(getattr(owner, attribute), data)
    with ENGINE.on():
        assert outcome(getattr(owner, attribute), data) == stock


TOKENS = st.sampled_from(
    [
        *(b"/A", b"/Length", b"/B#41", b"/", b"/Metadata"),
        *(b"1", b"-7", b"+3", b"007", b"1.5", b"-.5", b".5", b"4.", b"1e5", b"--2", b"3-4", b"99999999999999999999"),
        *(b"1 0 R", b"0 0 R", b"12  0 R", b"12 0\nR", b"1 0 R1", b"1 0 r", b"9 65535 R", b"123456789012 0 R"),
        *(b"true", b"false", b"null", b"nul", b"truely", b"R", b"obj"),
        *(b"<", b"<41>", b"<4>", b"<4 1>", b"<feff00e9>", b"<zz>", b"<>"),
        *(
            b"(a)",
            b"(a\\)b)",
            b"(a(b)c)",
            b"(\\101)",
            b"(\\8)",
            b"(\\7)",
            b"(\\n\\\r\n)",
            b"(\\400)",
            b"(",
            b"(\xfe\xff)",
        ),
        *(b"<<", b">>", b"[", b"]", b"%c\n", b" ", b"\n", b"\0", b"{", b"}"),
        *(b"stream\nab\nendstream", b"stream\r\n", b"endstream", b"endobj", b"\x80"),
    ]
)
SOUP = st.lists(TOKENS, max_size=14).flatmap(
    lambda tokens: st.sampled_from([b" ", b"", b"\n"]).map(lambda glue: glue.join(tokens))
)


@st.composite
def objects(draw: st.DrawFn, depth: int = 3) -> bytes:
    """Well-formed objects, so that the plain grammar is met often."""
    kind = draw(st.sampled_from(["leaf", "leaf", "array", "dictionary"] if depth else ["leaf"]))
    if kind == "leaf":
        return draw(TOKENS.filter(lambda token: token not in {b"<<", b">>", b"[", b"]", b"<", b"("}))
    gap = draw(st.sampled_from([b" ", b"\n", b"  "]))
    items = draw(st.lists(objects(depth=depth - 1), max_size=4))
    if kind == "array":
        return b"[" + gap.join(items) + b"]"
    names = draw(st.lists(st.sampled_from([b"/A", b"/B", b"/C", b"/Length"]), min_size=len(items), max_size=len(items)))
    return b"<<" + gap.join(name + b" " + item for name, item in zip(names, items, strict=True)) + b">>"


# No comment without a line end: pyHanko waits for one for ever, in a worker until its time is over.
@settings(max_examples=400)
@given(SOUP | objects(), st.sampled_from([b"", b" ", b"\nendobj\n", b">>", b"%c\n"]))
def test_objects(data: bytes, end: bytes) -> None:
    if data + end:
        both("object", data + end)


@settings(max_examples=200)
@given(
    SOUP | objects(), st.sampled_from([b">>\nendobj", b">> stream\nab\nendstream\nendobj", b">>", b">> %c\nstream\n"])
)
def test_dictionaries_and_streams(data: bytes, end: bytes) -> None:
    both("dictionary", b"<< /Length 2 /X " + data + end)


@pytest.mark.parametrize(
    "data",
    [
        *(b" 1 ", b"<</A 1/A 2>> ", b"<</A<</B 1>>stream\n>> ", b"[1 2 3]", b"[1 0 R 2]", b"[]"),
        *(b"<</A 1%c\n/B 2 %>>\r\n% e\r%\n>> ", b"<</A %c\n1>> ", b"<</A 1 %c\n/A 2>> ", b"<</A 1 %c\n2>> "),
        *(b"<</A 1/B 2 0 R/A /C>> ", b"<</A 1 0/B 2>> ", b"<</A 1 0\nR>> ", b"<</A/B/C 07/D +1>> "),
    ],
)
def test_oddities(data: bytes) -> None:
    both("object", data)


@pytest.mark.parametrize("depth", [MAX_NESTED - 1, MAX_NESTED, MAX_NESTED + 1, 200])
def test_nesting(depth: int) -> None:
    both("object", b"[ /A " * depth + b"]" * depth + b" ")
    both("object", b"<</A " * depth + b"1" + b">>" * depth + b" ")


def test_a_long_array_of_odd_things_takes_no_longer_than_stock() -> None:
    """What is unusual is left to stock at once and whole, not tried again for each of its parts."""
    both("object", b"[" * 60 + b"(\\9)" * 2000 + b"]" * 60 + b" ")


def looked_through(body: bytes) -> Any:
    """The references that are seen in an object; what is seen, pyHanko has to read just so, up to its end."""
    data = b"7 0 obj\n" + body
    found = plain_branches(data, 0, CONTAINER)
    if found is not None:
        stream = BytesIO(data)
        stream.seek(len(b"7 0 obj\n"))
        assert branches_of(generic.read_object(stream, CONTAINER)) == found
        assert data[stream.tell() :].lstrip(b" \n\r\t\f\0").startswith(b"endobj")
    return found


ENDS = st.sampled_from(
    [b"\nendobj\n1", b" endobj 1", b">>\nendobj\n1", b"]endobj 1", b"\nendstream\nendobj\n1", b"%c\nendobj"]
)


@settings(max_examples=400)
@given(SOUP | objects(), ENDS)
def test_references_are_seen_where_they_would_be_read(data: bytes, end: bytes) -> None:
    looked_through(b"<< /Parent 8 0 R /X " + data + b" /Kids [1 0 R] >>" + end)
    looked_through(b"[" + data + b"]" + end)


@settings(max_examples=200)
@given(st.sampled_from([b"0", b"2", b"3", b"4", b"-1", b"2.0", b"9 0 R", b"99"]), SOUP, ENDS)
def test_references_are_seen_in_streams_of_plain_length(length: bytes, data: bytes, end: bytes) -> None:
    looked_through(b"<< /A 1 0 R /Length " + length + b" >>\nstream\nab" + data + b"\nendstream" + end)


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b"<< /A 1 0 R /Parent 2 0 R /B [1 (x) << /C 3 0 R >> 4 0 R] >>\nendobj\n1", 3),
        (b"<< /Parent [1 0 R << /A 2 0 R >>] /Kids 3 0 R >>\nendobj\n1", 1),
        (b"<< /Length 2 /A 1 0 R >>\nstream\nab\nendstream\nendobj\n1", 1),
        (b"[1 0 R [2 0 R] 3 0 R]\nendobj\n1", 3),
        (b"<< /Contents <00ff> /W [1 2.5 -3] /T (a\\)b) >>\nendobj\n1", 0),
    ],
)
def test_plain_objects_are_not_read_for_their_references(body: bytes, seen: int) -> None:
    found = looked_through(body)
    assert found is not None
    assert len(found) == seen


@pytest.mark.parametrize(
    "body",
    [
        b"<< /A 1 /A 2 >>\nendobj\n1",
        b"<< /A#42 1 0 R >>\nendobj\n1",
        b"<< /A << /B 1 >> stream >>\nendobj\n1",
        b"<< /Length 9 0 R >>\nstream\nab\nendstream\nendobj\n1",
        b"<< /Length 5 >>\nstream\nab\nendstream endobj\n1",
        b"<< /A << /Length 2 >> >>\nstream\nab\nendstream\nendobj\n1",
        b"<< /A 1 >>",
        b"<< /A 1 >> %c\nendobj\n1",
        b"<< /A <0 > >>\nendobj\n1",
        b"8 0 R\nendobj\n1",
    ],
)
def test_whatever_is_not_plain_has_to_be_read(body: bytes) -> None:
    assert looked_through(body) is None


def test_what_equal_bytes_refer_to_is_told_to_each_reader() -> None:
    """Kept is what is written: at another place, of another file; under another number the bytes are another object."""
    body = b"7 0 obj\n<< /A 1 0 R /B [2 0 R] >>\nendobj\n8 0 obj"
    paths = (("/A",), ("/B", 0))
    for handler in (HANDLER, Handler()):
        for before in (b"", b"<< ", b"5 0 obj "):
            found = plain_branches(before + body, len(before), Reference(7, 0, handler))
            assert found is not None
            assert tuple(path for path, _ in found) == paths
            assert [(to.idnum, to.pdf) for _, to in found] == [(1, handler), (2, handler)]
        assert plain_branches(body, 0, Reference(8, 0, handler)) is None
    assert plain_branches(body.replace(b"8 0 obj", b"% comment"), 0, CONTAINER) is None
