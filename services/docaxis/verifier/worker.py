"""The program of the worker processes: a nursery that loads the libraries once, and the workers it forks.

Started with an empty environment and one descriptor, so it inherits neither secrets nor connections. The nursery reads
no document; each worker confines itself before it reads one.
"""

import contextlib
import gc
import json
import os
import pickle
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Never

from docaxis.confining import confine, end_with_parent
from docaxis.verifier.frames import (
    ANSWER,
    EXAMINE,
    KILL,
    KNOWLEDGE,
    MAX_ANSWER,
    READY,
    SPAWN,
    BrokenFrame,
    contents_of,
    read_frame,
    write_frame,
)

DETAIL: Final = 300
"""Characters of an error that are told."""

Examiner = Callable[[bytes, Any, Any, datetime], dict[str, Any]]
"""Judges bytes with the trust store, the revocation lists and the time of reception; answers plain JSON values."""

COLLECT_ABOVE: Final = 50_000
"""Objects made before the garbage collector looks: a document leaves 5,000 behind, most of them freed by themselves."""


@dataclass(frozen=True, slots=True)
class Examiners:
    """Two ways to the same findings; ``drifted`` names the library functions for which the fast one stays off."""

    fast: Examiner
    stock: Examiner
    drifted: tuple[str, ...] = ()


def nursery(control: socket.socket, examiners: Examiners, memory_mb: int) -> None:
    """Fork a worker for every request and end the ones named, until the service is gone."""
    end_with_parent()
    children: dict[int, int] = {}
    wake, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.freeze()
    while True:
        ready, _, _ = select.select([control, wake], [], [])
        if wake in ready:
            wake.recv(512)
            _reap(children)
        if control not in ready:
            continue
        try:
            kind, payload, descriptor = read_frame(control)
        except BrokenFrame:
            break
        number = int(payload)
        if kind == KILL:
            for pid in [pid for pid, known in children.items() if known == number]:
                os.kill(pid, signal.SIGKILL)
        elif kind == SPAWN and descriptor is not None:
            forked = _fork()
            if forked == 0:
                _become_worker(descriptor, [control, wake, waker], examiners, memory_mb)
            os.close(descriptor)
            if forked is not None:
                children[forked] = number
    signal.set_wakeup_fd(-1)  # what ends from here on wakes nobody, and the sockets are about to close
    _end(children)


def _fork() -> int | None:
    """Fork; None where the system has no room for a process now: who asked sees its channel close, others go on."""
    try:
        return os.fork()
    except OSError:
        return None


def _end(children: Iterable[int]) -> None:
    """Kill all, and wait for each: what they used is then counted with whoever waits for the nursery."""
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    for pid in children:
        os.waitpid(pid, 0)


def _reap(children: dict[int, int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            children.pop(pid, None)


def _become_worker(descriptor: int, others: list[socket.socket], examiners: Examiners, memory_mb: int) -> Never:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in others:
            other.close()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        limits = confine(memory_mb=memory_mb)
        with socket.socket(fileno=descriptor) as channel:
            ready = {"pid": os.getpid(), "limits": limits.to_json(), "drifted": list(examiners.drifted)}
            write_frame(channel, READY, json.dumps(ready).encode())
            gc.set_threshold(COLLECT_ABOVE, 20, 100)
            work(channel, examiners)
        code = 0
    finally:
        os._exit(code)  # never back into the nursery's loop


def work(channel: socket.socket, examiners: Examiners) -> None:
    """Answer one request after the other until the service is gone, or memory ran out."""
    trust: Any = None
    revocation: Any = None
    while True:
        try:
            kind, payload, descriptor = read_frame(channel)
        except BrokenFrame:
            return
        if kind == KNOWLEDGE:
            trust, revocation = pickle.loads(payload)  # noqa: S301 - from the service, never the other way
        elif kind == EXAMINE and descriptor is not None:
            asked = json.loads(payload)
            at = datetime.fromisoformat(asked["at"])
            examiner = examiners.fast if asked["fast"] else examiners.stock
            try:
                answer: dict[str, Any] = {"found": examiner(contents_of(descriptor), trust, revocation, at)}
            except MemoryError:
                answer = {"failed": "memory"}
            except Exception as error:  # noqa: BLE001 - a fault of ours; the service decides what becomes of it
                answer = {"failed": f"{type(error).__name__}: {error}"[:DETAIL]}
            data = json.dumps(answer).encode()
            if len(data) > MAX_ANSWER:
                data = json.dumps({"failed": "memory"}).encode()
            write_frame(channel, ANSWER, data)
            if answer.get("failed") == "memory":
                return


def serve(examiners: Examiners) -> None:
    """Run the nursery with the arguments the service gave: descriptor of the control channel, memory in MB."""
    nursery(socket.socket(fileno=int(sys.argv[1])), examiners, int(sys.argv[2]))


def main() -> None:
    """Load the examiner, and with it all libraries, and run the nursery."""
    from docaxis.verifier.examiner import examiners  # noqa: PLC0415 - not needed by who speaks to a nursery

    serve(examiners())


if __name__ == "__main__":
    main()
