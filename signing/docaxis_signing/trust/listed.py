"""The serial numbers on a revocation list, read from its DER once: looking one up then takes no time.

cryptography goes through the whole list at each look-up: 50,000 entries take milliseconds, for each signature again.
It still reads the entry of a certificate that is listed, but out of a list that holds nothing else.
"""

from typing import Final

from asn1crypto import core
from asn1crypto import crl as asn1_crl

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_CERTIFICATE_ISSUER: Final = bytes.fromhex("0603551d1d")
"""Identifier of the extension that lets an entry name another authority's certificate (RFC 5280, 5.3.3)."""
_ALGORITHM: Final = bytes.fromhex("300d06092a864886f70d01010b0500")
_HEAD: Final = bytes.fromhex("020101") + _ALGORITHM + bytes.fromhex("3000") + b"\x17\x0d000101000000Z"
"""Second version, SHA-256 with RSA, an issuer without a name, and a time that nobody asks for."""
_TAIL: Final = _ALGORITHM + bytes.fromhex("030100")


def listed_serials(der: bytes) -> dict[int, int] | None:
    """Give the serial numbers of all entries, each with the byte of the list at which its first entry begins.

    None if the list is written in a way that is not plain.
    """
    try:
        entries = asn1_crl.CertificateList.load(der)["tbs_cert_list"]["revoked_certificates"]
        if isinstance(entries, core.Void):
            return {}
        raw = entries.contents or b""
        if _CERTIFICATE_ISSUER in raw:
            return None
        return _serials(raw, der.index(raw))
    except (ValueError, TypeError, IndexError):
        return None


def list_of_one(der: bytes, start: int) -> bytes:
    """Make a list that holds one entry of another and nothing else; it has an issuer and a signature of nobody.

    A library that goes through a list from its beginning finds the entry in it at once, and reads the same bytes.

    Args:
        der: The other list.
        start: Where in it the entry begins.
    """
    _, end = _inside(der, start, _SEQUENCE)
    return _wrapped(_SEQUENCE, _wrapped(_SEQUENCE, _HEAD + _wrapped(_SEQUENCE, der[start:end])) + _TAIL)


def _serials(raw: bytes, offset: int) -> dict[int, int]:
    found: dict[int, int] = {}
    position = 0
    while position < len(raw):
        start, end = _inside(raw, position, _SEQUENCE)
        first, behind = _inside(raw, start, _INTEGER)
        if behind > end:
            raise ValueError("an entry of a revocation list is longer than it says")
        found.setdefault(int.from_bytes(raw[first:behind], signed=True), offset + position)
        position = end
    return found


def _wrapped(tag: int, contents: bytes) -> bytes:
    length = len(contents)
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, length] if length < 0x80 else [tag, 0x80 | len(octets), *octets]) + contents


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
