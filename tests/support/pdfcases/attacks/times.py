"""Time: what proves when a signature was made, and what does not."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import core
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from docaxis.embedded.authorities import Revocation
from docaxis_signing.verdict import Cause, Indication, Integrity
from pdfcases.case import Group, Sample, attack
from pdfcases.cms import HONEST, Holder
from pdfcases.editing import swap
from pdfcases.pages import plain
from pdfcases.scene import AUTHORITY, DAY, Scene
from pdfcases.witnesses import NOT_PDFSIG, SEEN, fact, openssl_says, signed_data, signer_info

OPEN = Indication.INDETERMINATE
INTACT = Integrity.INTACT


def _token(sample: Sample) -> asn1_cms.SignedData:
    return signer_info(sample.data)["unsigned_attrs"][0]["values"][0]["content"]


def _imprint_matches(sample: Sample) -> bool:
    info = _token(sample)["encap_content_info"]["content"].parsed
    found: bytes = info["message_imprint"]["hashed_message"].native
    return found == hashlib.sha256(signer_info(sample.data)["signature"].native).digest()


def _unit_of(sample: Sample) -> x509.Certificate:
    token = _token(sample)
    serial = token["signer_infos"][0]["sid"].chosen["serial_number"].native
    found = next(item.chosen for item in token["certificates"] if item.chosen.serial_number == serial)
    return x509.load_der_x509_certificate(found.dump())


def _usages(sample: Sample) -> Any:
    try:
        return _unit_of(sample).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return None


def _stamped(sample: Sample) -> datetime:
    found: datetime = _token(sample)["encap_content_info"]["content"].parsed["gen_time"].native
    return found


def _unit_begun(sample: Sample) -> datetime:
    return _unit_of(sample).not_valid_before_utc


def _unit_listed(sample: Sample) -> bool:
    lists = sample.lists.lists if sample.lists else ()
    serial = _unit_of(sample).serial_number
    crls = (x509.load_der_x509_crl(item.der) for item in lists)
    return any(crl.get_revoked_certificate_by_serial_number(serial) is not None for crl in crls)


@attack(
    Group.TIME,
    fact("the token's imprint is not that of the signature", lambda sample: not _imprint_matches(sample)),
    Cause.TIMESTAMP_INVALID,
    integrity=INTACT,
    indication=OPEN,
    rule="time-stamp-judged",
)
def time_stamp_of_another_signature(scene: Scene) -> Sample:
    """A time-stamp is copied from an older signature, to predate a new one."""
    copied = scene.token(scene.now - 20 * DAY)(b"another signature")
    return Sample(scene.sign(plain(), form=replace(HONEST, stamps=(lambda _: copied,))))


@attack(
    Group.TIME,
    fact("the token's time is later than the signer's list", lambda sample: _stamped(sample) > datetime.now(UTC)),
    Cause.TIMESTAMP_INVALID,
    integrity=INTACT,
    indication=OPEN,
    rule="time-stamp-judged",
)
def time_stamp_of_tomorrow(scene: Scene) -> Sample:
    """The time-stamp is later than the reception."""
    return Sample(scene.sign(plain(), stamped=scene.now + DAY))


@attack(
    Group.TIME,
    fact(
        "the token's time is older than its unit's certificate", lambda sample: _stamped(sample) < _unit_begun(sample)
    ),
    Cause.TIMESTAMP_INVALID,
    integrity=INTACT,
    indication=OPEN,
    rule="time-stamp-judged",
)
def time_stamp_older_than_its_authority(scene: Scene) -> Sample:
    """The time-stamp names a time at which its authority had no certificate yet, to predate a signature."""
    begun = scene.authorities.timestamper[0].not_valid_before_utc
    signer = scene.holder(starts=-3000 * DAY)
    return Sample(scene.sign(plain(), who=signer, stamped=begun - 5 * DAY))


@attack(
    Group.TIME,
    fact("the unit's certificate has no extended usage", lambda sample: _usages(sample) is None),
    Cause.TIMESTAMP_UNTRUSTED,
    Cause.TIMESTAMP_INVALID,
    integrity=INTACT,
    indication=OPEN,
    rule="time-stamp-judged",
)
def time_stamp_by_a_signer(scene: Scene) -> Sample:
    """A signer stamps the time of its own signature with its seal."""
    return Sample(scene.sign(plain(), form=replace(HONEST, stamps=(scene.token(by=scene.authorities.seal("H98")),))))


@attack(
    Group.TIME,
    fact("the unit's extended usage is not critical", lambda sample: not _usages(sample).critical),
    Cause.TIMESTAMP_UNTRUSTED,
    Cause.TIMESTAMP_INVALID,
    integrity=INTACT,
    indication=OPEN,
    rule="time-stamp-judged",
)
def time_stamp_of_a_usage_that_is_not_critical(scene: Scene) -> Sample:
    """The authority's certificate names time-stamping among usages that a reader may ignore (RFC 3161, 2.3)."""
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    unit = _unit(scene, ((usages, False),))
    return Sample(scene.sign(plain(), form=replace(HONEST, stamps=(scene.token(by=unit),))))


