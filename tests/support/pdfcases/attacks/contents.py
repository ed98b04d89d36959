"""The signature itself: what stands in `/Contents`, and what makes a reader stop looking (USF)."""

from collections.abc import Callable
from dataclasses import replace

from asn1crypto import cms

from docaxis_signing.verdict import Cause, Integrity
from pdfcases.case import Case, Group, Sample, attack
from pdfcases.cms import HONEST, changed, sign_bytes
from pdfcases.editing import contents, put, swap
from pdfcases.pages import plain
from pdfcases.scene import RESERVED, Scene
from pdfcases.witnesses import ALL_BYTES, NOT_PDFSIG, SEEN, SIGNED_BYTES, STOCK, fact, signed_data

SUM, OTHER_SUM = b"So tien: 1.000.000", b"So tien: 9.000.000"
TWO_SIGNERS = fact("two SignerInfos", lambda sample: len(signed_data(sample.data)["signer_infos"]) == 2)
OWN_CONTENT = fact(
    "the CMS object holds content", lambda sample: signed_data(sample.data)["encap_content_info"]["content"].native
)


@attack(Group.CONTENTS, STOCK, Cause.BROKEN, integrity=Integrity.BROKEN, rule="contents-alone")
def bytes_behind_the_cms_object(scene: Scene) -> Sample:
    """Bytes are hidden in the padding of `/Contents`, which no signature covers."""
    _, end = contents(scene.signed)
    return Sample(put(scene.signed, end - 6, b"41"), honest=scene.signed)


@attack(
    Group.CONTENTS,
    TWO_SIGNERS,
    Cause.BROKEN,
    integrity=Integrity.BROKEN,
    rule="one-signer",
    behind=("pyhanko-one-signer",),
)
def two_signers_in_one_signature(scene: Scene) -> Sample:
    """The CMS object names two signers; each reader may judge another."""
    return Sample(scene.sign(plain(), form=replace(HONEST, signers=2)))


@attack(Group.CONTENTS, TWO_SIGNERS, Cause.BROKEN, integrity=Integrity.BROKEN)
def a_second_signer_over_other_bytes(scene: Scene) -> Sample:
    """Behind the good signer stands another one whose digest is of another document."""

    def made(covered: bytes) -> bytes:
        other = signed_of(sign_bytes(b"another document", scene.stranger))

        def add(signed: cms.SignedData) -> None:
            signed["signer_infos"].append(other["signer_infos"][0])

        return changed(sign_bytes(covered, scene.seal), add)

    return Sample(scene.sign(plain(), cms_of=made))


def signed_of(der: bytes) -> cms.SignedData:
    """Read the SignedData of a CMS object."""
    return cms.ContentInfo.load(der)["content"]


@attack(
    Group.CONTENTS,
    OWN_CONTENT,
    Cause.BROKEN,
    integrity=Integrity.BROKEN,
    rule="content-detached",
    behind=("pyhanko-detached",),
)
def content_of_its_own(scene: Scene) -> Sample:
    """The CMS object carries other content beside the digest of the document."""
    return Sample(scene.sign(plain(), form=replace(HONEST, encapsulated=b"another document")))


@attack(Group.CONTENTS, OWN_CONTENT, Cause.BROKEN, integrity=Integrity.BROKEN)
def signature_over_content_of_its_own(scene: Scene) -> Sample:
    """The CMS object signs what it carries itself, and the document around it is another one."""

    def made(_: bytes) -> bytes:
        return sign_bytes(b"what was signed", scene.seal, replace(HONEST, encapsulated=b"what was signed"))

    return Sample(scene.sign(plain(), cms_of=made))


@attack(Group.CONTENTS, SIGNED_BYTES, Cause.BROKEN, integrity=Integrity.BROKEN)
def signature_of_another_document(scene: Scene) -> Sample:
    """The signature of one document is put into another one of the same length."""
    start, end = contents(scene.signed)
    other = scene.sign(plain(2), stamped=True)
    return Sample(put(other, start, scene.signed[start:end]), honest=scene.signed)


@attack(Group.CONTENTS, SEEN, Cause.BROKEN, integrity=Integrity.BROKEN)
def content_rewritten_in_place(scene: Scene) -> Sample:
    """The sum on the page is rewritten under the signature."""
    return Sample(swap(scene.signed, SUM, OTHER_SUM), honest=scene.signed)


@attack(Group.CONTENTS, NOT_PDFSIG, Cause.BROKEN, integrity=Integrity.BROKEN)
def digest_of_another_document(scene: Scene) -> Sample:
    """The signed digest is not that of the document."""
    return Sample(scene.sign(plain(), form=replace(HONEST, message_digest=bytes(32))))


@attack(Group.CONTENTS, NOT_PDFSIG, Cause.BROKEN, integrity=Integrity.BROKEN)
def signer_named_by_another_certificate(scene: Scene) -> Sample:
    """The signer's identifier and the certificate are somebody else's, the key is the attacker's."""
    impersonated = replace(HONEST, names=scene.seal.certificate, refers_to=scene.seal.certificate)

    def made(covered: bytes) -> bytes:
        def others(signed: cms.SignedData) -> None:
            signed["certificates"] = signed_of(sign_bytes(b"", scene.seal))["certificates"]

        return changed(sign_bytes(covered, scene.stranger, impersonated), others)

    return Sample(scene.sign(plain(), cms_of=made))


@attack(
    Group.CONTENTS,
    fact("no certificate in the CMS object", lambda sample: not len(signed_data(sample.data)["certificates"])),
    Cause.BROKEN,
    integrity=Integrity.BROKEN,
)
def no_certificates(scene: Scene) -> Sample:
    """Nobody can tell whose the signature is."""
    return Sample(scene.sign(plain(), form=replace(HONEST, certificates=False)))


