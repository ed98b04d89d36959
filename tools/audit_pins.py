"""Asks the advisory source about every pin; says so when that source is out of reach.

Usage: audit_pins.py REQUIREMENTS. Exit 1 when a pin is known to be vulnerable.
"""

import json
import subprocess
import sys


def main(requirements: str) -> int:
    """Run pip-audit over hashed pins, without resolving anything."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", requirements, "--require-hashes", "--disable-pip"]
    done = subprocess.run(
        [*command, "--format", "json", "--progress-spinner", "off"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        print(
            "audit: the advisory source could not be reached; no pin was checked:",
            done.stderr.strip().splitlines()[-1:],
        )
        return 0
    bad = [
        (package["name"], vulnerability["id"])
        for package in report["dependencies"]
        for vulnerability in package.get("vulns", ())
    ]
    for name, advisory in bad:
        print(f"audit: {name}: {advisory}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
