"""Rules of our own over pyHanko's answer, each for something that it, or a reader beside it, lets pass.

Rules that concern the file as a whole are in `structure.py` (every byte accounted for, no hybrid files) and in
`verification.py` (every signature listed, exceptions mapped); these concern one signature. Numbers follow the list in
`docs/explanation/verification.md`.
"""

import binascii
from binascii import unhexlify
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, cast

from asn1crypto import algos, cms, keys
from asn1crypto import parser as asn1_parser
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from docaxis_signing.pdf.limits import MAX_CONTENTS
from docaxis_signing.pdf.objects import Read, Snapshot, same
from docaxis_signing.pdf.structure import PdfStructure, SignatureDictionary
from docaxis_signing.pdf.syntax import MalformedSyntax
from docaxis_signing.trust.context import ALGORITHMS
from docaxis_signing.verdict import Cause, Integrity, SubIndication

MIN_CURVE_BITS: Final = 256
MIN_RSA_EXPONENT: Final = 65_537
"""NIST SP 800-89: smaller exponents make forgeries of badly checked paddings easy; 1 needs no key at all."""
ALGORITHMS_KEPT: Final = 4096
"""Keys with their algorithms that were judged good: signers of one busy hour."""
OWN_KEYS: Final = frozenset({b"ByteRange", b"Contents", b"SubFilter", b"Filter", b"Type"})


class RefusedSignature(Exception):
    """A rule does not hold for a signature."""

    def __init__(
        self,
        rule: str,
        cause: Cause,
        *,
        sub_indication: SubIndication = SubIndication.FORMAT_FAILURE,
        integrity: Integrity = Integrity.BROKEN,
    ) -> None:
        super().__init__(rule)
        self.rule = rule
        self.cause = cause
        self.sub_indication = sub_indication
        self.integrity = integrity


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A signature as the scan saw it."""

    data: bytes
    structure: PdfStructure
    scanned: SignatureDictionary
    read: Read = field(default_factory=Read)
    """What was read of the file for other signatures on it."""

    @property
    def byte_range(self) -> tuple[int, ...]:
        """What the scan read, empty where it is not made of integers."""
        return self.scanned.byte_range or ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Covered):
    """A signature as the scan saw it and as pyHanko reads it."""

    embedded: EmbeddedPdfSignature

    @property
    def covered_bytes(self) -> tuple[memoryview, memoryview]:
        """What the signature is over, once its ByteRange has been accepted."""
        view, (_, length, start, rest) = memoryview(self.data), self.byte_range
        return view[:length], view[start : start + rest]


def keys_once(candidate: Covered) -> None:
    """Rule 3: the signature dictionary says each thing once; of two values two readers take two."""
    if candidate.scanned.twice & OWN_KEYS:
        raise RefusedSignature("rule 3: the signature dictionary has a key twice", Cause.BROKEN)


def dictionary_unchanged(candidate: Covered) -> None:
    """Rule 3: no later revision replaces the signature dictionary by another; some software writes it once more."""
    if candidate.scanned.replaced and not _written_once_more(candidate):
        raise RefusedSignature(
            "rule 3: a later revision replaces the signature dictionary", Cause.MODIFIED, integrity=Integrity.MODIFIED
        )


def _written_once_more(candidate: Covered) -> bool:
    revisions, number = candidate.structure.revisions, candidate.scanned.number
    if number is None:
        return False
    then = Snapshot(candidate.data, revisions[: candidate.scanned.revision + 1], candidate.read)
    now = Snapshot(candidate.data, revisions, candidate.read)
    try:
        alike = same(then.value(number), now.value(number))
    except MalformedSyntax:
        return False
    return alike and then.generation(number) == now.generation(number)


def byte_range_of_four(candidate: Covered) -> None:
    """Rule 3: four integers, none negative, from 0; and both readers see the same four."""
    numbers = candidate.scanned.byte_range
    if numbers is None or len(numbers) != 4 or numbers[0] != 0 or min(numbers) < 0:
        raise RefusedSignature("rule 3: the ByteRange is not four integers from 0", Cause.BROKEN)
    if isinstance(candidate, Candidate) and tuple(candidate.embedded.byte_range) != numbers:
        raise RefusedSignature("rule 3: two readers see two ByteRanges", Cause.BROKEN)


def gap_is_contents(candidate: Covered) -> None:
    """Rule 3: the only gap in what is signed is this signature's own /Contents."""
    if candidate.scanned.contents is None:
        raise RefusedSignature("rule 3: /Contents is no hexadecimal string", Cause.BROKEN)
    if candidate.byte_range[1:3] != candidate.scanned.contents:
        raise RefusedSignature(
            "rule 3: the gap is not exactly this signature's /Contents", Cause.MODIFIED, integrity=Integrity.MODIFIED
        )


