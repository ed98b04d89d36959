"""A fail point kills or stops exactly the process that was armed, at exactly its hit."""

import os
import signal
import subprocess
import sys

import pytest

from docaxis import failpoints
from docaxis.failpoints import Point

PROGRAM = """
from docaxis import failpoints
failpoints.arm({armed!r})
for hit in range(1, 6):
    print(hit, flush=True)
    failpoints.reach("router.after-decision")
    failpoints.reach("router.in-transaction")
print("through", flush=True)
"""


def run(armed: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(armed=armed)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def test_a_process_dies_at_its_hit_and_no_other_point() -> None:
    with run(f"{Point.ROUTER_AFTER_DECISION}:3") as process:
        said, _ = process.communicate(timeout=30)
    assert (process.returncode, said.split()) == (-signal.SIGKILL, ["1", "2", "3"])


def test_a_process_stops_at_its_hit_and_goes_on_when_let() -> None:
    with run(f"{Point.ROUTER_IN_TRANSACTION}:2:stop") as process:
        assert process.stdout is not None
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        os.kill(process.pid, signal.SIGCONT)
        said, _ = process.communicate(timeout=30)
    assert (process.returncode, said.split()) == (0, ["1", "2", "3", "4", "5", "through"])


@pytest.mark.parametrize("text", ["router.elsewhere:1", "router.after-decision:0", "router.after-decision:1:sleep"])
def test_a_point_that_could_never_come_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"elsewhere|positive|kills or stops"):
        failpoints.arm(text)
