"""Certificates: who may sign, for what, and whether the signature says whose it is."""

import os
from dataclasses import replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from docaxis_signing.trust.store import SIGNER, ConfiguredAuthority, TrustStore
from docaxis_signing.verdict import Cause, Indication, Integrity
from pdfcases.case import Case, Group, Sample, attack
from pdfcases.cms import HONEST, Holder
from pdfcases.pages import plain
from pdfcases.scene import DAY, Scene, key_usage
from pdfcases.witnesses import fact, openssl_says, signer_certificate, signer_info

OPEN = Indication.INDETERMINATE


def _self_issued(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


INTACT = Integrity.INTACT


@attack(
    Group.CERTIFICATES,
    openssl_says("certificate has expired"),
    Cause.EXPIRED_BEFORE_RECEPTION,
    integrity=INTACT,
    indication=OPEN,
    rule="chain-holds",
)
def expired(scene: Scene) -> Sample:
    """The certificate had expired at reception and nothing proves an earlier signature."""
    return Sample(scene.sign(plain(), who=scene.holder(starts=-400 * DAY, ends=-2 * DAY)))


@attack(
    Group.CERTIFICATES,
    openssl_says("certificate has expired"),
    Cause.EXPIRED_BEFORE_RECEPTION,
    integrity=INTACT,
    indication=OPEN,
)
def expired_before_its_time_stamp(scene: Scene) -> Sample:
    """The time-stamp proves that the certificate had expired when it signed."""
    holder = scene.holder(starts=-400 * DAY, ends=-2 * DAY)
    return Sample(scene.sign(plain(), who=holder, stamped=scene.now - DAY))


@attack(
    Group.CERTIFICATES,
    openssl_says("certificate is not yet valid"),
    Cause.NOT_YET_VALID,
    integrity=INTACT,
    indication=OPEN,
    rule="chain-holds",
)
def not_yet_valid(scene: Scene) -> Sample:
    """The certificate begins tomorrow."""
    return Sample(scene.sign(plain(), who=scene.holder(starts=DAY)))


@attack(
    Group.CERTIFICATES,
    openssl_says("unable to get local issuer certificate"),
    Cause.NO_CONFIGURED_ROOT,
    integrity=INTACT,
    indication=OPEN,
    rule="chain-holds",
    behind=("demands",),
)
def unknown_authority(scene: Scene) -> Sample:
    """The certificate comes from an authority that nobody configured; the file brings its chain along."""
    return Sample(scene.sign(plain(), who=scene.special("untrusted")))


@attack(
    Group.CERTIFICATES,
    fact("issuer and subject are the same", lambda sample: _self_issued(signer_certificate(sample.data))),
    Cause.NO_CONFIGURED_ROOT,
    integrity=INTACT,
    indication=OPEN,
)
def self_signed_with_a_good_name(scene: Scene) -> Sample:
    """A self-signed certificate has the subject and serial of a real seal."""
    key = ec.generate_private_key(ec.SECP256R1())
    real = scene.authorities.seal("H98").certificate
    made = (
        x509.CertificateBuilder()
        .subject_name(real.subject)
        .issuer_name(real.subject)
        .public_key(key.public_key())
        .serial_number(real.serial_number)
        .not_valid_before(scene.now - DAY)
        .not_valid_after(scene.now + DAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage("content_commitment"), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Sample(scene.sign(plain(), who=Holder(made, (), key)))


@attack(
    Group.CERTIFICATES,
    openssl_says("unable to get local issuer certificate"),
    Cause.NO_CONFIGURED_ROOT,
    integrity=INTACT,
    indication=OPEN,
)
def authority_with_our_name(scene: Scene) -> Sample:
    """The issuer has the name of a configured authority and another key."""
    above = scene.authorities.authorities["gov-local"]
    return Sample(
        scene.sign(plain(), who=scene.holder(issuer=(above.certificate, ec.generate_private_key(ec.SECP256R1()))))
    )


def _usage(name: str, about: str, *usage: str) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(scene.sign(plain(), who=scene.holder(usage=usage)))

    build.__name__, build.__doc__ = name, about
    witness = fact(
        "no nonRepudiation in the key usage",
        lambda sample: (
            not signer_certificate(sample.data)
            .extensions.get_extension_for_class(x509.KeyUsage)
            .value.content_commitment
        ),
    )
    return attack(
        Group.CERTIFICATES,
        witness,
        Cause.WRONG_KEY_USAGE,
        integrity=INTACT,
        indication=OPEN,
        rule="chain-holds",
    )(build)


USAGES = (
    _usage("for_encryption_only", "The certificate was issued for encryption.", "key_encipherment"),
    _usage("without_non_repudiation", "The certificate was issued for log-in alone.", "digital_signature"),
)


def _extended(name: str, about: str, *usages: x509.ObjectIdentifier) -> Case:
    def build(scene: Scene) -> Sample:
        holder = scene.holder(extensions=((x509.ExtendedKeyUsage(usages), True),))
        return Sample(scene.sign(plain(), who=holder))

    build.__name__, build.__doc__ = name, about
    witness = fact(
        "extended key usages for something else",
        lambda sample: (
            list(signer_certificate(sample.data).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
            == list(usages)
        ),
    )
    return attack(
        Group.CERTIFICATES, witness, Cause.WRONG_KEY_USAGE, integrity=INTACT, indication=OPEN, rule="extended-usage"
    )(build)


EXTENDED = (
    _extended("for_a_web_server", "The certificate is one of a web server.", ExtendedKeyUsageOID.SERVER_AUTH),
    _extended("for_time_stamps", "The certificate is for time-stamps.", ExtendedKeyUsageOID.TIME_STAMPING),
)


@attack(
    Group.CERTIFICATES,
    openssl_says("unhandled critical extension"),
    Cause.CERTIFICATE_INVALID,
    integrity=INTACT,
    indication=OPEN,
    rule="chain-holds",
)
def unknown_critical_extension(scene: Scene) -> Sample:
    """The certificate has a critical extension that nobody here understands."""
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.30.9"), b"\x05\x00")
    return Sample(scene.sign(plain(), who=scene.holder(extensions=((extension, True),))))


def _below(scene: Scene, certificate: x509.Certificate, issuer: str) -> TrustStore:
    """Configure one more authority."""
    authority = ConfiguredAuthority(
        name="sub",
        der=certificate.public_bytes(Encoding.DER),
        purposes=frozenset({SIGNER}),
        issuer=issuer,
    )
    return TrustStore.of(*scene.trust.authorities, authority)


def _judged_under(scene: Scene, sub: Holder, leaf: Holder, issuer: str) -> Sample:
    trust = _below(scene, sub.certificate, issuer)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(sub.certificate.subject)
        .last_update(scene.now - timedelta(hours=1))
        .next_update(scene.now + DAY)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(sub.private_key.public_key()), critical=False)
        .sign(sub.private_key, hashes.SHA256())
    )
    lists = scene.snapshot(trust=trust, sub=crl.public_bytes(Encoding.DER))
    return Sample(scene.sign(plain(), who=leaf), trust=trust, lists=lists)


@attack(
    Group.CERTIFICATES,
    openssl_says("path length constraint exceeded"),
    Cause.CERTIFICATE_INVALID,
    integrity=INTACT,
    indication=OPEN,
    rule="chain-holds",
)
def path_too_long(scene: Scene) -> Sample:
    """An issuing authority that may issue for signers only issued a further authority, which was configured."""
    sub = scene.holder("TEST Sub", ca=True, usage=("key_cert_sign", "crl_sign"))
    leaf = scene.holder(issuer=(sub.certificate, sub.private_key))
    return _judged_under(scene, sub, leaf, "gov-local")


@attack(
    Group.CERTIFICATES,
    openssl_says("permitted subtree violation"),
    Cause.CERTIFICATE_INVALID,
    integrity=INTACT,
    indication=OPEN,
    rule="chain-holds",
)
def name_outside_of_the_constraints(scene: Scene) -> Sample:
    """The issuing authority may only issue for names below one organisation; the signer's is another."""
    allowed = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "TEST So Y te")])
    constraint = x509.NameConstraints([x509.DirectoryName(allowed)], None)
    above = scene.authorities.authorities["gov-root"]
    sub = scene.holder(
        "TEST Sub",
        ca=True,
        path_length=0,
        usage=("key_cert_sign", "crl_sign"),
        issuer=(above.certificate, above.private_key),
        extensions=((constraint, True),),
    )
    leaf = scene.holder(issuer=(sub.certificate, sub.private_key))
    return _judged_under(scene, sub, leaf, "gov-root")


