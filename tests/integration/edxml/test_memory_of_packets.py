"""A packet of 300 MB is read in little memory: its attachment goes past, it is never held."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[3] / "benchmarks" / "edxml.py"
MAX_ADDED_MIB = 64


def test_a_packet_of_300_mb_adds_at_most_64_mib() -> None:
    script = f"import json, runpy; print(json.dumps(runpy.run_path({str(BENCHMARK)!r})['memory']()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    figures = json.loads(done.stdout)
    assert figures["packet_mb"] >= 300
    assert figures["added_mib"] <= MAX_ADDED_MIB
