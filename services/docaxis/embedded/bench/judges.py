"""Who is measured beside whom in `docaxis bench verify`: our verifier, stock pyHanko, and poppler's `pdfsig`.

Ours and stock each run in a process of their own, so that nothing patched or cached on one side reaches the other. A
judge takes turns: it is told documents, judges them, and says how long that took.
"""

import asyncio
import gc
import io
import multiprocessing
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Protocol

from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

from docaxis.embedded.authorities import TestAuthorities
from docaxis.embedded.bench.specimens import Lists, Specimen
from docaxis.embedded.problems import EmbeddedProblem
from docaxis.verifier.worker import COLLECT_ABOVE
from docaxis_schemas.moments import system_clock
from docaxis_signing.pdf.speed import FastEngine
from docaxis_signing.pdf.verification import examine
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import Indication

START_SECONDS: Final = 120.0
TURN_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn cost, in milliseconds a document."""

    wall_ms: float
    cpu_ms: float


class Judge(Protocol):
    """Judges documents in turns."""

    def judge(self, specimens: Sequence[Specimen]) -> Turn:
        """Judge them once each."""


class NotPassed(EmbeddedProblem):
    """A document of the benchmark did not pass: a figure over refusals would mean nothing."""


@dataclass(frozen=True, slots=True)
class Material:
    """What judges judge by, found again in each process."""

    authorities: Path
    trust: Path


Judging = Callable[[bytes, Specimen], bool]


def ours(material: Material) -> Judging:
    """Make the verifier's own examination as its workers do it, acceptance rules included."""
    engine = FastEngine()
    if not engine.ready:
        raise EmbeddedProblem(f"The fast path is off: the libraries have changed under it ({engine.drifted}).")
    engine.switch_on()
    trust = TrustStore.load(material.trust)
    lists = Lists.of(TestAuthorities.load(material.authorities), trust).snapshot

    def judge(data: bytes, _: Specimen) -> bool:
        found = examine(data, trust=trust, revocation=lists, at=system_clock())
        return all(one.indication is Indication.TOTAL_PASSED for one in found.signatures) and bool(found.signatures)

    return judge


def stock(material: Material) -> Judging:
    """Make pyHanko as it comes, at its best: a fresh context for each document with only the lists that it needs."""
    trust = TrustStore.load(material.trust)
    lists = Lists.of(TestAuthorities.load(material.authorities), trust).by_authority
    known = {item.name: item for item in trust.authorities}

    def context(needed: Sequence[str]) -> ValidationContext:
        loaded = {name: asn1_x509.Certificate.load(known[name].der) for name in needed}
        return ValidationContext(
            trust_roots=[loaded[name] for name in needed if known[name].is_anchor],
            other_certs=[loaded[name] for name in needed if not known[name].is_anchor],
            crls=[lists[name] for name in needed],
            allow_fetching=False,
            revocation_mode="hard-fail",
        )

    async def validate(data: bytes, needed: Sequence[str]) -> bool:
        held = context(needed)
        statuses: list[Any] = []
        for signature in PdfFileReader(io.BytesIO(data)).embedded_signatures:
            stamped = signature.sig_object_type == "/DocTimeStamp"
            check: Any = async_validate_pdf_timestamp if stamped else async_validate_pdf_signature
            statuses.append(await check(signature, held))
        return bool(statuses) and all(
            status.intact and status.valid and status.trusted and getattr(status, "bottom_line", True)
            for status in statuses
        )

    return lambda data, specimen: asyncio.run(validate(data, specimen.authorities))


class ProcessJudge:
    """A judge in a process of its own."""

    def __init__(self, make: Callable[[Material], Judging], material: Material) -> None:
        context = multiprocessing.get_context("spawn")
        self._channel, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(make, material, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._answer(START_SECONDS)

    def judge(self, specimens: Sequence[Specimen]) -> Turn:
        """Judge them once each.

        Raises:
            NotPassed: One of them did not pass.
        """
        self.begin(specimens, 0.0)
        return self.end()[0]

    def begin(self, specimens: Sequence[Specimen], seconds: float) -> None:
        """Have them judged again and again for so long, at least once each, without waiting for it."""
        self._channel.send((list(specimens), seconds))

    def end(self) -> tuple[Turn, int]:
        """Wait for the answer: the cost, and how many documents were judged.

        Raises:
            NotPassed: One of them did not pass.
        """
        answer: Any = self._answer(TURN_SECONDS)
        if isinstance(answer, str):
            raise NotPassed(f"{answer} did not pass; a figure over refusals would mean nothing")
        turn, count = answer
        return turn, count

    @property
    def resident_mb(self) -> int:
        """Memory of the process in MiB."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // (1024 * 1024)

    def close(self) -> None:
        """End the process."""
        self._channel.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()

    def _answer(self, seconds: float) -> object:
        if not self._channel.poll(seconds):
            raise EmbeddedProblem("A measuring process does not answer.")
        return self._channel.recv()


def _serve(make: Callable[[Material], Judging], material: Material, channel: Connection) -> None:
    judging = make(material)
    gc.freeze()
    if make is ours:
        gc.set_threshold(COLLECT_ABOVE, 20, 100)  # as the verifier's workers do
    channel.send("ready")
    while True:
        try:
            specimens, seconds = channel.recv()
        except EOFError:
            return
        channel.send(_turn(judging, specimens, seconds))


def _turn(judging: Judging, specimens: Sequence[Specimen], seconds: float) -> tuple[Turn, int] | str:
    """Judge; reading the files is not counted."""
    wall = cpu = 0.0
    count = 0
    while count < len(specimens) or wall < seconds:
        specimen = specimens[count % len(specimens)]
        data = specimen.path.read_bytes()
        began, spent = time.perf_counter(), time.process_time()
        passed = judging(data, specimen)
        wall += time.perf_counter() - began
        cpu += time.process_time() - spent
        if not passed:
            return str(specimen.path)
        count += 1
    return Turn(wall * 1000 / count, cpu * 1000 / count), count


class Pdfsig:
    """Poppler's `pdfsig -nocert`: digests and signatures only; no chain, no revocation, no time-stamp, no changes."""

    def __init__(self, program: str) -> None:
        self._program = program

    @classmethod
    def find(cls) -> "Pdfsig | None":
        """Find it on this machine."""
        program = shutil.which("pdfsig")
        return cls(program) if program else None

    def judge(self, specimens: Sequence[Specimen]) -> Turn:
        """Start it once for each document."""
        began, spent = time.perf_counter(), _of_children()
        for specimen in specimens:
            subprocess.run(
                [self._program, "-nocert", str(specimen.path)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        wall, cpu = time.perf_counter() - began, _of_children() - spent
        return Turn(wall * 1000 / len(specimens), cpu * 1000 / len(specimens))


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
