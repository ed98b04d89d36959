"""What processes of the axis cost: CPU time and memory by part, read from the system."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psutil

MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """Processes that are counted together: ``own`` themselves, and the descendants of ``parents``."""

    own: Callable[[], Iterable[int]]
    parents: Callable[[], Iterable[int]] = tuple


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory in MiB. ``resident`` counts a shared page in each process that has it; ``proportional`` counts it once."""

    resident: float
    proportional: float


class Meter:
    """Reads the cost of named parts."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts

    def cpu_seconds(self) -> dict[str, float]:
        """Give CPU seconds so far. Descendants that ended stay counted, by whoever waited for them."""
        return {name: _cpu(part) for name, part in self._parts.items()}

    def memory(self) -> dict[str, Memory]:
        """Give memory now."""
        return {name: _memory([*_living(part.own()), *_descendants(part)]) for name, part in self._parts.items()}


def _cpu(part: Part) -> float:
    total = 0.0
    for process in _living(part.own()):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    for process in _living(part.parents()):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.children_user + times.children_system
    for process in _descendants(part):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _memory(processes: Iterable[psutil.Process]) -> Memory:
    resident = proportional = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            rss = process.memory_info().rss / MEBIBYTE
            resident += rss
            proportional += _proportional(process, rss)
    return Memory(resident, proportional)


def _proportional(process: psutil.Process, otherwise: float) -> float:
    try:
        return float(getattr(process.memory_full_info(), "pss", otherwise * MEBIBYTE)) / MEBIBYTE  # Linux only
    except (psutil.AccessDenied, OSError):
        return otherwise


def _living(pids: Iterable[int]) -> Iterator[psutil.Process]:
    for pid in sorted(set(pids)):
        with suppress(psutil.NoSuchProcess):
            yield psutil.Process(pid)


def _descendants(part: Part) -> list[psutil.Process]:
    found = []
    for process in _living(part.parents()):
        with suppress(psutil.NoSuchProcess):
            found += process.children(recursive=True)
    return found
