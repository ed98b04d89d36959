"""Certificates of a CMS: one object for the same bytes, taken out once, compared by bytes where bytes decide.

asn1crypto compares names by preparing their strings (RFC 4518) in Python, several times a signature; that was half of
what was left of a verdict. The same bytes on both sides give the same answer, so it is kept by both sides' DER.
"""

from collections.abc import Callable, Hashable
from typing import Any, Final

from asn1crypto import algos, cms, core, tsp, x509
from pyhanko.sign import general
from pyhanko.sign.validation import generic_cms

from docaxis_signing.patching import Patch, Pin
from docaxis_signing.pdf.speed.der import SEQUENCE, NotPlain, elements
from docaxis_signing.pdf.speed.memory import Memory

KEPT: Final = 4096
"""Certificates and comparisons kept: signers of one busy hour; a certificate parsed takes about 10 kB."""
SIGNERS_KEPT: Final = 1024
"""Signers of whom it is kept which certificate of a signature is theirs; with the bytes that say so about 10 kB."""
ALGORITHMS_KEPT: Final = 256
"""Algorithms with their parameters."""
ASKED_KEPT: Final = 64
"""Attributes of the document at hand: what names a signer's certificate is asked for three times a signature."""
SIGNER_PARTS: Final = 7
"""Fields of a signer, absent ones included."""
_ALGORITHMS: Final[dict[str, tuple[int, Any]]] = {
    "digest_algorithm": (2, algos.DigestAlgorithm),
    "signature_algorithm": (4, algos.SignedDigestAlgorithm),
}
"""The algorithms that a signer names, each with its place among the fields and its type."""
_HEADER, _BEHIND = 3, 6
"""Where asn1crypto keeps the bytes of a part that was not read yet: header, contents and trailer."""
_EXTRACTED: Final = "_docaxis_certificates"
_ESS: Final = {
    True: ("signing_certificate_v2", tsp.SigningCertificateV2),
    False: ("signing_certificate", tsp.SigningCertificate),
}
Stock = Callable[..., Any]


