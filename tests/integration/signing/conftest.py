"""TEST authorities and what pyHanko needs to judge against them."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from docaxis.embedded.authorities import Credential, DirectTimeStamper, TestAuthorities, TimestampAuthority
from docaxis_signing.keys import SigningKey, asn1, load_key
from docaxis_signing.pdf.signer_certificate import ValidationData

LISTED = ("gov-state", "gov-party", "gov-local", "gov-tsa", "public-one", "public-two")
ROOTS = ("gov-root", "public-root")


class World:
    """One moment, authorities made for it, and keys loaded from their PKCS#12 files."""

    def __init__(self, directory: Path) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.authorities = TestAuthorities.create(directory, base_url="http://127.0.0.1:9", now=self.now)
        self.timestamping = TimestampAuthority(self.authorities, lambda: self.now)

    def key(self, credential: Credential) -> SigningKey:
        return load_key(f"file:{credential.pkcs12_path}", passphrase=lambda: self.authorities.passphrase)

    def timestamper(self) -> DirectTimeStamper:
        return DirectTimeStamper(self.timestamping)

    def validation(self, *, without: str = "", issued: datetime | None = None) -> ValidationData:
        known = self.authorities.authorities
        issued = issued or self.now - timedelta(minutes=1)
        return ValidationData(
            anchors=tuple(known[name].certificate for name in ROOTS),
            authorities=tuple(known[name].certificate for name in LISTED),
            crls=tuple(
                x509.load_der_x509_crl(self.authorities.crl(name, now=issued))
                for name in (*ROOTS, *LISTED)
                if name != without
            ),
        )

    def context(self) -> ValidationContext:
        known = self.validation()
        return ValidationContext(
            trust_roots=[asn1(item) for item in known.anchors],
            other_certs=[asn1(item) for item in known.authorities],
            crls=[item.public_bytes(Encoding.DER) for item in known.crls],
            allow_fetching=False,
            revocation_mode="hard-fail",
        )

    async def judge(self, data: bytes) -> list[PdfSignatureStatus]:
        found = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures
        return [await async_validate_pdf_signature(item, self.context()) for item in found]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("authorities"))


@pytest.fixture(scope="session")
def key_of(world: World) -> Callable[[str], SigningKey]:
    return lambda name: world.key(world.authorities.credential(name))
