"""Draw docs/pictures/document.png: a specimen document, signed by a person and then by the agency, as a reader sees it.

Run it from the checkout: .venv/bin/python tools/picture_of_document.py
"""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image

from docaxis.embedded.authorities import TestAuthorities
from docaxis.embedded.documents import handwriting, render_document, sample, seal
from docaxis_signing.keys import load_key
from docaxis_signing.pdf.appearance import Picture, seal_box
from docaxis_signing.pdf.signing import SigningRequest, sign_pdf

TARGET = Path(__file__).parent.parent / "docs" / "pictures" / "document.png"
SEED = 1
ORGANISATION = "H98.14"
RECIPIENTS = ("Bộ Thử nghiệm", "Ủy ban nhân dân tỉnh Mô Phỏng", "Ủy ban nhân dân xã Bình Mẫu")
SCALE = 1.35  # of 72 dpi
BOTTOM_CUT = 0.80  # the lower part of the page is empty
COLOURS = 256


async def signed_specimen(directory: Path) -> bytes:
    """Sign a specimen as its leader and then as its agency."""
    now = datetime.now(UTC)
    authorities = TestAuthorities.create(directory, base_url="http://127.0.0.1:9", now=now)
    spec = sample(SEED, authorities.organisation(ORGANISATION), RECIPIENTS)
    page = render_document(spec)
    person = Picture(handwriting(spec.signer), page.signature_page, page.handwriting_box)
    agency = Picture(seal(spec.organisation), page.signature_page, seal_box(page.handwriting_box))
    data = page.data
    for credential, field, appearance in (
        (authorities.person(ORGANISATION), "Person", person),
        (authorities.seal(ORGANISATION), "Agency", agency),
    ):
        key = load_key(f"file:{credential.pkcs12_path}", passphrase=lambda: authorities.passphrase)
        data = await sign_pdf(data, key, SigningRequest("B-B", field, appearance), now=now)
    return data


def draw(data: bytes) -> Image.Image:
    """Render the first page with its signatures and put a thin frame around it."""
    with pypdfium2.PdfDocument(data) as document:
        document.init_forms()
        page: Image.Image = document[0].render(scale=SCALE, may_draw_forms=True).to_pil().convert("RGB")
    page = page.crop((0, 0, page.width, round(page.height * BOTTOM_CUT)))
    framed = Image.new("RGB", (page.width + 2, page.height + 2), (160, 160, 160))
    framed.paste(page, (1, 1))
    return framed.quantize(COLOURS, Image.Quantize.FASTOCTREE)


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as directory:
        data = asyncio.run(signed_specimen(Path(directory)))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    draw(data).save(TARGET, "PNG", optimize=True)
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
