"""Write down the sources of the library functions that the fast engine replaces or relies on.

Run it after reading what changed in them: python tools/pin_sources.py. Until then the engine stays off.
"""

import json
from pathlib import Path

from docaxis_signing.pdf.speed import FastEngine, patching

TARGET = Path(patching.__file__).with_name("sources.json")


def main() -> None:
    """Write the file."""
    pins = FastEngine().pins
    found = {pin.label: patching.source_digest(pin.owner, pin.name) for pin in pins}
    TARGET.write_text(json.dumps(dict(sorted(found.items())), indent=2) + "\n", "utf-8")
    print(f"{TARGET.name}: {len(found)} functions")


if __name__ == "__main__":
    main()
