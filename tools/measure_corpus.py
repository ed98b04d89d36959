"""Measure how the engine judges the integrity of the files of a labelled corpus; prints JSON.

Each line of a list names at least `sha256`, `expected` (`must_accept`, `must_reject` or else) and, for people, `repo`
and `path`; the files lie as `<sha256>.pdf` in one directory. No corpus is part of this repository: the files are
others'. Judged as `docaxis verify` judges, in the confined workers, without any trust anchor: integrity must not depend
on trust. A false accept is a file that must be rejected and is `intact` or `intact_with_permitted_changes`; a false
reject is the opposite.

Run: ``python tools/measure_corpus.py DIRECTORY LIST.jsonl [LIST.jsonl ...] [--each]``
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from docaxis.cli.examining import examine_files, open_pool
from docaxis.verifier.pool import Knowledge
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import DocumentFindings, Integrity

ACCEPTED: Final = frozenset({Integrity.INTACT, Integrity.INTACT_WITH_PERMITTED_CHANGES})


def _listed(lists: list[Path]) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for path in lists for line in path.read_text("utf-8").splitlines() if line]
    return {row["sha256"]: row for row in rows}


def _judge(paths: list[Path]) -> dict[str, DocumentFindings]:
    found: dict[str, DocumentFindings] = {}

    def tell(name: str, findings: DocumentFindings) -> None:
        found[Path(name).stem] = findings

    async def work() -> None:
        knowledge = Knowledge(TrustStore.of(), RevocationSnapshot())
        async with open_pool() as pool:
            await examine_files(pool, [str(path) for path in paths], knowledge, datetime.now(UTC), tell)

    asyncio.run(work())
    return found


def _entry(row: dict[str, Any], findings: DocumentFindings) -> dict[str, Any]:
    bad = [item for item in findings.signatures if item.integrity not in ACCEPTED]
    causes = {findings.cause, *(item.cause for item in bad)} - {None}
    notes = [*findings.notes, *(note for item in bad for note in item.notes)]
    return {
        "sha256": row["sha256"][:12],
        "path": row.get("path", ""),
        "expected": row["expected"],
        "integrity": findings.integrity.value,
        "causes": sorted(str(cause) for cause in causes),
        "reason": notes[-1] if notes else "",
    }


def _wrong(entries: list[dict[str, Any]], expected: str, *, accepted: bool) -> list[dict[str, Any]]:
    return [
        entry
        for entry in entries
        if entry["expected"] == expected and (Integrity(entry["integrity"]) in ACCEPTED) is accepted
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("lists", type=Path, nargs="+")
    parser.add_argument("--each", action="store_true", help="one line for every file before the figures")
    arguments = parser.parse_args()
    rows = _listed(arguments.lists)
    paths = sorted(path for path in arguments.directory.glob("*.pdf") if path.stem in rows)
    began = time.monotonic()
    entries = [_entry(rows[name], findings) for name, findings in _judge(paths).items()]
    if arguments.each:
        for entry in entries:
            print(json.dumps(entry, ensure_ascii=False))
    wrong = {
        "false_accepts": _wrong(entries, "must_reject", accepted=True),
        "false_rejects": _wrong(entries, "must_accept", accepted=False),
    }
    figures = {
        "files": len(entries),
        "missing": len(rows) - len(paths),
        "seconds": round(time.monotonic() - began, 1),
        "by_class": {
            expected: dict(Counter(entry["integrity"] for entry in entries if entry["expected"] == expected))
            for expected in sorted({entry["expected"] for entry in entries})
        },
        "counts": {name: len(listed) for name, listed in wrong.items()},
        **wrong,
    }
    print(json.dumps(figures, ensure_ascii=False, indent=1))
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
