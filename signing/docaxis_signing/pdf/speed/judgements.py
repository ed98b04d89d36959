"""What pyHanko judges twice over the same bytes is judged once: digest and signature of a signer, its algorithms.

Our own check of integrity and pyHanko's validation both verify the same signer; only success is kept, keyed by every
byte that went into it. Whether algorithms are allowed is kept by algorithm, certificate and policy, where the policy is
one that is known to ignore the time; a refusal is always asked anew.
"""

from collections.abc import Callable, Hashable, Iterator
from functools import lru_cache
from typing import Any, Final

from asn1crypto import cms, x509
from pyhanko.sign import general
from pyhanko.sign.validation import generic_cms, utils
from pyhanko_certvalidator.policy_decl import DisallowWeakAlgorithmsPolicy
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator

from docaxis_signing.patching import Patch, Pin
from docaxis_signing.pdf.speed.der import OBJECT_IDENTIFIER, SEQUENCE, SET, NotPlain, elements
from docaxis_signing.pdf.speed.memory import Memory

SIGNERS_KEPT: Final = 64
"""Signers of the document at hand; a later document brings its own."""
ALGORITHMS_KEPT: Final = 4096
TYPES_KEPT: Final = 256
"""Types of attributes; a document brings a dozen."""
_INDEX: Final = "_docaxis_attributes"

Stock = Callable[..., Any]


class Judgements:
    """What was judged good."""

    def __init__(self) -> None:
        self._signers: Memory[Hashable, tuple[bool, bool]] = Memory(SIGNERS_KEPT)
        self._algorithms: Memory[Hashable, bool] = Memory(ALGORITHMS_KEPT)
        self._named: Memory[Hashable, bool] = Memory(SIGNERS_KEPT)

    def clear(self) -> None:
        """Forget all."""
        self._signers.clear()
        self._algorithms.clear()
        self._named.clear()

    def patches(self) -> tuple[Patch, ...]:
        """Make the replacements."""
        return (
            Patch(
                Pin(generic_cms, "validate_sig_integrity"),
                self._once,
            ),
            Patch(
                Pin(generic_cms, "_enforce_algorithm_usage"),
                self._allowed,
            ),
            Patch(
                Pin(generic_cms, "_check_signing_certificate"),
                self._is_named,
            ),
            Patch(
                Pin(general, "find_cms_attribute_iter"),
                _indexed,
                also=(generic_cms,),
            ),
        )

    def _once(self, stock: Stock) -> Stock:
        def validate_sig_integrity(
            signer_info: cms.SignerInfo,
            cert: x509.Certificate,
            expected_content_type: str,
            actual_digest: bytes,
            sig_validator: Any = None,
        ) -> tuple[bool, bool]:
            ours = sig_validator is None or type(sig_validator) is DefaultSignatureValidator
            key = (signer_info.dump(), cert.dump(), expected_content_type, actual_digest) if ours else None
            kept = None if key is None else self._signers.get(key)
            if kept is None:
                kept = stock(signer_info, cert, expected_content_type, actual_digest, sig_validator)
                if key is not None and kept == (True, True):
                    self._signers.put(key, kept)
            return kept

        return validate_sig_integrity

    def _allowed(self, stock: Stock) -> Stock:
        def _enforce_algorithm_usage(
            signer_info: cms.SignerInfo, cert: x509.Certificate, algorithm_usage_policy: Any, time_indic: Any = None
        ) -> None:
            lifted = type(algorithm_usage_policy) is utils._DefaultPolicyMixin  # noqa: SLF001 - what lifting makes; pinned
            if not lifted or type(algorithm_usage_policy._policy) is not DisallowWeakAlgorithmsPolicy:  # noqa: SLF001 - same
                stock(signer_info, cert, algorithm_usage_policy, time_indic)
                return
            key = (
                algorithm_usage_policy,
                signer_info["digest_algorithm"].dump(),
                signer_info["signature_algorithm"].dump(),
                cert.dump(),
            )
            if self._algorithms.get(key) is None:
                stock(signer_info, cert, algorithm_usage_policy, time_indic)
                self._algorithms.put(key, True)

        return _enforce_algorithm_usage

    def _is_named(self, stock: Stock) -> Stock:
        """Compare a certificate with what the signed attributes say of it once: two steps of a judgement ask for it."""

        def _check_signing_certificate(cert: x509.Certificate, signed_attrs: Any) -> None:
            if type(signed_attrs) is not cms.CMSAttributes:
                stock(cert, signed_attrs)
                return
            key = cert.dump(), signed_attrs.contents
            if self._named.get(key) is None:
                stock(cert, signed_attrs)
                self._named.put(key, True)

        return _check_signing_certificate


def _indexed(stock: Stock) -> Stock:
    """Find attributes by an index that is made once for each set of them; only those that are asked for are read."""

    def find_cms_attribute_iter(attrs: Any, name: str) -> Iterator[Any]:
        if type(attrs) is not cms.CMSAttributes:
            yield from stock(attrs, name)
            return
        index = vars(attrs).get(_INDEX)
        if index is None:
            try:
                index = _index(attrs.contents or b"")
            except NotPlain:
                index = {}
                for place, attribute in enumerate(attrs):
                    index.setdefault(attribute["type"].native, []).append(place)
            setattr(attrs, _INDEX, index)
        for place in index.get(name, ()):
            yield from attrs[place]["values"]

    return find_cms_attribute_iter


@lru_cache(maxsize=2 * SIGNERS_KEPT)
def _index(contents: bytes) -> dict[str, list[int]]:
    """Say at which places of a set of attributes those of each type stand.

    Raises:
        NotPlain: One of them is not a type with a set of values.
    """
    index: dict[str, list[int]] = {}
    for place, attribute in enumerate(elements(contents, 0, len(contents))):
        parts = elements(contents, attribute.contents, attribute.end)
        if attribute.tag != SEQUENCE or [part.tag for part in parts] != [OBJECT_IDENTIFIER, SET]:
            raise NotPlain
        index.setdefault(_type_of(contents[parts[0].start : parts[0].end]), []).append(place)
    return index


@lru_cache(maxsize=TYPES_KEPT)
def _type_of(der: bytes) -> str:
    name: str = cms.CMSAttributeType.load(der).native
    return name


RELIED_ON: Final = (
    Pin(utils, "_DefaultPolicyMixin"),
    Pin(utils, "_ensure_digest_match"),
    Pin(general, "find_unique_cms_attribute"),
)
