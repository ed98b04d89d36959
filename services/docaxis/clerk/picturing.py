"""Pages of PDFs as pictures: what a browser gets is never the PDF, and what reads the PDF is a confined process."""

import asyncio
import json
import sys
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from docaxis.picture_worker import REFUSED

MAX_PDF: Final = 32 * 1024 * 1024
"""Bytes of a PDF that is drawn; larger ones are fetched as files."""
MAX_PICTURE: Final = 24 * 1024 * 1024
"""Bytes that a worker may answer: 1,600 by 1,600 pixels without compression, and some."""
AT_ONCE: Final = 2
"""Pages drawn at the same time; more people wait for each other."""
SECONDS: Final = 15.0
"""From the beginning of a worker to its answer, then it is ended."""
KEPT: Final = 16
"""Pictures kept between a page and the picture on it."""


class NoPicture(Exception):
    """It cannot be drawn: no PDF, locked by a password, broken, without that page, or too much work."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One page: how many there are, its text as far as it has any, and the picture (PNG)."""

    pages: int
    text: str
    png: bytes


class Pictures:
    """Draws pages, each in a process of its own."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._kept: OrderedDict[tuple[str, int], Picture] = OrderedDict()

    def kept(self, sha256: str, page: int) -> Picture | None:
        """Give a picture drawn a moment ago; who may see its file, the caller has asked."""
        return self._kept.get((sha256, page))

    async def draw(self, data: bytes, sha256: str, page: int) -> Picture:
        """Draw one page (from 1) of a PDF with this digest.

        Raises:
            NoPicture: It cannot be drawn.
        """
        async with self._gate:
            picture = await self._drawn(data, page)
        self._kept[sha256, page] = picture
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return picture

    async def _drawn(self, data: bytes, page: int) -> Picture:
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            "docaxis.picture_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
        try:
            async with asyncio.timeout(self._seconds):
                answer, _ = await worker.communicate(json.dumps({"page": page}).encode() + b"\n" + data)
        except TimeoutError as error:
            raise NoPicture("too much work") from error
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
        if worker.returncode != 0:
            raise NoPicture("not to be opened" if worker.returncode == REFUSED else "the worker broke")
        return _read(answer)


def _read(answer: bytes) -> Picture:
    head, _, png = answer.partition(b"\n")
    if len(answer) > MAX_PICTURE or not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise NoPicture("no answer of its form")
    told = json.loads(head)
    return Picture(int(told["pages"]), str(told["text"]), png)
