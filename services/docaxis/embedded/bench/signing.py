"""``docaxis bench sign``: our signing beside pyHanko's `SimpleSigner`, by turns, with the same pages and key."""

import asyncio
import io
import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from asn1crypto import keys as asn1_keys
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

from docaxis.cli.options import SignBenchOptions
from docaxis.cli.output import Output
from docaxis.embedded.authorities import DirectTimeStamper, TestAuthorities, TimestampAuthority
from docaxis.embedded.authorities.authorities import Credential
from docaxis.embedded.bench.levels import LevelCorpus, LevelDesk
from docaxis.embedded.documents import render_document
from docaxis.embedded.papers import signing_key
from docaxis.embedded.places import cache_directory
from docaxis_schemas.moments import system_clock
from docaxis_signing.keys import asn1, store_of
from docaxis_signing.pdf.signing import Level, SigningRequest, sign_pdf
from docaxis_signing.trust.store import TrustStore

LEVELS: Final[dict[str, Level]] = {"b_b": "B-B", "b_t": "B-T"}
PAGES: Final = 10
ROUNDS: Final = 6
STOCK_A_ROUND: Final = 3
"""Documents that stock signs while we sign all pages: it takes some twenty times as long."""

Sign = Callable[[bytes, Level], object]


@dataclass(frozen=True, slots=True)
class Signing:
    """CPU and wall milliseconds a document, medians."""

    cpu_ms: float
    wall_ms: float


def sign(options: SignBenchOptions) -> int:
    """Measure and print; the last line has the figures."""
    output = Output(as_json=options.json, language=options.language)
    corpus = LevelCorpus(cache_directory() / "bench-verify")
    corpus.prepare(1, cores=os.cpu_count() or 1)
    authorities = TestAuthorities.load(corpus.authorities)
    desk = LevelDesk(authorities, TrustStore.load(corpus.trust), system_clock)
    pages = [render_document(desk.draft(f"H97.{number + 1:02d}", number)).data for number in range(PAGES)]
    credential = desk.signers("H97.01")[0]
    stamper = DirectTimeStamper(TimestampAuthority(authorities, system_clock))
    with closing(asyncio.new_event_loop()) as loop:
        ways = {"ours": _ours(credential, stamper, loop), "stock": _stock(credential, stamper, loop)}
        figures = {name: _compare(ways, level, pages) for name, level in LEVELS.items()}
    output.result({"levels": figures}, *(f"{name}: {value}" for name, value in figures.items()))
    return 0


def _ours(credential: Credential, stamper: DirectTimeStamper, loop: asyncio.AbstractEventLoop) -> Sign:
    key = signing_key(credential)

    def sign_one(data: bytes, level: Level) -> object:
        request, chosen = SigningRequest(level, "Sig"), None if level == "B-B" else stamper
        return loop.run_until_complete(sign_pdf(data, key, request, timestamper=chosen, now=system_clock()))

    return sign_one


def _stock(credential: Credential, stamper: DirectTimeStamper, loop: asyncio.AbstractEventLoop) -> Sign:
    """PyHanko as its manual shows it, with the same padding as ours."""
    raw = credential.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = signers.SimpleSigner(
        asn1(credential.certificate), asn1_keys.PrivateKeyInfo.load(raw), store_of(credential.chain), prefer_pss=True
    )
    metadata = signers.PdfSignatureMetadata(
        field_name="Sig", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
    )

    def sign_one(data: bytes, level: Level) -> object:
        pdf_signer = signers.PdfSigner(metadata, signer, timestamper=None if level == "B-B" else stamper)
        return loop.run_until_complete(pdf_signer.async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data))))

    return sign_one


def _compare(ways: dict[str, Sign], level: Level, pages: Sequence[bytes]) -> dict[str, Any]:
    taken: dict[str, list[Signing]] = {name: [] for name in ways}
    for way in ways.values():
        way(pages[0], level)  # the first one loads and warms
    for _ in range(ROUNDS):
        for name, way in ways.items():
            taken[name].append(_turn(way, level, pages if name == "ours" else pages[:STOCK_A_ROUND]))
    ours, stock = (_middle(taken[name]) for name in ("ours", "stock"))
    return {
        "documents_per_second": round(1000 / ours.wall_ms, 1),
        "ratio_to_stock": round(stock.cpu_ms / ours.cpu_ms, 2),
        "cpu_ms": round(ours.cpu_ms, 2),
        "stock_cpu_ms": round(stock.cpu_ms, 2),
    }


def _turn(way: Sign, level: Level, pages: Sequence[bytes]) -> Signing:
    wall, cpu = time.perf_counter(), time.process_time()
    for page in pages:
        way(page, level)
    count = len(pages)
    return Signing((time.process_time() - cpu) * 1000 / count, (time.perf_counter() - wall) * 1000 / count)


def _middle(turns: Sequence[Signing]) -> Signing:
    return Signing(median(turn.cpu_ms for turn in turns), median(turn.wall_ms for turn in turns))
