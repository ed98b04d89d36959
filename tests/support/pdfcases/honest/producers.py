"""Producers and signers that are not ours: who writes documents, and who signs them."""

import asyncio
import re
import subprocess
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Final

import fpdf
import pikepdf
import pypdfium2  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)
from pyhanko.pdf_utils import generic, writer
from reportlab.pdfgen import canvas

from docaxis.embedded.authorities import ORGANISATIONS, DirectTimeStamper, TimestampAuthority
from docaxis.embedded.documents import render, sample
from docaxis_signing.keys import key_in_memory
from docaxis_signing.pdf.signing import SigningRequest, sign_pdf
from pdfcases.case import Case, Group, Sample, honest
from pdfcases.cms import Holder
from pdfcases.honest.layouts import signed_twice
from pdfcases.pages import plain
from pdfcases.scene import Scene
from pdfcases.witnesses import PDFSIG, SECONDS

WORDS: Final = "So tien: 1.000.000"
PASSWORD: Final = "test-12345"
PDFSIG_SIGN: Final = ("pdfsig", "-nssdir", "sql:.", "-add-signature", "-nick", "seal")


# --- Who writes -------------------------------------------------------------------------------------------------------


def by_reportlab() -> bytes:
    """Write with reportlab."""
    out = BytesIO()
    page = canvas.Canvas(out)
    page.drawString(60, 700, WORDS)
    page.save()
    return out.getvalue()


def by_fpdf() -> bytes:
    """Write with fpdf2."""
    document = fpdf.FPDF()
    document.add_page()
    document.set_font("Helvetica", size=24)
    document.cell(text=WORDS)
    return bytes(document.output())


def by_qpdf() -> bytes:
    """Write with qpdf's library."""
    out = BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(out)
    return out.getvalue()


def by_pdfium() -> bytes:
    """Write with pdfium, page by page copied from another document."""
    out = BytesIO()
    made, source = pypdfium2.PdfDocument.new(), pypdfium2.PdfDocument(plain())
    made.import_pages(source)
    made.new_page(595, 842)
    made.save(out)
    made.close()
    source.close()
    return out.getvalue()


def by_pyhanko() -> bytes:
    """Write with pyHanko's own writer."""
    made = writer.PdfFileWriter()  # type: ignore[no-untyped-call]
    content = made.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))
    page = writer.PageObject(contents=content, media_box=(0, 0, 595, 842))  # type: ignore[no-untyped-call]
    made.insert_page(page)  # type: ignore[no-untyped-call]
    out = BytesIO()
    made.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def by_the_house() -> bytes:
    """Write as the axis's own drafting does, in Vietnamese with embedded typefaces."""
    return render(sample(3, ORGANISATIONS[0]))


def _tool(*command: str, source: Callable[[], bytes] = plain) -> bytes:
    """Run a tool of poppler over a document: {source} and {target} stand for files."""
    with tempfile.TemporaryDirectory() as directory:
        files = {"source": str(Path(directory) / "source.pdf"), "target": str(Path(directory) / "target-1.pdf")}
        Path(files["source"]).write_bytes(source())
        words = [word.format(**files, directory=directory) for word in command]
        subprocess.run(words, check=True, capture_output=True, timeout=SECONDS)
        return Path(files["target"]).read_bytes()


def by_cairo() -> bytes:
    """Draw anew with cairo."""
    return _tool("pdftocairo", "-pdf", "{source}", "{target}")


def by_poppler() -> bytes:
    """Join two documents with poppler."""
    return _tool("pdfunite", "{source}", "{source}", "{target}")


def by_poppler_page_by_page() -> bytes:
    """Take a page out of a document with poppler."""
    return _tool("pdfseparate", "{source}", "{directory}/target-%d.pdf", source=by_reportlab)


PRODUCERS: Final[dict[str, Callable[[], bytes]]] = {
    "reportlab": by_reportlab,
    "fpdf2": by_fpdf,
    "qpdf": by_qpdf,
    "pdfium": by_pdfium,
    "pyHanko": by_pyhanko,
    "the axis's own drafting": by_the_house,
    "cairo": by_cairo,
    "poppler (pdfunite)": by_poppler,
    "poppler (pdfseparate)": by_poppler_page_by_page,
}


def _produced(name: str, make: Callable[[], bytes]) -> Case:
    def build(scene: Scene) -> Sample:
        return signed_twice(scene, make())

    build.__name__ = "written by " + re.sub(r"[^A-Za-z0-9]+", " ", name).strip()
    build.__doc__ = f"Written by {name}, signed twice by pyHanko."
    return honest(Group.PRODUCERS, PDFSIG)(build)


WRITTEN = tuple(_produced(name, make) for name, make in PRODUCERS.items())


# --- Who signs --------------------------------------------------------------------------------------------------------


