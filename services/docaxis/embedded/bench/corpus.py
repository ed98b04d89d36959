"""The documents of a load run: all distinct, signed beforehand by a crowd of TEST agencies, kept for the next run.

Each is a PDF of about 100 kB with two visible signatures at B-T, person then seal, RSA-2048; the forty signers hold
certificates of five issuing authorities. The authorities are kept with the documents, so the signatures stay good.
"""

import asyncio
import io
import json
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from PIL import Image

from docaxis.embedded.authorities import Organisation, TestAuthorities
from docaxis.embedded.authorities.authorities import Credential
from docaxis.embedded.authorities.cast import Person
from docaxis.embedded.authorities.keystore import Keystore
from docaxis.embedded.documents import handwriting, render_document
from docaxis.embedded.documents import seal as picture_of_seal
from docaxis.embedded.ending import end_with
from docaxis.embedded.papers import PERSON_FIELD, SEAL_FIELD, PaperDesk
from docaxis.embedded.places import exclusively
from docaxis.embedded.ports import free_ports
from docaxis_schemas.moments import Clock, system_clock
from docaxis_signing.pdf.appearance import Picture, seal_box
from docaxis_signing.pdf.signing import Level

AGENCIES: Final = 20
"""Communes that sign, a person and a seal each: 40 signers over the five issuing authorities."""
HANDWRITINGS: Final = 64
"""Different signatures by hand; drawing one costs more than signing with it."""
LEVEL: Final[Level] = "B-T"
BATCH: Final = 20
"""Documents a signing process makes before it reports back."""

Progress = Callable[[int, int], None]


class CrowdDesk(PaperDesk):
    """Drafts for the communes of the crowd, which are not of the cast."""

    def __init__(self, authorities: TestAuthorities, agencies: int, clock: Clock) -> None:
        super().__init__(authorities, clock)
        self._signers = authorities.crowd(agencies)

    def organisation(self, code: str) -> Organisation:
        """Give a commune of the crowd as an organisation that drafts."""
        person, seal = self.signers(code)
        return Organisation(
            code=code,
            old_code="",
            name=seal.common_name,
            parent="Ủy ban nhân dân tỉnh Ví Dụ",
            abbreviation="UBND",
            place="Ví Dụ",
            issuer="",
            leader=Person(person.common_name, "CHỦ TỊCH", "TM. ỦY BAN NHÂN DÂN"),
            clerk=Person(person.common_name, "PHÓ CHỦ TỊCH", "KT. CHỦ TỊCH"),
        )

    def signers(self, code: str) -> tuple[Credential, Credential]:
        """Give person and seal of a commune."""
        return self._signers[int(code.rsplit(".", 1)[1]) - 1]

    async def write(self, directory: Path, number: int) -> None:
        """Draft, sign and write the document of this number; its page of metadata last, so that it is whole or not."""
        code = f"H97.{number % len(self._signers) + 1:02d}"
        person, seal = self.signers(code)
        spec = replace(self.draft(code, number), number=str(number), recipients=())  # their typeface alone takes 20 kB
        page = render_document(spec)
        by_hand = Picture(_smaller(handwriting(number % HANDWRITINGS)), page.signature_page, page.handwriting_box)
        stamp = Picture(_smaller(picture_of_seal(spec.organisation)), page.signature_page, seal_box(by_hand.box))
        data = await self.sign(page.data, person, PERSON_FIELD, LEVEL, by_hand)
        data = await self.sign(data, seal, SEAL_FIELD, LEVEL, stamp)
        (directory / f"{number:06d}.pdf").write_bytes(data)
        text = json.dumps({"issuer": code, "metadata": self.metadata(code, spec).to_json()}, ensure_ascii=False)
        scratch = directory / f"{number:06d}.new"
        scratch.write_text(text, "utf-8")
        scratch.replace(directory / f"{number:06d}.json")


@lru_cache(maxsize=AGENCIES + HANDWRITINGS)
def _smaller(picture: bytes) -> bytes:
    """Halve a picture's resolution and keep three shades of its ink: as it is for print it would be a third more."""
    image = Image.open(io.BytesIO(picture))
    size = (image.width // 2, image.height // 2)
    ink = image.getchannel("A").resize(size).point([0] * 64 + [128] * 128 + [255] * 64)
    plain = Image.new("RGB", size, image.convert("RGB").getpixel((0, 0)))
    plain.putalpha(ink)
    target = io.BytesIO()
    plain.save(target, "PNG")
    return target.getvalue()


class Corpus:
    """Documents and their authorities in one directory that runs share, with the services' logs of the last run."""

    def __init__(self, directory: Path, *, agencies: int = AGENCIES) -> None:
        self.agencies = agencies
        self._documents = directory / "documents"
        self.authorities = directory / "authorities"
        self.logs = directory / "logs"

    def prepare(self, count: int, *, cores: int, progress: Progress = lambda _done, _all: None) -> int:
        """See to it that there are so many documents; give how many had to be made."""
        with exclusively(self._documents.with_suffix(".lock")):
            self._documents.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not Keystore(self.authorities).complete:
                self._remove_all()  # signed under authorities that are gone
                base = f"http://127.0.0.1:{free_ports('127.0.0.1', 1)[0]}"
                TestAuthorities.create(self.authorities, base_url=base, now=system_clock())
            TestAuthorities.load(self.authorities).crowd(self.agencies)
            missing = [number for number in range(count) if not self._page(number).exists()]
            self._make(missing, cores, progress)
        return len(missing)

    def specimens(self, count: int) -> list[tuple[str, dict[str, Any], Path]]:
        """Give issuer, metadata and PDF of the first so many documents."""
        found = []
        for number in range(count):
            page = json.loads(self._page(number).read_text("utf-8"))
            found.append((page["issuer"], page["metadata"], self._page(number).with_suffix(".pdf")))
        return found

    def _page(self, number: int) -> Path:
        return self._documents / f"{number:06d}.json"

    def _remove_all(self) -> None:
        for path in self._documents.iterdir():
            path.unlink()

    def _make(self, numbers: Sequence[int], cores: int, progress: Progress) -> None:
        batches = [numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH)]
        if not batches:
            return
        done = 0
        spawning = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(cores, spawning, initializer=end_with, initargs=(os.getpid(),)) as pool:
            jobs = [
                pool.submit(_write_batch, self.authorities, self.agencies, self._documents, batch) for batch in batches
            ]
            for job in jobs:
                done += job.result()
                progress(done, len(numbers))


def _write_batch(authorities: Path, agencies: int, documents: Path, numbers: Sequence[int]) -> int:
    desk = CrowdDesk(TestAuthorities.load(authorities), agencies, system_clock)

    async def write() -> None:
        for number in numbers:
            await desk.write(documents, number)

    asyncio.run(write())
    return len(numbers)
