"""Files that no honest system makes."""

import zlib
from io import BytesIO
from typing import Final

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

MEBIBYTE: Final = 1024 * 1024
INFLATED: Final = 400 * MEBIBYTE


def encrypted(data: bytes) -> bytes:
    """Protect a PDF with a password."""
    out = BytesIO()
    with pikepdf.open(BytesIO(data)) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="chủ", user="mật khẩu"))
    return out.getvalue()


def encrypted_out_of_sight(data: bytes) -> bytes:
    """Protect a PDF with a password such that its last 64 KiB do not say so: a linearised one says it in front."""
    out = BytesIO()
    with pikepdf.open(BytesIO(data)) as document:
        protection = pikepdf.Encryption(owner="chủ", user="mật khẩu")
        mode = pikepdf.ObjectStreamMode.generate
        document.save(out, encryption=protection, object_stream_mode=mode, linearize=True)
    found = out.getvalue()
    assert b"/Encrypt" in found
    assert b"/Encrypt" not in found[-64 * 1024 :]
    return found


def bomb(head: bytes = b"") -> bytes:
    """Compress 400 MB of blanks."""
    packer, blanks = zlib.compressobj(6), b" " * MEBIBYTE
    return b"".join(
        [packer.compress(head), *(packer.compress(blanks) for _ in range(INFLATED // MEBIBYTE)), packer.flush()]
    )


def flate_bomb() -> bytes:
    """Make a PDF whose objects lie in a stream that inflates to 400 MB."""
    packed, head = bomb(b"1 0 "), b"%PDF-1.7\n"
    stream = (
        b"2 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed)
        + packed
        + b"\nendstream\nendobj\n"
    )
    at = len(head) + len(stream)
    rows = (
        bytes(6) + bytes([2, 0, 0, 0, 2, 0]) + b"".join(b"\1" + place.to_bytes(4) + b"\0" for place in (len(head), at))
    )
    section = b"3 0 obj\n<< /Type /XRef /Size 4 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n" % len(rows)
    return head + stream + section + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at


def with_page_bomb(data: bytes) -> bytes:
    """Let the first page begin with a content stream that inflates to 400 MB."""
    return _with_content(
        data, generic.StreamObject(encoded_data=bomb(), dict_data={pdf_name("/Filter"): pdf_name("/FlateDecode")})
    )


def slow_to_examine(data: bytes) -> bytes:
    """Let the first page draw a form of two million operators a hundred times: minutes for whoever reads the page."""
    form = generic.StreamObject(
        {pdf_name("/Type"): pdf_name("/XObject"), pdf_name("/Subtype"): pdf_name("/Form")},
        stream_data=b"q Q " * MEBIBYTE,
    )
    form.compress()
    return _with_content(data, generic.StreamObject(stream_data=b"/Slow Do " * 100), slow=form)


def _with_content(data: bytes, content: generic.StreamObject, *, slow: generic.StreamObject | None = None) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(data))
    reference, resources = writer.find_page_for_modification(0)
    page = reference.get_object()
    before = page.raw_get("/Contents")
    rest = list(before) if isinstance(before, generic.ArrayObject) else [before]
    page[pdf_name("/Contents")] = generic.ArrayObject([writer.add_object(content), *rest])
    if slow is not None:
        own = generic.DictionaryObject(resources)
        drawings = generic.DictionaryObject(own.get("/XObject", {}))
        drawings[pdf_name("/Slow")] = writer.add_object(slow)
        own[pdf_name("/XObject")] = drawings
        page[pdf_name("/Resources")] = own
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
