"""Follows the hashes from the documents to the leaves, with Python's own library alone. Run it in the package's folder.

document -> manifest -> statement `submission.received` -> leaf; verdict -> statement `verdict.given` -> leaf. That a
leaf is in the log, and the log signed, the proofs show; that a document's signatures hold, only a verification does.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path()
TAG = b"docaxis commitment v1\x00"
NOT_HASHED = ("revocation_epoch", "engines")
NAMED = ("event_id", "submission_id", "member", "recipient")


def canonical(value: Any) -> bytes:
    """RFC 8785, for values without fractions and names in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def payload(jws: str) -> bytes:
    text = jws.split(".")[1]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def require(holds: object, what: str) -> None:
    if not holds:
        sys.exit(f"WRONG: {what}")


def check_leaf(leaf: dict[str, Any], statement: dict[str, Any], openings: dict[str, str], name: str) -> None:
    facts = {f"facts.{key}": value for key, value in statement["facts"].items() if key not in leaf["codes"]}
    fields = {key: statement[key] for key in NAMED if key in statement} | facts
    said = {key: statement["facts"][key] for key in leaf["codes"]}
    require(said == leaf["codes"], f"{name}: the leaf has other codes")
    require(all(leaf[key] == statement[key] for key in ("axis", "environment", "type", "time")), f"{name}: other leaf")
    require(fields.keys() == leaf["commitments"].keys() == openings.keys(), f"{name}: other fields")
    for field, value in fields.items():
        found = sha256(TAG + field.encode() + b"\x00" + bytes.fromhex(openings[field]) + canonical(value))
        require(found == leaf["commitments"][field], f"{name}: {field} is not what the leaf commits to")


def check_received(statement: dict[str, Any], piece: dict[str, Any], package: dict[str, Any], name: str) -> None:
    record = payload(piece["record"])
    require(sha256(record) == statement["facts"]["record_sha256"], f"{name}: another manifest")
    contents = {(one["sha256"], one["name"]) for one in json.loads(record)["contents"]}
    require(contents == {(one["sha256"], one["name"]) for one in package["documents"]}, f"{name}: other documents")


def check_statement(one: dict[str, Any], package: dict[str, Any]) -> dict[str, Any]:
    name = one["receipt"]
    piece = json.loads((HERE / name).read_bytes())
    stated = payload(piece["receipt"])
    statement: dict[str, Any] = json.loads(stated)
    apart = (HERE / name).with_suffix(".statement")
    require(not apart.exists() or apart.read_bytes() == stated, f"{apart}: another statement")
    if statement["type"] == "submission.received":
        check_received(statement, piece, package, name)
    if piece["proof"] is not None:
        leaf = json.loads((HERE / f"log/leaves/{one['leaf_index']}.json").read_bytes())
        check_leaf(leaf, statement, piece["openings"], name)
        proof = (HERE / f"log/proofs/{one['leaf_index']}.tlog-proof").read_text("utf-8")
        require(proof == piece["proof"], f"{name}: another proof")
        entry = base64.b64decode(proof.split("\n")[1].removeprefix("extra "))
        require(entry == canonical(leaf), f"{name}: the proof is of another leaf")
    return statement


def check_verdicts(package: dict[str, Any], statements: list[dict[str, Any]]) -> None:
    given = [one["facts"] for one in statements if one["type"] in {"verdict.given", "verdict.revised"}]
    stated = [facts["verdict_sha256"] for facts in given]
    require(stated == [one["sha256"] for one in package["verdicts"]], "other verdicts than were stated")
    for one in package["verdicts"]:
        if one["record"] is not None:
            verdict = json.loads((HERE / one["record"]).read_bytes())["verdict"]
            found = sha256(canonical({key: value for key, value in verdict.items() if key not in NOT_HASHED}))
            require(found == one["sha256"], f"{one['record']}: another verdict")


def check_names(package: dict[str, Any]) -> None:
    for one in package["documents"]:
        if one["file"] is not None:
            require(sha256((HERE / one["file"]).read_bytes()) == one["sha256"], f"{one['file']}: other bytes")
    for path in (HERE / "objects").glob("*"):
        require(sha256(path.read_bytes()) == path.name, f"{path}: other bytes")
    for path in (HERE / "trust/certs").glob("*"):
        der = base64.b64decode("".join(path.read_text("ascii").splitlines()[1:-1]))
        require(sha256(der) == path.stem, f"{path}: another certificate")


def main() -> None:
    package = json.loads((HERE / "package.json").read_bytes())
    check_names(package)
    statements = [check_statement(one, package) for one in package["evidence"]]
    check_verdicts(package, statements)
    print(f"ok: {len(package['documents'])} documents, {len(statements)} statements")


if __name__ == "__main__":
    main()
