"""Outside witnesses: renderers, other verifiers and plain facts that say what a case is, without our engine."""

import asyncio
import subprocess
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Final

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from pdfcases.case import Sample, Witness
from pdfcases.editing import contents, signed_bytes
from pdfcases.scene import Scene

SCALE: Final = 0.25
"""Pixels a point: a page of A4 becomes 149 x 211, enough to see a changed line."""
SECONDS: Final = 30


def drawn(data: bytes) -> list[tuple[int, int, bytes]]:
    """Draw every page with pdfium: width, height and pixels."""
    document = pypdfium2.PdfDocument(data)
    try:
        document.init_forms()
        bitmaps = [document[index].render(scale=SCALE, may_draw_forms=True) for index in range(len(document))]
        return [(bitmap.width, bitmap.height, bytes(bitmap.buffer)) for bitmap in bitmaps]
    finally:
        document.close()


def drawn_by_poppler(data: bytes) -> list[bytes]:
    """Draw every page with poppler, as portable pixmaps."""
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "source.pdf"
        source.write_bytes(data)
        command = ["pdftoppm", "-r", "20", str(source), str(Path(directory) / "page")]
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        return [page.read_bytes() for page in sorted(Path(directory).glob("page*.ppm"))]


def pdfsig(data: bytes) -> str:
    """Ask poppler's verifier, without its looking at certificates."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        answer = subprocess.run(
            ["pdfsig", "-nocert", file.name],
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            errors="replace",
        )
    return answer.stdout


def calls_all_valid(data: bytes) -> bool:
    """Tell whether pdfsig finds signatures and calls each of them valid."""
    answer = pdfsig(data)
    return 0 < answer.count("Signature #") == answer.count("Signature is Valid.")


def stock_accepts(scene: Scene, sample: Sample) -> bool:
    """Tell whether pyHanko as it comes, strict and with all lists, calls every signature that it lists valid."""
    trust, lists = sample.trust or scene.trust, sample.lists or scene.lists
    loaded = [asn1_x509.Certificate.load(item.der) for item in trust.authorities]
    context = ValidationContext(
        trust_roots=[item for item in loaded if item.self_signed == "maybe"],
        other_certs=loaded,
        crls=[item.der for item in lists.lists],
        revocation_mode="hard-fail",
        allow_fetching=False,
        moment=sample.at or scene.now,
    )
    signatures = PdfFileReader(BytesIO(sample.data), strict=True).embedded_regular_signatures
    results = [asyncio.run(async_validate_pdf_signature(item, context)).bottom_line for item in signatures]
    return bool(results) and all(results)


def openssl_says(words: str) -> Witness:
    """Let OpenSSL judge the first signer's certificate by the same anchors and lists; it has to complain so."""
    return Witness(f"OpenSSL: {words}", lambda scene, sample: words in openssl_verify(scene, sample))


def openssl_verify(scene: Scene, sample: Sample) -> str:
    """Give OpenSSL's answer on the first signer's certificate, "OK" if it has nothing against it."""
    trust, lists = sample.trust or scene.trust, sample.lists or scene.lists
    anchors = [item.certificate for item in trust.authorities if item.is_anchor]
    others = [item.certificate for item in trust.authorities if not item.is_anchor]
    crls = [x509.load_der_x509_crl(item.der).public_bytes(Encoding.PEM) for item in lists.lists]
    with tempfile.TemporaryDirectory() as directory:
        files = {
            "leaf": signer_certificate(sample.data).public_bytes(Encoding.PEM),
            "anchors": b"".join(item.public_bytes(Encoding.PEM) for item in anchors),
            "others": b"".join(item.public_bytes(Encoding.PEM) for item in others),
            "lists": b"".join(crls) or b"\n",
        }
        for name, pem in files.items():
            (Path(directory) / name).write_bytes(pem)
        at = str(int((sample.at or scene.now).timestamp()))
        options = ["-x509_strict", "-check_ss_sig", "-crl_check_all", "-attime", at, "-CAfile", "anchors"]
        command = ["openssl", "verify", *options, "-untrusted", "others", "-CRLfile", "lists", "leaf"]
        if not crls:
            command.remove("-CRLfile")
            command.remove("lists")
        answer = subprocess.run(command, cwd=directory, check=False, capture_output=True, text=True, timeout=SECONDS)
    return answer.stdout + answer.stderr


def signer_info(data: bytes, index: int = 0) -> cms.SignerInfo:
    """Read the signer of a signature."""
    return signed_data(data, index)["signer_infos"][0]


def signed_data(data: bytes, index: int = 0) -> cms.SignedData:
    """Read the CMS object of a signature."""
    start, end = contents(data, index)
    return cms.ContentInfo.load(bytes.fromhex(data[start:end].decode()))["content"]


def signer_certificate(data: bytes, index: int = 0) -> x509.Certificate:
    """Read the certificate that a signature's signer names."""
    signed = signed_data(data, index)
    serial = signed["signer_infos"][0]["sid"].chosen["serial_number"].native
    found = next(item.chosen for item in signed["certificates"] if item.chosen.serial_number == serial)
    return x509.load_der_x509_certificate(found.dump())


def fact(says: str, holds: Callable[[Sample], bool]) -> Witness:
    """Make a witness of something that anybody can read in the sample."""
    return Witness(says, lambda _, sample: holds(sample))


def both(first: Witness, second: Witness) -> Witness:
    """Ask two witnesses."""
    return Witness(
        f"{first.says}; {second.says}",
        lambda scene, sample: first.agrees(scene, sample) and second.agrees(scene, sample),
    )


def _pikepdf_reads(sample: Sample) -> bool:
    with pikepdf.open(BytesIO(sample.data)) as found, pikepdf.open(BytesIO(sample.honest)) as before:
        return _streams(found) != _streams(before) or str(found.Root.keys()) != str(before.Root.keys())


def _streams(document: pikepdf.Pdf) -> list[tuple[bytes, str]]:
    return [
        (page.Contents.read_bytes() if "/Contents" in page else b"", str(list(page.mediabox)))
        for page in document.pages
    ]


SEEN: Final = fact("pdfium draws another page", lambda sample: drawn(sample.data) != drawn(sample.honest))
UNSEEN: Final = fact("pdfium draws the same pages", lambda sample: drawn(sample.data) == drawn(sample.honest))
SEEN_BY_POPPLER: Final = fact(
    "poppler draws another page", lambda sample: drawn_by_poppler(sample.data) != drawn_by_poppler(sample.honest)
)
READ_BY_QPDF: Final = fact("qpdf reads other content", _pikepdf_reads)
SIGNED_BYTES: Final = fact(
    "the signed bytes differ", lambda sample: signed_bytes(sample.data) != signed_bytes(sample.honest)
)
ALL_BYTES: Final = fact("the bytes of the file differ", lambda sample: sample.data != sample.honest)
PDFSIG: Final = fact("pdfsig calls it valid", lambda sample: calls_all_valid(sample.data))
NOT_PDFSIG: Final = fact("pdfsig does not call it valid", lambda sample: not calls_all_valid(sample.data))
STOCK: Final = Witness("pyHanko as it comes calls it valid", stock_accepts)
