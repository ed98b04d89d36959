"""Schemathesis, whose requests nobody here thought of, against every operation of the OpenAPI on a real socket."""

import json
import re
import sys
from asyncio import create_subprocess_exec, subprocess
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from auditlog import AuditedLog, certificate, verdict
from docaxis_signing.disposition import Disposition

World = Any
ENDLESS: Final = ("/v1/inbox/events",)
"""Streams without end; tests of their own look at them."""
PARTIES: Final = ("so-noi-vu", "clerk of bo-mau", "auditor")
CI_SECONDS, FULL_SECONDS = 12, 600


async def fuzz(world: World, log: AuditedLog, folder: Path, party: str, seconds: int) -> tuple[int, str]:
    """Run its fuzzing as one party, over a log that has begun, and give how it ended and what it said."""
    submission = UUID((await world.send(world.write())).json()["submission_id"])
    await log.sign(await log.judged(submission, verdict(certificate()), Disposition.DELIVER))
    await log.publish()
    schema = folder / "openapi.json"
    schema.write_text(json.dumps(world.gateway.app.openapi()), "utf-8")
    url = await world.gateway.start()
    words = (
        *("run", str(schema), "--url", url, "--no-color"),
        *("--phases", "coverage,fuzzing", "--checks", "not_a_server_error", "--continue-on-failure"),
        *("--max-time", str(seconds), "--request-timeout", "60", "--warnings", "off"),
        *("--suppress-health-check", "all"),
        *("--header", f"Authorization: {world.bearer(party)['Authorization']}"),
        *(word for path in ENDLESS for word in ("--exclude-path", path)),
    )
    st = Path(sys.executable).with_name("st")
    process = await create_subprocess_exec(
        st, *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder, env={"PATH": str(st.parent)}
    )
    said, _ = await process.communicate()
    await world.gateway.stop()
    return process.returncode or 0, said.decode("utf-8", "replace")


def require_clean(world: World, status: int, said: str) -> None:
    """Require that it looked at every operation that ends, made requests, and found nothing."""
    assert status == 0, said
    operations = [(path, method) for path, each in world.gateway.app.openapi()["paths"].items() for method in each]
    assert f"{len(operations) - len(ENDLESS)} selected / {len(operations)} total" in said
    assert re.search(r"[1-9]\d* generated, [1-9]\d* passed", said), said


@pytest.mark.parametrize("party", PARTIES)
async def test_schemathesis_finds_no_server_error(world: World, log: AuditedLog, tmp_path: Path, party: str) -> None:
    status, said = await fuzz(world, log, tmp_path, party, CI_SECONDS)
    require_clean(world, status, said)


@pytest.mark.full
@pytest.mark.timeout(FULL_SECONDS + 120)
@pytest.mark.parametrize("party", PARTIES)
async def test_schemathesis_finds_no_server_error_in_a_long_time(
    world: World, log: AuditedLog, tmp_path: Path, party: str
) -> None:
    status, said = await fuzz(world, log, tmp_path, party, FULL_SECONDS)
    require_clean(world, status, said)
