"""Runs one service as a child that ends when its parent does, even when the parent was killed.

Usage: ``python -m docaxis.embedded.child PARENT_PID SERVICE``
"""

import os
import signal
import sys
import threading
import time
from typing import Final

from docaxis.process import run_service

LOOK_SECONDS: Final = 0.5


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Watch the parent from a thread and run the service."""
    parent, service = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    return run_service(service)


if __name__ == "__main__":
    sys.exit(main())
