"""Updates that are written as they should be, and replace or take away what was signed."""

import re

from docaxis_signing.verdict import Cause, Integrity
from pdfcases.attacks.updates import MODIFIED, OTHER
from pdfcases.case import Case, Group, Sample, attack
from pdfcases.editing import append, current
from pdfcases.pages import CATALOG, PAGE, TEXT_OF_PAGE, assemble, objects_of, page_object, plain, stream
from pdfcases.scene import Scene
from pdfcases.witnesses import SEEN


def _dangling(name: str, about: str, entry: bytes) -> Case:
    def build(scene: Scene) -> Sample:
        objects = objects_of() | {PAGE: page_object().replace(b"/Contents 20 0 R", b"/Contents [20 0 R 30 0 R]")}
        base = assemble(objects).replace(b"/Size 21", b"/Size 31").replace(b"trailer", entry + b"trailer")
        signed = scene.sign(base)
        return Sample(append(signed, {30: stream(b"1 g 0 0 595 842 re f")}), honest=signed)

    build.__name__, build.__doc__ = name, about
    return attack(Group.UPDATES, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="own-comparison")(build)


DANGLING = (
    _dangling(
        "content_supplied_for_a_dangling_reference",
        "The page refers to content that did not exist when it was signed; an update supplies it.",
        b"",
    ),
    _dangling(
        "content_supplied_for_a_freed_number",
        "The page refers to a freed number; an update places content there.",
        b"30 1\n0000000000 00000 f \n",
    ),
)


@attack(Group.UPDATES, SEEN, Cause.MODIFIED, integrity=MODIFIED, rule="later-changes")
def another_catalog(scene: Scene) -> Sample:
    """The trailer of an update names another catalog with pages of its own and the same form."""
    form = current(scene.signed, CATALOG)
    form = form[form.index(b"/AcroForm") : -2]
    objects = {
        60: b"<< /Type /Catalog /Pages 61 0 R %s >>" % form,
        61: b"<< /Type /Pages /Count 1 /Kids [62 0 R] >>",
        62: page_object(63).replace(b"/Parent 2", b"/Parent 61"),
        63: OTHER[TEXT_OF_PAGE],
    }
    return Sample(append(scene.signed, objects, root=60), honest=scene.signed)


@attack(Group.UPDATES, SEEN, Cause.MODIFIED, Cause.BROKEN, integrity=Integrity.BROKEN)
def form_removed(scene: Scene) -> Sample:
    """An update removes the form, so that the signature vanishes, and replaces the text."""
    catalog = b"<< /Type /Catalog /Pages 2 0 R >>"
    return Sample(append(scene.signed, OTHER | {CATALOG: catalog}), honest=scene.signed)


@attack(
    Group.UPDATES,
    SEEN,
    Cause.MODIFIED,
    Cause.BROKEN,
    integrity=Integrity.BROKEN,
    rule="signature-in-a-field",
    behind=("later-changes",),
)
def one_of_two_fields_removed(scene: Scene) -> Sample:
    """An update takes the first signer out of the form; the second signature is left."""
    catalog = current(scene.pair, CATALOG).replace(b"/Fields [22 0 R", b"/Fields [")
    return Sample(append(scene.pair, OTHER | {CATALOG: catalog}), honest=scene.pair)


@attack(Group.UPDATES, SEEN, Cause.BROKEN, integrity=Integrity.BROKEN, rule="signature-in-a-field")
def approval_removed_before_the_seal(scene: Scene) -> Sample:
    """The person's field is taken out and the text replaced before the organisation seals, which then covers it all."""
    approved = scene.sign(plain(), "Sig1", scene.person)
    emptied = {CATALOG: b"<< /Type /Catalog /Pages 2 0 R >>", PAGE: objects_of()[PAGE]}
    return Sample(scene.sign(append(approved, OTHER | emptied), "Sig2"), honest=approved)


@attack(Group.UPDATES, SEEN, Cause.BROKEN, integrity=Integrity.BROKEN, rule="signature-in-a-field")
def approval_passed_off_as_usage_rights(scene: Scene) -> Sample:
    """The same, and the catalog names the person's signature as what Adobe's reader may do with the file."""
    approved = scene.sign(plain(), "Sig1", scene.person)
    signature = int(re.findall(rb"/V (\d+) 0 R", approved)[0])
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Perms << /UR3 %d 0 R >> >>" % signature
    emptied = {CATALOG: catalog, PAGE: objects_of()[PAGE]}
    return Sample(scene.sign(append(approved, OTHER | emptied), "Sig2"), honest=approved)
