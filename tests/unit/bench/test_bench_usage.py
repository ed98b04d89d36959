"""Metering: a part's own processes, its descendants, and those that have ended already."""

import os
import subprocess
import sys

from docaxis.embedded.bench.usage import Meter, Part

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"


def test_descendants_stay_counted_after_they_ended() -> None:
    meter = Meter({"here": Part(lambda: [os.getpid()]), "below": Part(tuple, lambda: [os.getpid()])})
    before = meter.cpu_seconds()
    subprocess.run([sys.executable, "-c", BURN], check=True)
    after = meter.cpu_seconds()
    assert after["below"] - before["below"] >= 0.25
    assert after["here"] - before["here"] < 0.25


def test_memory_of_a_part_that_shares_pages_is_not_more_than_its_resident_sum() -> None:
    memory = Meter({"here": Part(lambda: [os.getpid()])}).memory()["here"]
    assert 0 < memory.proportional <= memory.resident * 1.01


def test_processes_that_are_gone_cost_nothing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    meter = Meter({"gone": Part(lambda: [ended.pid], lambda: [ended.pid])})
    assert meter.cpu_seconds() == {"gone": 0.0}
    assert meter.memory()["gone"].resident == 0.0
