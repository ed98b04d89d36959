"""Shadow attacks: the document is prepared before it is signed, and shows something else afterwards."""

from docaxis_signing.verdict import Cause, Indication, Integrity
from pdfcases.case import Group, Sample, attack
from pdfcases.editing import append, current, size_of, with_entry
from pdfcases.pages import (
    APPEARANCE,
    CATALOG,
    FIELD,
    FONT,
    OTHER_TEXT,
    PAGE,
    TEXT,
    TEXT_OF_PAGE,
    assemble,
    form_xobject,
    objects_of,
    page_object,
    plain,
    stream,
    text_field,
)
from pdfcases.scene import Scene
from pdfcases.witnesses import SEEN, STOCK, both

MODIFIED = Integrity.MODIFIED
FILLED = Integrity.INTACT_WITH_PERMITTED_CHANGES
COVER = b"1 g 0 0 300 60 re f 0 g BT /Helv 30 Tf 5 20 Td (9.000.000) Tj ET 0 0 300 8 re f"


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def hide(scene: Scene) -> Sample:
    """Hide: a picture covers the real text when it is signed; an update empties the picture."""
    objects = objects_of() | {
        PAGE: page_object().replace(b"/Contents 20 0 R", b"/Contents [20 0 R 21 0 R]"),
        TEXT_OF_PAGE: stream(OTHER_TEXT),
        21: stream(b"1 g 0 0 595 842 re f 0 g " + TEXT % 1),
    }
    signed = scene.sign(assemble(objects))
    return Sample(append(signed, {21: stream(b"")}), honest=signed)


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def hide_by_a_freed_picture(scene: Scene) -> Sample:
    """Hide: the covering form is freed and the page's resources lose it."""
    resources = b"/Resources << /Font << /F1 4 0 R >> /XObject << /Cover 21 0 R >> >>"
    objects = objects_of() | {
        PAGE: page_object().replace(b"/Resources << /Font << /F1 4 0 R >> >>", resources),
        TEXT_OF_PAGE: stream(OTHER_TEXT + b" /Cover Do"),
        21: form_xobject(b"1 g 0 0 595 842 re f", 595, 842),
    }
    signed = scene.sign(assemble(objects))
    page = current(signed, PAGE).replace(b"/Cover 21 0 R", b"")
    return Sample(append(signed, {PAGE: page}, freed=(21,)), honest=signed)


@attack(
    Group.SHADOWS,
    SEEN,
    Cause.FORM_FILLED,
    integrity=FILLED,
    indication=Indication.INDETERMINATE,
    rule="form-filled",
)
def replace_by_form_overlay(scene: Scene) -> Sample:
    """Replace: an empty field of the signed form gets an appearance that covers the sum."""
    update = {FIELD: text_field(b"(9.000.000)"), APPEARANCE: form_xobject(COVER, 300, 60)}
    return Sample(append(scene.form, update), honest=scene.form)


@attack(Group.SHADOWS, both(SEEN, STOCK), Cause.MODIFIED, integrity=MODIFIED, rule="own-comparison")
def replace_appearance_without_value(scene: Scene) -> Sample:
    """Replace: only the appearance of a field changes, its value stays empty."""
    return Sample(append(scene.form, {APPEARANCE: form_xobject(COVER, 300, 60)}), honest=scene.form)


@attack(Group.SHADOWS, STOCK, Cause.MODIFIED, integrity=MODIFIED, rule="own-comparison", behind=("form-filled",))
def appearance_larger_than_its_box(scene: Scene) -> Sample:
    """Replace: the new appearance has a /BBox that makes it cover the page."""
    huge = form_xobject(COVER, 3000, 600)
    return Sample(append(scene.form, {FIELD: text_field(b"(9)"), APPEARANCE: huge}), honest=scene.form)


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def field_moved_over_the_text(scene: Scene) -> Sample:
    """Replace: the field's rectangle is moved over the sum and filled."""
    moved = text_field(b"(9.000.000)").replace(b"/Rect [60 400 360 460]", b"/Rect [60 680 360 740]")
    update = {FIELD: moved, APPEARANCE: form_xobject(COVER, 300, 60)}
    return Sample(append(scene.form, update), honest=scene.form)