def prepared(pdf: bytes, digits: int = 9_000) -> bytes:
    """Let qpdf put a signature field with room for a signature into a document: what simple signing tools do."""
    out = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as document:
        signature = document.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Sig,
                Filter=pikepdf.Name("/Adobe.PPKLite"),
                SubFilter=pikepdf.Name("/adbe.pkcs7.detached"),
                ByteRange=[0, 9_999_999_999, 9_999_999_999, 9_999_999_999],
                Contents=pikepdf.String(b"\xff" + bytes(digits // 2 - 1)),
            )
        )
        field = document.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name.Sig,
                T="Signature1",
                V=signature,
                F=132,
                Rect=[0, 0, 0, 0],
                P=document.pages[0].obj,
            )
        )
        document.pages[0].Annots = pikepdf.Array([field])
        document.Root.AcroForm = pikepdf.Dictionary(Fields=[field], SigFlags=3)
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def put_in(pdf: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """Sign a prepared document with a CMS object that some tool makes of the bytes."""
    found = re.search(rb"/Contents <(ff0+)>", pdf)
    ranged = re.search(rb"/ByteRange \[ ?0 9999999999 9999999999 9999999999 ?\]", pdf)
    assert found is not None
    assert ranged is not None
    start, end = found.start(1) - 1, found.end(1) + 1
    numbers = b"/ByteRange [0 %d %d %d]" % (start, end, len(pdf) - end)
    pdf = pdf[: ranged.start()] + numbers.ljust(len(ranged[0])) + pdf[ranged.end() :]
    digits = sign(pdf[:start] + pdf[end:]).hex().encode()
    return pdf[: start + 1] + digits.ljust(end - start - 2, b"0") + pdf[end - 1 :]


def by_openssl(holder: Holder) -> Callable[[bytes], bytes]:
    """Sign with the openssl command."""

    def sign(covered: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            (place / "covered").write_bytes(covered)
            (place / "certificate").write_bytes(holder.certificate.public_bytes(Encoding.PEM))
            (place / "key").write_bytes(
                holder.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            )
            options = ["-binary", "-md", "sha256", "-outform", "DER", "-cades", "-nosmimecap"]
            command = ["openssl", "cms", "-sign", *options, "-signer", "certificate", "-inkey", "key", "-in", "covered"]
            subprocess.run([*command, "-out", "signature"], cwd=place, check=True, capture_output=True, timeout=SECONDS)
            return (place / "signature").read_bytes()

    return sign


def by_cryptography(holder: Holder) -> Callable[[bytes], bytes]:
    """Sign with the PKCS#7 builder of the cryptography package."""

    def sign(covered: bytes) -> bytes:
        builder = pkcs7.PKCS7SignatureBuilder().set_data(covered)
        builder = builder.add_signer(holder.certificate, holder.private_key, hashes.SHA256())
        options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.NoCapabilities]
        return builder.sign(Encoding.DER, options)

    return sign


def by_poppler_and_nss(pdf: bytes, holder: Holder) -> bytes:
    """Sign with poppler's pdfsig out of a key store of NSS."""
    assert isinstance(holder.private_key, rsa.RSAPrivateKey)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "password").write_text(PASSWORD)
        protection = BestAvailableEncryption(PASSWORD.encode())
        (place / "key.p12").write_bytes(
            pkcs12.serialize_key_and_certificates(b"seal", holder.private_key, holder.certificate, None, protection)
        )
        (place / "source.pdf").write_bytes(pdf)
        for command in (
            ["certutil", "-N", "-d", "sql:.", "-f", "password"],
            ["pk12util", "-i", "key.p12", "-d", "sql:.", "-k", "password", "-W", PASSWORD],
            [*PDFSIG_SIGN, "-nss-pwd", PASSWORD, "-kpw", PASSWORD, "source.pdf", "target.pdf"],
        ):
            subprocess.run(command, cwd=place, check=False, capture_output=True, timeout=SECONDS)
        return (place / "target.pdf").read_bytes()


def _signed_by(
    name: str, about: str, make: Callable[[], bytes], tool: Callable[[Holder], Callable[[bytes], bytes]]
) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(put_in(prepared(make()), tool(scene.rsa_holder())))

    build.__name__, build.__doc__ = name, about
    return honest(Group.PRODUCERS, PDFSIG)(build)


SIGNED = (
    _signed_by("signed_by_openssl", "Written by reportlab, signed by openssl cms.", by_reportlab, by_openssl),
    _signed_by("signed_by_openssl_on_cairo", "Drawn by cairo, signed by openssl cms.", by_cairo, by_openssl),
    _signed_by(
        "signed_by_the_cryptography_package", "Written by fpdf2, signed by pyca/cryptography.", by_fpdf, by_cryptography
    ),
)


@honest(Group.PRODUCERS, PDFSIG)
def signed_by_openssl_and_sealed_by_pyhanko(scene: Scene) -> Sample:
    """A person signs with openssl, the organisation seals with pyHanko."""
    first = put_in(prepared(by_reportlab()), by_openssl(scene.rsa_holder()))
    return Sample(scene.sign_anyhow(first, "Sig2", box=(300, 200, 440, 260)))


@honest(Group.PRODUCERS, PDFSIG)
def signed_by_poppler(scene: Scene) -> Sample:
    """Written by reportlab, signed by poppler out of a key store of NSS."""
    return Sample(by_poppler_and_nss(by_reportlab(), scene.rsa_holder()))


def _by_us(level: str) -> Case:
    def build(scene: Scene) -> Sample:
        data = by_reportlab()
        stamper = DirectTimeStamper(TimestampAuthority(scene.authorities, lambda: scene.now))
        for field, holder in (("Person", scene.person), ("Seal", scene.seal)):
            key = key_in_memory(holder.certificate, holder.private_key, holder.chain)
            request = SigningRequest("B-T" if level == "B-T" else "B-B", field)
            data = asyncio.run(
                sign_pdf(data, key, request, timestamper=stamper if level == "B-T" else None, now=scene.now)
            )
        return Sample(data)

    build.__name__, build.__doc__ = (
        f"signed_by_the_axis_at_{level.replace('-', '_')}",
        f"Signed twice by the axis at level {level}.",
    )
    return honest(Group.PRODUCERS, PDFSIG)(build)


OWN = (_by_us("B-B"), _by_us("B-T"))
