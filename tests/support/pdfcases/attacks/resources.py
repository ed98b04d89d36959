"""Resources: files that are small on the wire and huge, deep or endless for whoever reads them."""

import zlib
from typing import Final

from docaxis_signing.verdict import Cause, Indication, Integrity
from pdfcases.case import Case, Group, Sample, Witness, attack
from pdfcases.editing import append, last_startxref, size_of
from pdfcases.pages import plain, stream
from pdfcases.scene import RESERVED, Scene
from pdfcases.witnesses import fact

MEBIBYTE: Final = 1024 * 1024
OPEN = Indication.INDETERMINATE
FAILED = Indication.TOTAL_FAILED
UNREADABLE = Integrity.UNREADABLE


def _inflates(times: int) -> Witness:
    def holds(sample: Sample) -> bool:
        start = sample.data.index(b"stream\n", sample.data.index(b"/FlateDecode")) + 7
        return len(zlib.decompressobj().decompress(sample.data[start:])) > times * len(sample.data)

    return fact(f"a stream inflates to more than {times} times the file", holds)


@attack(
    Group.RESOURCES, _inflates(100), Cause.UNREADABLE, Cause.RESOURCE_LIMIT, integrity=UNREADABLE, indication=FAILED
)
def inflating_table(scene: Scene) -> Sample:
    """A cross-reference stream inflates to 40 MiB."""
    bomb = zlib.compress(bytes(40 * MEBIBYTE), 9)
    head = b"%PDF-1.7\n"
    entries = b"/Type /XRef /Size 9 /W [1 2 1] /Root 1 0 R /Filter /FlateDecode"
    data = head + b"1 0 obj\n" + stream(bomb, entries) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)
    return Sample(data)