@attack(
    Group.SHADOWS,
    SEEN,
    Cause.FORM_FILLED,
    integrity=FILLED,
    indication=Indication.INDETERMINATE,
    rule="form-filled",
)
def other_state_of_a_box(scene: Scene) -> Sample:
    """Replace: a check box whose other state covers the text is switched over."""
    box = text_field().replace(b"/FT /Tx /T (SoTien) /V ()", b"/FT /Btn /T (SoTien) /V /Off /AS /Off")
    box = box.replace(b"/AP << /N %d 0 R >>" % APPEARANCE, b"/AP << /N << /Off %d 0 R /On 42 0 R >> >>" % APPEARANCE)
    objects = objects_of(form=True) | {FIELD: box, 42: form_xobject(COVER, 300, 60)}
    signed = scene.sign(assemble(objects))
    switched = box.replace(b"/V /Off /AS /Off", b"/V /On /AS /On")
    return Sample(append(signed, {FIELD: switched}), honest=signed)


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def font_replaced(scene: Scene) -> Sample:
    """Replace: an update exchanges the font, so that the same codes show other signs."""
    font = current(scene.signed, FONT).replace(b"/Helvetica", b"/ZapfDingbats")
    return Sample(append(scene.signed, {FONT: font}), honest=scene.signed)


@attack(
    Group.SHADOWS,
    SEEN,
    Cause.UNACCOUNTED_BYTES,
    integrity=MODIFIED,
    rule="stays-where-it-was",
    behind=("later-changes",),
)
def hide_and_replace(scene: Scene) -> Sample:
    """Hide and replace: a second page lies hidden in the signed file under the number of the shown one."""
    hidden = b"%d 0 obj\n%s\nendobj" % (PAGE, page_object(30))
    objects = objects_of() | {5: b"null\nendobj\n" + hidden[: -len(b"\nendobj")], 30: stream(OTHER_TEXT)}
    signed = scene.sign(assemble(objects))
    data = append(signed, {FONT: current(signed, FONT)})
    row = data.rindex(b"trailer")
    place = signed.index(hidden)
    data = data[:row] + b"%d 1\n%010d 00000 n \n" % (PAGE, place) + data[row:]
    return Sample(data, honest=signed)


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def layer_switched_off(scene: Scene) -> Sample:
    """A layer that covers the text is switched off by an update of the catalog."""
    properties = b"/OCProperties << /OCGs [21 0 R] /D << %s /Order [21 0 R] >> >>"
    objects = objects_of(catalog=properties % b"/ON [21 0 R]") | {
        PAGE: page_object().replace(b"/Font << /F1 4 0 R >>", b"/Font << /F1 4 0 R >> /Properties << /L 21 0 R >>"),
        TEXT_OF_PAGE: stream(OTHER_TEXT + b" /OC /L BDC 1 g 0 0 595 842 re f EMC"),
        21: b"<< /Type /OCG /Name (Layer) >>",
    }
    signed = scene.sign(assemble(objects))
    catalog = current(signed, CATALOG).replace(b"/ON [21 0 R]", b"/OFF [21 0 R]")
    return Sample(append(signed, {CATALOG: catalog}), honest=signed)


def _page_changed(name: str, about: str, entry: bytes) -> object:
    def build(scene: Scene) -> Sample:
        page = with_entry(current(scene.signed, PAGE), entry)
        return Sample(append(scene.signed, {PAGE: page}), honest=scene.signed)

    build.__name__, build.__doc__ = name, about
    return attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")(build)


