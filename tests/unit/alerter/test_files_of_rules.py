"""A file of rules is taken word by word or not at all, and the shipped one has a runbook for each of its rules."""

import re
from pathlib import Path

import pytest

from docaxis.alerter import RejectedRules, read_rules, shipped_rules
from docaxis.alerter.conditions import Causes
from docaxis.alerter.occurrences import RUNBOOKS, Alert, Met, Severity
from docaxis.alerter.rules import MAX_BYTES
from docaxis_schemas.evidence import OPEN_FACTS

ROOT = Path(__file__).parents[3]
RULE = """version = 1
[[rule]]
id = "mine"
severity = "high"
kind = "causes"
causes = ["modified"]
vi = "Một quy tắc."
en = "A rule."
"""


def test_each_rule_leads_to_a_heading_of_the_guide() -> None:
    headings = set(re.findall(r"^### (\S+)$", (ROOT / RUNBOOKS).read_text("utf-8"), re.MULTILINE))
    assert headings == {rule.id for rule in shipped_rules().rules}
    assert Alert("weak-algorithm", Severity.LOW, Met((), "")).runbook == "docs/guides/alerts.md#weak-algorithm"


def test_a_file_of_ones_own_is_read() -> None:
    (rule,) = read_rules(RULE.encode()).rules
    assert rule.condition() == Causes(causes=("modified",))
    assert (rule.severity, rule.vi) == (Severity.HIGH, "Một quy tắc.")


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("version = 1", "version = 2", "version = 1"),
        ("version = 1", "version = 1\nmore = 1", "version = 1"),
        ("[[rule]]", "[[rules]]", "version = 1"),
        ('id = "mine"', "", "id is missing"),
        ('id = "mine"', 'id = "../mine"', "an id is of small letters"),
        ('severity = "high"', 'severity = "huge"', "huge"),
        ('kind = "causes"', 'kind = "exec"', "no such kind"),
        ('["modified"]', '["modyfied"]', "no such cause: modyfied"),
        ('["modified"]', "[]", "a list was expected"),
        ('["modified"]', '"modified"', "a list was expected"),
        ('vi = "Một quy tắc."', 'vi = " "', "text was expected"),
        ('en = "A rule."', 'en = "A rule."\nper = "person"', "person"),
        ('en = "A rule."', 'en = "A rule."\nevery = "soon"', "no duration"),
        ('en = "A rule."', 'en = "A rule."\nevry = "1h"', "unknown: evry"),
        ('en = "A rule."', 'en = "A rule."\nwindows = []', "unknown: windows"),
        ("version = 1", 'version = 1\n[[window]]\ndays = ["so"]\nbegins = 01:00:00\nends = 02:00:00', "no such day"),
        (
            "version = 1",
            'version = 1\n[[window]]\ndays = ["sat"]\nbegins = 03:00:00\nends = 02:00:00',
            "before it ends",
        ),
        ("version = 1", 'version = 1\n[[window]]\ndays = ["sat"]\nbegins = "1"\nends = 02:00:00', "a time of the day"),
        ("A rule.", "\udcff", "no TOML"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(was: str, becomes: str, said: str) -> None:
    changed = RULE.replace(was, becomes, 1).encode("utf-8", "surrogateescape")
    with pytest.raises(RejectedRules, match=re.escape(said)):
        read_rules(changed)


@pytest.mark.parametrize(
    "rest",
    [
        'kind = "claimed-time"',
        'kind = "claimed-time"\nahead = "1h"\nbehind = "1h"',
        'kind = "count"\ntypes = ["no.such"]\nabove = 1\nwindow = "1h"\nper = "axis"',
        'kind = "count"\ntypes = ["audit.searched"]\nabove = -1\nwindow = "1h"\nper = "axis"',
        'kind = "count"\ntypes = ["audit.searched"]\nabove = true\nwindow = "1h"\nper = "axis"',
        'kind = "count"\ntypes = ["audit.searched"]\nabove = 1\nwindow = "1h"\nper = "certificate"',
        'kind = "new-value"\ncode = "cause"\nquiet = "1h"',
        'kind = "expiring"\ndays = [0]\ntraffic = "1d"',
        'kind = "failed-share"\npercent = 5\nat_least = 20\nwindow = "0m"',
        'kind = "causes"\ncauses = ["modified"]\nper = "credential"',
    ],
)
def test_conditions_refuse_what_makes_no_sense(rest: str) -> None:
    head = RULE.partition('kind = "causes"')[0]
    with pytest.raises(RejectedRules, match="rule mine"):
        read_rules(f'{head}{rest}\nvi = "a"\nen = "a"\n'.encode())


def test_two_rules_of_one_id_and_too_large_a_file_are_refused() -> None:
    with pytest.raises(RejectedRules, match="mine"):
        read_rules((RULE + RULE.partition("\n")[2]).encode())
    with pytest.raises(RejectedRules, match="larger"):
        read_rules(RULE.encode() + b"#" * MAX_BYTES)


def test_of_an_alert_the_log_shows_rule_and_severity_and_nothing_of_whose_it_is() -> None:
    body = Alert("mine", Severity.HIGH, Met(("k",), "submission:s")).body("0" * 64)
    assert b'"details":{}' in body
    assert {"rule", "severity", "rules_sha256"} <= OPEN_FACTS
    assert not OPEN_FACTS & {"subject", "details"}