def ends_with_revision(candidate: Covered) -> None:
    """Rule 3: what is signed ends where a revision ends, its own or a later one."""
    revision = candidate.structure.revision_ending_at(sum(candidate.byte_range[2:]))
    if revision is None or revision.index < candidate.scanned.revision:
        raise RefusedSignature(
            "rule 3: the signed bytes do not end with a revision", Cause.MODIFIED, integrity=Integrity.MODIFIED
        )


def contents_alone(candidate: Covered) -> None:
    """Rule 7: /Contents is one CMS object and nothing but zeros behind it."""
    start, end = candidate.scanned.contents or (0, 0)
    if end - start > 2 * MAX_CONTENTS:
        raise RefusedSignature("rule 7: /Contents is too large", Cause.RESOURCE_LIMIT)
    digits = candidate.data[start + 1 : end - 1]
    try:
        contents = unhexlify(digits)
    except binascii.Error as error:
        raise RefusedSignature("rule 7: /Contents holds more than pairs of hexadecimal digits", Cause.BROKEN) from error
    try:
        length = asn1_parser.peek(contents)
    except ValueError as error:
        raise RefusedSignature("rule 7: /Contents is no CMS object", Cause.BROKEN) from error
    if contents[length:].strip(b"\0"):
        raise RefusedSignature("rule 7: bytes follow the CMS object in /Contents", Cause.BROKEN)


def one_signer(candidate: Candidate) -> None:
    """Rule 7: one signer; of several each reader judges another."""
    if len(candidate.embedded.signed_data["signer_infos"]) != 1:
        raise RefusedSignature("rule 7: not exactly one signer in /Contents", Cause.BROKEN)


def content_detached(candidate: Candidate) -> None:
    """Rule 7: a signature of the document carries no content of its own; only time-stamp tokens do.

    And those of the old form `adbe.pkcs7.sha1`, whose content is the digest of the document (ISO 32000-1, 12.8.3.3.1).
    One that carries just the bytes that it covers is told apart (`carries_document`): it says nothing else, and is not
    passed.
    """
    kind = candidate.embedded.signed_data["encap_content_info"]
    if kind["content_type"].native == "tst_info" or carries_digest(candidate.embedded):
        return
    if kind["content"].native is not None and not carries_document(candidate):
        raise RefusedSignature("rule 7: the CMS object carries content of its own", Cause.BROKEN)


def carries_document(candidate: Candidate) -> bool:
    """Tell whether a CMS object carries the bytes that its signature covers, once more."""
    content = candidate.embedded.signed_data["encap_content_info"]["content"]
    carried = content.native
    if not isinstance(carried, bytes):
        return False
    first, second = candidate.covered_bytes
    return len(carried) == len(first) + len(second) and carried == b"".join((first, second))


def carries_digest(sig: EmbeddedPdfSignature) -> bool:
    """Tell whether a signature is of the form whose content is the SHA-1 of the document."""
    return bool(sig.sig_object.get("/SubFilter") == "/adbe.pkcs7.sha1")


BYTES_RULES: Final[tuple[Callable[[Covered], None], ...]] = (
    keys_once,
    dictionary_unchanged,
    byte_range_of_four,
    gap_is_contents,
    ends_with_revision,
    contents_alone,
)
"""What is asked of the bytes of any signature, whatever stands in its `/Contents`."""
RULES: Final[tuple[Callable[[Candidate], None], ...]] = (
    *BYTES_RULES,
    one_signer,
    content_detached,
)
"""Rule 8, on algorithms, stands apart (`check_algorithms`): a weak signature is not trusted, and yet its integrity is
answered."""


def accept(candidate: Candidate) -> None:
    """Apply every rule.

    Raises:
        RefusedSignature: The first rule that does not hold.
    """
    for rule in RULES:
        rule(candidate)


def accept_covered(covered: Covered) -> None:
    """Apply the rules on bytes alone.

    Raises:
        RefusedSignature: The first rule that does not hold.
    """
    for rule in BYTES_RULES:
        rule(covered)


