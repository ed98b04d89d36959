"""Documents in the form of decree 30/2020, annex I: A4, PDF 1.7, fonts embedded, no annotations.

Pages carry no `/Annots`, so that a second signature adds its widget without touching what the first one signed.
Lengths are points; sizes of type and margins are those of the annex.
"""

import io
from random import Random

import reportlab.rl_config
from PIL import Image
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from .pictures import HANDWRITING_MM
from .specification import DocumentSpec, RenderedDocument
from .typefaces import BOLD, BOLD_ITALIC, ITALIC, REGULAR, register

WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM = 30 * mm, WIDTH - 17 * mm, HEIGHT - 20 * mm, 20 * mm
LEFT_MIDDLE, RIGHT_MIDDLE = LEFT + 32 * mm, RIGHT - 46 * mm
LEFT_COLUMN, RIGHT_COLUMN = 68 * mm, 92 * mm
MARK_RIGHT, MARK_TOP = WIDTH - 15 * mm, HEIGHT - 5 * mm
RED = (0.8, 0.05, 0.05)
HANDWRITING = (HANDWRITING_MM[0] * mm, HANDWRITING_MM[1] * mm)
SIGNATURE_HEIGHT = 74 * mm
NOISE_SIDE = 9 * mm

BODY = ParagraphStyle(
    "body", fontName=REGULAR, fontSize=14, leading=19, alignment=TA_JUSTIFY, firstLineIndent=10 * mm, spaceAfter=6
)


def render(spec: DocumentSpec) -> bytes:
    """Give the PDF alone."""
    return render_document(spec).data


def render_document(spec: DocumentSpec) -> RenderedDocument:
    """Give the PDF and the place of the handwriting in it. The same specification gives the same bytes."""
    register()
    reportlab.rl_config.useA85 = 0  # binary streams: ASCII85 would add a quarter to every size
    target = io.BytesIO()
    canvas = Canvas(
        target, pagesize=A4, pdfVersion=(1, 7), pageCompression=1, invariant=1, lang="vi-VN", initialFontName=REGULAR
    )
    canvas.setTitle(f"{spec.number_notation} {spec.subject}")
    canvas.setAuthor(f"{spec.organisation} (TEST)")
    canvas.setCreator("docaxis TEST documents")
    canvas.setProducer("docaxis")
    canvas.setSubject("Văn bản mẫu, không có giá trị pháp lý (TEST)")
    writer = _Writer(canvas, spec)
    box = writer.write()
    page = canvas.getPageNumber() - 1
    canvas.save()
    return RenderedDocument(target.getvalue(), page, box)


