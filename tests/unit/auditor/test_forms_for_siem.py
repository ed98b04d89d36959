"""Events in OCSF, ECS and CEF are what those schemas ask for, and no stranger's text breaks a line or adds a field."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from docaxis.auditor.siem import cef, ecs, ocsf, syslog
from docaxis.auditor.siem.reading import Entry, json_line
from docaxis.cli.audit_events import FORMS
from docaxis_schemas.evidence import EvidenceType

SCHEMA = json.loads(Path(__file__).with_name("ocsf-1.8.0.json").read_text("utf-8"))
ECS_KINDS = {"alert", "event"}
ECS_TYPES = {
    "api": {"access", "admin", "allowed", "change", "creation", "deletion", "denied", "end", "info", "start", "user"},
    "file": {"access", "change", "creation", "deletion", "info"},
    "intrusion_detection": {"allowed", "denied", "info"},
}
"""Of https://github.com/elastic/ecs, schemas/event.yml: categories used here with the types each expects."""


def row(kind: EvidenceType, **changes: Any) -> dict[str, Any]:
    value: dict[str, Any] = {
        "leaf_index": 7,
        "type": kind.value,
        "time": "2026-03-04T05:00:00.000000Z",
        "codes": {},
        "open": True,
        "event_id": "0f3d7a52-6a6f-5a0c-a3f3-0c9d3b7e1a21",
        "submission_id": "762a1ca7-6c38-5cd0-a072-b1facf53a465",
        "member": "so-noi-vu",
        "recipient": None,
        "facts": {},
        "lacks": [],
    }
    return value | changes


def signature(**changes: Any) -> dict[str, Any]:
    certificate = {
        "sha256": "c" * 64,
        "serial": "1a:2b",
        "issuer": "CN=CA phục vụ cơ quan nhà nước",
        "subject": "CN=Nguyễn Văn Mẫu, O=Sở Nội vụ",
        "not_after": "2027-03-04T05:00:00.000000Z",
    }
    value: dict[str, Any] = {
        "file": "15-QĐ.pdf",
        "field": "Seal",
        "indication": "TOTAL-PASSED",
        "cause": None,
        "signature_algorithm": "sha256_rsa",
        "digest_algorithm": "sha256",
        "key_bits": 2048,
        "best_time": "2026-03-04T04:00:00.000000Z",
        "certificate": certificate,
    }
    return value | changes


REVOKED = signature(indication="INDETERMINATE", cause="revoked_before_reception")
PASSED = row(EvidenceType.VERDICT_GIVEN, codes={"indication": "TOTAL-PASSED"}, signatures=[signature()])
FAILED = row(
    EvidenceType.VERDICT_GIVEN,
    codes={"indication": "INDETERMINATE", "cause": "revoked_before_reception"},
    signatures=[signature(), REVOKED],
)
ALERT = row(
    EvidenceType.ALERT_RAISED,
    codes={"rule": "signed-after-revocation", "severity": "critical", "rules_sha256": "a" * 64},
    facts={"subject": "submission:1", "details": {"cause": "revoked_before_reception", "leaf": 3}},
    member="axis.alerter",
)
LOOK = row(EvidenceType.AUDIT_SEARCHED, member="axis.auditor", facts={"credential_id": "cred-1", "look": "search"})
HANDED_IN = row(
    EvidenceType.SUBMISSION_RECEIVED,
    facts={"contents_sha256": ["e" * 64, "f" * 64]},
    document={"main_sha256": ["f" * 64], "number": "15"},
)
SHREDDED = {name: FAILED[name] for name in ("leaf_index", "type", "time", "codes")} | {"open": False}
NO_CERTIFICATE = row(
    EvidenceType.VERDICT_GIVEN, codes={"indication": "TOTAL-FAILED"}, signatures=[signature(certificate={})]
)
ROWS = [
    *(PASSED, FAILED, ALERT, LOOK, HANDED_IN, SHREDDED, NO_CERTIFICATE),
    *(row(kind) for kind in EvidenceType if kind is not EvidenceType.ALERT_RAISED),
]


NAMED = {f"{number} {value['type']}": value for number, value in enumerate(ROWS)}


def entry(value: Mapping[str, Any]) -> Entry:
    return Entry("docaxis/test", value)


