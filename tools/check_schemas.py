"""Holds the record schemas to FULL_TRANSITIVE: every version reads what every other version wrote.

`avro/history/` keeps each version that was ever released under its fingerprint. A changed schema must read all of
them and be read by all of them; a present schema that is not in the history yet is added by `--record`.
"""

import json
import sys
from importlib import resources
from pathlib import Path
from typing import Any

from fastavro.schema import fingerprint, to_parsing_canonical_form

AVRO = Path(str(resources.files("docaxis_schemas"))) / "avro"
HISTORY = AVRO / "history"


def mark(schema: dict[str, Any]) -> str:
    """Name a version by its fingerprint."""
    return str(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def problems(reader: dict[str, Any], writer: dict[str, Any]) -> list[str]:
    """Say why ``reader`` could not read what ``writer`` wrote: only new fields with a default, no changed types."""
    ours = {field["name"]: field for field in reader["fields"]}
    theirs = {field["name"]: field for field in writer["fields"]}
    found = [f"{name} has no default" for name in ours.keys() - theirs.keys() if "default" not in ours[name]]
    found += [
        f"{name} changed its type" for name in ours.keys() & theirs.keys() if ours[name]["type"] != theirs[name]["type"]
    ]
    return found


def main() -> int:
    """Compare all pairs; with --record, keep the present versions in the history."""
    present = [json.loads(path.read_text("utf-8")) for path in sorted(AVRO.glob("*.avsc"))]
    if "--record" in sys.argv:
        HISTORY.mkdir(exist_ok=True)
        for schema in present:
            (HISTORY / f"{schema['name']}-{mark(schema)}.avsc").write_text(json.dumps(schema, indent=2) + "\n", "utf-8")
    history = [json.loads(path.read_text("utf-8")) for path in sorted(HISTORY.glob("*.avsc"))]
    known = {(schema["name"], mark(schema)) for schema in history}
    wrong = [
        f"{s['name']}: not in the history; run tools/check_schemas.py --record"
        for s in present
        if (s["name"], mark(s)) not in known
    ]
    for schema in present:
        for other in history:
            if other["name"] == schema["name"]:
                wrong += [f"{schema['name']} cannot read {mark(other)}: {why}" for why in problems(schema, other)]
                wrong += [f"{mark(other)} cannot read {schema['name']}: {why}" for why in problems(other, schema)]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
