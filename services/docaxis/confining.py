"""What a worker process takes from itself before it sees the first document.

A document is hostile until judged, and the libraries that read it are large. So whoever takes a worker over finds no
network, no key, no credential, little memory and no way to the process that started it. Linux gives all of it to
ordinary users (where user namespaces are allowed); elsewhere what holds is said at the start.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38
"""Numbers of linux/sched.h and linux/prctl.h; Python 3.11 has no os.unshare."""
OPEN_FILES: Final = 64
MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Which limits hold in a worker."""

    memory: bool
    network: bool
    apart: bool
    """In a user namespace of its own: it can neither trace nor read the process that started it."""
    files: bool
    ends_with_parent: bool

    def to_json(self) -> dict[str, bool]:
        """Give them by name."""
        return asdict(self)

    @property
    def missing(self) -> tuple[str, ...]:
        """Name what does not hold here."""
        return tuple(name for name, holds in self.to_json().items() if not holds)


def end_with_parent() -> bool:
    """Have the kernel end this process when its parent ends."""
    if sys.platform != "linux":
        return False
    return bool(_libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0)


def confine(*, memory_mb: int) -> Limits:
    """Give up everything a judging process does not need. ``memory_mb``: beyond what it holds already."""
    ends = end_with_parent()
    apart, network = _leave_namespaces()
    if sys.platform == "linux":
        libc = _libc()
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    memory = _limit(resource.RLIMIT_AS, _address_space() + memory_mb * MEBIBYTE)
    files = _limit(resource.RLIMIT_FSIZE, 0) and _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0)
    return Limits(memory, network, apart, files, ends)


def _leave_namespaces() -> tuple[bool, bool]:
    """Enter a new user namespace and an empty network; a privileged process may enter the network alone."""
    if sys.platform != "linux":
        return False, False
    libc = _libc()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0:
        return True, True
    return False, libc.unshare(CLONE_NEWNET) == 0


def _address_space() -> int:
    """Give the bytes mapped now; the libraries alone map a few hundred megabytes and use a tenth."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 512 * MEBIBYTE


def _limit(which: int, value: int) -> bool:
    """Lower a limit for good; macOS refuses the one on memory."""
    try:
        resource.setrlimit(which, (value, value))
    except (OSError, ValueError):
        return False
    return resource.getrlimit(which) == (value, value)


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)
