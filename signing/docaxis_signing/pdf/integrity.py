"""Whether a signature matches its bytes, and what happened to the file since: whatever the trust in it is.

Certificates, revocation, the age of algorithms and the trust store play no part here. Two answers are asked for on
what happened since: ours (`difference.py`), which allows nothing that it does not know, and pyHanko's. Ours must always
explain every difference. pyHanko's refusal stands too, but for one case: where all that happened is validation data,
document time-stamps or further signatures, on a document that no certification and no lock restricts, ours alone
decides. That case holds what pyHanko refuses in honest files: cross-reference streams under a number used before,
dangling references, freed objects that nothing refers to, annotations written into the page's array.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from asn1crypto import cms
from pyhanko.pdf_utils import misc
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel, StandardDiffPolicy
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from docaxis_signing.pdf.acceptance import Candidate, RefusedSignature, carries_digest
from docaxis_signing.pdf.comparison import Change, Modified
from docaxis_signing.pdf.difference import Difference, compare
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


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What happened to a file after a signature, all of it permitted."""

    integrity: Integrity
    coverage: str
    modification: str
    filled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def matches(candidate: Candidate) -> None:
    """Check that the signature is one over the bytes that it covers.

    Raises:
        RefusedSignature: The digest or the cryptographic signature is wrong.
    """
    sig = candidate.embedded
    content = sig.signed_data["encap_content_info"]
    digest = _digest(sig, content)
    intact, valid = generic_cms.validate_sig_integrity(
        sig.signer_info, sig.signer_cert, expected_content_type=content["content_type"].native, actual_digest=digest
    )
    if not intact:
        raise _broken("the bytes are not those that were signed", SubIndication.HASH_FAILURE)
    if not valid:
        raise _broken("the signature is not one of the certificate's key", SubIndication.SIG_CRYPTO_FAILURE)


def _digest(sig: EmbeddedPdfSignature, content: cms.EncapsulatedContentInfo) -> bytes:
    """Give the digest that the CMS object has to be a signature of.

    Raises:
        RefusedSignature: It is a signature of something else than the bytes that it covers.
    """
    if content["content_type"].native == "tst_info":
        covered = content["content"].parsed["message_imprint"]["hashed_message"].native
        if covered != sig.compute_digest():
            raise _broken("the time-stamp is one of other bytes", SubIndication.HASH_FAILURE)
    elif carries_digest(sig):
        if content["content"].native != sig.compute_digest("sha1"):
            raise _broken("the bytes are not those that were signed", SubIndication.HASH_FAILURE)
    else:
        return sig.compute_digest()
    algorithm = sig.signer_info["digest_algorithm"]["algorithm"].native
    return hashlib.new(algorithm, bytes(content["content"])).digest()


def _broken(detail: str, sub_indication: SubIndication) -> RefusedSignature:
    return RefusedSignature(detail, Cause.BROKEN, sub_indication=sub_indication)


def aftermath(candidate: Candidate) -> Aftermath:
    """Judge what happened to the file after a signature (rule 4).

    Raises:
        RefusedSignature: Something changed that nothing permits.
    """
    end = sum((candidate.scanned.byte_range or ())[2:])
    revision = candidate.structure.revision_ending_at(end)
    if revision is None:
        raise _modified("the signed bytes do not end with a revision")
    try:
        difference = compare(candidate.data, candidate.structure.revisions, revision.index, candidate.read)
    except (Modified, MalformedSyntax) as error:
        raise _modified(str(error)) from error
    later = len(candidate.structure.revisions) - 1 - revision.index
    refusal = _refusal_of_pyhanko(candidate.embedded, difference, later)
    permitted = difference.level >= Change.STAMP
    return Aftermath(
        integrity=Integrity.INTACT_WITH_PERMITTED_CHANGES if permitted else Integrity.INTACT,
        coverage="ENTIRE_FILE" if end == len(candidate.data) else "ENTIRE_REVISION",
        modification=_LEVELS[difference.level].name,
        filled=difference.filled,
        notes=(f"rule 13: judged without pyHanko's difference analysis: {refusal}",) if refusal else (),
    )


def _refusal_of_pyhanko(sig: EmbeddedPdfSignature, difference: Difference, later: int) -> str:
    """Ask pyHanko, and give its refusal where ours alone decides.

    Raises:
        RefusedSignature: Its refusal stands, or a certification or lock forbids what happened.
    """
    restricted = sig.docmdp_level is not None or sig.fieldmdp is not None
    if sig.docmdp_level is MDPPerm.NO_CHANGES and difference.level > Change.VALIDATION:
        raise _modified("the certification permits no change")
    decides = difference.level is Change.FORM or (restricted and difference.level > Change.VALIDATION)
    if not decides and later > MAX_ASKED_REVISIONS:
        return f"{later} later revisions"
    refusal = _opinion(sig)
    if refusal and decides:
        raise _modified(refusal)
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


def _modified(detail: str) -> RefusedSignature:
    return RefusedSignature(f"rule 4: changed after signing: {detail}", Cause.MODIFIED, integrity=Integrity.MODIFIED)
