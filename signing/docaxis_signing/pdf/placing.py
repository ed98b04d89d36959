"""Where an earlier signature is shown, so that a seal can be put over a third of it (decree 30/2020, appendix I)."""

from io import BytesIO
from typing import Final

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from docaxis_signing.pdf.appearance import Box
from docaxis_signing.signing_errors import RejectedRequest

MAX_PAGES: Final = 10_000
"""Pages that are looked through for a field."""


def shown_at(data: bytes, field: str) -> tuple[int, Box]:
    """Give the page, from 0, and the rectangle of a signature on it.

    Raises:
        RejectedRequest: There is no such signature, or it is not visible.
    """
    try:
        reader = PdfFileReader(BytesIO(data), strict=True)
        dictionary = next(
            (holder.get_object() for name, _, holder in enumerate_sig_fields(reader) if name == field), None
        )
        if dictionary is None or "/Rect" not in dictionary or "/P" not in dictionary:
            raise _absent(field)
        left, bottom, right, top = (float(value) for value in dictionary["/Rect"])
        number = dictionary.raw_get("/P").idnum
        page = next(
            (
                index
                for index in range(min(int(reader.root["/Pages"]["/Count"]), MAX_PAGES))
                if reader.find_page_for_modification(index)[0].idnum == number  # type: ignore[no-untyped-call]
            ),
            None,
        )
    except (PdfError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _absent(field) from error  # pyHanko lets raw exceptions through on hostile input
    if page is None or right <= left or top <= bottom:
        raise _absent(field)
    return page, (left, bottom, right, top)


def _absent(field: str) -> RejectedRequest:
    return RejectedRequest(
        "no-visible-signature",
        f"Văn bản không có chữ ký hiển thị ở trường {field}.",
        f"The document shows no signature in a field {field}.",
    )
