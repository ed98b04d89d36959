"""``docaxis verify --keep-evidence`` and ``--evidence``: keep what verdicts were drawn from, and draw them again."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docaxis.cli.examining import examine_files, open_pool
from docaxis.cli.file_verdicts import Question
from docaxis.cli.kept_evidence import EvidenceDirectory, KeptRecord
from docaxis.verifier.pool import Knowledge, WorkerPool
from docaxis_schemas.moments import Clock
from docaxis_signing.judgement import JudgedFile
from docaxis_signing.pdf.limits import MAX_BYTES
from docaxis_signing.pdf.verification import engine_versions
from docaxis_signing.plain import to_object
from docaxis_signing.policy import JudgedAs, Policy
from docaxis_signing.rerun import (
    Grounds,
    Rebuilder,
    Rebuilt,
    RejectedEvidence,
    brought_objects,
    record_of,
)
from docaxis_signing.verdict import DocumentFindings, SubmissionVerdict

AHEAD: Final = 8
"""Records that are taken in hand while workers are busy with the documents of others."""

Redrawn = Callable[[KeptRecord, SubmissionVerdict | RejectedEvidence], None]
"""Is told a record, and the verdict that was drawn again from it or why none could be."""


class Keeper:
    """Keeps what the verdicts of one call were drawn from."""

    def __init__(self, directory: Path, question: Question, clock: Clock) -> None:
        self._directory = EvidenceDirectory(directory)
        self._question = question
        self._grounds = Grounds.of(Policy.of_file(question.rule), question.trust, question.revocation, clock())
        self._directory.put(self._grounds.objects)

    def keep(self, name: str, findings: DocumentFindings, verdict: SubmissionVerdict) -> None:
        """Keep one verdict; a file that was never judged leaves nothing to draw it from.

        Raises:
            OSError: The file was changed meanwhile, or the directory cannot be written.
        """
        if not findings.sha256 or findings.size > MAX_BYTES:
            return
        question, path = self._question, Path(name)
        self._directory.put_document(path, findings.sha256)
        objects = brought_objects(findings.material)
        for answer in self._grounds.answers_about([findings]):
            objects.put(answer.der)
        self._directory.put(objects)
        certificates = (item.certificate.sha256 for item in findings.approvals if item.certificate)
        entries = {question.register.get(sha256) for sha256 in certificates} - {None}
        inputs = self._grounds.inputs(
            [JudgedFile(path.name, JudgedAs.FILE, findings)],
            register=[entry for entry in entries if entry is not None],
            parties=question.parties(findings),
            received=question.at,
        )
        self._directory.put_record(record_of(verdict.to_json(), verdict.sha256, to_object(inputs)))


@dataclass(frozen=True, slots=True)
class Again:
    """Draws the verdicts of a directory again."""

    directory: EvidenceDirectory

    async def run(self, tell: Redrawn) -> None:
        """Examine the kept documents by the kept knowledge, and judge them by the kept policy. Contacts nobody.

        One record that is damaged is told as that, and holds up no other.

        Raises:
            RejectedEvidence: There is no record.
        """
        records, rebuilder = self.directory.records(), Rebuilder(self.directory.get)
        begun: deque[tuple[KeptRecord, asyncio.Task[SubmissionVerdict | RejectedEvidence]]] = deque()

        async def tell_first() -> None:
            record, task = begun.popleft()
            tell(record, await task)

        async with open_pool() as pool, asyncio.TaskGroup() as group:
            for record in records:
                begun.append((record, group.create_task(self._draw(pool, rebuilder, record))))
                if len(begun) >= AHEAD:
                    await tell_first()
            while begun:
                await tell_first()

    async def _draw(
        self, pool: WorkerPool, rebuilder: Rebuilder, record: KeptRecord
    ) -> SubmissionVerdict | RejectedEvidence:
        try:
            rebuilt = rebuilder.rebuild(record.read())
            found = await self._examine(pool, rebuilt)
        except RejectedEvidence as error:
            return error
        return rebuilt.judge(found, engine_versions())

    async def _examine(self, pool: WorkerPool, rebuilt: Rebuilt) -> list[DocumentFindings]:
        inputs, found = rebuilt.inputs, list[DocumentFindings]()
        names = [str(self.directory.object_path(file.sha256)) for file in inputs.files]
        knowledge = Knowledge(rebuilt.trust, rebuilt.revocation)
        await examine_files(pool, names, knowledge, inputs.received, lambda _, findings: found.append(findings))
        for file, findings in zip(inputs.files, found, strict=True):
            if findings.sha256 != file.sha256:
                raise RejectedEvidence(f"the document {file.sha256} is missing or has other bytes")
        return found