@attack(
    Group.CERTIFICATES,
    openssl_says("unable to get local issuer certificate"),
    Cause.NO_CONFIGURED_ROOT,
    integrity=INTACT,
    indication=OPEN,
)
def issued_by_a_signer(scene: Scene) -> Sample:
    """A signer without an authority's flag issued a further certificate, and the file brings both."""
    leaf = scene.holder(issuer=(scene.person.certificate, scene.person.private_key))
    chain = (scene.person.certificate, *scene.person.chain)
    return Sample(scene.sign(plain(), who=Holder(leaf.certificate, chain, leaf.private_key)))


@attack(
    Group.CERTIFICATES,
    fact("the attribute names another certificate", lambda sample: not _refers_to_signer(sample)),
    Cause.BROKEN,
    integrity=Integrity.BROKEN,
)
def reference_to_another_certificate(scene: Scene) -> Sample:
    """The signed attribute names another certificate than the one that came along (certificate substitution)."""
    form = replace(HONEST, refers_to=scene.person.certificate)
    return Sample(scene.sign(plain(), form=form))


def _refers_to_signer(sample: Sample) -> bool:
    attributes = {item["type"].native: item["values"][0] for item in signer_info(sample.data)["signed_attrs"]}
    named = attributes["signing_certificate_v2"]["certs"][0]["cert_hash"].native
    return bool(named == signer_certificate(sample.data).fingerprint(hashes.SHA256()))


@attack(
    Group.CERTIFICATES,
    openssl_says("invalid"),
    Cause.CERTIFICATE_INVALID,
    Cause.UNSUPPORTED,
    integrity=INTACT,
    indication=OPEN,
)
def unreadable_extension(scene: Scene) -> Sample:
    """A critical extension of the certificate holds random bytes where a structure belongs."""
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), b"\x30\x05" + os.urandom(3))
    return Sample(scene.sign(plain(), who=scene.holder(extensions=((extension, True),))))
