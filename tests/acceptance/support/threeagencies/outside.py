"""What is there, seen from outside: plain SQL, a plain Kafka reader, tables the pages give, files, the command."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.embedded.story.witness import KafkaWitness
from threeagencies.letters import End, Letter

PATIENCE_SECONDS: Final = 90.0
LOOK_SECONDS: Final = 0.1
AT_ONCE: Final = 8
LINES: Final = "SELECT submission_id, recipient, state, report, change, change_state FROM {table}"


def wanted(letters: Sequence[Letter]) -> dict[tuple[UUID, str], End]:
    return {(letter.id, code): end for letter in letters for code, end in letter.ends.items()}


async def lines(engine: AsyncEngine, table: str) -> dict[tuple[UUID, str], End]:
    """Read the lines of all deliveries as they stand."""
    async with engine.connect() as connection:
        rows = (await connection.execute(text(LINES.format(table=table)))).all()
    return {(row[0], row[1]): End(*row[2:]) for row in rows}


async def until_arrived(engine: AsyncEngine, letters: Sequence[Letter]) -> None:
    """Wait until the read models have a line for every delivery.

    Raises:
        AssertionError: They never have.
    """
    for _ in range(int(PATIENCE_SECONDS / LOOK_SECONDS)):
        if (await lines(engine, "delivery_lines")).keys() == wanted(letters).keys():
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise AssertionError("not every letter has arrived")


async def until_told(engine: AsyncEngine, letters: Sequence[Letter]) -> None:
    """Wait until the read models tell of these letters what was done so far.

    Raises:
        AssertionError: They never do.
    """
    expected = wanted(letters)
    found: dict[tuple[UUID, str], End] = {}
    for _ in range(int(PATIENCE_SECONDS / LOOK_SECONDS)):
        found = await lines(engine, "delivery_lines")
        if found == expected:
            return
        await asyncio.sleep(LOOK_SECONDS)
    labels = {letter.id: letter.label for letter in letters}
    odd = [(labels.get(key[0]), key[1], expected.get(key), found.get(key)) for key in expected.keys() | found.keys()]
    raise AssertionError([one for one in odd if one[2] != one[3]])


async def told_as_not_fetched(witness: KafkaWitness, expected: set[UUID]) -> set[UUID]:
    """Give what a plain Kafka reader saw told as not fetched, once it has seen as much as is expected."""
    for _ in range(int(PATIENCE_SECONDS / LOOK_SECONDS)):
        if expected <= {submission for submission, _, news in witness.news if news == "not_fetched"}:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return {submission for submission, _, news in witness.news if news == "not_fetched"}


async def save_evidence(gateway: str, asked: Mapping[str, str], place: Path) -> None:
    """Save evidence by the paths it is asked for under, each with a credential, once the log proves all of it."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=gateway, trust_env=False, timeout=60) as http:

        async def one(path: str, credential: str) -> None:
            headers = {"Authorization": f"Bearer {credential}"}
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    async with gate:
                        answer = await http.get(f"{path}/evidence", headers=headers)
                    if answer.is_success and all(piece["proof"] is not None for piece in answer.json()["evidence"]):
                        break
                    await asyncio.sleep(1)
            file = place / f"{path.rpartition('/')[2]}.json"
            await asyncio.to_thread(file.write_bytes, answer.content)

        await asyncio.gather(*(one(path, credential) for path, credential in asked.items()))


def verify_evidence(place: Path, pinned: Path | None) -> list[dict[str, Any]]:
    """Have the command check every file with pinned keys alone, and give what it says of each piece."""
    command = [str(Path(sys.executable).with_name("docaxis")), "verify-evidence", "--json", "--logged"]
    files = sorted(map(str, place.iterdir()))
    done = subprocess.run(
        [*command, "--keys", str(pinned), *files], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]
