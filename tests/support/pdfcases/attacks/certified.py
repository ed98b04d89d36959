"""Certified documents and locks: what the author allowed, and what evil annotations or sneaky signatures do to it."""

from docaxis_signing.verdict import Cause, Integrity
from pdfcases.attacks.shadows import COVER
from pdfcases.case import Group, Sample, attack
from pdfcases.editing import append, current, size_of, swap
from pdfcases.pages import (
    APPEARANCE,
    CATALOG,
    FIELD,
    PAGE,
    TEXT_OF_PAGE,
    assemble,
    form_xobject,
    objects_of,
    plain,
    stream,
    text_field,
)
from pdfcases.scene import Scene
from pdfcases.witnesses import SEEN, fact

MODIFIED = Integrity.MODIFIED
BOX = (60, 680, 400, 740)
FILL = {FIELD: text_field(b"(9.000.000)"), APPEARANCE: form_xobject(COVER, 300, 60)}


@attack(Group.CERTIFIED, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def form_filled_though_nothing_may_change(scene: Scene) -> Sample:
    """A field is filled in a document certified with no changes allowed (DocMDP 1)."""
    signed = scene.sign(plain(form=True), certify=1)
    return Sample(append(signed, FILL), honest=signed)


@attack(Group.CERTIFIED, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def signed_though_nothing_may_change(scene: Scene) -> Sample:
    """A second signature on a document certified with no changes allowed."""
    signed = scene.sign(plain(), certify=1)
    return Sample(scene.sign(signed, "Sig2", box=BOX), honest=signed)


def _with_note(signed: bytes, kind: bytes) -> bytes:
    number = size_of(signed)
    note = b"<< /Type /Annot /Subtype /%s /Rect [60 680 400 740] /F 4 /P %d 0 R /Contents (9) /AP << /N %d 0 R >> >>"
    page = current(signed, PAGE).replace(b"/Annots [", b"/Annots [%d 0 R " % number)
    return append(
        signed, {PAGE: page, number: note % (kind, PAGE, number + 1), number + 1: form_xobject(COVER, 340, 60)}
    )


@attack(Group.CERTIFIED, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def annotation_though_only_filling_is_allowed(scene: Scene) -> Sample:
    """An annotation covers the sum of a document that allows filling alone (DocMDP 2)."""
    signed = scene.sign(plain(), certify=2)
    return Sample(_with_note(signed, b"FreeText"), honest=signed)


@attack(Group.CERTIFIED, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def evil_annotation(scene: Scene) -> Sample:
    """Evil annotation: the document allows annotations (DocMDP 3); one covers the sum with another."""
    signed = scene.sign(plain(), certify=3)
    return Sample(_with_note(signed, b"FreeText"), honest=signed)


@attack(Group.CERTIFIED, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def evil_stamp(scene: Scene) -> Sample:
    """Evil annotation: a stamp does the same, of a kind that readers do not list among comments."""
    signed = scene.sign(plain(), certify=3)
    return Sample(_with_note(signed, b"Stamp"), honest=signed)


@attack(Group.CERTIFIED, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes", behind=("seal-is-last",))
def sneaky_signature(scene: Scene) -> Sample:
    """Sneaky signature: a stranger's signature with an appearance over the sum, on a document that allows signing."""
    signed = scene.sign(plain(), certify=2)
    return Sample(scene.sign(signed, "Sig2", scene.stranger, box=BOX), honest=signed)


@attack(
    Group.CERTIFIED,
    fact(
        "the certifying field stands second",
        lambda sample: sample.data.index(b"(Sig1)") < sample.data.index(b"/DocMDP"),
    ),
    Cause.MODIFIED,
    integrity=MODIFIED,
    rule="certification-first",
    behind=("later-changes",),
)
def certified_after_an_approval(scene: Scene) -> Sample:
    """A certification signature is put behind an approval, as if it had stood there first."""
    signed = scene.sign(plain(), who=scene.person)
    return Sample(scene.sign(signed, "Sig2", certify=2))


@attack(
    Group.CERTIFIED,
    SEEN,
    Cause.MODIFIED,
    Cause.BROKEN,
    integrity=MODIFIED,
    rule="dictionary-unchanged",
    behind=("gap-is-contents", "ends-with-revision", "later-changes"),
)
def certification_widened(scene: Scene) -> Sample:
    """An update rewrites the certification to allow filling, and fills a field."""
    signed = scene.sign(plain(form=True), certify=1)
    number = size_of(plain(form=True))
    wider = swap(current(signed, number), b"/P 1 /V", b"/P 2 /V")
    return Sample(append(signed, FILL | {number: wider}), honest=signed)


@attack(Group.CERTIFIED, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def certification_taken_out(scene: Scene) -> Sample:
    """An update takes /Perms out of the catalog and fills a field."""
    signed = scene.sign(plain(form=True), certify=1)
    catalog = current(signed, CATALOG)
    return Sample(append(signed, FILL | {CATALOG: catalog[: catalog.index(b"/Perms")] + b">>"}), honest=signed)


@attack(Group.CERTIFIED, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def locked_field_filled(scene: Scene) -> Sample:
    """A field that the signature locks (FieldMDP) is filled."""
    signed = scene.sign(
        plain(form=True),
        entries=b"/Reference [<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams"
        b" << /Type /TransformParams /Action /All /V /1.2 >> >>]",
    )
    return Sample(append(signed, FILL), honest=signed)


@attack(Group.CERTIFIED, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def text_replaced_in_a_certified_document(scene: Scene) -> Sample:
    """An update replaces the text of a document certified for annotations."""
    signed = scene.sign(plain(), certify=3)
    return Sample(append(signed, {TEXT_OF_PAGE: stream(COVER)}), honest=signed)


@attack(
    Group.CERTIFIED,
    fact("/Perms names what no field holds", lambda sample: b"/DocMDP 30 0 R" in sample.data),
    Cause.MODIFIED,
    integrity=MODIFIED,
    rule="certification-first",
)
def certification_that_is_none(scene: Scene) -> Sample:
    """Before anybody signs, the catalog names a certification that is no signature at all."""
    forged = b"<< /Type /Sig /Filter /Adobe.PPKLite /Name (Thu tuong Chinh phu) >>"
    objects = objects_of(catalog=b"/Perms << /DocMDP 30 0 R >>") | {30: forged}
    return Sample(scene.sign(assemble(objects)))
