"""Updates: what is appended to a signed file: incremental saving (ISA), and what two readers read differently."""

from docaxis_signing.verdict import Cause, Integrity
from pdfcases.case import Group, Sample, attack
from pdfcases.editing import append, byte_range, current, identifier, last_startxref, put, size_of, with_entry
from pdfcases.pages import (
    CATALOG,
    FONT,
    OTHER_TEXT,
    PAGE,
    TEXT_OF_PAGE,
    assemble,
    objects_of,
    page_object,
    plain,
    stream,
)
from pdfcases.scene import Scene
from pdfcases.witnesses import READ_BY_QPDF, SEEN, SEEN_BY_POPPLER, STOCK, drawn, fact

OTHER = {TEXT_OF_PAGE: stream(OTHER_TEXT)}
MODIFIED = Integrity.MODIFIED
UNACCOUNTED = Cause.UNACCOUNTED_BYTES


def _body(number: int, value: bytes, generation: int = 0) -> bytes:
    return b"%d %d obj\n%s\nendobj\n" % (number, generation, value)


def _rebuilt(sample: Sample) -> bool:
    """Let pdfium rebuild the table, as readers do with a file whose end is damaged."""
    data, honest = (item.replace(b"startxref", b"startxreF") for item in (sample.data, sample.honest))
    return drawn(data) != drawn(honest)


REBUILT = fact("pdfium, rebuilding the table, draws another page", _rebuilt)