def misfits(value: Any, kind: Any, where: str) -> list[str]:
    """Name what of a value is not as the schema has it; an attribute that is not in the pinned part is a misfit too."""
    if isinstance(kind, list):
        return [one for item in value for one in misfits(item, kind[0], where)]
    plain = {"string": str, "integer": int, "timestamp": int, "boolean": bool, "any": object}
    if kind in plain:
        return [] if isinstance(value, plain[kind]) else [f"{where} is no {kind}"]
    known = SCHEMA["objects"][kind]
    every = known["required"] | known["optional"]
    found = [f"{where}.{name} is missing" for name in known["required"] if name not in value]
    found += [f"{where}.{name} is unknown" for name in value if name not in every]
    if "at_least_one" in known and not set(known["at_least_one"]) & value.keys():
        found.append(f"{where} is nobody")
    for name, allowed in known.get("enum", {}).items():
        found += [f"{where}.{name} is {value[name]}"] if name in value and value[name] not in allowed else []
    return found + [
        one for name in value if name in every for one in misfits(value[name], every[name], f"{where}.{name}")
    ]


def misfits_of_event(event: Mapping[str, Any]) -> list[str]:
    known = SCHEMA["classes"][str(event["class_uid"])]
    every = SCHEMA["base"] | SCHEMA["base_optional"] | known["required"]
    found = [f"{name} is missing" for name in SCHEMA["base"] | known["required"] if name not in event]
    found += [f"{name} is unknown" for name in event if name not in every]
    found += [] if event["activity_id"] in known["activity_id"] else ["activity_id"]
    found += [] if event["category_uid"] == known["category_uid"] else ["category_uid"]
    found += [] if event["type_uid"] == event["class_uid"] * 100 + event["activity_id"] else ["type_uid"]
    return found + [one for name in event if name in every for one in misfits(event[name], every[name], name)]


@pytest.mark.parametrize("value", NAMED.values(), ids=NAMED)
def test_every_event_is_what_ocsf_asks_for(value: dict[str, Any]) -> None:
    assert misfits_of_event(ocsf(entry(value))) == []


def test_an_event_that_is_not_would_be_found() -> None:
    event = ocsf(entry(FAILED))
    del event["actor"]
    event["file"]["signatures"][0]["state_id"] = 11
    event["file"]["signatures"][1]["certificate"]["serial_number"] = 7
    assert len(misfits_of_event(event)) == 3


def test_what_a_security_team_looks_for_stands_where_ocsf_has_it() -> None:
    alert = ocsf(entry(ALERT))
    assert (alert["class_uid"], alert["severity_id"], alert["is_alert"]) == (2004, 5, True)
    assert alert["finding_info"]["title"] == "signed-after-revocation"
    verdict = ocsf(entry(FAILED))
    assert (verdict["class_uid"], verdict["status_id"], verdict["severity_id"]) == (6006, 2, 3)
    good, bad = verdict["file"]["signatures"]
    assert (good["state_id"], bad["state_id"], bad["state"]) == (1, 3, "revoked_before_reception")
    assert bad["certificate"]["fingerprints"] == [{"algorithm_id": 3, "algorithm": "SHA-256", "value": "c" * 64}]
    assert bad["certificate"]["serial_number"] == "1a:2b"
    look = ocsf(entry(LOOK))
    assert (look["class_uid"], look["activity_id"], look["actor"]["user"]["uid"]) == (6003, 2, "cred-1")
    assert [one["value"][0] for one in ocsf(entry(HANDED_IN))["file"]["hashes"]] == ["f", "e"], "the main file first"


@pytest.mark.parametrize("value", NAMED.values(), ids=NAMED)
def test_every_event_has_ecs_categories_with_their_types(value: dict[str, Any]) -> None:
    event = ecs(entry(value))["event"]
    (category,), (kind,) = event["category"], event["type"]
    assert event["kind"] in ECS_KINDS
    assert kind in ECS_TYPES[category]
    assert event["outcome"] in {"success", "failure"}
    assert ecs(entry(value))["@timestamp"] == value["time"]


