"""``docaxis verify``: the signatures of PDFs, judged on this machine as the axis judges them."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Flag, Speaking
from docaxis.cli.output import Output, output_for
from docaxis.cli.policies import find_policy
from docaxis_schemas.moments import system_clock

if TYPE_CHECKING:  # what judges is an extra
    from docaxis_signing.register_files import CertificateRegister

_GRAVITY: Final = (Exit.OK, Exit.INDETERMINATE, Exit.UNREADABLE, Exit.REFUSED)
"""Of several files the gravest decides the exit code."""


def verify(
    file: list[str] | None = None,
    /,
    *,
    trust: Path | None = None,
    policy: str = "signatures",
    register: Path | None = None,
    issuer: str | None = None,
    at: datetime | None = None,
    offline: Flag = False,
    keep_evidence: Path | None = None,
    evidence: Path | None = None,
    layer: Literal["sentence", "checklist", "xml", "evidence"] | None = None,
    speaking: Speaking | None = None,
) -> int:
    """Verify PDFs.

    Args:
        file: The PDFs.
        trust: Directory with trust.toml, certificates and, where there is no network, revocation lists in crls/; by
            default $DOCAXIS_TRUST, else ~/.config/docaxis/trust.
        policy: What is asked of a file: signatures (each holds, whoever signed), original, certified_copy, foreign,
            strict, archive, or a TOML file; see docaxis policy show.
        register: TOML file that says whose the certificates are, for policies that ask for a person's signature or a
            seal.
        issuer: Code of the organisation whose seal is asked for; by default the one that the last registered signature
            is of.
        at: When the files were received, for signatures without a time-stamp; by default now.
        offline: Contact nobody: only revocation lists that lie in the trust directory count.
        keep_evidence: Keep in this directory all that the verdicts were drawn from, by content.
        evidence: Draw the verdicts of such a directory again, from its bytes alone, and compare their hashes.
        layer: How much is told: one sentence, the checklist of circular 15/2025/TT-BKHCN, the report of ETSI TS
            119 102-2 as XML, or what the verdict rests on; by default the sentence and a line for each signature.
        speaking: How the command answers.
    """
    from docaxis.cli import file_verdicts  # noqa: PLC0415 - an extra
    from docaxis.cli.examining import examine_files, open_pool  # noqa: PLC0415 - an extra
    from docaxis.cli.layers import Layered  # noqa: PLC0415 - an extra
    from docaxis.cli.reverifying import Keeper  # noqa: PLC0415 - an extra
    from docaxis.cli.trusting import load_revocation, load_trust, trust_directory  # noqa: PLC0415 - an extra
    from docaxis.verifier.pool import Knowledge  # noqa: PLC0415 - an extra
    from docaxis_signing.verdict import DocumentFindings  # noqa: PLC0415 - an extra

    output = output_for(speaking)
    if evidence is not None and not file:
        return reverify(evidence, output)
    if evidence is not None or not file:
        vi, en = "Cần tệp PDF, hoặc --evidence một mình.", "PDFs are needed, or --evidence alone."
        raise CommandFailed(Exit.USAGE, "usage", vi, en)
    rule, known, names = find_policy(policy), _register(register), file
    directory = trust_directory(trust)
    store, now = load_trust(directory, output), system_clock()
    found: list[Exit] = [Exit.OK]

    async def work() -> None:
        revocation = await load_revocation(store, directory, output, now, offline=offline)
        received = now if at is None else at.astimezone(UTC)
        question = file_verdicts.Question(rule, store, revocation, known, issuer, received)
        layered = Layered(layer, output, store)
        keeper = Keeper(keep_evidence, question, system_clock) if keep_evidence else None

        def tell(name: str, findings: DocumentFindings) -> None:
            verdict = question.judge(name, findings)
            found.append(file_verdicts.exit_code(verdict))
            if keeper is not None:
                keeper.keep(name, findings, verdict)
            layered.tell(name, file_verdicts.as_json(name, verdict), findings, verdict)

        async with open_pool() as pool:
            await examine_files(pool, names, Knowledge(store, revocation), received, tell)

    asyncio.run(work())
    return max(found, key=_GRAVITY.index)


def reverify(directory: Path, output: Output) -> int:
    """Draw the verdicts that were kept again; one that comes out otherwise counts as failed.

    Raises:
        CommandFailed: Something of the evidence is missing or damaged.
    """
    from docaxis.cli import file_verdicts  # noqa: PLC0415 - an extra
    from docaxis.cli.kept_evidence import EvidenceDirectory, KeptRecord  # noqa: PLC0415 - an extra
    from docaxis.cli.reverifying import Again  # noqa: PLC0415 - an extra
    from docaxis_signing.rerun import RejectedEvidence  # noqa: PLC0415 - an extra
    from docaxis_signing.verdict import SubmissionVerdict  # noqa: PLC0415 - an extra

    found: list[Exit] = [Exit.OK]
    damaged: list[str] = []

    def tell(record: KeptRecord, drawn: SubmissionVerdict | RejectedEvidence) -> None:
        told: dict[str, Any] = {"recorded_verdict_sha256": record.verdict_sha256}
        if isinstance(drawn, RejectedEvidence):
            damaged.append(str(drawn))
            output.result(told | {"reproduced": None, "reason": str(drawn)}, f"✗ {record.verdict_sha256}: {drawn}")
            return
        same = drawn.sha256 == record.verdict_sha256
        found.append(file_verdicts.exit_code(drawn) if same else Exit.REFUSED)
        again = output.text("Ra đúng kết quả cũ", "Drawn again, the same")
        other = output.text("KHÔNG ra kết quả cũ", "Drawn again, NOT the same")
        lines = file_verdicts.sentence(", ".join(file.name for file in drawn.files), drawn, output)
        value = file_verdicts.submission_json(drawn) | told | {"reproduced": same}
        output.result(value, *lines, f"  {again if same else other}: {drawn.sha256}")

    try:
        asyncio.run(Again(EvidenceDirectory(directory)).run(tell))
    except RejectedEvidence as error:
        damaged.append(str(error))
    if damaged:
        vi = f"Bằng chứng thiếu hoặc hỏng ({len(damaged)}): {damaged[0]}"
        en = f"The evidence is incomplete or damaged ({len(damaged)}): {damaged[0]}"
        raise CommandFailed(Exit.BAD_INPUT, "evidence-damaged", vi, en)
    return max(found, key=_GRAVITY.index)


def _register(path: Path | None) -> "CertificateRegister":
    from docaxis_signing.register_files import CertificateRegister, RejectedRegister  # noqa: PLC0415 - an extra

    if path is None:
        return CertificateRegister()
    try:
        return CertificateRegister.from_toml(path.read_bytes())
    except RejectedRegister as error:
        vi, en = f"{path}: danh bạ chứng thư không dùng được: {error}", f"{path}: {error}"
        raise CommandFailed(Exit.CONFIGURATION, "register", vi, en) from error