@attack(Group.UPDATES, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def isa_a_update_with_table(scene: Scene) -> Sample:
    """Incremental saving, variant A: a regular update replaces the page's text."""
    return Sample(append(scene.signed, OTHER), honest=scene.signed)


@attack(Group.UPDATES, STOCK, UNACCOUNTED, integrity=MODIFIED, rule="nothing-follows")
def isa_b_empty_table(scene: Scene) -> Sample:
    """Incremental saving, variant B: other text, a table that lists nothing, a trailer without /Size, no end marker."""
    body = _body(TEXT_OF_PAGE, OTHER[TEXT_OF_PAGE])
    section = b"xref\n0 0\ntrailer\n<< /Root 1 0 R /Prev %d >>\nstartxref\n%d\n"
    data = scene.signed + body + section % (last_startxref(scene.signed), len(scene.signed) + len(body))
    return Sample(data, honest=scene.signed)


@attack(Group.UPDATES, SEEN_BY_POPPLER, UNACCOUNTED, integrity=MODIFIED, rule="nothing-follows")
def isa_b_as_poppler_shows_it(scene: Scene) -> Sample:
    """The same with an offset that leads nowhere, so that readers rebuild the table from what they find."""
    body = _body(TEXT_OF_PAGE, OTHER[TEXT_OF_PAGE])
    data = scene.signed + body + b"trailer\n<< /Root 1 0 R >>\nstartxref\n9\n"
    return Sample(data, honest=scene.signed)


@attack(Group.UPDATES, REBUILT, UNACCOUNTED, integrity=MODIFIED, rule="nothing-follows")
def isa_c_body_alone(scene: Scene) -> Sample:
    """Incremental saving, variant C: objects behind the end marker, without table and trailer."""
    return Sample(scene.signed + _body(TEXT_OF_PAGE, OTHER[TEXT_OF_PAGE]), honest=scene.signed)


@attack(
    Group.UPDATES,
    SEEN,
    Cause.MODIFIED,
    integrity=MODIFIED,
    rule="later-changes",
)
def isa_d_with_a_copy_of_the_signature(scene: Scene) -> Sample:
    """Incremental saving, variant D: the update brings a copy of the signature dictionary along."""
    return Sample(append(scene.signed, OTHER | {21: current(scene.signed, 21)}), honest=scene.signed)


@attack(
    Group.UPDATES,
    fact("the dictionary that counts gives another reason", lambda sample: b"Bac bo" in current(sample.data, 21)),
    Cause.MODIFIED,
    integrity=MODIFIED,
    rule="dictionary-unchanged",
    behind=("later-changes",),
)
def reason_of_the_signature_replaced(scene: Scene) -> Sample:
    """The update writes the signature dictionary once more, with another reason for signing."""
    signed = scene.sign(plain(), entries=b"/Reason (Dong y)", stamped=True)
    return Sample(append(signed, {21: current(signed, 21).replace(b"Dong y", b"Bac bo")}), honest=signed)


@attack(Group.UPDATES, REBUILT, UNACCOUNTED, integrity=MODIFIED, rule="no-gap", behind=("read-alike",))
def object_that_no_table_lists(scene: Scene) -> Sample:
    """An update for a DSS holds one more object, which its table does not list."""
    data = _with_dss(scene.signed, unlisted=_body(TEXT_OF_PAGE, OTHER[TEXT_OF_PAGE]))
    return Sample(data, honest=scene.signed)


@attack(Group.UPDATES, REBUILT, UNACCOUNTED, integrity=MODIFIED, rule="no-gap", behind=("read-alike",))
def object_behind_a_comment(scene: Scene) -> Sample:
    """The same, behind a per cent sign that a rebuilding reader does not see as a comment."""
    body = b"%\n" + _body(TEXT_OF_PAGE, OTHER[TEXT_OF_PAGE])
    return Sample(_with_dss(scene.signed, unlisted=body), honest=scene.signed)


def _with_dss(data: bytes, *, unlisted: bytes = b"", previous: int | None = None, trailer: bytes = b"") -> bytes:
    number = size_of(data)
    objects = {
        CATALOG: with_entry(current(data, CATALOG), b" /DSS %d 0 R" % number),
        number: b"<< /Type /DSS /Certs [] >>",
    }
    return append(data, objects, unlisted=unlisted, previous=previous, trailer=trailer)


@attack(Group.UPDATES, REBUILT, UNACCOUNTED, integrity=MODIFIED, rule="no-gap", behind=("read-alike",))
def empty_table_over_a_body(scene: Scene) -> Sample:
    """A whole update with an end marker whose table lists nothing, though objects stand before it."""
    return Sample(append(scene.signed, {}, unlisted=_body(TEXT_OF_PAGE, OTHER[TEXT_OF_PAGE])), honest=scene.signed)


@attack(
    Group.UPDATES,
    REBUILT,
    UNACCOUNTED,
    Cause.UNREADABLE,
    integrity=MODIFIED,
    rule="startxref-follows",
    behind=(
        "read-alike",
        "no-gap",
    ),
)
def object_behind_the_trailer(scene: Scene) -> Sample:
    """An object stands between the trailer of an update and its `startxref`."""
    data = _with_dss(scene.signed)
    at = data.rindex(b"startxref")
    return Sample(data[:at] + _body(TEXT_OF_PAGE, OTHER[TEXT_OF_PAGE]) + data[at:], honest=scene.signed)


@attack(
    Group.UPDATES,
    SEEN,
    UNACCOUNTED,
    Cause.MODIFIED,
    integrity=MODIFIED,
    rule="stays-where-it-was",
    behind=("later-changes",),
)
def hidden_object_of_the_first_revision(scene: Scene) -> Sample:
    """The signed file holds a second text under the same number that no table lists; an update points to it."""
    hidden = b"\n" + _body(TEXT_OF_PAGE, OTHER[TEXT_OF_PAGE])
    base = plain()
    at = base.index(b"xref\n0 1")
    base = base[:at] + hidden + base[at:].replace(b"startxref\n%d" % at, b"startxref\n%d" % (at + len(hidden)))
    signed = scene.sign(base)
    place = signed.index(hidden) + 1
    update = b"xref\n%d 1\n%010d 00000 n \n" % (TEXT_OF_PAGE, place)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R /Prev %d %s >>\n" % (
        size_of(signed),
        last_startxref(signed),
        identifier(signed),
    )
    return Sample(signed + update + trailer + b"startxref\n%d\n%%%%EOF\n" % len(signed), honest=signed)


