"""``docaxis extend``: validation data and document time-stamps added to a signed PDF, to prove it later."""

import asyncio
from pathlib import Path
from typing import Literal

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Speaking
from docaxis.cli.output import output_for
from docaxis.cli.sign import validation_data
from docaxis_schemas.moments import system_clock
from docaxis_signing.durable import write_whole


def extend(
    file: Path,
    /,
    *,
    out: Path | None = None,
    level: Literal["B-LT", "B-LTA"] = "B-LTA",
    tsa: str | None = None,
    trust: Path | None = None,
    speaking: Speaking | None = None,
) -> int:
    """Extend the signatures on a PDF, or renew what was extended before. They have to hold now.

    Args:
        file: The signed PDF.
        out: Where to write; by default beside the file, with -extended in its name.
        level: B-LT adds certificates and revocation lists, B-LTA also a document time-stamp over all of it.
        tsa: Address of the time-stamping authority, for B-LTA.
        trust: Trust directory; by default $DOCAXIS_TRUST, else ~/.config/docaxis/trust.
        speaking: How the command answers.
    """
    from docaxis.cli.examining import examine_files, open_pool  # noqa: PLC0415 - an extra
    from docaxis.cli.trusting import load_revocation, load_trust, trust_directory  # noqa: PLC0415 - an extra
    from docaxis.verifier.pool import Knowledge  # noqa: PLC0415 - an extra
    from docaxis_signing.pdf.extending import extend_pdf  # noqa: PLC0415 - an extra
    from docaxis_signing.pdf.timestamps import TimestampClient  # noqa: PLC0415 - an extra
    from docaxis_signing.verdict import DocumentFindings, Indication  # noqa: PLC0415 - an extra

    output, now = output_for(speaking), system_clock()
    target = out or file.with_name(f"{file.stem}-extended{file.suffix}")
    data, directory = file.read_bytes(), trust_directory(trust)
    store = load_trust(directory, output)
    found: list[DocumentFindings] = []

    async def work() -> bytes:
        snapshot = await load_revocation(store, directory, output, now)
        async with open_pool() as pool:
            await examine_files(
                pool, [str(file)], Knowledge(store, snapshot), now, lambda _, findings: found.append(findings)
            )
        signatures = found[0].signatures
        if not signatures or any(item.indication is not Indication.TOTAL_PASSED for item in signatures):
            vi = "Chỉ bổ sung cho tệp có mọi chữ ký đang hợp lệ; xem docaxis verify."
            en = "Only a file whose signatures all hold now is extended; see docaxis verify."
            raise CommandFailed(Exit.REFUSED, "not-valid", vi, en)
        stamper = TimestampClient(tsa) if tsa else None
        return await extend_pdf(data, level, timestamper=stamper, validation=validation_data(store, snapshot), now=now)

    extended = asyncio.run(work())
    write_whole(target, extended)
    value = {"file": str(file), "out": str(target), "level": level, "size": len(extended)}
    output.result(value, f"{output.text('Đã bổ sung', 'Extended')}: {target} ({level})")
    return Exit.OK
