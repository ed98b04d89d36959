"""A worker program whose examiner does what a document tells it: the tests' hostile document."""

import ctypes
import hashlib
import json
import os
import signal
import socket
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from docaxis.verifier.worker import Examiners, serve


def work(seconds: float) -> None:
    """Use the processor until this process has used so much of it."""
    while time.process_time() < seconds:
        pass


PASTIMES = {"sleep": time.sleep, "work": work}


def examine(data: bytes, trust: Any, revocation: Any, at: datetime) -> dict[str, Any]:
    order, _, argument = data.decode().partition(" ")
    found: dict[str, Any] = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "integrity": "unsigned",
        "notes": [f"pid {os.getpid()}", at.isoformat(), f"trust {trust} epoch {revocation.epoch}"],
    }
    if order in PASTIMES:
        PASTIMES[order](float(argument))
    elif order == "spin":
        while True:
            pass
    elif order == "allocate":
        found["notes"].append(str(len(bytearray(int(argument) * 1024 * 1024))))
    elif order == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif order == "raise":
        raise ValueError(argument)
    elif order == "lie":
        found["sha256"] = "0" * 64
    elif order == "look":
        found["notes"] = [json.dumps(look(int(argument)))]
    return found


def examine_as_stock(data: bytes, trust: Any, revocation: Any, at: datetime) -> dict[str, Any]:
    """The same, except where the order is that the two shall differ."""
    order, _, argument = data.decode().partition(" ")
    found = examine(b"say", trust, revocation, at) | {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    if order == "differ":
        found["integrity"] = argument
    elif order == "slow":
        time.sleep(60)
    return found


def look(parent: int) -> dict[str, Any]:
    """Try what a worker that was taken over would try."""
    report: dict[str, Any] = {"environment": sorted(os.environ), "descriptors": len([*Path("/proc/self/fd").iterdir()])}
    try:
        socket.create_connection(("127.0.0.1", 22), timeout=2).close()
        report["network"] = "connected"
    except OSError as error:
        report["network"] = error.strerror
    report["interfaces"] = [name for _, name in socket.if_nameindex()]
    try:
        report["parent"] = len(Path(f"/proc/{parent}/environ").read_bytes())
    except OSError as error:
        report["parent"] = error.strerror
    report["traced"] = ctypes.CDLL(None).ptrace(16, parent, 0, 0)
    try:
        Path("/tmp/docaxis-worker-wrote").write_bytes(b"x")
        report["wrote"] = True
    except OSError as error:
        report["wrote"] = error.strerror
    return report


if __name__ == "__main__":
    serve(Examiners(examine, examine_as_stock))
