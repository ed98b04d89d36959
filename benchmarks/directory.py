"""Measure the directory: 123,265 organisations (10 % with successors) from signed CSV into PostgreSQL, and look-ups.

Run: ``python benchmarks/directory.py [--organisations N]``. Prints one JSON object as its last line.
"""

import argparse
import asyncio
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from docaxis.directory import DirectoryRepository, DirectorySnapshot
from docaxis.directory.organisation_list import read_list, write_list
from docaxis.directory.signed_list import sign_list
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.storage.database import open_database
from docaxis.storage.tables import metadata
from docaxis_schemas.organisation import Organisation

OFFICIAL_COUNT = 123_265
PROVINCES = 34
SINCE = date(2020, 1, 1)
MERGED = date(2025, 6, 30)
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LOOKUPS = 100_000


@dataclass(frozen=True)
class Line:
    organisation: str | None
    role: str = "action"
    group: str | None = None


def organisations(count: int) -> Iterator[Organisation]:
    """Make bodies of five levels below 34 provinces; every tenth was merged into the one before."""
    above = [f"H{number:02d}" for number in range(1, PROVINCES + 1)]
    for code in above:
        yield Organisation(code, f"Tỉnh Thử Nghiệm {code}", 1, SINCE, f"000.00.00.{code}", member=code.lower() + "-m")
    made, level, before = PROVINCES, 2, above[-1]
    while made < count:
        below: list[str] = []
        width = -(-(count - made) // len(above)) if level == 5 else 15
        for parent in above:
            for number in range(1, min(width, count - made) + 1):
                code = f"{parent}.{number:03d}"
                merged = made % 10 == 0
                yield Organisation(
                    code=code,
                    name=f"Đơn vị Thử Nghiệm số {made}",
                    level=level,
                    valid_from=SINCE,
                    parent=parent,
                    member=f"{parent[:3].lower()}-m",
                    valid_to=MERGED if merged else None,
                    successor=before if merged else None,
                    groups=("xa",) if level == 3 else (),
                )
                made, before = made + 1, code
                below.append(code)
        above, level = below, min(level + 1, 5)


def nanoseconds(action: Callable[[str], object], codes: list[str]) -> float:
    """Give the median over ten rounds of the time one call takes."""
    rounds = []
    for start in range(0, LOOKUPS, LOOKUPS // 10):
        part = codes[start : start + LOOKUPS // 10]
        began = time.perf_counter_ns()
        for code in part:
            action(code)
        rounds.append((time.perf_counter_ns() - began) / len(part))
    return round(median(rounds), 1)


def look_up(snapshot: DirectorySnapshot, entries: tuple[Organisation, ...]) -> dict[str, float]:
    source = random.Random(1)
    codes = [source.choice(entries).code for _ in range(LOOKUPS)]
    merged = [entry.code for entry in entries if entry.successor is not None]
    ended = [source.choice(merged) for _ in range(LOOKUPS)]
    old = [f"000.00.00.H{source.randint(1, PROVINCES):02d}" for _ in range(LOOKUPS)]
    lines = [Line(code) for code in codes[:3400]]
    began = time.perf_counter()
    snapshot.resolve(lines, NOW)
    resolved = time.perf_counter() - began
    return {
        "canonical_ns": nanoseconds(snapshot.canonical, codes),
        "old_form_ns": nanoseconds(snapshot.canonical, old),
        "as_of_a_date_ns": nanoseconds(lambda code: snapshot.organisation(code, NOW), codes),
        "merged_to_successor_ns": nanoseconds(lambda code: snapshot.standing(code, NOW), ended),
        "resolve_3400_recipients_ms": round(resolved * 1000, 1),
    }


async def measure(count: int, place: Path) -> dict[str, object]:
    entries = tuple(organisations(count))
    data = write_list(entries)
    key = Ed25519PrivateKey.generate()
    signature = sign_list(data, key=key, key_id="bench", serial=1, signed_at=NOW)
    later = write_list((*entries[:-1],))
    signature_later = sign_list(later, key=key, key_id="bench", serial=2, signed_at=NOW)
    async with EmbeddedDatabase(place) as database:
        engine = open_database(database.url, application="bench")
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        repository = DirectoryRepository(engine)
        seconds = {}
        began = time.perf_counter()
        await asyncio.to_thread(read_list, data)
        seconds["read_and_check"] = time.perf_counter() - began
        began = time.perf_counter()
        await repository.load_signed_csv(data, signature, keys={"bench": key.public_key()})
        seconds["load_signed_into_database"] = time.perf_counter() - began
        for number in range(1, PROVINCES + 1):
            await repository.register_member(f"h{number:02d}-m", f"Hệ thống {number}", by="bench")
        began = time.perf_counter()
        snapshot = await repository.snapshot()
        seconds["snapshot"] = time.perf_counter() - began
        began = time.perf_counter()
        await repository.load_signed_csv(later, signature_later, keys={"bench": key.public_key()})
        seconds["load_next_list_one_change"] = time.perf_counter() - began
        await engine.dispose()
    return {
        "organisations": len(entries),
        "with_successor": sum(entry.successor is not None for entry in entries),
        "csv_mb": round(len(data) / 1e6, 1),
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "ready_seconds": round(seconds["load_signed_into_database"] + seconds["snapshot"], 2),
        "look_up": look_up(snapshot, entries),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organisations", type=int, default=OFFICIAL_COUNT)
    count = parser.parse_args().organisations
    with tempfile.TemporaryDirectory(prefix="docaxis-bench-") as place:
        print(json.dumps(asyncio.run(measure(count, Path(place)))))


if __name__ == "__main__":
    main()
