"""Run every benchmark, one after the other; each prints one JSON object, named, as its line.

Run: ``python benchmarks/run.py [--seconds N] [--only NAME ...]``, or ``make bench``. They want the machine for
themselves. What they are measured against stands in ``docs/reference/performance.md``.
"""

import argparse
import json
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

HERE = Path(__file__).parent
DOCAXIS = str(Path(sysconfig.get_path("scripts")) / "docaxis")


def commands(seconds: int) -> dict[str, list[str]]:
    """Give each benchmark's command: the exchange and the demo by the program, the others from this folder."""
    exchange = [DOCAXIS, "bench", "exchange", "--json", "--seconds", str(seconds)]
    own = {path.stem: [sys.executable, str(path)] for path in sorted(HERE.glob("*.py")) if path != Path(__file__)}
    return own | {
        "demo": [DOCAXIS, "demo", "--json"],
        "verify": [DOCAXIS, "bench", "verify", "--json"],
        "sign": [DOCAXIS, "bench", "sign", "--json"],
        "exchange": exchange,
        "exchange_fan_out_38": [*exchange, "--fan-out", "38"],
    }


def run(name: str, command: list[str]) -> bool:
    """Run one and print its last line with its name."""
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    try:
        figures = json.loads(lines[-1])
    except (IndexError, ValueError):
        figures = None
    if name == "demo" and figures:
        figures = {key: figures[key] for key in ("ready_seconds", "story_seconds", "ok")}
    line = {"benchmark": name, "exit": done.returncode, "took_seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(line | {"figures": figures}, ensure_ascii=False), flush=True)
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long the exchange is measured")
    parser.add_argument("--only", nargs="*", help="names of benchmarks; all by default")
    arguments = parser.parse_args()
    chosen = commands(arguments.seconds)
    if unknown := set(arguments.only or ()) - set(chosen):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(chosen)}")
    went = [run(name, command) for name, command in chosen.items() if not arguments.only or name in arguments.only]
    return 0 if all(went) else 1


if __name__ == "__main__":
    sys.exit(main())
