"""Ways of signing: keys, hashes, paddings, forms and numbers of signatures."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
)

from pdfcases.case import Case, Group, Sample, Witness, honest
from pdfcases.cms import HONEST, Form, Pss, indefinite, sign_bytes
from pdfcases.pages import CATALOG, PAGE, assemble, objects_of, page_object, plain
from pdfcases.scene import Scene, updated
from pdfcases.witnesses import PDFSIG, both, fact, signer_certificate, signer_info

CLAIMED = datetime(2026, 1, 1, tzinfo=UTC)
ADOBE = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached"


def _key(name: str, about: str, curve: ec.EllipticCurve | None = None, bits: int = 0) -> Case:
    def build(scene: Scene) -> Sample:
        holder = scene.rsa_holder(bits) if bits else scene.holder(key=ec.generate_private_key(curve or ec.SECP256R1()))
        return Sample(scene.sign(plain(), who=holder))

    build.__name__, build.__doc__ = name, about
    size = bits or (curve.key_size if curve else 256)
    witness = fact(f"a key of {size} bits", lambda sample: _bits(sample) == size)
    return honest(Group.SIGNATURES, both(PDFSIG, witness))(build)


def _bits(sample: Sample) -> int:
    key = signer_certificate(sample.data).public_key()
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    return key.key_size


def _form(name: str, about: str, form: Form, witness: Witness, *, padded: bool = False, **options: Any) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(scene.sign(plain(), who=scene.rsa_holder() if padded else None, form=form, **options))

    build.__name__, build.__doc__ = name, about
    return honest(Group.SIGNATURES, witness)(build)


def _digest(name: str) -> Witness:
    return fact(
        f"the digest is {name}", lambda sample: signer_info(sample.data)["digest_algorithm"]["algorithm"].native == name
    )


def _attribute(name: str, *, there: bool) -> Witness:
    def holds(sample: Sample) -> bool:
        return (name in [item["type"].native for item in signer_info(sample.data)["signed_attrs"]]) is there

    return fact(f"{name} is {'there' if there else 'not there'}", holds)


FORMS = (
    _key("p_384", "A key on P-384.", ec.SECP384R1()),
    _key("p_521", "A key on P-521.", ec.SECP521R1()),
    _key("rsa_2048", "An RSA key of 2048 bits, PKCS#1 v1.5.", bits=2048),
    _key("rsa_3072", "An RSA key of 3072 bits.", bits=3072),
    _key("rsa_4096", "An RSA key of 4096 bits.", bits=4096),
    _form("sha_384", "SHA-384.", replace(HONEST, digest="sha384"), _digest("sha384")),
    _form("sha_512", "SHA-512.", replace(HONEST, digest="sha512"), _digest("sha512")),
    _form("pss", "RSA-PSS with SHA-256.", replace(HONEST, pss=Pss()), PDFSIG, padded=True),
    _form(
        "pss_of_sha_512",
        "RSA-PSS with SHA-512 throughout and its own salt.",
        replace(HONEST, digest="sha512", pss=Pss("sha512", "sha512", 64)),
        PDFSIG,
        padded=True,
    ),
    _form(
        "pss_with_the_longest_salt",
        "RSA-PSS with a salt of another length.",
        replace(HONEST, pss=Pss(salt=100)),
        PDFSIG,
        padded=True,
    ),
    _form(
        "adobe_form",
        "The older form adbe.pkcs7.detached without a reference to the certificate.",
        replace(HONEST, reference=False),
        both(PDFSIG, _attribute("signing_certificate_v2", there=False)),
        kind=ADOBE,
    ),
    _form("adobe_form_with_reference", "The older form with the reference.", HONEST, PDFSIG, kind=ADOBE),
    _form(
        "pades_form_without_reference",
        "A PAdES form whose signer left the reference out; told at level ISO32000.",
        replace(HONEST, reference=False),
        _attribute("signing_certificate_v2", there=False),
    ),
    _form(
        "claimed_time",
        "The signer says when it signed, in both places.",
        replace(
            HONEST,
            attributes=(("signing_time", asn1_cms.Time({"utc_time": core.UTCTime(CLAIMED)})),),
        ),
        _attribute("signing_time", there=True),
        entries=b"/M (D:20260101000000Z) /Name (Tran Duc Thinh) /Reason (Phe duyet) /Location (Ha Noi)",
    ),
    _form("stamped", "A time-stamp over the signature (B-T).", HONEST, PDFSIG, stamped=True),
    _form("visible", "A picture of the signature.", HONEST, PDFSIG, box=(60, 200, 200, 260)),
    _form("hidden_in_no_picture", "A signature without a picture.", HONEST, PDFSIG),
    _form("certified_without_changes", "Certified, nothing may change (DocMDP 1).", HONEST, PDFSIG, certify=1),
    _form("certified_for_filling", "Certified, forms may be filled (DocMDP 2).", HONEST, PDFSIG, certify=2),
    _form("certified_for_annotations", "Certified, annotations may be made (DocMDP 3).", HONEST, PDFSIG, certify=3),
)


@honest(Group.SIGNATURES, fact("two time-stamps", lambda sample: len(signer_info(sample.data)["unsigned_attrs"]) == 2))
def stamped_twice(scene: Scene) -> Sample:
    """Two time-stamps on one signature."""
    return Sample(scene.sign(plain(), form=replace(HONEST, stamps=(scene.token(), scene.token()))))


@honest(Group.SIGNATURES, fact("the outer length is indefinite", lambda sample: b"/Contents <3080" in sample.data))
def indefinite_lengths(scene: Scene) -> Sample:
    """A CMS object with indefinite lengths, as several producers write it."""
    return Sample(scene.sign(plain(), cms_of=lambda covered: indefinite(sign_bytes(covered, scene.seal))))


@honest(Group.SIGNATURES, PDFSIG)
def certificate_without_its_chain(scene: Scene) -> Sample:
    """The file brings the signer's certificate alone; the authorities are configured."""
    return Sample(scene.sign(plain(), who=replace(scene.seal, chain=())))


