"""Updates that some readers take for damaged: they rebuild the file from whatever reads like an object in it.

The signed file holds, behind the text that is shown, another one that no table lists. Everybody shows the first as long
as the tables are followed.
"""

import re
from collections.abc import Callable

from docaxis_signing.verdict import Cause, Integrity
from pdfcases.case import Case, Group, Sample, Witness, attack
from pdfcases.editing import append, current, size_of, with_entry
from pdfcases.pages import CATALOG, OTHER_TEXT, TEXT_OF_PAGE, assemble, objects_of, stream
from pdfcases.scene import Scene
from pdfcases.witnesses import ALL_BYTES, SEEN, SEEN_BY_POPPLER

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
)
