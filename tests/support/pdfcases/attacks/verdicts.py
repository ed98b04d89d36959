"""Verdict logic: what must never come out as valid, though nothing is forged, or though something else is good."""

from docaxis_signing.verdict import Cause, Indication, Integrity
from pdfcases.case import Group, Sample, attack
from pdfcases.editing import swap
from pdfcases.pages import assemble, objects_of, plain
from pdfcases.scene import DAY, Scene
from pdfcases.witnesses import NOT_PDFSIG, fact

OPEN = Indication.INDETERMINATE


@attack(
    Group.VERDICTS,
    NOT_PDFSIG,
    Cause.UNSUPPORTED,
    integrity=Integrity.INTACT,
    indication=OPEN,
    rule="known-form",
)
def unknown_form_of_signature(scene: Scene) -> Sample:
    """A form of signature that nobody knows; its cryptography is in order."""
    return Sample(scene.sign(plain(), kind=b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /vn.ca.detached"))


@attack(Group.VERDICTS, NOT_PDFSIG, Cause.BROKEN, integrity=Integrity.BROKEN)
def form_that_was_given_up(scene: Scene) -> Sample:
    """A CMS object under the name adbe.x509.rsa_sha1, a form that pyHanko leaves out silently."""
    return Sample(scene.sign(plain(), kind=b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.x509.rsa_sha1"))


@attack(
    Group.VERDICTS,
    fact("a /ByteRange and no field", lambda sample: b"/ByteRange" in sample.data and b"/FT /Sig" not in sample.data),
    Cause.BROKEN,
    integrity=Integrity.BROKEN,
)
def signature_without_a_field(scene: Scene) -> Sample:
    """A signature dictionary that no field holds: not unsigned, and not signed either."""
    return Sample(assemble(objects_of() | {30: b"<< /Type /Sig /ByteRange [0 9 20 30] /Contents <00> >>"}))


@attack(
    Group.VERDICTS,
    fact("the name is written with an escape", lambda sample: b"/Byte#52ange" in sample.data),
    Cause.BROKEN,
    integrity=Integrity.BROKEN,
)
def signature_under_an_escaped_name(scene: Scene) -> Sample:
    """The same with /ByteRange written with an escape."""
    return Sample(assemble(objects_of() | {30: b"<< /Type /Sig /Byte#52ange [0 9 20 30] /Contents <00> >>"}))


@attack(
    Group.VERDICTS,
    fact("no /ByteRange", lambda sample: b"/ByteRange" not in sample.data),
    Cause.UNSIGNED,
    integrity=Integrity.UNSIGNED,
)
def unsigned(scene: Scene) -> Sample:
    """A document without any signature."""
    return Sample(plain())


@attack(
    Group.VERDICTS,
    fact("a field and no signature", lambda sample: b"/FT /Sig" in sample.data and b"/ByteRange" not in sample.data),
    Cause.UNSIGNED,
    integrity=Integrity.UNSIGNED,
)
def field_that_nobody_signed(scene: Scene) -> Sample:
    """A document with an empty signature field, as it is sent round for signing."""
    field = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Sig1) /P 10 0 R /Rect [0 0 0 0] >>"
    objects = objects_of(catalog=b"/AcroForm << /Fields [30 0 R] >>", page=b"/Annots [30 0 R]") | {30: field}
    return Sample(assemble(objects))


@attack(Group.VERDICTS, NOT_PDFSIG, Cause.BROKEN, integrity=Integrity.BROKEN)
def good_seal_over_a_broken_signature(scene: Scene) -> Sample:
    """The seal is good; the person's signature under it does not match."""
    first = scene.sign(plain(), "Sig1", scene.person)
    broken = swap(first, b"So tien: 1.000.000", b"So tien: 9.000.000")
    return Sample(scene.sign(broken, "Sig2"), honest=first)


@attack(
    Group.VERDICTS,
    fact("two signatures", lambda sample: sample.data.count(b"/ByteRange") == 2),
    Cause.EXPIRED_BEFORE_RECEPTION,
    integrity=Integrity.INTACT,
    indication=OPEN,
    rule="seal-is-last",
)
def expired_seal_behind_a_good_one(scene: Scene) -> Sample:
    """Of two seals the last has expired; an earlier one does not stand in for it."""
    first = scene.sign(plain(), "Sig1")
    return Sample(scene.sign(first, "Sig2", scene.holder(starts=-400 * DAY, ends=-2 * DAY)))


@attack(
    Group.VERDICTS,
    fact("the certificate is in no register", lambda sample: b"/ByteRange" in sample.data),
    Cause.SIGNER_NOT_REGISTERED,
    integrity=Integrity.INTACT,
    indication=OPEN,
)
def signer_in_no_register(scene: Scene) -> Sample:
    """A good signature of somebody whom the register does not know."""
    return Sample(scene.sign(plain(), who=scene.stranger))


@attack(
    Group.VERDICTS,
    fact("/V is no dictionary", lambda sample: b"/V 20 0 R /F" in sample.data),
    Cause.BROKEN,
    Cause.UNREADABLE,
    integrity=Integrity.BROKEN,
)
def field_that_makes_the_library_raise(scene: Scene) -> Sample:
    """A second field's value is a stream; the library raises, and the good signature beside it does not save it."""
    field = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Odd) /V 20 0 R /F 132 /P 10 0 R /Rect [0 0 0 0] >>"
    objects = objects_of(catalog=b"/AcroForm << /Fields [30 0 R] >>", page=b"/Annots [30 0 R]") | {30: field}
    return Sample(scene.sign(assemble(objects)))
