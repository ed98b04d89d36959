"""What widely used software leaves in files that are signed: marks of its own, rights, references to the catalog."""

from pdfcases.case import Group, Sample, honest
from pdfcases.editing import append, current, size_of, with_entry
from pdfcases.honest.later import with_validation_data
from pdfcases.pages import CATALOG, PAGES, assemble, objects_of, plain, stream
from pdfcases.scene import RESERVED, Scene
from pdfcases.witnesses import PDFSIG, UNSEEN, both, fact

RIGHTS = (
    b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /Contents <3000> /ByteRange [0 10 20 30]"
    b" /Reference [<< /Type /SigRef /TransformMethod /UR3 /TransformParams << /Form [/FillIn] /Signature [/Modify] >>"
    b" /Data 1 0 R >>] >>"
)
"""What Adobe's reader is told that it may do; a signature of Adobe's, made when the form was published."""
FIELD_LOCK = (
    b"/Reference [<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams << /Type /TransformParams /Action /All"
    b" /V /1.2 >> /Data 1 0 R >>]"
)
TWO_BYTE_RANGES = fact("a second /ByteRange, in no field", lambda sample: sample.data.count(b"/ByteRange") >= 2)


@honest(Group.PRODUCERS, TWO_BYTE_RANGES)
def usage_rights_in_the_catalog(scene: Scene) -> Sample:
    """A form published for Adobe's reader says what it may do in its catalog, is signed, and gets validation data."""
    catalog = b"/Perms << /UR3 %s >>" % RIGHTS
    return Sample(with_validation_data(scene, scene.sign(plain(catalog=catalog), stamped=True)))


@honest(Group.PRODUCERS, TWO_BYTE_RANGES)
def usage_rights_in_an_object(scene: Scene) -> Sample:
    """The same rights in an object of their own."""
    objects = objects_of(catalog=b"/Perms << /UR3 45 0 R >>") | {45: RIGHTS}
    return Sample(with_validation_data(scene, scene.sign(assemble(objects), stamped=True)))


@honest(Group.LATER, both(PDFSIG, UNSEEN))
def lock_that_names_the_catalog(scene: Scene) -> Sample:
    """A signature with a lock names the catalog as what the lock is about, as Acrobat does; validation data follow."""
    signed = scene.sign(plain(), entries=FIELD_LOCK, stamped=True)
    return Sample(with_validation_data(scene, signed), honest=signed)


@honest(Group.LATER, both(PDFSIG, UNSEEN))
def mark_in_the_page_tree(scene: Scene) -> Sample:
    """The second signer's software (iText 5) leaves its version in the root of the pages."""
    first = scene.sign(plain(), "Sig1", scene.person, stamped=True)
    draft = append(first, {PAGES: with_entry(current(first, PAGES), b" /ITXT (5.0.0)")})
    return Sample(scene.sign(draft, "Sig2", stamped=True), honest=first)


@honest(Group.LATER, both(PDFSIG, UNSEEN))
def resources_of_the_form_written_anew(scene: Scene) -> Sample:
    """The second signer's software writes what the form draws with once more, under another number."""
    look = stream(b"% blank", b"/Type /XObject /Subtype /Form /BBox [0 0 100 100]")
    form = b"/AcroForm << /Fields [] /DR << /Blank %d 0 R >> >>"
    objects = objects_of(catalog=form % 45) | {45: look}
    first = scene.sign(assemble(objects), "Sig1", scene.person, stamped=True)
    number = size_of(first)
    draft = append(
        first, {CATALOG: current(first, CATALOG).replace(b"/Blank 45 0 R", b"/Blank %d 0 R" % number), number: look}
    )
    return Sample(scene.sign(draft, "Sig2", stamped=True), honest=first)


@honest(
    Group.LATER,
    both(UNSEEN, fact("the dictionary stands twice", lambda sample: sample.data.count(b"0" * (RESERVED // 4)) >= 2)),
)
def signature_dictionary_written_once_more(scene: Scene) -> Sample:
    """Software that adds validation data writes the signature dictionary once more, just as it was."""
    number = size_of(plain())
    again = append(scene.signed, {number: current(scene.signed, number)})
    return Sample(with_validation_data(scene, again), honest=scene.signed)
