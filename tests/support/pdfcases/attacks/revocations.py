"""Revocation: what the lists of the authorities say, and lists that are none."""

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from docaxis.embedded.authorities import Revocation
from docaxis_signing.trust.lists import RejectedRevocationList
from docaxis_signing.verdict import Cause, Indication, Integrity
from pdfcases.case import Case, Group, Sample, Witness, attack
from pdfcases.cms import Holder, Key
from pdfcases.editing import append, current, with_entry
from pdfcases.pages import CATALOG, plain, stream
from pdfcases.scene import AUTHORITY, DAY, Scene
from pdfcases.witnesses import openssl_says

OPEN = Indication.INDETERMINATE
INTACT = Integrity.INTACT
REVOKED = openssl_says("certificate revoked")
NO_LIST = openssl_says("unable to get certificate CRL")


def _revoked(scene: Scene, holder: Holder, ago: timedelta = DAY, **options: x509.ReasonFlags) -> bytes:
    entry = Revocation(holder.certificate.serial_number, scene.now - ago, **options)
    return scene.crl(AUTHORITY, extra_revoked=[entry])


@attack(
    Group.REVOCATION,
    REVOKED,
    Cause.REVOKED_BEFORE_RECEPTION,
    integrity=INTACT,
    indication=OPEN,
    rule="status-known",
)
def revoked(scene: Scene) -> Sample:
    """The signer's certificate is on its authority's list."""
    return Sample(scene.sign(plain()), lists=scene.snapshot(gov_local=_revoked(scene, scene.seal)))


@attack(
    Group.REVOCATION,
    REVOKED,
    Cause.REVOKED_BEFORE_RECEPTION,
    integrity=INTACT,
    indication=OPEN,
    rule="status-known",
)
def revoked_before_its_time_stamp(scene: Scene) -> Sample:
    """The time-stamp shows that the certificate had been revoked when it signed."""
    signed = scene.sign(plain(), stamped=scene.now - timedelta(hours=2))
    return Sample(signed, lists=scene.snapshot(gov_local=_revoked(scene, scene.seal)))


@attack(
    Group.REVOCATION,
    REVOKED,
    Cause.REVOKED_BEFORE_RECEPTION,
    integrity=INTACT,
    indication=OPEN,
    rule="status-known",
)
def on_hold(scene: Scene) -> Sample:
    """The certificate is on hold, which may end, and does not count as long as it lasts."""
    held = _revoked(scene, scene.seal, reason=x509.ReasonFlags.certificate_hold)
    return Sample(scene.sign(plain()), lists=scene.snapshot(gov_local=held))


@attack(
    Group.REVOCATION,
    REVOKED,
    Cause.REVOKED_BEFORE_RECEPTION,
    integrity=INTACT,
    indication=OPEN,
    rule="status-known",
)
def revoked_on_a_stale_list(scene: Scene) -> Sample:
    """A list that has run out still revokes: time does not take a revocation back."""
    entry = Revocation(scene.seal.certificate.serial_number, scene.now - 9 * DAY)
    old = scene.crl(AUTHORITY, issued=scene.now - 3 * DAY, lifetime=DAY, extra_revoked=[entry])
    return Sample(scene.sign(plain()), lists=scene.snapshot(gov_local=old))


@attack(
    Group.REVOCATION,
    REVOKED,
    Cause.AUTHORITY_REVOKED,
    integrity=INTACT,
    indication=OPEN,
    rule="status-known",
)
def authority_revoked(scene: Scene) -> Sample:
    """The root has revoked the issuing authority."""
    issuing = scene.authorities.authorities[AUTHORITY].certificate
    entry = Revocation(issuing.serial_number, scene.now - DAY)
    lists = scene.snapshot(gov_root=scene.crl("gov-root", extra_revoked=[entry]))
    return Sample(scene.sign(plain()), lists=lists)


@attack(
    Group.REVOCATION,
    NO_LIST,
    Cause.REVOCATION_MISSING,
    integrity=INTACT,
    indication=OPEN,
    rule="status-known",
)
def no_list(scene: Scene) -> Sample:
    """The list of the signer's authority is missing."""
    return Sample(scene.sign(plain()), lists=scene.snapshot(without=(AUTHORITY,)))


