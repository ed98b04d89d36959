"""Cross-reference tables of the plain grammar say what they say to pyHanko, and the reader ends where it would."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic as generic_module
from pyhanko.pdf_utils import xref as xref_module
from pyhanko.pdf_utils.reader import PdfFileReader

from bothways import ENGINE
from docaxis_signing.pdf.hashing import Digests, Source
from docaxis_signing.pdf.speed.crossreference import Table

World = Any
generic: Any = generic_module  # functions without annotations
xref: Any = xref_module  # names that it does not export

ENTRIES = st.sampled_from(
    [
        *(b"0000000015 00000 n \n", b"0000000015 00000 n\r\n", b"0000000015 00007 n \r", b"0000000000 65535 f \n"),
        *(b"0000000003 00001 f\r\n", b"0000000015 70000 n \n", b"0000000015 00000 n\n", b"0000000015 00000 x \n"),
        *(b"        15 00000 n \n", b"15 0 n\n", b"0000000015 00000 n  \r\n"),
    ]
)
USUAL = st.sampled_from([b"0000000015 00000 n \n", b"0000000000 65535 f \n", b"0000000099 00002 n\r\n"])


@st.composite
def subsections(draw: st.DrawFn) -> bytes:
    entries = draw(st.lists(USUAL, max_size=4) | st.lists(ENTRIES, max_size=4))
    count = draw(st.sampled_from([len(entries)] * 6 + [len(entries) + 1, 0]))
    first = draw(st.sampled_from([b"0", b"1", b"7", b"007", b"-1"]))
    end = draw(st.sampled_from([b"\n", b" \n", b"\r\n", b" "]))
    return first + draw(st.sampled_from([b" ", b" ", b" ", b"  "])) + b"%d" % count + end + b"".join(entries)


def section(data: bytes, stream: Any, *, strict: bool) -> Any:
    """All that pyHanko takes from a table, and where it stops; or what it raises."""
    stream.seek(0)
    found = xref.XRefSectionData()
    try:
        highest = found.process_entries(xref.parse_xref_table(stream, strict), strict=strict)
        listed = list(xref.parse_xref_table(BytesIO(data), strict))
    except Exception as error:  # noqa: BLE001 - whatever it is, both have to raise it
        return type(error), str(error)
    places = found.freed, found.standard_xrefs, found.xrefs_in_objstm, found.explicit_refs_in_revision
    return highest, places, listed, stream.tell()


@settings(max_examples=250)
@given(
    st.lists(subsections(), min_size=1, max_size=3),
    st.sampled_from([b"trailer\n<<", b"trailer<<", b"trailer %c\n<<", b"trailed", b" trailer <<", b"x"]),
    st.sampled_from([b"\n", b"\r\n", b" \n"]),
    st.booleans(),
)
def test_tables(parts: list[bytes], end: bytes, begin: bytes, strict: bool) -> None:  # noqa: FBT001
    # Where a line begins within the last 20 bytes, pyHanko reads it for ever, in a worker until its time is over.
    data = begin + b"".join(parts) + end + b" /Size 9 >>" + b" " * 40
    stock = section(data, BytesIO(data), strict=strict)
    with ENGINE.on():
        assert section(data, Source(data, Digests(data)), strict=strict) == stock


@pytest.mark.parametrize("strict", [True, False])
def test_generations_that_the_format_does_not_know_are_for_pyhanko(strict: bool) -> None:  # noqa: FBT001
    data = b"\n0 2\n0000000000 65535 f \n0000000015 65536 n \ntrailer\n<< /Size 9 >>\n"
    stock = section(data, BytesIO(data), strict=strict)
    with ENGINE.on():
        assert section(data, BytesIO(data), strict=strict) == stock


def test_a_table_of_the_usual_form_is_plain() -> None:
    data = b"\n0 2\n0000000000 65535 f \n0000000015 00000 n \n7 1\n0000000099 00000 n \ntrailer\n<<"
    with ENGINE.on():
        table = xref.parse_xref_table(BytesIO(data), strict=True)
    assert type(table).__name__ == "Table"
    assert [entry.idnum for entry in table] == [0, 1, 7]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"5 0 obj", b"5 0 obj"),
        (b"5 0 obj", b"6 0 obj"),
        (b"5 0 obj", b"5 1 obj"),
        (b"5 0 obj", b"5\n0 obj"),
        (b"5 0 obj", b" 5 0obj"),
        (b"5 0 obj", b"x 0 obj"),
        (b"5 0 obj", b"5 0 %bj"),
        (b"(five)\nendobj", b"(five)\nendobJ"),
        (b"(five)\nendobj", b"(five)%\nendobj"),
        (b"(five)\nendobj", b"(five\nendobj "),
    ],
)
def test_objects_with_their_heads_and_tails(world: World, old: bytes, new: bytes, strict: bool) -> None:  # noqa: FBT001
    made = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Count 0 /Kids [] >>", 5: b"(five)"}
    data = bytes(world.assemble(made)).replace(old, new)

    def read() -> Any:
        reader: Any = PdfFileReader(Source(data, Digests(data)), strict=strict)
        try:
            found = reader.get_object(generic.Reference(5, 0, reader))
        except Exception as error:  # noqa: BLE001 - whatever it is, both have to raise it
            return type(error), str(error)
        return type(found), str(found), found.container_ref, reader.stream.tell()

    stock = read()
    with ENGINE.on():
        assert read() == stock


def test_each_subsection_is_judged_by_its_own_entries() -> None:
    """A table may have one for every object: looked at again with each, 50,000 of them took a minute."""
    table = Table()
    assert not table.take(1, b"0000000015 70000 n \n")
    assert table.take(2, b"0000000015 00000 n \n")
