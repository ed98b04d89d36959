"""Documents of each PAdES level for `docaxis bench verify`: distinct, about 100 kB, kept for the next run.

Forty signers of five issuing authorities, RSA-2048. Levels B-B to B-LTA carry one invisible signature of a person; the
documents with two have those of person and agency, both visible, at B-T.
"""

import asyncio
import json
import logging
import multiprocessing
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from cryptography import x509

from docaxis.embedded.authorities import TestAuthorities
from docaxis.embedded.authorities.authorities import Credential
from docaxis.embedded.authorities.cast import TIMESTAMPING
from docaxis.embedded.authorities.keystore import Keystore
from docaxis.embedded.bench.corpus import AGENCIES, CrowdDesk
from docaxis.embedded.bench.specimens import Lists, Specimen
from docaxis.embedded.documents import render_document
from docaxis.embedded.ending import end_with
from docaxis.embedded.papers import PERSON_FIELD, signing_key
from docaxis.embedded.places import exclusively
from docaxis_schemas.moments import Clock, system_clock
from docaxis_signing.pdf.signer_certificate import ValidationData
from docaxis_signing.pdf.signing import Level, SigningRequest, sign_pdf
from docaxis_signing.trust.store import TrustStore

TWO_SIGNATURES: Final = "b_t_two_signatures"
SINGLE: Final[dict[str, Level]] = {"b_b": "B-B", "b_t": "B-T", "b_lt": "B-LT", "b_lta": "B-LTA"}
LEVELS: Final = (*SINGLE, TWO_SIGNATURES)


class LevelDesk(CrowdDesk):
    """Signs drafts of the communes of the crowd at each level."""

    def __init__(self, authorities: TestAuthorities, trust: TrustStore, clock: Clock) -> None:
        super().__init__(authorities, AGENCIES, clock)
        known = {item.name: item.certificate for item in trust.authorities}
        lists = Lists.of(authorities, trust, clock)
        self._names = {certificate: name for name, certificate in known.items()}
        self._validation = ValidationData(
            anchors=tuple(item.certificate for item in trust.authorities if item.is_anchor),
            authorities=tuple(item.certificate for item in trust.authorities if not item.is_anchor),
            crls=tuple(x509.load_der_x509_crl(der) for der in lists.by_authority.values()),
        )

    async def write_level(self, name: str, directory: Path, number: int) -> None:
        """Make the document of this level and number; the page that says what it needs comes last."""
        # Signers take turns one by one, so that forty documents have forty signers, the persons first.
        person, seal = self.signers(f"H97.{number % AGENCIES + 1:02d}")
        if name == TWO_SIGNATURES:
            await self.write(directory, number)
            self._write_needs(directory, number, (person, seal), stamped=True)
            return
        signer = seal if number // AGENCIES % 2 else person
        page = render_document(self.draft(f"H97.{number % AGENCIES + 1:02d}", number))
        level = SINGLE[name]
        signed = await sign_pdf(
            page.data,
            signing_key(signer),
            SigningRequest(level, PERSON_FIELD),
            timestamper=None if level == "B-B" else self._timestamper,
            validation=self._validation,
            now=self._clock(),
        )
        (directory / f"{number:06d}.pdf").write_bytes(signed)
        self._write_needs(directory, number, (signer,), stamped=level != "B-B")

    def _write_needs(self, directory: Path, number: int, signers: Iterable[Credential], *, stamped: bool) -> None:
        needed = {self._names[item] for signer in signers for item in signer.chain}
        if stamped:
            needed |= {TIMESTAMPING, self._names[self._authorities.authorities["gov-root"].certificate]}
        scratch = directory / f"{number:06d}.new"
        scratch.write_text(json.dumps(sorted(needed)), "utf-8")
        scratch.replace(directory / f"{number:06d}.needs.json")


class LevelCorpus:
    """The documents of all levels with their authorities, in one directory that runs share."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.authorities = directory / "authorities"
        self.trust = directory / "trust"

    def prepare(self, count: int, *, cores: int) -> int:
        """See to it that there are so many documents of each level; give how many had to be made."""
        with exclusively(self._directory / "lock"):
            if not Keystore(self.authorities).complete:
                for level in LEVELS:
                    for path in self._of(level).glob("*"):
                        path.unlink()  # signed under authorities that are gone
                TestAuthorities.create(self.authorities, base_url="http://127.0.0.1:9", now=system_clock())
            made = TestAuthorities.load(self.authorities)
            made.crowd(AGENCIES)
            made.write_trust(self.trust)
            missing = []
            for level in LEVELS:
                self._of(level).mkdir(parents=True, exist_ok=True, mode=0o700)
                missing += [(level, number) for number in range(count) if not self._needs(level, number).exists()]
            self._make(missing, cores)
        return len(missing)

    def specimens(self, level: str, count: int) -> list[Specimen]:
        """Give the first so many documents of a level."""
        needs = [self._needs(level, number) for number in range(count)]
        return [
            Specimen(path.with_name(path.name.replace(".needs.json", ".pdf")), tuple(json.loads(path.read_text())))
            for path in needs
        ]

    def _of(self, level: str) -> Path:
        return self._directory / level

    def _needs(self, level: str, number: int) -> Path:
        return self._of(level) / f"{number:06d}.needs.json"

    def _make(self, missing: Sequence[tuple[str, int]], cores: int) -> None:
        if not missing:
            return
        spawning = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(cores, spawning, initializer=end_with, initargs=(os.getpid(),)) as pool:
            jobs = [pool.submit(_write, self._directory, missing[start::cores]) for start in range(cores)]
            for job in jobs:
                job.result()


def _write(directory: Path, wanted: Sequence[tuple[str, int]]) -> None:
    logging.getLogger("pyhanko").setLevel(logging.ERROR)  # it warns of every B-LT document that nothing is fetched
    corpus = LevelCorpus(directory)
    desk = LevelDesk(TestAuthorities.load(corpus.authorities), TrustStore.load(corpus.trust), system_clock)

    async def write() -> None:
        for level, number in wanted:
            await desk.write_level(level, directory / level, number)

    asyncio.run(write())
