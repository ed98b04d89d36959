"""``docaxis verify --keep-evidence`` and ``--evidence``: keep what verdicts were drawn from, and draw them again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from docaxis.cli.examining import examine_files, open_pool
from docaxis.cli.file_verdicts import Question
from docaxis.cli.kept_evidence import EvidenceDirectory
from docaxis.verifier.pool import Knowledge, WorkerPool
from docaxis_schemas.moments import Clock
from docaxis_signing.judgement import JudgedFile
from docaxis_signing.pdf.limits import MAX_BYTES
from docaxis_signing.pdf.verification import engine_versions
from docaxis_signing.policy import JudgedAs, Policy
from docaxis_signing.rerun import (
    Rebuilt,
    RejectedEvidence,
    brought_objects,
    inputs_of,
    rebuild,
    record_of,
    shared_objects,
)
from docaxis_signing.verdict import DocumentFindings, SubmissionVerdict

Redrawn = Callable[[dict[str, Any], SubmissionVerdict], None]
"""Is told a record and the verdict that was drawn again from it."""


class Keeper:
    """Keeps what the verdicts of one call were drawn from."""

    def __init__(self, directory: Path, question: Question, clock: Clock) -> None:
        self._directory = EvidenceDirectory(directory)
        self._question = question
        self._clock = clock
        self._policy: Final = Policy.of_file(question.rule)
        objects, self._trust = shared_objects(self._policy, question.trust, question.revocation)
        self._directory.put(objects)

    def keep(self, name: str, findings: DocumentFindings, verdict: SubmissionVerdict) -> None:
        """Keep one verdict; a file that was never judged leaves nothing to draw it from.

        Raises:
            OSError: The file was changed meanwhile, or the directory cannot be written.
        """
        if not findings.sha256 or findings.size > MAX_BYTES:
            return
        question, path = self._question, Path(name)
        self._directory.put_document(path, findings.sha256)
        self._directory.put(brought_objects(findings.material))
        certificates = (item.certificate.sha256 for item in findings.approvals if item.certificate)
        entries = {question.register.get(sha256) for sha256 in certificates} - {None}
        inputs = inputs_of(
            [JudgedFile(path.name, JudgedAs.FILE, findings)],
            policy=self._policy,
            trust=self._trust,
            revocation=question.revocation,
            register=[entry for entry in entries if entry is not None],
            parties=question.parties(findings),
            received=question.at,
            kept=self._clock(),
        )
        self._directory.put_record(record_of(verdict, inputs))


@dataclass(frozen=True, slots=True)
class Again:
    """Draws the verdicts of a directory again."""

    directory: EvidenceDirectory

    async def run(self, tell: Redrawn) -> None:
        """Examine the kept documents by the kept knowledge, and judge them by the kept policy. Contacts nobody.

        Raises:
            RejectedEvidence: Something is missing or damaged.
        """
        async with open_pool() as pool:
            for record in self.directory.records():
                rebuilt = rebuild(record, self.directory.get)
                found = await self._examine(pool, rebuilt)
                tell(record, rebuilt.judge(found, engine_versions()))

    async def _examine(self, pool: WorkerPool, rebuilt: Rebuilt) -> list[DocumentFindings]:
        inputs, found = rebuilt.inputs, list[DocumentFindings]()
        names = [str(self.directory.object_path(file.sha256)) for file in inputs.files]
        knowledge = Knowledge(rebuilt.trust, rebuilt.revocation)
        await examine_files(pool, names, knowledge, inputs.received, lambda _, findings: found.append(findings))
        for file, findings in zip(inputs.files, found, strict=True):
            if findings.sha256 != file.sha256:
                raise RejectedEvidence(f"the document {file.sha256} is missing or has other bytes")
        return found
