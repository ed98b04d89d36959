"""Whether a signature matches its bytes, and what happened to the file since: whatever the trust in it is.

Certificates, revocation, the age of algorithms and the trust store play no part here. Two answers are asked for on
what happened since: ours (`difference.py`), which allows nothing that it does not know, and pyHanko's. Ours must always
explain every difference. pyHanko's refusal stands too, but for one case: where all that happened is validation data,
document time-stamps or further signatures, on a document that no certification and no lock restricts, ours alone
decides. That case holds what pyHanko refuses in honest files: cross-reference streams under a number used before,
dangling references, freed objects that nothing refers to, annotations written into the page's array.
"""

from dataclasses import dataclass
from typing import Final

from asn1crypto import cms, x509
from pyhanko.pdf_utils import misc
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel, StandardDiffPolicy
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from docaxis_signing.pdf.acceptance import Candidate, Covered, RefusedSignature, carries_digest
from docaxis_signing.pdf.comparison import Change, Modified
from docaxis_signing.pdf.difference import Difference, compare
from docaxis_signing.pdf.pictures import covering
from docaxis_signing.pdf.signature_value import EveryForm, UnknownDigest, digest_of
from docaxis_signing.pdf.structure import Revision
from docaxis_signing.pdf.syntax import MalformedSyntax
from docaxis_signing.verdict import Cause, Integrity, SubIndication

_LEVELS: Final = {
    Change.NOTHING: ModificationLevel.NONE,
    Change.VALIDATION: ModificationLevel.LTA_UPDATES,
    Change.SIGNATURE: ModificationLevel.FORM_FILLING,
    Change.STAMP: ModificationLevel.FORM_FILLING,
    Change.FORM: ModificationLevel.FORM_FILLING,
}
"""pyHanko's names for ours; it counts a further signature with an appearance as form filling."""


_POLICY: Final = StandardDiffPolicy(
    DEFAULT_DIFF_POLICY.global_rules, DEFAULT_DIFF_POLICY.form_rule, reject_object_freeing=False
)
"""pyHanko's own rules; whether what an update frees was referred to is ours to judge (rule 6)."""


MAX_ASKED_REVISIONS: Final = 4
"""Later revisions over which pyHanko is asked where its answer does not decide: its cost grows with their square."""
MAX_ASKED_OBJECTS: Final = 20_000
"""Objects of a file over which pyHanko is asked where its answer does not decide: it makes paths to each of them, and a
tagged document of 2,000 pages has 50,000, for which it takes longer than a document may."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What happened to a file after a signature, all of it permitted."""

    integrity: Integrity
    coverage: str
    modification: str
    filled: tuple[str, ...] = ()
    form_changed: bool = False
    covered_by: tuple[str, ...] = ()
    """Fields of further signatures whose pictures lie over what was signed."""
    notes: tuple[str, ...] = ()


def matches(candidate: Candidate) -> bool:
    """Check that the signature is one over the bytes that it covers.

    Returns:
        Whether pyHanko verifies it too; else it is of a form that only `signature_value.py` knows.

    Raises:
        RefusedSignature: The digest or the cryptographic signature is wrong.
    """
    sig = candidate.embedded
    content = sig.signed_data["encap_content_info"]
    try:
        digest = _digest(candidate, content)
    except UnknownDigest as error:
        raise RefusedSignature(f"rule 8: {error}", Cause.UNSUPPORTED) from error
    signed = (sig.signer_info, sig.signer_cert, content["content_type"].native, digest)
    if _verified_by_pyhanko(signed):
        return True
    intact, valid = generic_cms.validate_sig_integrity(*signed, sig_validator=EveryForm(sig.pkcs7_content))
    if not intact:
        raise _broken("the bytes are not those that were signed", SubIndication.HASH_FAILURE)
    if not valid:
        raise _broken("the signature is not one of the certificate's key", SubIndication.SIG_CRYPTO_FAILURE)
    return False


def _verified_by_pyhanko(signed: tuple[cms.SignerInfo, x509.Certificate, str, bytes]) -> bool:
    try:
        return all(generic_cms.validate_sig_integrity(*signed))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - it raises anything on algorithms that it does not know; `EveryForm` is asked next
        return False


