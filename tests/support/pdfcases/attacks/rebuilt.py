"""Updates that some readers take for damaged: they rebuild the file from whatever reads like an object in it.

The signed file holds, behind the text that is shown, another one that no table lists. Everybody shows the first as long
as the tables are followed.
"""

import re
from collections.abc import Callable

from docaxis_signing.verdict import Cause, Integrity
from pdfcases.case import Case, Group, Sample, Witness, attack
from pdfcases.editing import append, current, last_startxref, size_of, with_entry
from pdfcases.pages import CATALOG, OTHER_TEXT, PAGE, TEXT_OF_PAGE, assemble, objects_of, stream
from pdfcases.scene import Scene
from pdfcases.witnesses import ALL_BYTES, SEEN, SEEN_BY_POPPLER, both, fact

HIDDEN = b"%d 0 obj\n%s\nendobj\n" % (TEXT_OF_PAGE, stream(OTHER_TEXT))


def _prepared() -> bytes:
    pdf = assemble(objects_of())
    table = pdf.rindex(b"xref\n0 1")
    named = b"startxref\n%d\n"
    return (pdf[:table] + HIDDEN + pdf[table:]).replace(named % table, named % (table + len(HIDDEN)))


def _updated(signed: bytes, data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Append validation data, and write the update's table or trailer in another way."""
    number = size_of(signed)
    objects = {
        CATALOG: with_entry(current(signed, CATALOG), b" /DSS %d 0 R" % number),
        number: b"<< /Type /DSS /CRLs [%d 0 R] >>" % (number + 1),
        number + 1: stream(data),
    }
    whole = append(signed, objects)
    return whole[: len(signed)] + change(whole[len(signed) :])


def _case(
    name: str, about: str, change: Callable[[bytes], bytes], witness: Witness, rule: str = "", data: bytes = b""
) -> Case:
    def build(scene: Scene) -> Sample:
        signed = scene.sign(_prepared(), stamped=True)
        return Sample(_updated(signed, data or scene.crl("gov-local"), change), honest=signed)

    build.__name__, build.__doc__ = name, about
    return attack(Group.UPDATES, witness, Cause.UNACCOUNTED_BYTES, integrity=Integrity.MODIFIED, rule=rule)(build)


def _shorter(update: bytes) -> bytes:
    return update.replace(b" n \n", b" n\n")


def _as_it_is(update: bytes) -> bytes:
    return update


REBUILT = (
    _case(
        "entries_of_nineteen_bytes",
        "The entries of the update's table are a byte short: pdfium gives it up and shows the hidden text.",
        _shorter,
        SEEN,
        "read-alike",
    ),
    _case(
        "a_size_beyond_all_readers",
        "The update promises two thousand million objects: poppler gives it up and shows the hidden text.",
        lambda update: re.sub(rb"/Size \d+", b"/Size 2147483647", update),
        SEEN_BY_POPPLER,
        "read-alike",
    ),
    _case(
        "a_number_beyond_all_readers",
        "The update frees an object of a number that no file has: pdfium and poppler show the hidden text.",
        lambda update: update.replace(b"xref\n", b"xref\n999999999 1\n0000000000 65535 f \n", 1),
        both(SEEN, SEEN_BY_POPPLER),
        "read-alike",
    ),
    _case(
        "an_object_in_validation_data",
        "A stream of validation data reads like an object: whoever rebuilds the file takes it for the page's text.",
        _as_it_is,
        ALL_BYTES,
        "read-alike",
        b"\n" + HIDDEN,
    ),
    _case(
        "a_trailer_in_validation_data",
        "A stream of validation data reads like a trailer that names another catalog.",
        _as_it_is,
        ALL_BYTES,
        "read-alike",
        b"\ntrailer\n<< /Size 50 /Root 2 0 R >>\n",
    ),
    _case(
        "zeros_around_the_offset",
        "Zeros stand around the offset of the update: poppler does not find it and shows the hidden text.",
        lambda update: re.sub(rb"startxref\n(\d+)\n", lambda found: b"startxref\0%s\0" % found[1], update),
        SEEN_BY_POPPLER,
    ),
    _case(
        "two_spaces_in_the_head_of_a_subsection",
        "The head of the table's first subsection has a space too many: MuPDF gives the table up.",
        lambda update: re.sub(rb"xref\n(\d+) 1\n", rb"xref\n\1  1\n", update),
        fact("two spaces stand in the head", lambda sample: re.search(rb"xref\n\d+  1\n", sample.data) is not None),
        "read-alike",
    ),
)


@attack(Group.UPDATES, SEEN_BY_POPPLER, Cause.UNACCOUNTED_BYTES, integrity=Integrity.MODIFIED, rule="read-alike")
def a_size_below_the_objects(scene: Scene) -> Sample:
    """The update says that the file has two objects: poppler and MuPDF give it up and show the hidden text."""
    signed = scene.sign(_prepared(), stamped=True)
    update = append(signed, {CATALOG: with_entry(current(signed, CATALOG), b" /DSS << >>")})[len(signed) :]
    return Sample(signed + re.sub(rb"/Size \d+", b"/Size 2", update), honest=signed)


@attack(Group.UPDATES, SEEN_BY_POPPLER, Cause.MODIFIED, integrity=Integrity.MODIFIED, rule="own-comparison")
def information_beyond_the_table(scene: Scene) -> Sample:
    """The update names an object for the file's information that no table has: poppler rebuilds the file to find it."""
    signed = scene.sign(_prepared(), stamped=True)
    return Sample(_with_information(signed, 9999), honest=signed)


@attack(Group.UPDATES, SEEN_BY_POPPLER, Cause.MODIFIED, integrity=Integrity.MODIFIED, rule="own-comparison")
def information_that_is_not_where_it_is_listed(scene: Scene) -> Sample:
    """The table of the signed file lies about an object that nothing refers to; the update refers to it."""
    pdf = _prepared()
    row = b"%010d 00000 n \n"
    at = pdf.index(b"\n%d 0 obj" % PAGE) + 1
    lying = pdf.replace(b"trailer", b"30 1\n%s" % (row % at) + b"trailer").replace(b"/Size 21", b"/Size 31")
    signed = scene.sign(lying, stamped=True)
    return Sample(_with_information(signed, 30), honest=signed)


def _with_information(signed: bytes, number: int) -> bytes:
    update = append(signed, {CATALOG: with_entry(current(signed, CATALOG), b" /DSS << >>")})[len(signed) :]
    return signed + update.replace(b"/Info 3 0 R", b"/Info %d 0 R" % number)


@attack(
    Group.UPDATES,
    SEEN_BY_POPPLER,
    Cause.UNACCOUNTED_BYTES,
    integrity=Integrity.MODIFIED,
    rule="read-alike",
)
def entries_of_twenty_four_bytes(scene: Scene) -> Sample:
    """The update's table is a stream with entries as wide as they can be: poppler gives it up."""
    signed = scene.sign(_prepared(), stamped=True)
    number, out = size_of(signed), bytearray(signed)
    objects = {CATALOG: with_entry(current(signed, CATALOG), b" /Lang null"), number: b"<< /Type /DSS >>"}
    offsets = {}
    for key, value in objects.items():
        offsets[key] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (key, value)
    start = offsets[number + 1] = len(out)
    rows = b"".join((1).to_bytes(8) + offset.to_bytes(8) + bytes(8) for offset in offsets.values())
    listed = b" ".join(b"%d 1" % key for key in offsets)
    entries = b"/Type /XRef /W [8 8 8] /Index [%s] /Size %d /Root 1 0 R /Prev %d" % (
        listed,
        number + 2,
        last_startxref(signed),
    )
    out += b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (number + 1, stream(rows, entries), start)
    return Sample(bytes(out), honest=signed)
