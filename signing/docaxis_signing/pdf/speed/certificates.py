"""Certificates of a CMS: one object for the same bytes, taken out once, compared by bytes where bytes decide.

asn1crypto compares names by preparing their strings (RFC 4518) in Python, several times a signature; that was half of
what was left of a verdict. The same bytes on both sides give the same answer, so it is kept by both sides' DER.
"""

from collections.abc import Callable, Hashable
from typing import Any, Final

from asn1crypto import cms, x509
from pyhanko.sign import general
from pyhanko.sign.validation import generic_cms

from docaxis_signing.pdf.speed.memory import Memory
from docaxis_signing.pdf.speed.patching import Patch, Pin

KEPT: Final = 4096
"""Certificates and comparisons kept: signers of one busy hour; a certificate parsed takes about 10 kB."""
_EXTRACTED: Final = "_docaxis_certificates"
_SEQUENCE: Final = 0x30

Stock = Callable[..., Any]


class KnownCertificates:
    """Parsed certificates by their DER, and what comparing them with identifiers gave."""

    def __init__(self) -> None:
        self._held: Memory[bytes, x509.Certificate] = Memory(KEPT)
        self._matches: Memory[Hashable, bool] = Memory(KEPT)

    def of(self, der: bytes) -> x509.Certificate:
        """Give the one object for these bytes."""
        found = self._held.get(der)
        if found is None:
            found = x509.Certificate.load(der)
            vars(found)["dump"] = _dumped(der)
            self._held.put(der, found)
        return found

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
        self._matches.clear()

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
            certificates = []
            for choice in signed_data["certificates"]:
                der = choice.chosen.dump() if choice.name == "certificate" else b"\0"
                if der[0] != _SEQUENCE:
                    return stock(signed_data)
                certificates.append(self.of(der))
            signer_info = general.extract_signer_info(signed_data)
            signer, others = general._partition_certs(certificates, signer_info)  # type: ignore[no-untyped-call]  # noqa: SLF001 - what the stock function calls; pinned
            return general.SignedDataCerts(signer_cert=signer, other_certs=others, attribute_certs=[])

        return extract_certificate_info

    def _by_bytes(self, stock: Stock) -> Stock:
        def compare(first: Any, second: Any) -> bool:
            key = (stock, type(first), first.dump(), type(second), second.dump())
            found = self._matches.get(key)
            if found is None:
                found = bool(stock(first, second))
                self._matches.put(key, found)
            return found

        return compare


def _dumped(der: bytes) -> Callable[[bool], bytes]:
    """Give back the bytes that a certificate was read from; asn1crypto looks each time whether a part was changed."""

    def dump(force: bool = False) -> bytes:  # noqa: FBT001, FBT002 - asn1crypto's signature
        return bytes(x509.Certificate.load(der).dump(force)) if force else der

    return dump


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
)
