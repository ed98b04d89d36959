"""The typeface of generated documents: Liberation Serif, metric-compatible with Times New Roman, SIL OFL 1.1."""

from functools import lru_cache
from importlib.resources import as_file, files

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "LiberationSerif-Regular", "LiberationSerif-Bold"
ITALIC, BOLD_ITALIC = "LiberationSerif-Italic", "LiberationSerif-BoldItalic"


def font_path(name: str) -> str:
    """Where a font file lies; the fonts ship with the signing package, which writes text on copies with them."""
    with as_file(files("docaxis_signing.pdf") / "fonts" / f"{name}.ttf") as path:
        return str(path)


@lru_cache(maxsize=1)
def register() -> None:
    """Make the four faces known to reportlab, once a process."""
    for name in (REGULAR, BOLD, ITALIC, BOLD_ITALIC):
        pdfmetrics.registerFont(TTFont(name, font_path(name)))
    for bold, italic, name in ((0, 0, REGULAR), (1, 0, BOLD), (0, 1, ITALIC), (1, 1, BOLD_ITALIC)):
        addMapping(REGULAR, bold, italic, name)