@attack(Group.UPDATES, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="ends-with-revision", behind=("later-changes",))
def skipped_revision(scene: Scene) -> Sample:
    """/Prev leads past the revision that was shown and signed to an older draft; the signature is listed again."""
    draft = assemble(objects_of() | OTHER)
    shown = append(draft, {TEXT_OF_PAGE: objects_of()[TEXT_OF_PAGE]})
    signed = scene.sign(shown)
    numbers = {CATALOG: 1, PAGE: 1, 21: 1, 22: 1}
    rows = b"".join(
        b"%d 1\n%010d 00000 n \n" % (number, signed.rindex(b"\n%d 0 obj" % number) + 1) for number in numbers
    )
    trailer = b"trailer\n<< /Size 23 /Root 1 0 R /Info 3 0 R /Prev %d %s >>\n" % (
        last_startxref(draft),
        identifier(signed),
    )
    data = signed + b"xref\n" + rows + trailer + b"startxref\n%d\n%%%%EOF\n" % len(signed)
    return Sample(data, honest=signed)


@attack(Group.UPDATES, SEEN, UNACCOUNTED, integrity=MODIFIED, rule="names-its-section", behind=("later-changes",))
def signed_revision_with_two_faces(scene: Scene) -> Sample:
    """Read alone the signed revision begins at a hidden table and shows one text; behind a later update, another."""
    width = 6 * len(b"00 1\n0000000000 00000 n \n") + len(b"xref\n")
    trailer = b"trailer\n<< /Size 23 /Root 1 0 R >>\n"
    room = stream(b" " * (width + len(trailer) + 40))
    base = assemble(objects_of() | {5: room, 6: stream(OTHER_TEXT)})

    def two_faced(draft: bytes) -> bytes:
        table = draft.index(b"stream\n", draft.index(b"\n5 0 obj")) + len(b"stream\n")
        placed = {number: draft.rindex(b"\n%d 0 obj" % number) + 1 for number in (1, 2, 3, 4, PAGE, 21, 22)}
        placed[TEXT_OF_PAGE] = placed[6] = draft.rindex(b"\n6 0 obj") + 1
        del placed[6], placed[3]
        rows = b"".join(b"%d 1\n%010d 00000 n \n" % item for item in sorted(placed.items()))
        named = b"%d" % last_startxref(draft)
        at = draft.rindex(b"startxref\n") + len(b"startxref\n")
        draft = put(draft, table, b"xref\n" + rows + trailer)
        return put(draft, at, (b"%d" % table).rjust(len(named), b"0"))

    places: list[int] = []

    def remembering(draft: bytes) -> bytes:
        places.append(last_startxref(draft))
        return two_faced(draft)

    signed = scene.sign(base, edit=remembering)
    return Sample(_with_dss(signed, previous=places[0]), honest=signed)


@attack(Group.UPDATES, REBUILT, Cause.UNREADABLE, UNACCOUNTED, integrity=Integrity.UNREADABLE)
def trailer_without_size(scene: Scene) -> Sample:
    """An update whose trailer does not say how many objects there are."""
    data = append(scene.signed, OTHER)
    at = data.rindex(b"/Size")
    return Sample(put(data, at, b"/Sise"), honest=scene.signed)


@attack(Group.UPDATES, REBUILT, Cause.UNREADABLE, integrity=Integrity.UNREADABLE)
def object_listed_twice(scene: Scene) -> Sample:
    """A table lists the page's text twice, first the old one and then another."""
    data = append(scene.signed, OTHER)
    row = b"%d 1\n%010d 00000 n \n" % (TEXT_OF_PAGE, scene.signed.index(b"\n%d 0 obj" % TEXT_OF_PAGE) + 1)
    at = data.rindex(b"xref\n%d 1" % TEXT_OF_PAGE) + len(b"xref\n")
    return Sample(data[:at] + row + data[at:], honest=scene.signed)