def _digest(candidate: Candidate, content: cms.EncapsulatedContentInfo) -> bytes:
    """Give the digest that the CMS object has to be a signature of.

    Raises:
        RefusedSignature: It is a signature of something else than the bytes that it covers.
        UnknownDigest: No library here computes it.
    """
    sig = candidate.embedded
    algorithm = sig.signer_info["digest_algorithm"]["algorithm"].native
    if content["content_type"].native == "tst_info":
        covered = content["content"].parsed["message_imprint"]["hashed_message"].native
        if covered != sig.compute_digest():
            raise _broken("the time-stamp is one of other bytes", SubIndication.HASH_FAILURE)
    elif carries_digest(sig):
        if content["content"].native != sig.compute_digest("sha1"):
            raise _broken("the bytes are not those that were signed", SubIndication.HASH_FAILURE)
    elif "." in algorithm:  # a number that the library has no name for
        return digest_of(algorithm, *candidate.covered_bytes)
    else:
        return sig.compute_digest()
    return digest_of(algorithm, bytes(content["content"]))


def _broken(detail: str, sub_indication: SubIndication) -> RefusedSignature:
    return RefusedSignature(detail, Cause.BROKEN, sub_indication=sub_indication)


def aftermath(candidate: Candidate) -> Aftermath:
    """Judge what happened to the file after a signature (rule 4).

    Raises:
        RefusedSignature: Something changed that nothing permits.
    """
    revision, difference = difference_after(candidate)
    later = len(candidate.structure.revisions) - 1 - revision.index
    objects = sum(len(section) for item in candidate.structure.revisions for section in item.sections)
    refusal = _refusal_of_pyhanko(candidate.embedded, difference, later, objects)
    form_changed = difference.level >= Change.STAMP
    over = covering(difference.pictures, candidate.embedded.reader)
    changed = form_changed or bool(over.hiding)
    return Aftermath(
        integrity=Integrity.INTACT_WITH_PERMITTED_CHANGES if changed else Integrity.INTACT,
        coverage=coverage_of(candidate),
        modification=level_of(difference),
        filled=difference.filled,
        form_changed=form_changed,
        covered_by=over.fields,
        notes=(f"rule 13: judged without pyHanko's difference analysis: {refusal}",) if refusal else (),
    )


def difference_after(covered: Covered) -> tuple[Revision, Difference]:
    """Find the revision that a signature covers, and compare the whole file with it.

    Raises:
        RefusedSignature: It covers none, or something differs that nothing permits.
    """
    revision = covered.structure.revision_ending_at(_end(covered))
    if revision is None:
        raise modified("the signed bytes do not end with a revision")
    try:
        return revision, compare(covered.data, covered.structure.revisions, revision.index, covered.read)
    except (Modified, MalformedSyntax) as error:
        raise modified(str(error)) from error


def _end(covered: Covered) -> int:
    return sum(covered.byte_range[2:])


def coverage_of(covered: Covered) -> str:
    """Give pyHanko's name for what a signature covers."""
    return "ENTIRE_FILE" if _end(covered) == len(covered.data) else "ENTIRE_REVISION"


def level_of(difference: Difference) -> str:
    """Give pyHanko's name for what changed."""
    return _LEVELS[difference.level].name


def _refusal_of_pyhanko(sig: EmbeddedPdfSignature, difference: Difference, later: int, objects: int) -> str:
    """Ask pyHanko, and give its refusal where ours alone decides.

    Raises:
        RefusedSignature: Its refusal stands, or a certification or lock forbids what happened.
    """
    restricted = sig.docmdp_level is not None or sig.fieldmdp is not None
    if sig.docmdp_level is MDPPerm.NO_CHANGES and difference.level > Change.VALIDATION:
        raise modified("the certification permits no change")
    decides = difference.level is Change.FORM or (restricted and difference.level > Change.VALIDATION)
    if not decides and later > MAX_ASKED_REVISIONS:
        return f"{later} later revisions"
    if not decides and later and objects > MAX_ASKED_OBJECTS:
        return f"{objects} objects"
    refusal = _opinion(sig)
    if refusal and decides:
        raise modified(refusal)
    return refusal


def _opinion(sig: EmbeddedPdfSignature) -> str:
    """Give pyHanko's reason to refuse; empty if it has none."""
    try:
        sig.compute_integrity_info(_POLICY)  # type: ignore[no-untyped-call]
        docmdp_ok = sig.summarise_integrity_info()["docmdp_ok"]
    except (MemoryError, misc.PdfStrictReadError):
        raise  # the caller reads once more, laxly, and asks again
    except Exception as error:  # noqa: BLE001 - whatever it raises is no consent
        return f"{type(error).__name__}: {error}"
    result = sig.diff_result
    if not isinstance(result, DiffResult):
        return str(result).splitlines()[0]
    if result.modification_level > ModificationLevel.FORM_FILLING or docmdp_ok is False:
        return f"changes of level {result.modification_level.name}"
    return ""


def modified(detail: str) -> RefusedSignature:
    """Refuse for a change that nothing permits."""
    return RefusedSignature(f"rule 4: changed after signing: {detail}", Cause.MODIFIED, integrity=Integrity.MODIFIED)
