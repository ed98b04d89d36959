"""The story is the main job of the axis; a program reads its outcome, and so does this test."""

import json
from pathlib import Path
from typing import Any

import psutil

from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.proof import LogProof

CASES = {
    "original-to-three",
    "certified-copy",
    "joint-two-seals",
    "forwarded",
    "appendix-and-enclosure",
    "no-timestamp",
    "stale-crl-then-fresh",
    "stale-crl-past-deadline",
    "revoked-signer",
    "expired-signer",
    "tampered-byte",
    "form-overlay",
    "foreign-seal",
    "group-of-60",
    "merged-recipient",
    "returned-and-resent",
    "recall-agreed",
    "recall-refused",
    "update",
    "replacement",
    "urgent-overtakes",
    "bulk-does-not-delay",
}


def test_every_case_came_out_as_promised(told: dict[str, Any]) -> None:
    assert told["ok"] is True
    assert {document["case"] for document in told["documents"]} == CASES
    assert all(document["as_promised"] for document in told["documents"])


def test_each_document_is_told_in_the_agreed_form(told: dict[str, Any]) -> None:
    wanted = {"case", "submission_id", "verdict", "sub_indication", "cause", "disposition", "recipients"}
    for document in told["documents"]:
        assert wanted <= document.keys()
    assert told["ready_seconds"] > 0
    assert told["story_seconds"] > 0


def test_what_must_be_refused_reached_nobody(told: dict[str, Any]) -> None:
    refused = [document for document in told["documents"] if document["disposition"] == "refuse"]
    assert len(refused) == 5
    for document in refused:
        assert [(one["state"], one["http"], one["kafka"]) for one in document["recipients"]] == [("refused", 0, 0)]


def test_every_delivered_document_left_a_proof_that_holds(told: dict[str, Any]) -> None:
    folder = Path(told["folder"])
    policy = Policy.parse(f"log {(folder / 'log' / 'vkey').read_text()}\nquorum none\n")
    delivered = [
        document["submission_id"]
        for document in told["documents"]
        if {one["state"] for one in document["recipients"]} & {"consigned", "handed_over"}
    ]
    assert len(delivered) == 17
    for submission in delivered:
        proof = LogProof.parse((folder / "receipts" / f"{submission}.tlog-proof").read_bytes())
        assert json.loads(proof.check_itself(policy))["type"] == "ContentConsignment"
    published = policy.open((folder / "log" / "checkpoint").read_bytes()).checkpoint.size
    assert published >= told["log"]["size"], "the log has grown since: that the auditor looked is in it too"


def test_a_forged_copy_of_the_log_convinced_nobody(told: dict[str, Any]) -> None:
    log = told["log"]
    assert log["outside_program"].startswith("OpenSSL 3")
    assert (log["genuine_accepted"], log["forged_rejected"], log["forged_proof_rejected"]) == (True, True, True)


def test_no_process_of_the_story_is_left(told: dict[str, Any]) -> None:
    left = [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline"])
        if any(told["folder"] in part for part in process.info["cmdline"] or ())
    ]
    assert left == []