@attack(
    Group.REVOCATION,
    NO_LIST,
    Cause.REVOCATION_MISSING,
    integrity=INTACT,
    indication=OPEN,
    rule="status-known",
)
def no_list_of_the_root(scene: Scene) -> Sample:
    """The root's list is missing, so that nobody knows of its issuing authority; those of siblings are there."""
    return Sample(scene.sign(plain()), lists=scene.snapshot(without=("gov-root",)))


@attack(
    Group.REVOCATION,
    openssl_says("CRL has expired"),
    Cause.REVOCATION_STALE,
    integrity=INTACT,
    indication=OPEN,
    rule="status-known",
)
def stale_list(scene: Scene) -> Sample:
    """The list has run out."""
    old = scene.crl(AUTHORITY, issued=scene.now - 3 * DAY, lifetime=DAY)
    return Sample(scene.sign(plain()), lists=scene.snapshot(gov_local=old))


@attack(
    Group.REVOCATION,
    REVOKED,
    Cause.REVOKED_BEFORE_RECEPTION,
    integrity=INTACT,
    indication=OPEN,
    rule="status-known",
)
def clean_list_brought_along(scene: Scene) -> Sample:
    """The file embeds an older list, on which its signer was not yet revoked (DSS)."""
    older = scene.crl(AUTHORITY, issued=scene.now - 9 * DAY, lifetime=20 * DAY)
    objects = {60: stream(older), 61: b"<< /Type /DSS /CRLs [60 0 R] >>"}
    signed = scene.sign(plain())
    objects[CATALOG] = with_entry(current(signed, CATALOG), b" /DSS 61 0 R")
    return Sample(append(signed, objects), lists=scene.snapshot(gov_local=_revoked(scene, scene.seal)))


def _list_of_nobody(
    name: str, about: str, make: Callable[[Scene], bytes], witness: Witness = NO_LIST, rule: str = "list-taken-in"
) -> Case:
    def build(scene: Scene) -> Sample:
        try:
            lists = scene.snapshot(gov_local=make(scene))
        except RejectedRevocationList:
            lists = scene.snapshot(without=(AUTHORITY,))
        return Sample(scene.sign(plain()), lists=lists)

    build.__name__, build.__doc__ = name, about
    return attack(Group.REVOCATION, witness, Cause.REVOCATION_MISSING, integrity=INTACT, indication=OPEN, rule=rule)(
        build
    )


def _list(
    scene: Scene,
    signer: str = AUTHORITY,
    *,
    key: Key | None = None,
    issued: datetime | None = None,
    extension: x509.ExtensionType | None = None,
) -> bytes:
    issued = issued or scene.now - timedelta(hours=1)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(scene.authorities.authorities[AUTHORITY].certificate.subject)
        .last_update(issued)
        .next_update(issued + DAY)
        .add_extension(x509.CRLNumber(7), critical=False)
    )
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    made = builder.sign(key or scene.authorities.authorities[signer].private_key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


LISTS_OF_NOBODY = (
    _list_of_nobody(
        "list_signed_by_somebody_else",
        "The list that clears the signer has the authority's name and another key's signature.",
        lambda scene: _list(scene, key=scene.rsa_holder().private_key),
    ),
    _list_of_nobody(
        "list_signed_by_a_sibling",
        "The list that clears the signer was signed by a sibling authority.",
        lambda scene: _list(scene, "public-one"),
    ),
    _list_of_nobody(
        "list_from_the_future",
        "The list says that it was issued the day after tomorrow.",
        lambda scene: _list(scene, issued=scene.now + 2 * DAY),
        rule="",
    ),
    _list_of_nobody(
        "delta_list",
        "The list is one of differences: who is not on it may still be revoked.",
        lambda scene: _list(scene, extension=x509.DeltaCRLIndicator(1)),
        rule="",
    ),
    _list_of_nobody(
        "list_of_authorities_alone",
        "The list covers authorities alone and says nothing of signers.",
        lambda scene: _list(
            scene,
            extension=x509.IssuingDistributionPoint(None, None, False, True, None, False, False),
        ),
        openssl_says("CRL"),
        "status-known",
    ),
    _list_of_nobody(
        "list_with_an_unknown_critical_extension",
        "The list has a critical extension that nobody here understands.",
        lambda scene: _list(
            scene, extension=x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.30.8"), b"\x05\x00")
        ),
    ),
)
