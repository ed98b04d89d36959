"""Ports on loopback: chosen free, kept for the next start, replaced where somebody else has them by then."""

import json
import socket
from collections.abc import Sequence
from pathlib import Path

from docaxis.embedded.problems import EmbeddedProblem
from docaxis_signing.durable import write_whole


def is_free(host: str, port: int) -> bool:
    """Say whether a listener could be opened there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(host: str, count: int) -> list[int]:
    """Choose so many different free ports."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    probes = [socket.socket(family, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((host, 0))
        return [probe.getsockname()[1] for probe in probes]
    except OSError as error:
        raise EmbeddedProblem(f"No port can be opened on {host} ({error.strerror}): is it this machine's?") from error
    finally:
        for probe in probes:
            probe.close()


def kept_ports(file: Path, names: Sequence[str], host: str) -> dict[str, int]:
    """Give each name the port it had last time, or a free one where it had none or the port is taken; keep them."""
    before = json.loads(file.read_text("utf-8")) if file.exists() else {}
    kept = {name: before[name] for name in names if name in before and is_free(host, before[name])}
    missing = [name for name in names if name not in kept]
    chosen = kept | dict(zip(missing, free_ports(host, len(missing)), strict=True))
    if chosen != before:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(chosen).encode())
    return {name: chosen[name] for name in names}