def test_what_a_security_team_looks_for_stands_where_ecs_has_it() -> None:
    verdict = ecs(entry(FAILED))
    assert verdict["file"]["x509"]["serial_number"] == "1A2B", "without colons, in capitals, as x509.yml has it"
    assert verdict["event"]["reason"] == "revoked_before_reception"
    assert ecs(entry(HANDED_IN))["file"]["hash"]["sha256"] == "f" * 64
    assert ecs(entry(ALERT))["rule"]["id"] == "signed-after-revocation"
    assert ecs(entry(LOOK))["user"]["id"] == "cred-1"


def read_cef(line: str) -> tuple[list[str], dict[str, str]]:
    """Read a line as ArcSight's guide tells: seven bars that are not escaped, then keys before equals signs."""
    masked = re.sub(r"\\.", "__", line)
    bars = [found.start() for found in re.finditer(r"\|", masked)][:7]
    head = [line[begin:end] for begin, end in zip([0, *(bar + 1 for bar in bars)], bars, strict=False)]
    begin = bars[-1] + 1
    keys = list(re.finditer(r"(?:^| )([A-Za-z0-9]+)=", masked[begin:]))
    ends = [*(found.start() for found in keys[1:]), len(line) - begin]
    values = {found[1]: line[begin:][found.end() : end] for found, end in zip(keys, ends, strict=True)}
    undone = {"\\\\": "\\", "\\=": "=", "\\n": "\n", "\\r": "\r"}
    return head, {key: re.sub(r"\\[\\=nr]", lambda found: undone[found[0]], value) for key, value in values.items()}


def test_a_line_of_cef_says_what_its_keys_are_for() -> None:
    head, values = read_cef(cef(entry(FAILED)))
    assert head[:3] == ["CEF:0", "docaxis", "docaxis"]
    assert head[4:7] == ["verdict.given", "verdict.given INDETERMINATE revoked_before_reception", "5"]
    assert values["suser"] == "so-noi-vu"
    assert values["reason"] == "revoked_before_reception"
    assert values["cs4"] == "CN=Nguyễn Văn Mẫu, O=Sở Nội vụ"
    assert (values["cs4Label"], values["rt"]) == ("signer", "1772600400000")
    assert read_cef(cef(entry(ALERT)))[0][4:7:2] == ["signed-after-revocation", "10"]


def test_a_line_of_syslog_has_the_header_of_rfc_5424() -> None:
    line = syslog(entry(ALERT))
    assert line.startswith("<106>1 2026-03-04T05:00:00.000000Z docaxis-test docaxis - - - CEF:0|")


HOSTILE = st.text(
    st.sampled_from("|=\\\n\r\u2028\u2029\x85\x0b\x0c\x1c\x00\x7f\u202e\u2066\u200f \"'{}aế😀\ud800\ufeff")
)


@given(text=HOSTILE, number=HOSTILE)
@example(text=" suid=0 msg=x", number="\\ a=b|c\\")
@example(text="|x\\|0|msg=\n\u202e", number="\\=\\\\=\r\u2028")
def test_no_text_of_a_stranger_breaks_a_line_or_adds_a_key(text: str, number: str) -> None:
    one = signature(file=text, cause=text)
    one["certificate"] = one["certificate"] | {"subject": text, "issuer": number, "serial": number}
    value = row(
        EvidenceType.VERDICT_GIVEN,
        codes={"indication": "TOTAL-FAILED", "cause": text},
        member=text,
        recipient=number,
        facts={"subject": number, "credential_id": text},
        signatures=[one],
    )
    plain = {
        **value,
        "codes": {"indication": "TOTAL-FAILED", "cause": "x"},
        "member": "x",
        "recipient": "x",
        "facts": {"subject": "x", "credential_id": "x"},
        "signatures": [
            signature(
                file="x",
                cause="x",
                certificate=one["certificate"] | dict.fromkeys(("subject", "issuer", "serial"), "x"),
            )
        ],
    }
    for make in FORMS.values():
        line = make(entry(value))
        assert line.splitlines() == [line]
        assert line.isprintable(), "nothing that turns text around, and nothing that is not seen"
    for event in (ocsf(entry(value)), ecs(entry(value))):
        assert json.loads(json_line(event)) == event
    head, values = read_cef(cef(entry(value)))
    assert len(head) == 7
    assert values.keys() <= read_cef(cef(entry(plain)))[1].keys()
    assert values.get("cs4", "") == "".join(char if char.isprintable() or char in "\r\n" else "\ufffd" for char in text)
