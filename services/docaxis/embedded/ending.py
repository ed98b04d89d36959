"""No process of an embedded axis or a measurement outlives the one that started it, even when that was killed."""

import os
import signal
import threading
import time
from typing import Final

LOOK_SECONDS: Final = 0.5


def end_with(parent: int) -> None:
    """Watch from a thread, and kill this process once `parent` is no longer its parent."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
