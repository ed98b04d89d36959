"""Multipart bodies (RFC 7578), part by part as they arrive: nothing is spooled, a part is read before the next."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from docaxis.gateway.limits import MAX_PART_HEADERS
from docaxis.gateway.refusals import Refused
from docaxis_schemas.problems import Code


@dataclass(slots=True)
class _Head:
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Data:
    data: bytes


class _End:
    """The end of a part."""


_END: Final = _End()
_Event = _Head | _Data | _End


class Part:
    """One part: its name, its media type, and its bytes, which can be read once."""

    def __init__(self, reader: "MultipartReader", headers: dict[str, str]) -> None:
        self._reader = reader
        kind, options = parse_options_header(headers.get("content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise malformed("Một phần không có tên.", "A part has no name.")
        self.name = options[b"name"].decode("utf-8", "replace")
        self.media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        self.is_read = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the bytes of this part."""
        while isinstance(event := await self._reader.event(), _Data):
            yield event.data
        self.is_read = True

    async def whole(self, limit: int) -> bytes | None:
        """Read a small part; None if it is larger than ``limit`` bytes."""
        out = bytearray()
        async for chunk in self.chunks():
            out += chunk
            if len(out) > limit:
                return None
        return bytes(out)


class MultipartReader:
    """Reads one multipart body."""

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes], *, max_parts: int) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise malformed("Cần multipart/form-data.", "multipart/form-data is expected.")
        self._chunks = chunks
        self._events: deque[_Event] = deque()
        self._left = max_parts
        self._max_parts = max_parts
        self._complete = False
        self._head = _Head()
        self._name = bytearray()
        self._value = bytearray()
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": lambda: self._events.append(self._head),
                    "on_part_data": lambda data, start, end: self._events.append(_Data(data[start:end])),
                    "on_part_end": lambda: self._events.append(_END),
                    "on_end": self._on_end,
                },
                max_header_count=MAX_PART_HEADERS,
            )
        except FormParserError as error:
            raise malformed("Đường phân cách không hợp lệ.", "The boundary is not acceptable.") from error

    async def parts(self) -> AsyncIterator[Part]:
        """Give the parts in order; each must be read before the next is asked for.

        Raises:
            Refused: No multipart body, too many parts, or one that ends early.
        """
        while True:
            while not self._events and await self._feed():
                pass
            if not self._events:
                break
            head = self._events.popleft()
            if not isinstance(head, _Head):
                raise malformed("Phần gửi lên bị vỡ.", "The parts are broken.")
            part = Part(self, head.headers)
            yield part
            if not part.is_read:
                raise malformed("Phần gửi lên bị vỡ.", "The parts are broken.")
        if not self._complete:
            raise Refused(
                Code.CONTENT_LENGTH_WRONG,
                "Nội dung kết thúc trước phần cuối cùng.",
                "The body ends before its last part does.",
            )

    async def event(self) -> _Event:
        """Give what comes next."""
        while not self._events:
            if not await self._feed():
                raise Refused(
                    Code.CONTENT_LENGTH_WRONG,
                    "Nội dung kết thúc giữa một phần.",
                    "The body ends in the middle of a part.",
                )
        return self._events.popleft()

    async def _feed(self) -> bool:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            return False
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise malformed("Không đọc được multipart.", "The multipart body cannot be read.") from error
        return True

    def _on_part_begin(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise malformed(f"Nhiều quá {self._max_parts} phần.", f"More than {self._max_parts} parts.")
        self._head = _Head()

    def _on_header_end(self) -> None:
        self._head.headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name.clear()
        self._value.clear()

    def _on_end(self) -> None:
        self._complete = True


def malformed(vi: str, en: str) -> Refused:
    """Say that a request is not of its form."""
    return Refused(Code.MALFORMED_REQUEST, vi, en)