class KnownCertificates:
    """Parsed certificates by their DER, and what comparing them with identifiers gave."""

    def __init__(self) -> None:
        self._held: Memory[bytes, x509.Certificate] = Memory(KEPT)
        self._matches: Memory[Hashable, bool] = Memory(KEPT)
        self._signers: Memory[Hashable, tuple[bytes, tuple[bytes, ...]]] = Memory(SIGNERS_KEPT)
        self._named: Memory[Hashable, Any] = Memory(SIGNERS_KEPT)
        self._asked: Memory[Hashable, Any] = Memory(ASKED_KEPT)
        self._algorithms: Memory[Hashable, Any] = Memory(ALGORITHMS_KEPT)

    def of(self, der: bytes) -> x509.Certificate:
        """Give the one object for these bytes."""
        found = self._held.get(der)
        if found is None:
            found = x509.Certificate.load(der)
            if not _is_whole(x509.Certificate, der):
                return found
            key = found.public_key
            _dumps(found, der)
            _dumps(key, key.dump())
            self._held.put(der, found)
        return found

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
        self._matches.clear()
        self._signers.clear()
        self._named.clear()
        self._asked.clear()
        self._algorithms.clear()

    def patches(self) -> tuple[Patch, ...]:
        """Make the replacements."""
        return (
            Patch(
                Pin(general, "extract_certificate_info"),
                self._extract_info,
                also=(generic_cms,),
            ),
            Patch(
                Pin(generic_cms, "extract_certs_for_validation"),
                _extract_once,
            ),
            Patch(
                Pin(generic_cms, "_grab_signing_cert_attr"),
                self._name_once,
            ),
            Patch(
                Pin(general, "match_issuer_serial"),
                self._by_bytes,
            ),
            Patch(
                Pin(general, "check_ess_certid"),
                self._by_bytes,
                also=(generic_cms,),
            ),
        )

    def _extract_info(self, stock: Stock) -> Stock:
        def extract_certificate_info(signed_data: cms.SignedData) -> Any:
            try:
                embedded = _embedded(signed_data["certificates"].contents or b"")
            except NotPlain:
                return stock(signed_data)
            signer_info = general.extract_signer_info(signed_data)
            key = signer_info["sid"].dump(), embedded
            self._share_algorithms(signer_info)
            kept = self._signers.get(key)
            if kept is None:
                signer, others = general._partition_certs(list(map(self.of, embedded)), signer_info)  # type: ignore[no-untyped-call]  # noqa: SLF001 - what the stock function calls; pinned
                kept = signer.dump(), tuple(other.dump() for other in others)
                self._signers.put(key, kept)
            return general.SignedDataCerts(
                signer_cert=self.of(kept[0]), other_certs=list(map(self.of, kept[1])), attribute_certs=[]
            )

        return extract_certificate_info

    def _share_algorithms(self, signer_info: cms.SignerInfo) -> None:
        """Put one object for the same bytes in the place of the algorithms that a signer names: a dozen are in use."""
        for name, (place, kind) in _ALGORITHMS.items():
            unread = signer_info.children[place] if len(signer_info) == SIGNER_PARTS else None
            if type(unread) is not tuple:
                continue
            der = b"".join(unread[_HEADER:_BEHIND])
            kept = self._algorithms.get((name, der))
            if kept is not None:
                signer_info.children[place] = kept
            elif _is_whole(kind, der):
                _dumps(signer_info[name], der)
                self._algorithms.put((name, der), signer_info[name])

    def _name_once(self, stock: Stock) -> Stock:
        """Take what names the signer's certificate apart once: it is the same in all that a signer signs."""

        def _grab_signing_cert_attr(signed_attrs: Any, v2: bool) -> Any:  # noqa: FBT001 - pyHanko's signature
            name, kind = _ESS[v2]
            place = (v2, signed_attrs.contents) if type(signed_attrs) is cms.CMSAttributes else None
            asked = None if place is None else self._asked.get(place)
            if asked is not None:
                return asked
            try:
                der = general.find_unique_cms_attribute(signed_attrs, name).dump()
            except (general.NonexistentAttributeError, general.MultivaluedAttributeError):
                return stock(signed_attrs, v2)
            kept = self._named.get((kind, der))
            if kept is None:
                kept = kind.load(der)
                if _is_whole(kind, der) and len(kept["certs"]):
                    first = kept["certs"][0]
                    _dumps(first, first.dump())
                    self._named.put((kind, der), kept)
            if place is not None and kept is self._named.get((kind, der)):
                self._asked.put(place, kept)
            return kept

        return _grab_signing_cert_attr

    def _by_bytes(self, stock: Stock) -> Stock:
        def compare(first: Any, second: Any) -> bool:
            key = (stock, type(first), first.dump(), type(second), second.dump())
            found = self._matches.get(key)
            if found is None:
                found = bool(stock(first, second))
                self._matches.put(key, found)
            return found

        return compare


def _embedded(contents: bytes) -> tuple[bytes, ...]:
    """Take the set of certificates apart.

    Raises:
        NotPlain: There is something else in it.
    """
    found = elements(contents, 0, len(contents))
    if any(item.tag != SEQUENCE for item in found):
        raise NotPlain
    return tuple(contents[item.start : item.end] for item in found)


def _is_whole(kind: Any, der: bytes) -> bool:
    """Tell whether all of a value can be read.

    What cannot be is never kept: asked for a part that it could not read, asn1crypto raises, and gives something else
    when the same object is asked once more.
    """
    try:
        _ = kind.load(der).native
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - it raises anything on values that it cannot take apart
        return False
    return True


def _dumps(value: Any, der: bytes) -> None:
    """Let a value give back the bytes that it was read from; asn1crypto looks each time whether a part was changed."""

    def dump(force: bool = False) -> bytes:  # noqa: FBT001, FBT002 - asn1crypto's signature
        return bytes(type(value).load(der).dump(force)) if force else der

    vars(value)["dump"] = dump


def _extract_once(stock: Stock) -> Stock:
    """Keep what was taken out of a signature with the signature: its judgement asks for the same once more."""

    def extract_certs_for_validation(signed_data: cms.SignedData) -> Any:
        kept = vars(signed_data).get(_EXTRACTED)
        if kept is None:
            kept = stock(signed_data)
            setattr(signed_data, _EXTRACTED, kept)
        return kept

    return extract_certs_for_validation


RELIED_ON: Final = (
    Pin(general, "_partition_certs"),
    Pin(general, "extract_signer_info"),
    Pin(general, "_get_signer_predicate"),
    Pin(core.SequenceOf, "_parse_children"),
)