@honest(Group.SIGNATURES, PDFSIG)
def certificate_for_e_mail_too(scene: Scene) -> Sample:
    """The certificate names usages that do not speak against documents."""
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH])
    return Sample(scene.sign(plain(), who=scene.holder(extensions=((usages, False),))))


@honest(Group.SIGNATURES, PDFSIG)
def expired_after_its_time_stamp(scene: Scene) -> Sample:
    """The certificate has expired since; the time-stamp proves that it was good, and the list still speaks of it."""
    day = (scene.now - scene.now).__class__(days=1)
    holder = scene.holder(starts=-40 * day, ends=-day)
    lists = scene.snapshot(gov_local=scene.crl("gov-local", issued=scene.now - 2 * day, lifetime=9 * day))
    return Sample(scene.sign(plain(), who=holder, stamped=scene.now - 3 * day), lists=lists)


@honest(Group.SIGNATURES, PDFSIG)
def field_prepared_for_signing(scene: Scene) -> Sample:
    """The field and its place were prepared by the drafter; the signer fills it."""
    box = (60, 200, 200, 260)
    base = updated(plain(), lambda writer: append_signature_field(writer, SigFieldSpec("Sig1", box=box)))
    return Sample(scene.sign_anyhow(base, "Sig1"), honest=base)


@honest(Group.SIGNATURES, PDFSIG)
def two_fields_prepared(scene: Scene) -> Sample:
    """Two prepared fields are signed one after the other."""
    base = plain()
    for name, left in (("Sig1", 60), ("Sig2", 300)):
        spec = SigFieldSpec(name, box=(left, 200, left + 140, 260))
        base = updated(base, lambda writer, spec=spec: append_signature_field(writer, spec))  # type: ignore[misc]
    return Sample(scene.sign_anyhow(scene.sign_anyhow(base, "Sig1", scene.person), "Sig2"))


@honest(Group.SIGNATURES, PDFSIG)
def certified_and_then_signed(scene: Scene) -> Sample:
    """Certified for filling, then signed in a prepared field."""
    base = updated(
        plain(), lambda writer: append_signature_field(writer, SigFieldSpec("Sig2", box=(300, 200, 440, 260)))
    )
    options = {"certify": True, "docmdp_permissions": MDPPerm.FILL_FORMS}
    return Sample(scene.sign_anyhow(scene.sign_anyhow(base, "Sig1", scene.person, **options), "Sig2"))


@honest(Group.SIGNATURES, PDFSIG)
def field_that_locks_others(scene: Scene) -> Sample:
    """A prepared field locks the form when it is signed (FieldMDP)."""
    lock = FieldMDPSpec(FieldMDPAction.ALL)
    spec = SigFieldSpec("Sig1", box=(60, 200, 200, 260), field_mdp_spec=lock)
    base = updated(plain(form=True), lambda writer: append_signature_field(writer, spec))
    return Sample(scene.sign_anyhow(base, "Sig1"))


@honest(Group.SIGNATURES, fact("the field has a parent", lambda sample: b"/Parent 30 0 R" in sample.data))
def field_below_another(scene: Scene) -> Sample:
    """The signature field stands in a tree of fields."""
    objects = objects_of(catalog=b"/AcroForm << /Fields [30 0 R] /SigFlags 0 >>", page=b"/Annots [31 0 R]") | {
        30: b"<< /T (KyDuyet) /Kids [31 0 R] >>",
        31: b"<< /Type /Annot /Subtype /Widget /FT /Sig /Parent 30 0 R /T (Nguoi) /P 10 0 R /F 132 /Rect [0 0 0 0] >>",
    }
    return Sample(scene.sign_anyhow(assemble(objects), "KyDuyet.Nguoi"))


@honest(
    Group.SIGNATURES, fact("two fields, one signature dictionary", lambda sample: sample.data.count(b"/ByteRange") == 1)
)
def one_signature_in_two_places(scene: Scene) -> Sample:
    """Two fields, made before signing, show the one signature; it counts once."""
    number = max(objects_of()) + 1
    twin = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Twin) /V %d 0 R /F 132 /P %d 0 R /Rect [0 0 0 0] >>"
    objects = objects_of() | {
        CATALOG: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%d 0 R] >> >>" % number,
        PAGE: page_object(extra=b"/Annots [%d 0 R]" % number),
        number: twin % (number + 1, PAGE),
    }
    return Sample(scene.sign(assemble(objects)))


def _several(count: int) -> Case:
    def build(scene: Scene) -> Sample:
        data = plain()
        for index in range(count):
            box = (40 + 105 * index, 200, 130 + 105 * index, 260)
            who = scene.seal if index == count - 1 else scene.person
            data = scene.sign_anyhow(data, f"Sig{index + 1}", who, box=box)
        return Sample(data)

    build.__name__ = f"{('one', 'two', 'three', 'four', 'five')[count - 1]}_signatures"
    build.__doc__ = f"{count} visible signatures in sequence by pyHanko."
    return honest(Group.SIGNATURES, PDFSIG)(build)


SEVERAL = (_several(1), _several(3), _several(5))


@honest(Group.SIGNATURES, PDFSIG)
def adobe_form_by_pyhanko(scene: Scene) -> Sample:
    """The older form as pyHanko writes it."""
    return Sample(scene.sign_anyhow(plain(), subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED))
