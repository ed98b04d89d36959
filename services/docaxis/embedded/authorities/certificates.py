"""Certificate profiles of the TEST authorities (RFC 5280), each marked TEST in its subject and by an extension."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from docaxis_signing.trust.store import TEST_EXTENSION

from .cast import KeyKind

TEST_EXTENSION_VALUE = b"\x0c\x04TEST"  # DER UTF8String

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

ROOT_YEARS_BACK, ROOT_YEARS_AHEAD = 5, 15
AUTHORITY_YEARS_BACK, AUTHORITY_YEARS_AHEAD = 3, 9
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs a certificate, and where its revocation data are found."""

    certificate: x509.Certificate
    private_key: PrivateKey
    crl_url: str
    ocsp_url: str
    certificate_url: str


def new_key(kind: KeyKind) -> PrivateKey:
    """Make a private key of the given kind."""
    if kind == "p-256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa-")))


def root(common_name: str, key: PrivateKey, now: datetime) -> x509.Certificate:
    """Make a self-signed root."""
    name = _name(common_name, "TEST docaxis")
    validity = (now - ROOT_YEARS_BACK * YEAR, now + ROOT_YEARS_AHEAD * YEAR)
    builder = _authority(_start(name, name, key, validity), path_length=1)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())


def issuing_authority(common_name: str, key: PrivateKey, issuer: Issuer, now: datetime) -> x509.Certificate:
    """Make a sub-CA that may issue end-entity certificates only."""
    validity = (now - AUTHORITY_YEARS_BACK * YEAR, now + AUTHORITY_YEARS_AHEAD * YEAR)
    builder = _start(_name(common_name, "TEST docaxis"), issuer.certificate.subject, key, validity)
    return _finish(_authority(builder, path_length=0), issuer)


def signer(
    common_name: str,
    organisation: str,
    key: PrivateKey,
    issuer: Issuer,
    validity: tuple[datetime, datetime],
    *,
    may_sign: bool = True,
) -> x509.Certificate:
    """Make the one profile of persons and agencies: no extended key usage and no hint about the role."""
    subject = _name(common_name, f"{organisation} (TEST)")
    builder = _end_entity(_start(subject, issuer.certificate.subject, key, validity))
    usage = _key_usage("digital_signature", "content_commitment") if may_sign else _key_usage("key_encipherment")
    return _finish(builder.add_extension(usage, critical=True), issuer)


def timestamper(common_name: str, key: PrivateKey, issuer: Issuer, now: datetime) -> x509.Certificate:
    """Make a time-stamping certificate: the extended key usage is critical and alone (RFC 3161 section 2.3)."""
    builder = _delegate(common_name, key, issuer, now)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    return _finish(builder.add_extension(usage, critical=True), issuer)


def ocsp_responder(common_name: str, key: PrivateKey, issuer: Issuer, now: datetime) -> x509.Certificate:
    """Make a delegated responder whose own status need not be asked (RFC 6960 section 4.2.2.2.1)."""
    builder = _delegate(common_name, key, issuer, now)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    builder = builder.add_extension(usage, critical=False).add_extension(x509.OCSPNoCheck(), critical=False)
    return _finish(builder, issuer)


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _start(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, validity: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    mark = x509.UnrecognizedExtension(TEST_EXTENSION, TEST_EXTENSION_VALUE)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(mark, critical=False)
    )


def _authority(builder: x509.CertificateBuilder, *, path_length: int) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    usage = _key_usage("key_cert_sign", "crl_sign")
    return builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)


def _end_entity(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)


def _delegate(common_name: str, key: PrivateKey, issuer: Issuer, now: datetime) -> x509.CertificateBuilder:
    validity = (now - YEAR, now + 3 * YEAR)
    builder = _start(_name(common_name, "TEST docaxis"), issuer.certificate.subject, key, validity)
    return _end_entity(builder).add_extension(_key_usage("digital_signature"), critical=True)


def _finish(builder: x509.CertificateBuilder, issuer: Issuer) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.private_key.public_key())
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(issuer.crl_url)], None, None, None)
    access = [
        _access(AuthorityInformationAccessOID.OCSP, issuer.ocsp_url),
        _access(AuthorityInformationAccessOID.CA_ISSUERS, issuer.certificate_url),
    ]
    return (
        builder.add_extension(identifier, critical=False)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        .add_extension(x509.AuthorityInformationAccess(access), critical=False)
        .sign(issuer.private_key, hashes.SHA256())
    )


def _access(method: x509.ObjectIdentifier, url: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(url))


def _key_usage(*names: str) -> x509.KeyUsage:
    bits = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{bit: bit in names for bit in bits})
