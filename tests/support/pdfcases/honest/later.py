"""What may follow a signature: validation data, document time-stamps, further signatures, and what a policy permits."""

from io import BytesIO

from asn1crypto import crl as asn1_crl
from pyhanko.sign.validation.dss import DocumentSecurityStore

from docaxis_signing.verdict import Integrity
from pdfcases.case import Case, Group, Sample, honest
from pdfcases.cms import asn1
from pdfcases.editing import append, current, size_of, with_entry
from pdfcases.pages import APPEARANCE, CATALOG, FIELD, form_xobject, plain, stream, text_field
from pdfcases.scene import Scene
from pdfcases.witnesses import PDFSIG, SEEN, UNSEEN, both, fact, pdfsig

PERMITTED = frozenset({Integrity.INTACT, Integrity.INTACT_WITH_PERMITTED_CHANGES})
FILLED = Integrity.INTACT_WITH_PERMITTED_CHANGES
FILL = {FIELD: text_field(b"(12)"), APPEARANCE: form_xobject(b"0 g 4 4 80 20 re f", 300, 60)}


def with_validation_data(scene: Scene, data: bytes) -> bytes:
    """Append validation data as pyHanko writes them."""
    out = BytesIO(data)
    lists = [asn1_crl.CertificateList.load(scene.crl(name)) for name in ("gov-local", "gov-root", "gov-tsa")]
    certificates = [asn1(item) for item in scene.seal.chain]
    DocumentSecurityStore.add_dss(out, sig_contents=None, certs=certificates, crls=lists)
    return out.getvalue()


def dss_by_hand(scene: Scene, data: bytes, vri: bytes = b"") -> bytes:
    """Append validation data by hand."""
    number = size_of(data)
    objects = {
        CATALOG: with_entry(current(data, CATALOG), b" /DSS %d 0 R" % number),
        number: b"<< /Type /DSS /CRLs [%d 0 R] %s >>" % (number + 1, vri % (number + 1) if vri else b""),
        number + 1: stream(scene.crl("gov-local")),
    }
    return append(data, objects)


@honest(Group.LATER, both(PDFSIG, UNSEEN))
def validation_data(scene: Scene) -> Sample:
    """Validation data are added (B-LT)."""
    return Sample(with_validation_data(scene, scene.pair), honest=scene.pair)


@honest(Group.LATER, both(PDFSIG, UNSEEN))
def validation_data_with_their_table(scene: Scene) -> Sample:
    """Validation data with the older table for each signature (VRI)."""
    data = dss_by_hand(scene, scene.signed, b"/VRI << /0123456789ABCDEF0123456789ABCDEF01234567 << /CRL [%d 0 R] >> >>")
    return Sample(data, honest=scene.signed)


@honest(Group.LATER, UNSEEN)
def document_time_stamp(scene: Scene) -> Sample:
    """A document time-stamp follows."""
    return Sample(scene.stamp(scene.pair), honest=scene.pair)


@honest(Group.LATER, UNSEEN)
def archive(scene: Scene) -> Sample:
    """Validation data and a document time-stamp (B-LTA)."""
    return Sample(scene.stamp(dss_by_hand(scene, scene.pair)), honest=scene.pair)


@honest(Group.LATER, UNSEEN)
def archive_renewed(scene: Scene) -> Sample:
    """The archive's time-stamp is renewed by newer data and a further one."""
    first = scene.stamp(dss_by_hand(scene, scene.pair))
    number = size_of(first)
    newer = append(first, {number: stream(scene.crl("gov-tsa"))})
    return Sample(scene.stamp(newer, "Stamp2"), honest=scene.pair)


def _stamp_of_kind(name: str, about: str, kind: bytes) -> Case:
    def build(scene: Scene) -> Sample:
        written = kind + b"/Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161"
        return Sample(scene.stamp(scene.signed, kind=written), honest=scene.signed)

    build.__name__, build.__doc__ = name, about
    return honest(Group.LATER, UNSEEN)(build)


STAMPS_OF_OTHER_KINDS = (
    _stamp_of_kind("document_time_stamp_called_a_signature", "A document time-stamp with /Type /Sig.", b"/Type /Sig "),
    _stamp_of_kind("document_time_stamp_without_a_type", "A document time-stamp without /Type.", b""),
)


@honest(Group.LATER, PDFSIG)
def signature_behind_validation_data(scene: Scene) -> Sample:
    """Validation data for the first signature, then the second signature."""
    first = scene.sign(plain(), "Sig1", scene.person, stamped=True)
    return Sample(scene.sign(dss_by_hand(scene, first), "Sig2", stamped=True))


@honest(
    Group.LATER, fact("pdfsig calls both approvals valid", lambda sample: pdfsig(sample.data).count("is Valid.") == 2)
)
def signature_behind_a_document_time_stamp(scene: Scene) -> Sample:
    """A document time-stamp, then the second signature."""
    first = scene.sign(plain(), "Sig1", scene.person)
    return Sample(scene.sign_anyhow(scene.stamp(first), "Sig2"))


@honest(Group.LATER, both(PDFSIG, UNSEEN))
def certified_and_then_validation_data(scene: Scene) -> Sample:
    """Validation data on a document certified with no changes allowed, which permits them (ETSI EN 319 142-1)."""
    signed = scene.sign(plain(), certify=1)
    return Sample(dss_by_hand(scene, signed), honest=signed)


@honest(Group.LATER, both(SEEN, PDFSIG), integrity=FILLED)
def form_filled_where_the_policy_permits(scene: Scene) -> Sample:
    """A field is filled after signing, under a policy that lets it be."""
    return Sample(append(scene.form, FILL), honest=scene.form, allowed=PERMITTED)


@honest(Group.LATER, both(SEEN, PDFSIG), integrity=FILLED)
def form_filled_where_certified_for_it(scene: Scene) -> Sample:
    """A field is filled in a document certified for filling, under a policy that lets it be."""
    signed = scene.sign(plain(form=True), certify=2)
    return Sample(append(signed, FILL), honest=signed, allowed=PERMITTED)


@honest(Group.LATER, both(SEEN, PDFSIG), integrity=FILLED)
def form_filled_and_locked(scene: Scene) -> Sample:
    """The software that fills a field makes it read-only in the same update (iText does), under such a policy."""
    filled = {FIELD: with_entry(FILL[FIELD], b" /Ff 1"), APPEARANCE: FILL[APPEARANCE]}
    return Sample(append(scene.form, filled), honest=scene.form, allowed=PERMITTED)


@honest(Group.LATER, PDFSIG, integrity=FILLED)
def form_filled_and_then_signed(scene: Scene) -> Sample:
    """The form is filled behind the person's signature and sealed then, under a policy that lets it be."""
    first = scene.sign(plain(form=True), "Sig1", scene.person)
    return Sample(scene.sign(append(first, FILL), "Sig2"), allowed=PERMITTED)


@honest(Group.LATER, both(PDFSIG, UNSEEN))
def empty_update(scene: Scene) -> Sample:
    """A program saves without changing anything."""
    return Sample(append(scene.signed, {}), honest=scene.signed)


@honest(Group.LATER, both(PDFSIG, UNSEEN))
def line_ends_behind_a_signature(scene: Scene) -> Sample:
    """Empty lines behind the end, as some transports add."""
    return Sample(scene.signed + b"\r\n\n", honest=scene.signed)