@attack(Group.UPDATES, REBUILT, Cause.UNREADABLE, integrity=Integrity.UNREADABLE)
def chain_of_sections_in_a_loop(scene: Scene) -> Sample:
    """/Prev of an update leads to the update itself."""
    data = append(scene.signed, OTHER, previous=0)
    at = data.rindex(b"/Prev 0")
    offset = b"/Prev %d" % last_startxref(data)
    entry = identifier(data)
    tail = data[at:].replace(b"/Prev 0 " + entry, (offset + b" ").ljust(8 + len(entry)), 1)
    return Sample(data[:at] + tail, honest=scene.signed)


@attack(Group.UPDATES, REBUILT, UNACCOUNTED, integrity=MODIFIED)
def section_in_the_gap_of_the_signature(scene: Scene) -> Sample:
    """The table of an update places an object into the padding of `/Contents`, which no signature covers."""
    data = append(scene.signed, OTHER)
    gap = byte_range(scene.signed)[2] - 900
    at = data.rindex(b"xref\n%d 1\n" % TEXT_OF_PAGE) + len(b"xref\n20 1\n")
    return Sample(put(data, at, b"%010d" % gap), honest=scene.signed)


def _hybrid_update(data: bytes, table: bytes, body: bytes, place: int) -> bytes:
    """Append a hybrid update whose stream places the page's text."""
    number = size_of(data)
    at = len(data) + len(body)
    row = b"\1" + place.to_bytes(4) + b"\0" + b"\1" + at.to_bytes(4) + b"\0"
    entries = b"/Type /XRef /Size %d /W [1 4 1] /Index [%d 1 %d 1] /Root 1 0 R" % (number + 1, TEXT_OF_PAGE, number)
    body += _body(number, stream(row, entries))
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Prev %d /XRefStm %d >>\n" % (number + 1, last_startxref(data), at)
    return data + body + table + trailer + b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(body))


