"""The program that draws one page of one PDF: a process of its own, begun for it and ended with it.

It gets a line of JSON and the PDF's bytes on its input, and gives a line of JSON and a picture (PNG) on its output. It
confines itself before it reads the PDF: no network, no files, little memory, seconds of CPU. PDFium as packed by
pypdfium2 runs no scripts of a PDF and follows none of its addresses.
"""

import io
import json
import math
import resource
import sys
from typing import Any, BinaryIO, Final

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image

from docaxis.confining import confine

EDGE: Final = 1_600
"""Pixels of a picture's longer edge: A4 at some 135 dpi. A page of any size becomes a picture of this size."""
MAX_SCALE: Final = 4.0
"""Pixels a point: a page of a few points is not blown up."""
MEMORY_MB: Final = 512
CPU_SECONDS: Final = 10
MAX_TEXT: Final = 20_000
"""Characters of a page's text that are given beside its picture."""
REFUSED: Final = 3
"""Exit code for what cannot be drawn; anything else that is not 0 is a worker that broke or was ended."""


def draw(data: bytes, number: int) -> tuple[dict[str, Any], bytes]:
    """Draw a page (from 1) and give what is said about it with its picture.

    Raises:
        pypdfium2.PdfiumError: It is no PDF that can be opened without a password, or has no such page.
    """
    with pypdfium2.PdfDocument(data) as document:
        pages = len(document)
        if not 1 <= number <= pages:
            raise pypdfium2.PdfiumError("no such page")
        document.init_forms()  # visible signatures are fields of a form
        page = document[number - 1]
        longer = max(*page.get_size(), 1.0)
        if not math.isfinite(longer):
            raise pypdfium2.PdfiumError("a page without a size")
        drawn: Image.Image = page.render(scale=min(EDGE / longer, MAX_SCALE)).to_pil()
        out = io.BytesIO()
        drawn.convert("RGB").save(out, "PNG")
        text = page.get_textpage().get_text_range(count=min(MAX_TEXT, page.get_textpage().count_chars()))
    return {"pages": pages, "text": text}, out.getvalue()


def main(source: BinaryIO, target: BinaryIO) -> int:
    """Read what is asked, draw it, answer."""
    confine(memory_mb=MEMORY_MB)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    asked = json.loads(source.readline())
    try:
        told, picture = draw(source.read(), int(asked["page"]))
    except pypdfium2.PdfiumError:
        return REFUSED
    target.write(json.dumps(told).encode() + b"\n" + picture)
    target.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout.buffer))