def _digits(name: str, about: str, change: Callable[[bytes], bytes], *causes: Cause, integrity: Integrity) -> Case:
    def build(scene: Scene) -> Sample:
        start, end = contents(scene.signed)
        written = change(scene.signed[start:end])
        return Sample(put(scene.signed, start, written), honest=scene.signed)

    build.__name__, build.__doc__ = name, about
    return attack(Group.CONTENTS, ALL_BYTES, *causes, integrity=integrity)(build)


ODD_DIGITS = (
    _digits(
        "a_sign_that_is_no_digit",
        "A letter that is no hexadecimal digit stands in `/Contents`.",
        lambda digits: digits[:10] + b"g" + digits[11:],
        Cause.BROKEN,
        integrity=Integrity.BROKEN,
    ),
    _digits(
        "contents_closed_early",
        "`/Contents` ends at once; the rest of the digits is left over.",
        lambda digits: b"> " + digits[2:],
        Cause.BROKEN,
        integrity=Integrity.BROKEN,
    ),
    _digits(
        "odd_number_of_digits",
        "The last digit is missing; readers complete it differently.",
        lambda digits: digits[:-1] + b" ",
        Cause.BROKEN,
        integrity=Integrity.BROKEN,
    ),
    _digits(
        "cut_short",
        "The CMS object is cut off in the middle.",
        lambda digits: digits[:2000].ljust(RESERVED, b"0"),
        Cause.BROKEN,
        integrity=Integrity.BROKEN,
    ),
    _digits(
        "zeros_alone", "`/Contents` is all zeros.", lambda _: b"0" * RESERVED, Cause.BROKEN, integrity=Integrity.BROKEN
    ),
)


@attack(Group.CONTENTS, NOT_PDFSIG, Cause.BROKEN, integrity=Integrity.BROKEN)
def contents_as_a_literal_string(scene: Scene) -> Sample:
    """`/Contents` stands in parentheses, where escapes make two readings of the same bytes."""
    start, end = contents(scene.signed)
    data = put(scene.signed, start - 1, b"(")
    return Sample(put(data, end, b")"), honest=scene.signed)


def _twice(key: str, entry: bytes, rule: str = "") -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(scene.sign(plain(), entries=entry))

    build.__name__ = f"{key}_twice"
    build.__doc__ = f"The signature dictionary says /{key} twice; of two values two readers take two."
    witness = fact(f"/{key} stands twice", lambda sample: sample.data.count(f"/{key} ".encode()) >= 2)
    return attack(
        Group.CONTENTS,
        witness,
        Cause.BROKEN,
        Cause.UNREADABLE,
        integrity=Integrity.BROKEN,
        rule=rule,
        behind=("pyhanko-strict",) if rule else (),
    )(build)


TWICE = (
    _twice("ByteRange", b"/ByteRange [0 10 20 30]"),
    _twice("SubFilter", b"/SubFilter /adbe.x509.rsa_sha1", "keys-once"),
    _twice("Contents", b"/Contents <3000>"),
)

# Universal signature forgery: the signature is made such that a careless reader does not check it, or shows it as good.


def _forgery(
    name: str,
    about: str,
    old: bytes,
    new: bytes,
    *causes: Cause,
    integrity: Integrity = Integrity.BROKEN,
    rule: str = "",
) -> Case:
    def build(scene: Scene) -> Sample:
        data = swap(scene.signed, SUM, OTHER_SUM)
        return Sample(swap(data, old, new.ljust(len(old))), honest=scene.signed)

    build.__name__, build.__doc__ = name, about
    return attack(Group.CONTENTS, SEEN, *causes, integrity=integrity, rule=rule)(build)


UNIVERSAL_FORGERIES = (
    _forgery(
        "usf_no_byte_range", "The sum is rewritten and /ByteRange renamed.", b"/ByteRange", b"/ByteRangX", Cause.BROKEN
    ),
    _forgery(
        "usf_no_contents", "The sum is rewritten and /Contents renamed.", b"/Contents <", b"/ContentX <", Cause.BROKEN
    ),
    _forgery(
        "usf_no_value",
        "The sum is rewritten and the field holds no signature any more.",
        b"/V 21 0 R",
        b"/V null",
        Cause.BROKEN,
    ),
    _forgery(
        "usf_field_of_another_type",
        "The sum is rewritten and the signature field becomes a text field.",
        b"/FT /Sig",
        b"/FT /Txt",
        Cause.BROKEN,
    ),
    _forgery(
        "usf_unknown_kind",
        "The sum is rewritten and the SubFilter unknown, so that no reader knows how to check.",
        b"/SubFilter /ETSI.CAdES.detached",
        b"/SubFilter /ETSI.CAdES.detachez",
        Cause.BROKEN,
    ),
    _forgery(
        "usf_no_kind",
        "The sum is rewritten and the SubFilter is gone.",
        b"/SubFilter /ETSI.CAdES.detached",
        b"",
        Cause.BROKEN,
    ),
)


@attack(Group.CONTENTS, SEEN, Cause.UNSIGNED, integrity=Integrity.UNSIGNED)
def usf_nothing_left(scene: Scene) -> Sample:
    """The sum is rewritten, the ByteRange renamed and the field emptied: nothing is left but an unsigned document."""
    data = swap(scene.signed, SUM, OTHER_SUM)
    data = swap(data, b"/ByteRange", b"/ByteRangX")
    return Sample(swap(data, b"/V 21 0 R", b"/V null  "), honest=scene.signed)