@attack(Group.UPDATES, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def hybrid_update_that_hides_other_text(scene: Scene) -> Sample:
    """The table of an update lists nothing new; the cross-reference stream beside it lists other text."""
    data, body = scene.signed, _body(TEXT_OF_PAGE, OTHER[TEXT_OF_PAGE])
    return Sample(_hybrid_update(data, b"xref\n0 1\n0000000000 65535 f \n", body, len(data)), honest=data)


@attack(
    Group.UPDATES,
    fact("the table frees what the stream places", lambda sample: b"xref\n20 1\n0000000000 00001 f" in sample.data),
    UNACCOUNTED,
    integrity=MODIFIED,
    rule="masks-nothing-old",
)
def hybrid_update_that_frees_for_some(scene: Scene) -> Sample:
    """The table of an update frees the page's text, its stream places it: old readers show an empty page."""
    data = scene.signed
    place = data.index(b"\n20 0 obj") + 1
    return Sample(_hybrid_update(data, b"xref\n20 1\n0000000000 00001 f \n", b"", place), honest=data)


def _stream_update(data: bytes, objects: dict[int, bytes]) -> bytes:
    number, out, rows = size_of(data), bytearray(data), {}
    for item, value in objects.items():
        rows[item] = len(out)
        out += _body(item, value)
    rows[number] = len(out)
    packed = b"".join(b"\1" + offset.to_bytes(4) + b"\0" for offset in rows.values())
    index = b" ".join(b"%d 1" % item for item in rows)
    entries = b"/Type /XRef /Size %d /W [1 4 1] /Index [%s] /Root 1 0 R /Prev %d" % (
        number + 1,
        index,
        last_startxref(data),
    )
    start = len(out)
    return bytes(out) + _body(number, stream(packed, entries)) + b"startxref\n%d\n%%%%EOF\n" % start


@attack(Group.UPDATES, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def update_with_a_stream(scene: Scene) -> Sample:
    """The page's text is replaced by an update whose table is a stream."""
    return Sample(_stream_update(scene.signed, OTHER), honest=scene.signed)


@attack(Group.UPDATES, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def page_in_an_object_stream(scene: Scene) -> Sample:
    """The page is replaced by one in a compressed object."""
    data, number = scene.signed, size_of(scene.signed)
    page = page_object(number + 1, b"/Annots [22 0 R]")
    head = b"%d 0 " % PAGE
    packed = stream(head + page, b"/Type /ObjStm /N 1 /First %d" % len(head))
    out, rows = bytearray(data), {}
    for item, value in ((number, packed), (number + 1, OTHER[TEXT_OF_PAGE])):
        rows[item] = len(out)
        out += _body(item, value)
    rows[number + 2] = len(out)
    table = b"\2" + number.to_bytes(4) + b"\0" + b"".join(b"\1" + at.to_bytes(4) + b"\0" for at in rows.values())
    entries = b"/Type /XRef /Size %d /W [1 4 1] /Index [%d 1 %d 3] /Root 1 0 R /Prev %d" % (
        number + 3,
        PAGE,
        number,
        last_startxref(data),
    )
    start = len(out)
    return Sample(
        bytes(out) + _body(number + 2, stream(table, entries)) + b"startxref\n%d\n%%%%EOF\n" % start, honest=data
    )


@attack(Group.UPDATES, READ_BY_QPDF, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def text_freed(scene: Scene) -> Sample:
    """An update frees the page's text, so that an empty page is left."""
    return Sample(append(scene.signed, {}, freed=(TEXT_OF_PAGE,)), honest=scene.signed)


@attack(Group.UPDATES, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def text_of_another_generation(scene: Scene) -> Sample:
    """An update places the page's text anew under the next generation, and the page refers to that."""
    page = current(scene.signed, PAGE).replace(b"/Contents 20 0 R", b"/Contents 20 1 R")
    first = append(scene.signed, OTHER, generation=1)
    return Sample(append(first, {PAGE: page}), honest=scene.signed)


@attack(Group.UPDATES, REBUILT, UNACCOUNTED, integrity=MODIFIED, rule="is-what-is-listed", behind=("later-changes",))
def object_under_another_number(scene: Scene) -> Sample:
    """A table lists a new, unused number where the bytes hold the page's text under its own."""
    number = size_of(scene.signed)
    data = append(scene.signed, {number: stream(OTHER_TEXT)})
    at = data.rindex(b"%d 0 obj" % number)
    return Sample(put(data, at, b"%d 0 obj" % TEXT_OF_PAGE), honest=scene.signed)


@attack(
    Group.UPDATES,
    SEEN,
    UNACCOUNTED,
    integrity=MODIFIED,
    rule="begins-within",
    behind=("read-alike", "names-its-section", "startxref-follows", "no-gap", "stays-where-it-was", "later-changes"),
)
def updates_against_their_order(scene: Scene) -> Sample:
    """The newest update stands before an older one: who cuts the file at an end marker reads another document."""
    signed = scene.signed
    older_trailer, newer_trailer = (
        b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R /Prev %%010d %s >>\n" % (size_of(signed), identifier(signed)),
    ) * 2
    newer = _body(TEXT_OF_PAGE, OTHER[TEXT_OF_PAGE])
    newer_at = len(signed) + len(newer)
    row = b"xref\n%d 1\n%010d 00000 n \n"
    older_body = _body(FONT, current(signed, FONT))
    newer_end = newer_at + len(row % (20, 0)) + len(newer_trailer % 0)
    older_at = newer_end + len(older_body)
    data = signed + newer + row % (TEXT_OF_PAGE, len(signed)) + newer_trailer % older_at
    data += older_body + row % (FONT, newer_end) + older_trailer % last_startxref(signed)
    return Sample(data + b"startxref\n%d\n%%%%EOF\n" % newer_at, honest=signed)