@attack(
    Group.TIME,
    fact("the unit's certificate has two extended usages", lambda sample: len(_usages(sample).value) == 2),
    Cause.TIMESTAMP_UNTRUSTED,
    Cause.TIMESTAMP_INVALID,
    integrity=INTACT,
    indication=OPEN,
    rule="time-stamp-judged",
)
def time_stamp_of_a_certificate_for_more(scene: Scene) -> Sample:
    """The authority's certificate is one for e-mail as well."""
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION])
    unit = _unit(scene, ((usages, True),))
    return Sample(scene.sign(plain(), form=replace(HONEST, stamps=(scene.token(by=unit),))))


def _unit(scene: Scene, extensions: tuple[tuple[x509.ExtensionType, bool], ...]) -> Holder:
    key = scene.rsa_holder().private_key
    return scene.holder("TEST TSU", key=key, authority="gov-tsa", usage=("digital_signature",), extensions=extensions)


@attack(
    Group.TIME,
    fact("the unit's serial is on its list", _unit_listed),
    Cause.TIMESTAMP_UNTRUSTED,
    integrity=INTACT,
    indication=OPEN,
    rule="time-stamp-judged",
)
def time_stamp_by_a_revoked_unit(scene: Scene) -> Sample:
    """The certificate of the time-stamping unit was revoked: its word proves nothing any more."""
    entry = Revocation(scene.authorities.timestamper[0].serial_number, scene.now - timedelta(minutes=5))
    lists = scene.snapshot(gov_tsa=scene.crl("gov-tsa", issued=scene.now, extra_revoked=[entry]))
    return Sample(scene.sign(plain(), stamped=scene.now - DAY), lists=lists)


@attack(
    Group.TIME,
    openssl_says("certificate revoked"),
    Cause.REVOKED_BEFORE_RECEPTION,
    integrity=INTACT,
    indication=OPEN,
    rule="status-known",
)
def claimed_before_the_revocation(scene: Scene) -> Sample:
    """The signer claims to have signed before its revocation, by /M and by signing-time; nothing proves it."""
    claimed = scene.now - 9 * DAY
    form = replace(HONEST, attributes=(("signing_time", asn1_cms.Time({"utc_time": core.UTCTime(claimed)})),))
    entries = b"/M (D:%s+00'00')" % claimed.strftime("%Y%m%d%H%M%S").encode()
    entry = Revocation(scene.seal.certificate.serial_number, scene.now - DAY)
    lists = scene.snapshot(gov_local=scene.crl(AUTHORITY, extra_revoked=[entry]))
    return Sample(scene.sign(plain(), form=form, entries=entries), lists=lists)


@attack(Group.TIME, NOT_PDFSIG, Cause.BROKEN, integrity=Integrity.BROKEN)
def document_time_stamp_over_other_bytes(scene: Scene) -> Sample:
    """The document time-stamp at the end is one over another document."""
    other = scene.token()(b"another document").dump()
    kind = b"/Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161"
    return Sample(scene.sign(scene.signed, "Stamp1", kind=kind, cms_of=lambda _: other))


@attack(Group.TIME, SEEN, Cause.BROKEN, integrity=Integrity.BROKEN)
def chain_of_time_stamps_broken(scene: Scene) -> Sample:
    """Of two document time-stamps the first no longer matches; the archive is cut in the middle."""
    stamped = scene.stamp(scene.stamp(scene.signed), "Stamp2")
    return Sample(swap(stamped, b"So tien: 1.000.000", b"So tien: 9.000.000"), honest=stamped)


@attack(
    Group.TIME,
    fact("the only signature is a time-stamp", lambda sample: sample.data.count(b"/SubFilter /ETSI.RFC3161") == 1),
    Cause.UNSIGNED,
    integrity=INTACT,
)
def nothing_but_a_document_time_stamp(scene: Scene) -> Sample:
    """A time-stamp alone tells when a document was there, and nobody's will."""
    return Sample(scene.stamp(plain()))


@attack(
    Group.TIME,
    fact("a token in an approval", lambda sample: b"/SubFilter /ETSI.CAdES.detached" in sample.data),
    Cause.NO_CONFIGURED_ROOT,
    Cause.BROKEN,
    Cause.CERTIFICATE_INVALID,
    integrity=INTACT,
    indication=OPEN,
)
def time_stamp_passed_off_as_a_signature(scene: Scene) -> Sample:
    """A time-stamp token stands where a signature belongs."""
    return Sample(scene.sign(plain(), cms_of=lambda covered: scene.token()(covered).dump()))


def _orders(sample: Sample) -> bool:
    signers = [signed_data(sample.data, index)["encap_content_info"]["content"].parsed for index in (0, 1)]
    inner, outer = (signer["gen_time"].native for signer in signers)
    return bool(inner > outer)


@attack(
    Group.TIME,
    fact("the stamp within is later than the one over it", _orders),
    Cause.UNSIGNED,
    integrity=INTACT,
)
def document_time_stamps_against_their_order(scene: Scene) -> Sample:
    """Of two document time-stamps the one within claims to be later than the one over it; neither is a signature."""
    return Sample(scene.stamp(scene.stamp(plain()), "Stamp2", at=scene.now - 5 * DAY))