class _Writer:
    def __init__(self, canvas: Canvas, spec: DocumentSpec) -> None:
        self._canvas = canvas
        self._spec = spec
        self._y = TOP

    def write(self) -> tuple[float, float, float, float]:
        self._mark()
        if not self._spec.appendix_of:  # an appendix bears no national title and no signer of its own
            self._heading()
        self._title()
        for text in self._spec.paragraphs:
            self._paragraph(text)
        if self._y - SIGNATURE_HEIGHT < BOTTOM:
            self._new_page()
        top = self._y - 6
        self._recipients(top)
        box = self._signer(top)
        self._noise()
        return box

    def _centred(self, x: float, y: float, text: str, font: str, size: float, *, width: float = RIGHT_COLUMN) -> float:
        """Write lines around `x`, wrapped to a width; gives the height of the last one."""
        for line in _wrap(text, font, size, width):
            self._canvas.setFont(font, size)
            self._canvas.drawCentredString(x, y, line)
            y -= size * 1.25
        return y + size * 1.25

    def _rule(self, x: float, y: float, width: float) -> None:
        self._canvas.setLineWidth(0.6)
        self._canvas.line(x - width / 2, y, x + width / 2, y)

    def _mark(self) -> None:
        """Number-notation of the main document, or form of copy, at the top right; signatures write below it."""
        spec = self._spec
        text = spec.appendix_of or spec.form_of_copy
        if text:
            self._canvas.setFont(REGULAR, 10)
            self._canvas.drawRightString(MARK_RIGHT, MARK_TOP - 10, text)

    def _heading(self) -> None:
        spec, top = self._spec, TOP - 12
        self._centred(RIGHT_MIDDLE, top, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", BOLD, 12)
        self._centred(RIGHT_MIDDLE, top - 16, "Độc lập - Tự do - Hạnh phúc", BOLD, 13)
        self._rule(RIGHT_MIDDLE, top - 20, stringWidth("Độc lập - Tự do - Hạnh phúc", BOLD, 13))
        y = top
        if spec.parent:
            y = self._centred(LEFT_MIDDLE, y, spec.parent.upper(), REGULAR, 12, width=LEFT_COLUMN) - 15
        y = self._centred(LEFT_MIDDLE, y, spec.organisation.upper(), BOLD, 12, width=LEFT_COLUMN)
        self._rule(LEFT_MIDDLE, y - 4, 26 * mm)
        second = min(y - 24, top - 46)
        self._centred(LEFT_MIDDLE, second, f"Số: {spec.number_notation}", REGULAR, 13, width=LEFT_COLUMN)
        day = f"{spec.place}, ngày {spec.issued_on:%d} tháng {_month(spec)} năm {spec.issued_on:%Y}"
        self._centred(RIGHT_MIDDLE, second, day, ITALIC, 13)
        self._y = second
        if not spec.type_name:
            self._y = self._centred(LEFT_MIDDLE, second - 17, f"V/v {spec.subject}", REGULAR, 12, width=LEFT_COLUMN)
        for stamp in filter(None, (spec.secrecy, spec.urgency)):
            self._stamp(stamp)

    def _stamp(self, text: str) -> None:
        """A red boxed mark under the number: degree of secrecy or of urgency."""
        canvas, width = self._canvas, stringWidth(text, BOLD, 14) + 14
        self._y -= 32
        canvas.saveState()
        canvas.setStrokeColorRGB(*RED)
        canvas.setFillColorRGB(*RED)
        canvas.setLineWidth(1.2)
        canvas.rect(LEFT_MIDDLE - width / 2, self._y - 5, width, 22)
        canvas.setFont(BOLD, 14)
        canvas.drawCentredString(LEFT_MIDDLE, self._y + 1, text)
        canvas.restoreState()

    def _title(self) -> None:
        spec, middle, wide = self._spec, (LEFT + RIGHT) / 2, RIGHT - LEFT - 20 * mm
        self._y -= 34
        if spec.type_name:
            self._centred(middle, self._y, spec.type_name, BOLD, 14)
            self._y = self._centred(middle, self._y - 19, spec.subject, BOLD, 14, width=wide)
            if spec.appendix_of:
                note = f"(Kèm theo Văn bản số {spec.appendix_of} của {spec.organisation})"
                self._y = self._centred(middle, self._y - 19, note, ITALIC, 13, width=wide)
            self._rule(middle, self._y - 6, 40 * mm)
            self._y -= 22
        elif spec.addressees:
            self._addressees()

    def _addressees(self) -> None:
        canvas, names = self._canvas, self._spec.addressees
        canvas.setFont(REGULAR, 14)
        if len(names) == 1:
            self._y = (
                self._centred((LEFT + RIGHT) / 2, self._y, f"Kính gửi: {names[0]}", REGULAR, 14, width=RIGHT - LEFT)
                - 16
            )
            return
        canvas.drawString(LEFT + 22 * mm, self._y, "Kính gửi:")
        for index, name in enumerate(names):
            self._y -= 19
            canvas.drawString(LEFT + 44 * mm, self._y, f"- {name}{'.' if index == len(names) - 1 else ';'}")
        self._y -= 16

    def _paragraph(self, text: str) -> None:
        paragraph = Paragraph(text, BODY)
        width = RIGHT - LEFT
        while True:
            _, height = paragraph.wrap(width, self._y - BOTTOM)
            if height <= self._y - BOTTOM:
                paragraph.drawOn(self._canvas, LEFT, self._y - height)
                self._y -= height + BODY.spaceAfter
                return
            parts = paragraph.split(width, self._y - BOTTOM)
            if len(parts) > 1:
                parts[0].wrap(width, self._y - BOTTOM)
                parts[0].drawOn(self._canvas, LEFT, self._y - parts[0].height)
                paragraph = parts[1]
            self._new_page()

    def _new_page(self) -> None:
        self._canvas.showPage()
        self._canvas.setFont(REGULAR, 13)
        self._canvas.drawCentredString((LEFT + RIGHT) / 2, HEIGHT - 14 * mm, str(self._canvas.getPageNumber()))
        self._y = TOP - 6

    def _recipients(self, top: float) -> None:
        if not self._spec.recipients:
            return
        canvas, y = self._canvas, top - 14
        canvas.setFont(BOLD_ITALIC, 12)
        canvas.drawString(LEFT, y, "Nơi nhận:")
        for name in self._spec.recipients:
            for index, line in enumerate(_fill(name, REGULAR, 11, 64 * mm)):
                y -= 13.5
                canvas.setFont(REGULAR, 11)
                canvas.drawString(LEFT, y, f"- {line}" if index == 0 else f"  {line}")

    def _signer(self, top: float) -> tuple[float, float, float, float]:
        spec, y = self._spec, top - 14
        width, height = HANDWRITING
        lines = () if spec.appendix_of else filter(None, (spec.capacity, spec.position))
        for line in lines:
            y = self._centred(RIGHT_MIDDLE, y, line, BOLD, 14) - 17
        bottom = y - 7 - height
        if not spec.appendix_of:
            self._centred(RIGHT_MIDDLE, bottom - 30, spec.signer, BOLD, 14)
        return (RIGHT_MIDDLE - width / 2, bottom, RIGHT_MIDDLE + width / 2, bottom + height)

    def _noise(self) -> None:
        """A square of noise at the foot: it does not compress, so the document has about the size asked for."""
        if not self._spec.padding:
            return
        side = max(8, round(self._spec.padding**0.5))
        content = Random(self._spec.number_notation).randbytes(side * side)  # noqa: S311 - filling, no secret
        noise = ImageReader(Image.frombytes("L", (side, side), content))
        self._canvas.drawImage(noise, LEFT, 8 * mm, NOISE_SIDE, NOISE_SIDE)


def _wrap(text: str, font: str, size: float, width: float) -> list[str]:
    """Break into as few lines as fit, of about equal length, as a clerk would centre a long name."""
    lines = _fill(text, font, size, width)
    narrower = width
    while len(lines) > 1 and narrower > width / 2:
        narrower -= 6
        closer = _fill(text, font, size, narrower)
        if len(closer) > len(lines):
            break
        lines = closer
    return lines


def _fill(text: str, font: str, size: float, width: float) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and stringWidth(longer, font, size) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]


def _month(spec: DocumentSpec) -> str:
    """Only January and February take a leading zero (decree 30/2020, annex I)."""
    month = spec.issued_on.month
    return f"{month:02d}" if month <= 2 else str(month)