def strong_digest(signer: cms.SignerInfo, key: keys.PublicKeyInfo) -> None:  # noqa: ARG001 - one form for all
    """Rule 8: SHA-2 or SHA-3 over the document."""
    digest: algos.DigestAlgorithm = signer["digest_algorithm"]
    if "." in digest["algorithm"].native or not ALGORITHMS.digest_algorithm_allowed(digest, None):
        raise _weak(f"digest {digest['algorithm'].native}")


def strong_signature(signer: cms.SignerInfo, key: keys.PublicKeyInfo) -> None:
    """Rule 8: no weak hash and no short key in the signature itself."""
    signature: algos.SignedDigestAlgorithm = signer["signature_algorithm"]
    if not ALGORITHMS.signature_algorithm_allowed(signature, None, public_key=key):
        raise _weak(f"signature {signature['algorithm'].native} with a key of {key.bit_size} bits")


def large_exponent(signer: cms.SignerInfo, key: keys.PublicKeyInfo) -> None:  # noqa: ARG001 - one form for all
    """Rule 8: see `MIN_RSA_EXPONENT`."""
    if key.algorithm in {"rsa", "rsassa_pss"} and key["public_key"].parsed["public_exponent"].native < MIN_RSA_EXPONENT:
        raise _weak("RSA exponent")


def large_curve(signer: cms.SignerInfo, key: keys.PublicKeyInfo) -> None:  # noqa: ARG001 - one form for all
    """Rule 8: curves from 256 bits."""
    if key.algorithm == "ec" and key.bit_size < MIN_CURVE_BITS:
        raise _weak(f"curve of {key.bit_size} bits")


def one_hash_in_pss(signer: cms.SignerInfo, key: keys.PublicKeyInfo) -> None:  # noqa: ARG001 - one form for all
    """Rule 8: one hash throughout; mixtures weaken PSS to the weaker of them (RFC 4055, 3.1)."""
    if signer["signature_algorithm"]["algorithm"].native != "rsassa_pss":
        return
    parameters, digest = signer["signature_algorithm"]["parameters"], signer["digest_algorithm"]["algorithm"].native
    own = parameters["hash_algorithm"]["algorithm"].native
    mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
    if not own == mask == digest:
        raise _weak(f"PSS with {own}, mask {mask}, digest {digest}")


ALGORITHM_RULES: Final[tuple[Callable[[cms.SignerInfo, keys.PublicKeyInfo], None], ...]] = (
    strong_digest,
    strong_signature,
    large_exponent,
    large_curve,
    one_hash_in_pss,
)


def check_algorithms(signer: cms.SignerInfo, key: keys.PublicKeyInfo) -> None:
    """Judge the algorithms of one CMS signer, a time-stamp's included.

    Raises:
        RefusedSignature: One of them is weak, or they contradict each other.
    """
    _judge_algorithms(
        ALGORITHM_RULES, signer["digest_algorithm"].dump(), signer["signature_algorithm"].dump(), key.dump()
    )


@lru_cache(maxsize=ALGORITHMS_KEPT)
def _judge_algorithms(
    rules: tuple[Callable[[cms.SignerInfo, keys.PublicKeyInfo], None], ...], digest: bytes, signature: bytes, key: bytes
) -> None:
    """Judge by what is written alone, so that what is good is judged once; a refusal is never kept."""
    written = {
        "digest_algorithm": algos.DigestAlgorithm.load(digest),
        "signature_algorithm": algos.SignedDigestAlgorithm.load(signature),
    }
    signer, public_key = cast("cms.SignerInfo", written), keys.PublicKeyInfo.load(key)
    for rule in rules:
        rule(signer, public_key)


def _weak(what: str) -> RefusedSignature:
    return RefusedSignature(
        f"rule 8: {what}",
        Cause.WEAK_ALGORITHM,
        sub_indication=SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
    )


def certification_first(reader: PdfFileReader, scanned: tuple[SignatureDictionary, ...]) -> None:
    """Rule 5: a certification signature is the first on the file, else it would certify what others signed.

    Raises:
        RefusedSignature: An approval stands before it, or it is none of the signatures found.
    """
    if "/Perms" not in reader.root or "/DocMDP" not in reader.root["/Perms"]:
        return
    number = getattr(reader.root["/Perms"].raw_get("/DocMDP"), "idnum", None)
    revision = next((item.revision for item in scanned if item.number == number), None)
    if revision is None or any(item.revision < revision for item in scanned):
        raise RefusedSignature(
            "rule 5: the certification signature is not the first", Cause.MODIFIED, integrity=Integrity.MODIFIED
        )
