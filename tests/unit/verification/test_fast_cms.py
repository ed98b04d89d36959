"""A CMS object taken apart by the small reader gives what pyHanko takes from it, whatever was done to its bytes."""

from io import BytesIO
from itertools import product
from typing import Any

import pytest
from asn1crypto import cms
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import general as general_module
from pyhanko.sign.validation import generic_cms as generic_cms_module
from pyhanko.sign.validation.errors import SignatureValidationError

from bothways import ENGINE
from docaxis_signing.pdf.speed.certificates import KnownCertificates
from docaxis_signing.pdf.speed.der import NotPlain, elements

general: Any = general_module  # names that it does not export
generic_cms: Any = generic_cms_module
NAMES = (
    "content_type",
    "message_digest",
    "signing_time",
    "signing_certificate",
    "signing_certificate_v2",
    "cms_algorithm_protection",
    "signature_time_stamp_token",
    "1.2.840.113583.1.1.8",
)
ALGORITHMS = ("digest_algorithm", "signature_algorithm")


def taken(act: Any) -> Any:
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - whatever it is, both have to raise it
        return type(error)


def certificates(signed: Any) -> Any:
    found = generic_cms.extract_certs_for_validation(signed)
    return found.signer_cert.dump(), [other.dump() for other in found.other_certs], found.attribute_certs


def values(attributes: Any, name: str) -> Any:
    return [value.dump() for value in general.find_cms_attribute_iter(attributes, name)]


def reference(attributes: Any) -> Any:
    found = generic_cms.get_signing_cert_attr(attributes)
    return None if found is None else (found.dump(), found["certs"][0].native)


def algorithm(signed: Any, name: str) -> Any:
    found = general.extract_signer_info(signed)[name]
    return found.dump(), found.native, found["algorithm"].native


def facts(der: bytes) -> Any:
    """All that judging takes from a CMS object through replaced functions."""
    signed = taken(lambda: cms.ContentInfo.load(der)["content"])
    told = [taken(lambda: certificates(signed)), taken(lambda: certificates(signed))]
    for kind in ("signed_attrs", "unsigned_attrs"):
        attributes = taken(lambda kind=kind: general.extract_signer_info(signed)[kind])
        told += [taken(lambda attributes=attributes, name=name: values(attributes, name)) for name in NAMES]
        told.append(taken(lambda attributes=attributes: reference(attributes)))
    told += [taken(lambda name=name: algorithm(signed, name)) for name in ALGORITHMS]
    return told


def both(der: bytes) -> Any:
    stock = facts(der)
    with ENGINE.on():
        assert facts(der) == stock
        assert facts(der) == stock
    return stock


@pytest.fixture(scope="module")
def contents(pair: bytes) -> list[bytes]:
    """The CMS objects of a signature and of its time-stamp."""
    signature: Any = PdfFileReader(BytesIO(pair)).embedded_signatures[0]
    found = [signature.signed_data]
    found += generic_cms.extract_tst_data_iter(signature.signer_info, signed=False)
    return [cms.ContentInfo({"content_type": "signed_data", "content": item}).dump() for item in found]


def test_whole_objects(contents: list[bytes]) -> None:
    for der in contents:
        told = both(der)
        assert not any(isinstance(one, type) for one in told[:2])


def test_attributes_of_another_form(contents: list[bytes]) -> None:
    """A tag in an attribute is another: what stock makes of it, and of those beside it, is what is made of it."""
    for der in contents:
        attributes = general.extract_signer_info(cms.ContentInfo.load(der)["content"])["signed_attrs"].contents
        begin = der.index(attributes)
        found = elements(attributes, 0, len(attributes))
        places = [item.start for item in found]
        places += [part.start for item in found for part in elements(attributes, item.contents, item.end)]
        for place, tag in product(places, (0x04, 0x30, 0x31)):
            changed = bytearray(der)
            changed[begin + place] = tag
            both(bytes(changed))


def test_algorithms_of_another_form(contents: list[bytes]) -> None:
    for der in contents:
        signer = general.extract_signer_info(cms.ContentInfo.load(der)["content"])
        for name in ALGORITHMS:
            part = signer[name].dump()
            begin = der.rindex(part)
            for place in range(len(part)):
                changed = bytearray(der)
                changed[begin + place] ^= 1
                both(bytes(changed))


def test_a_certificate_that_the_signer_did_not_name_is_refused_each_time(contents: list[bytes]) -> None:
    """Of certificate and attributes each is part of what is kept."""
    one, other = (cms.ContentInfo.load(der)["content"] for der in contents)
    named, another = (generic_cms.extract_certs_for_validation(signed).signer_cert for signed in (one, other))
    with ENGINE.on():
        for signed, right, wrong in ((one, named, another), (other, another, named)):
            attributes = general.extract_signer_info(signed)["signed_attrs"]
            for _ in range(2):
                generic_cms._check_signing_certificate(right, attributes)
                with pytest.raises(SignatureValidationError):
                    generic_cms._check_signing_certificate(wrong, attributes)


def test_what_cannot_be_read_is_not_kept(contents: list[bytes]) -> None:
    """Asked again for what it could not read, asn1crypto gives something else: the next document would get that."""
    (der, _) = contents
    (named,) = values(general.extract_signer_info(cms.ContentInfo.load(der)["content"])["signed_attrs"], NAMES[4])
    begin = der.index(named)
    for place in range(begin + 60, begin + len(named), 12):
        both(der[:place] + b"\xff" + der[place + 1 :])


def test_a_certificate_that_cannot_be_read_whole_is_not_kept(contents: list[bytes]) -> None:
    signed = cms.ContentInfo.load(contents[0])["content"]
    der = generic_cms.extract_certs_for_validation(signed).signer_cert.dump()
    known = KnownCertificates()
    assert known.of(der) is known.of(der)
    usage = der.index(bytes.fromhex("0603551d0f"))  # keyUsage: its value becomes no bit string any more
    broken = der[: usage + 5] + der[usage + 5 :].replace(b"\x03\x02", b"\x05\x02", 1)
    assert known.of(broken) is not known.of(broken)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_changed_objects(contents: list[bytes], data: st.DataObject) -> None:
    der = bytearray(data.draw(st.sampled_from(contents)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(der) - 1))
        kind = data.draw(st.sampled_from(["flip", "set", "drop", "add"]))
        if kind == "flip":
            der[at] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "set":
            der[at] = data.draw(st.sampled_from([0, 0x05, 0x06, 0x30, 0x31, 0x80, 0x81, 0x82, 0xA0, 0xA1, 0xFF]))
        elif kind == "drop":
            del der[at]
        else:
            der[at:at] = data.draw(st.binary(min_size=1, max_size=3))
    both(bytes(der))


def test_lengths_that_are_not_in_their_shortest_form_are_no_plain_elements() -> None:
    assert [item.tag for item in elements(b"\x30\x03\x02\x01\x05\x05\x00", 0, 7)] == [0x30, 0x05]
    for odd in (
        b"\x30\x81\x03\x02\x01\x05",
        b"\x30\x80\x02\x01\x05\x00\x00",
        b"\x30\x82\x00\x80" + bytes(128),
        b"\x1f\x81\x01\x00",
        b"\x30\x04\x02\x01\x05",
        b"\x30",
        b"\x30\x84\x00\x00\x00\x01\x05",
    ):
        with pytest.raises(NotPlain):
            elements(odd, 0, len(odd))