@attack(Group.RESOURCES, _inflates(100), Cause.RESOURCE_LIMIT, integrity=UNREADABLE, indication=OPEN)
def inflating_objects(scene: Scene) -> Sample:
    """An object stream inflates to 80 MiB."""
    bomb = zlib.compress(b"1 0 " + b" " * (80 * MEBIBYTE), 9)
    head = b"%PDF-1.7\n"
    packed = b"2 0 obj\n" + stream(bomb, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode") + b"\nendobj\n"
    at = len(head) + len(packed)
    rows = bytes(6) + bytes([2, 0, 0, 0, 2, 0])
    rows += b"".join(b"\1" + place.to_bytes(4) + b"\0" for place in (len(head), at))
    table = b"3 0 obj\n" + stream(rows, b"/Type /XRef /Size 4 /W [1 4 1] /Root 1 0 R") + b"\nendobj\n"
    return Sample(head + packed + table + b"startxref\n%d\n%%%%EOF\n" % at)


@attack(
    Group.RESOURCES,
    fact("/Size is 2147483648", lambda sample: b"/Size 2147483648" in sample.data),
    Cause.UNREADABLE,
    integrity=UNREADABLE,
)
def huge_size_with_a_table_to_match(scene: Scene) -> Sample:
    """A table announces 4,294,967,295 entries and holds none."""
    head = b"%PDF-1.7\nxref\n0 4294967295\ntrailer\n<< /Size 2147483648 /Root 1 0 R >>\n"
    return Sample(head + b"startxref\n9\n%%EOF\n")


def _nested(name: str, about: str, value: bytes, *causes: Cause, integrity: Integrity, indication: Indication) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(append(scene.signed, {size_of(scene.signed): value}))

    build.__name__, build.__doc__ = name, about
    witness = fact("100,000 levels of nesting", lambda sample: sample.data.count(value[:2]) >= 100_000)
    return attack(Group.RESOURCES, witness, *causes, integrity=integrity, indication=indication)(build)


NESTED = (
    _nested(
        "nested_arrays",
        "An object is 100,000 arrays deep.",
        b"[" * 200_000 + b"]" * 200_000,
        Cause.UNREADABLE,
        integrity=UNREADABLE,
        indication=FAILED,
    ),
    _nested(
        "nested_dictionaries",
        "An object is 100,000 dictionaries deep.",
        b"<</A" * 100_000 + b" null" + b">>" * 100_000,
        Cause.UNREADABLE,
        integrity=UNREADABLE,
        indication=FAILED,
    ),
)


def _cycle(name: str, about: str, objects: dict[int, bytes], sign: str, *causes: Cause, integrity: Integrity) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(append(scene.signed, objects))

    build.__name__, build.__doc__ = name, about
    witness = fact("an object refers to itself", lambda sample: sign.encode() in sample.data)
    return attack(Group.RESOURCES, witness, *causes, integrity=integrity)(build)


CYCLES = (
    _cycle(
        "page_tree_in_a_loop",
        "The tree of pages is its own child.",
        {2: b"<< /Type /Pages /Count 1 /Kids [2 0 R] >>"},
        "/Kids [2 0 R]",
        Cause.MODIFIED,
        Cause.UNREADABLE,
        integrity=Integrity.MODIFIED,
    ),
    _cycle(
        "field_tree_in_a_loop",
        "A form field is its own child.",
        {22: b"<< /T (Sig1) /FT /Sig /Kids [22 0 R] >>"},
        "/Kids [22 0 R]",
        Cause.UNREADABLE,
        Cause.RESOURCE_LIMIT,
        Cause.BROKEN,
        integrity=UNREADABLE,
    ),
    _cycle(
        "reference_to_itself",
        "An object is a reference to itself.",
        {20: b"20 0 R"},
        "20 0 R\nendobj",
        Cause.MODIFIED,
        Cause.UNREADABLE,
        integrity=Integrity.MODIFIED,
    ),
)


@attack(
    Group.RESOURCES,
    fact("more than 100 sections", lambda sample: sample.data.count(b"startxref") > 100),
    Cause.RESOURCE_LIMIT,
    integrity=UNREADABLE,
    indication=OPEN,
)
def hundred_updates(scene: Scene) -> Sample:
    """A file of 120 revisions; comparing each with each would take minutes."""
    data = scene.signed
    for _ in range(120):
        data = append(data, {})
    return Sample(data)


@attack(
    Group.RESOURCES,
    fact("600,000 entries", lambda sample: sample.data.count(b" 00000 n \n") >= 600_000),
    Cause.RESOURCE_LIMIT,
    Cause.UNREADABLE,
    integrity=UNREADABLE,
    indication=FAILED,
)
def table_of_600_000_objects(scene: Scene) -> Sample:
    """A table lists 600,000 objects at the same place."""
    data = scene.signed
    rows = b"xref\n100 600000\n" + b"0000000015 00000 n \n" * 600_000
    trailer = b"trailer\n<< /Size 600100 /Root 1 0 R /Prev %d >>\n" % last_startxref(data)
    return Sample(data + rows + trailer + b"startxref\n%d\n%%%%EOF\n" % len(data))


@attack(
    Group.RESOURCES,
    fact("the CMS object nests 3,000 levels", lambda sample: b"3080" * 3000 in sample.data),
    Cause.BROKEN,
    Cause.RESOURCE_LIMIT,
    integrity=Integrity.BROKEN,
)
def nested_cms(scene: Scene) -> Sample:
    """`/Contents` is a tower of sequences of indefinite length."""
    return Sample(scene.sign(plain(), digits=lambda _: b"3080" * (RESERVED // 4)))


@attack(
    Group.RESOURCES,
    fact("/Length is larger than the file", lambda sample: b"/Length 99999999" in sample.data),
    Cause.UNREADABLE,
    Cause.UNACCOUNTED_BYTES,
    Cause.MODIFIED,
    integrity=UNREADABLE,
)
def stream_longer_than_the_file(scene: Scene) -> Sample:
    """A stream of an update says that it goes on behind the end of the file."""
    value = b"<< /Length 99999999 >>\nstream\nshort\nendstream"
    return Sample(append(scene.signed, {size_of(scene.signed): value}))


@attack(
    Group.RESOURCES,
    fact("3,000 blanks before a lone bracket", lambda sample: b" " * 3_000 + b">x" in sample.data),
    Cause.BROKEN,
    Cause.UNREADABLE,
    integrity=Integrity.BROKEN,
)
def blanks_before_what_is_no_token(scene: Scene) -> Sample:
    """A signature dictionary holds 3,000 blanks and then no token: a reader that tries every division never ends."""
    return Sample(scene.sign(plain(), entries=b" " * 3_000 + b">x"))
