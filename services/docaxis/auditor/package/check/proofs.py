"""Checks .tlog-proof files with PyPI's metamorphic-log. Usage: python3 proofs.py VKEY-FILE PROOF..."""

import base64
import hashlib
import sys
from pathlib import Path

import metamorphic_log

HEADER = "c2sp.org/tlog-proof@v1"


def check(vkey: str, path: Path) -> None:
    head, _, checkpoint = path.read_text("utf-8").partition("\n\n")
    version, extra, index, *hashes = head.split("\n")
    if version != HEADER:
        raise SystemExit(f"{path}: no proof")
    found = metamorphic_log.checkpoint_verify(checkpoint, [vkey])
    if found.origin != vkey.partition("+")[0]:
        raise SystemExit(f"{path}: another log")
    entry = base64.b64decode(extra.removeprefix("extra "), validate=True)
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    steps = [base64.b64decode(one, validate=True) for one in hashes]
    metamorphic_log.verify_inclusion(int(index.removeprefix("index ")), found.size, leaf, steps, found.root)


def main() -> None:
    key, *proofs = map(Path, sys.argv[1:])
    if not proofs:
        raise SystemExit("no proof was named")
    for path in proofs:
        check(key.read_text("utf-8").strip(), path)
    print(f"ok: {len(proofs)}")


if __name__ == "__main__":
    main()
