"""The serial numbers on a revocation list, read from its DER once: looking one up then takes no time.

cryptography goes through the whole list at each look-up: 50,000 entries take milliseconds, for each signature again.
"""

from typing import Final

from asn1crypto import core
from asn1crypto import crl as asn1_crl

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_CERTIFICATE_ISSUER: Final = bytes.fromhex("0603551d1d")
"""Identifier of the extension that lets an entry name another authority's certificate (RFC 5280, 5.3.3)."""


def listed_serials(der: bytes) -> frozenset[int] | None:
    """Give the serial numbers of all entries; None if the list is written in a way that is not plain."""
    try:
        entries = asn1_crl.CertificateList.load(der)["tbs_cert_list"]["revoked_certificates"]
        if isinstance(entries, core.Void):
            return frozenset()
        raw = entries.contents or b""
        if _CERTIFICATE_ISSUER in raw:
            return None
        return frozenset(_serials(raw))
    except (ValueError, TypeError, IndexError):
        return None


def _serials(raw: bytes) -> list[int]:
    found, position = [], 0
    while position < len(raw):
        start, end = _inside(raw, position, _SEQUENCE)
        first, behind = _inside(raw, start, _INTEGER)
        if behind > end:
            raise ValueError("an entry of a revocation list is longer than it says")
        found.append(int.from_bytes(raw[first:behind], signed=True))
        position = end
    return found


def _inside(raw: bytes, position: int, tag: int) -> tuple[int, int]:
    """Give where the contents of a DER value begin and end.

    Raises:
        ValueError: Another tag, a length that DER does not have, or more than there is.
    """
    if raw[position] != tag:
        raise ValueError("an unexpected value in a revocation list")
    length, start = raw[position + 1], position + 2
    if length & 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= 4:
            raise ValueError("a length that is not plain")
        start += octets
        length = int.from_bytes(raw[start - octets : start])
    if start + length > len(raw):
        raise ValueError("a value of a revocation list is cut off")
    return start, start + length
