"""The hostile worker on a machine that has no room for a further process while a named file is there."""

import os
import runpy
import sys
from pathlib import Path
from unittest import mock

FULL = Path(sys.argv.pop(1))
really_fork = os.fork


def fork() -> int:
    if FULL.exists():
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return really_fork()


if __name__ == "__main__":
    with mock.patch.object(os, "fork", fork):
        runpy.run_path(str(Path(__file__).with_name("hostile_worker.py")), run_name="__main__")