PAGES_CHANGED = (
    _page_changed("page_cropped", "An update crops the page to what suits the attacker.", b" /CropBox [0 500 595 842]"),
    _page_changed("page_turned", "An update turns the page.", b" /Rotate 180"),
)


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def page_added(scene: Scene) -> Sample:
    """An update adds a page behind the signed one."""
    number = size_of(scene.signed)
    pages = b"<< /Type /Pages /Count 2 /Kids [%d 0 R %d 0 R] >>" % (PAGE, number)
    update = {2: pages, number: page_object(number + 1), number + 1: stream(OTHER_TEXT)}
    return Sample(append(scene.signed, update), honest=scene.signed)


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def page_removed(scene: Scene) -> Sample:
    """An update takes the second page out of the document."""
    signed = scene.sign(plain(pages=2))
    pages = b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % PAGE
    return Sample(append(signed, {2: pages}), honest=signed)


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def pages_exchanged(scene: Scene) -> Sample:
    """An update puts the second page in front of the first."""
    signed = scene.sign(plain(pages=2))
    return Sample(append(signed, {2: b"<< /Type /Pages /Count 2 /Kids [11 0 R 10 0 R] >>"}), honest=signed)


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def inherited_resources(scene: Scene) -> Sample:
    """The page inherits its font from the tree of pages; an update exchanges it there."""
    objects = objects_of()
    resources = b" /Resources << /Font << /F1 4 0 R >> >>"
    objects[PAGE] = page_object().replace(resources, b"")
    objects[2] = with_entry(objects[2], resources)
    signed = scene.sign(assemble(objects))
    number = size_of(signed)
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"
    tree = objects[2].replace(b"/F1 4 0 R", b"/F1 %d 0 R" % number)
    return Sample(append(signed, {2: tree, number: font}), honest=signed)


def _annotated(scene: Scene, signed: bytes) -> bytes:
    number = size_of(signed)
    note = (
        b"<< /Type /Annot /Subtype /FreeText /Rect [60 680 400 740] /F 4 /P %d 0 R /DA (/Helv 20 Tf)"
        b" /Contents (9.000.000) /AP << /N %d 0 R >> >>" % (PAGE, number + 1)
    )
    page = current(signed, PAGE)
    page = page.replace(b"/Annots [", b"/Annots [%d 0 R " % number)
    return append(signed, {PAGE: page, number: note, number + 1: form_xobject(COVER, 340, 60)})


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def annotation_over_the_text(scene: Scene) -> Sample:
    """An annotation covers the sum."""
    return Sample(_annotated(scene, scene.signed), honest=scene.signed)


@attack(Group.SHADOWS, SEEN, Cause.MODIFIED, integrity=MODIFIED)
def appearance_of_the_signature_exchanged(scene: Scene) -> Sample:
    """The picture of the signature is exchanged for one that shows other text."""
    signed = scene.sign(plain(), box=(60, 660, 360, 760))
    return Sample(append(signed, {23: form_xobject(COVER, 300, 100)}), honest=signed)


@attack(Group.SHADOWS, both(SEEN, STOCK), Cause.MODIFIED, integrity=MODIFIED, rule="own-comparison")
def empty_field_over_the_text(scene: Scene) -> Sample:
    """An update adds an unsigned signature field whose appearance covers the sum."""
    signed, number = scene.signed, size_of(scene.signed)
    catalog = current(signed, CATALOG).replace(b"/Fields [22 0 R", b"/Fields [22 0 R %d 0 R" % number)
    page = current(signed, PAGE).replace(b"/Annots [", b"/Annots [%d 0 R " % number)
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Empty) /F 4 /P %d 0 R /Rect [60 680 400 740]"
        b" /AP << /N %d 0 R >> >>" % (PAGE, number + 1)
    )
    update = {CATALOG: catalog, PAGE: page, number: field, number + 1: form_xobject(COVER, 340, 60)}
    return Sample(append(signed, update), honest=signed)


@attack(
    Group.SHADOWS,
    SEEN,
    Cause.WRONG_ORDER,
    integrity=Integrity.INTACT_WITH_PERMITTED_CHANGES,
    indication=Indication.INDETERMINATE,
    rule="seal-is-last",
)
def signature_of_a_stranger_over_the_text(scene: Scene) -> Sample:
    """Sneaky signature: a stranger signs behind the seal, with an appearance that covers the sum."""
    box = (60, 680, 400, 740)
    data = scene.sign(scene.signed, "Sig9", scene.stranger, box=box)
    return Sample(data, honest=scene.signed)
