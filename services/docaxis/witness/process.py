"""A witness as a process of its own: key and state in one directory, one line on standard output when it is ready."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docaxis.logs import configure_logs
from docaxis.serving import WebServer
from docaxis.storage.log_files import LocalDisk, only_writer
from docaxis.witness.service import WitnessService, latest_sizes
from docaxis.witness.state import WitnessState
from docaxis_schemas.moments import system_clock
from docaxis_signing.durable import sync_file
from docaxis_signing.transparency.note import Algorithm, Signer, Verifier
from docaxis_signing.transparency.problems import RejectedNote

KEY: Final = "witness.skey"


class WitnessFailed(Exception):
    """The witness cannot be run; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class WitnessPlan:
    """What a witness is started with. ``name`` is needed once, when its key is made."""

    directory: Path
    logs: tuple[Verifier, ...]
    name: str = ""
    host: str = "127.0.0.1"
    port: int = 0


def read_logs(texts: Sequence[str]) -> tuple[Verifier, ...]:
    """Read the public keys of logs, each given as a vkey or as a file that holds one.

    Raises:
        WitnessFailed: One is not a log's key, or two are of one name.
    """
    logs = []
    for text in texts:
        path = Path(text)
        try:
            log = Verifier.from_vkey(path.read_text("utf-8") if path.is_file() else text)
        except (RejectedNote, OSError, UnicodeDecodeError) as error:
            raise WitnessFailed(f"{text}: not the public key of a log ({error})") from error
        if log.algorithm is not Algorithm.ED25519:
            raise WitnessFailed(f"{text}: the key of a witness, not of a log")
        logs.append(log)
    if len({log.name for log in logs}) != len(logs):
        raise WitnessFailed("two keys of one log")
    return tuple(logs)


def open_key(plan: WitnessPlan) -> Signer:
    """Read the witness's own key, or make it at the first start.

    Raises:
        WitnessFailed: There is none and no name to make one with, or it is not a witness's key.
    """
    path = plan.directory / KEY
    try:
        signer = Signer.from_skey(path.read_text("ascii"))
    except FileNotFoundError:
        if not plan.name:
            raise WitnessFailed(f"{path} is not there: give --name to make a key") from None
        return _new_key(path, plan.name)
    except (RejectedNote, UnicodeDecodeError) as error:
        raise WitnessFailed(f"{path}: {error}") from error
    if signer.verifier.algorithm is not Algorithm.COSIGNATURE:
        raise WitnessFailed(f"{path} is not the key of a witness")
    if plan.name not in {"", signer.verifier.name}:
        raise WitnessFailed(f"{path} is the key of {signer.verifier.name}")
    return signer


def _new_key(path: Path, name: str) -> Signer:
    try:
        signer = Signer.generate(name, Algorithm.COSIGNATURE)
    except RejectedNote as error:
        raise WitnessFailed(str(error)) from error
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(signer.to_skey() + "\n")
        sync_file(file)
    return signer


def run_witness(plan: WitnessPlan) -> int:
    """Run until told to stop.

    Raises:
        WitnessFailed: It cannot be started.
    """
    configure_logs()
    plan.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_writer(plan.directory) as alone:
        if not alone:
            raise WitnessFailed(f"another witness runs on {plan.directory}")
        signer, state = open_key(plan), WitnessState(LocalDisk(plan.directory))
        try:
            seen = latest_sizes(state, plan.logs)
        except RejectedNote as error:
            raise WitnessFailed(f"what the witness remembers was changed: {error}") from error
        service = WitnessService(signer, plan.logs, state, system_clock)
        sizes = {name: 0 if one is None else one.size for name, one in seen.items()}
        asyncio.run(_serve(service, plan, {"vkey": signer.verifier.to_vkey(), "seen": sizes}))
    return 0


async def _serve(service: WitnessService, plan: WitnessPlan, said: dict[str, object]) -> None:
    server, told = WebServer(service.app, plan.host, plan.port, name="witness"), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    url = await server.start()
    sys.stdout.write(json.dumps({"ready": "witness", "url": url, "pid": os.getpid()} | said) + "\n")
    sys.stdout.flush()
    await told.wait()
    await server.stop()
