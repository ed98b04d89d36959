"""Write down the sources of the library functions that are replaced or relied on.

Run it after reading what changed in them: python tools/pin_sources.py. Until then the fast engine stays off, and
asn1crypto encodes as it does by itself.
"""

import json
from pathlib import Path

from docaxis_signing import asn1_encodings, patching
from docaxis_signing.pdf.speed import FastEngine

TARGET = Path(patching.__file__).with_name("library_sources.json")


def main() -> None:
    """Write the file."""
    pins = (*FastEngine().pins, *(patch.pin for patch in asn1_encodings.PATCHES))
    found = {pin.label: patching.source_digest(pin.owner, pin.name) for pin in pins}
    TARGET.write_text(json.dumps(dict(sorted(found.items())), indent=2) + "\n", "utf-8")
    print(f"{TARGET.name}: {len(found)} functions")


if __name__ == "__main__":
    main()
