"""A world to judge in: TEST authorities with their lists, and documents signed with pyHanko as a test needs."""

import asyncio
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bothways import examine_both_ways
from docaxis.embedded.authorities import Credential, DirectTimeStamper, TestAuthorities, TimestampAuthority
from docaxis_signing.trust.lists import ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import DocumentFindings

NOW = datetime.now(UTC).replace(microsecond=0)


def plain_pdf(seed: int = 1, *, kilobytes: int = 8, form: bool = False, version: bytes = b"1.7") -> bytes:
    """A document of two pages with an image of random bytes, and a text field where a form is wanted."""
    random, objects = Random(seed), {}
    acroform = b" /AcroForm << /Fields [40 0 R] /DA (/Helv 0 Tf 0 g) >>" if form else b""
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R" + acroform + b" >>"
    objects[2] = b"<< /Type /Pages /Count 2 /Kids [10 0 R 11 0 R] >>"
    objects[3] = b"<< /Title (Document %d) >>" % seed
    objects[4] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    image = random.randbytes(kilobytes * 1024)
    head = b"<< /Type /XObject /Subtype /Image /Width 100 /Height 100 /ColorSpace /DeviceGray /BitsPerComponent 8"
    objects[5] = head + b" /Length %d >>\nstream\n%s\nendstream" % (len(image), image)
    for index, page in enumerate((10, 11)):
        text = zlib.compress(b"BT /F1 11 Tf 50 780 Td (Line of document %d) Tj ET" % seed)
        objects[20 + index] = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(text), text)
        annotations = b" /Annots [40 0 R]" if form and index == 0 else b""
        resources = b" /Resources << /Font << /F1 4 0 R >> /XObject << /Im1 5 0 R >> >>"
        objects[page] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R" % (20 + index)
            + resources
            + annotations
            + b" >>"
        )
    if form:
        objects[40] = (
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Number) /V (12) /Rect [50 50 150 70] /P 10 0 R /F 4"
            b" /DA (/Helv 0 Tf 0 g) >>"
        )
    return assemble(objects, version=version)


def assemble(objects: dict[int, bytes], *, version: bytes = b"1.7", trailer: bytes = b"") -> bytes:
    """Write objects as a PDF with one cross-reference table."""
    out, offsets = BytesIO(), {}
    out.write(b"%PDF-" + version + b"\n%\xe2\xe3\xcf\xd3\n")
    for number in sorted(objects):
        offsets[number] = out.tell()
        out.write(b"%d 0 obj\n" % number + objects[number] + b"\nendobj\n")
    start, size = out.tell(), max(objects) + 1
    out.write(b"xref\n0 1\n0000000000 65535 f \n")
    for number in sorted(objects):
        out.write(b"%d 1\n%010d 00000 n \n" % (number, offsets[number]))
    identifier = b"/ID [<%032x> <%032x>]" % (size, size)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R %s %s >>\n" % (size, identifier, trailer))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


class World:
    """Authorities, trust, lists, and verbs to sign and to judge."""

    def __init__(self, directory: Path) -> None:
        self.now = NOW
        self.authorities = TestAuthorities.create(directory, base_url="http://127.0.0.1:9", now=NOW)
        self.authorities.write_trust(directory / "trust")
        self.trust_directory = directory / "trust"
        self.trust = TrustStore.load(self.trust_directory)
        self.lists = self.snapshot()

    def crl(self, name: str, *, issued: datetime | None = None, **options: Any) -> bytes:
        return self.authorities.crl(name, now=issued or self.now - timedelta(hours=1), **options)

    def snapshot(
        self, *, without: tuple[str, ...] = (), replaced: dict[str, bytes] | None = None
    ) -> RevocationSnapshot:
        """All lists in force, some left out or replaced."""
        ders = {item.name: self.crl(item.name) for item in self.trust.authorities if item.name not in without}
        ders |= replaced or {}
        taken = [ingest(self.trust, name, der, now=self.now + timedelta(days=1)) for name, der in ders.items()]
        return RevocationSnapshot().advance(*taken)

    def timestamper(self, at: datetime | None = None) -> TimeStamper:
        return DirectTimeStamper(TimestampAuthority(self.authorities, lambda: at or self.now))

    def signer(self, credential: Credential, **options: Any) -> signers.SimpleSigner:
        key = credential.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        for item in credential.chain:
            store.register(asn1(item))
        return signers.SimpleSigner(asn1(credential.certificate), asn1_keys.PrivateKeyInfo.load(key), store, **options)

    def sign(
        self,
        pdf: bytes,
        credential: Credential,
        field: str = "Sig1",
        *,
        stamped: bool | datetime = True,
        timestamper: TimeStamper | None = None,
        box: tuple[int, int, int, int] | None = None,
        signer: signers.Signer | None = None,
        **metadata: Any,
    ) -> bytes:
        """Add a signature as an incremental update."""
        chosen: dict[str, Any] = {"md_algorithm": "sha256", "subfilter": fields.SigSeedSubFilter.PADES} | metadata
        if stamped and timestamper is None:
            timestamper = self.timestamper(stamped if isinstance(stamped, datetime) else None)
        spec = fields.SigFieldSpec(field, on_page=0, box=box) if box else fields.SigFieldSpec(field)
        pdf_signer = signers.PdfSigner(
            signers.PdfSignatureMetadata(field_name=field, **chosen),
            signer or self.signer(credential),
            timestamper=timestamper,
            new_field_spec=spec,
        )
        writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
        return bytes(asyncio.run(pdf_signer.async_sign_pdf(writer)).getvalue())

    def two(self, code: str = "H98", *, seed: int = 1, visible: bool = True, **options: Any) -> bytes:
        """A document signed by its leader, then by its organisation."""
        first, second = ((50, 600, 250, 660), (300, 600, 500, 660)) if visible else (None, None)
        signed = self.sign(plain_pdf(seed), self.authorities.person(code), "Sig1", box=first, **options)
        return self.sign(signed, self.authorities.seal(code), "Sig2", box=second, **options)

    plain = staticmethod(plain_pdf)
    assemble = staticmethod(assemble)

    def update(self, pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
        """Append an incremental update."""
        return update(pdf, change)

    def sha256_of(self, credential: Credential) -> str:
        """Name a certificate as the register does."""
        return sha256_of(credential)

    def examine(
        self, data: bytes, *, lists: RevocationSnapshot | None = None, at: datetime | None = None
    ) -> DocumentFindings:
        return examine_both_ways(data, trust=self.trust, revocation=lists or self.lists, at=at or self.now)


def update(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """Append an incremental update."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    change(writer)
    out = BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def sha256_of(credential: Credential) -> str:
    return credential.certificate.fingerprint(hashes.SHA256()).hex()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("authorities"))


@pytest.fixture(scope="session")
def stamped(world: World) -> bytes:
    """One signature at B-T."""
    return world.sign(plain_pdf(), world.authorities.person("H98"))


@pytest.fixture(scope="session")
def pair(world: World) -> bytes:
    """Leader, then organisation, both visible, at B-T."""
    return world.two()
