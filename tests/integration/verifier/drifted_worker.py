"""The hostile worker on libraries that are not the ones the fast path was written for."""

import runpy
from pathlib import Path
from unittest import mock

from docaxis.verifier import worker

if __name__ == "__main__":
    made = worker.Examiners
    with mock.patch.object(worker, "Examiners", lambda fast, stock: made(fast, stock, ("pyhanko.changed",))):
        runpy.run_path(str(Path(__file__).with_name("hostile_worker.py")), run_name="__main__")
