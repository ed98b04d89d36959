"""Every word that a page can ask for exists in both languages, and Vietnamese is Vietnamese."""

import re
import sys
import unicodedata
from enum import StrEnum
from pathlib import Path

import docaxis.clerk
from docaxis.clerk.auditing import TERMS
from docaxis.clerk.stories import Lack, Standing
from docaxis.clerk.words import FIELDS, WORDS, field_name, word
from docaxis.storage.clerk_accounts import ClerkRole
from docaxis.storage.clerk_acts import AccountAct
from docaxis_schemas.document import RecipientRole, Urgency
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.lifecycle import Change, ChangeState, Report, TransportState
from docaxis_schemas.submission import FileRole
from docaxis_signing.checklist import Answer
from docaxis_signing.disposition import Disposition
from docaxis_signing.verdict import EvidenceKind, Indication

PAGES = Path(docaxis.clerk.__file__).parent
_ASKED = re.compile(r"""\bt\(["']([a-z0-9-]+)["']\)""")
_GIVEN = re.compile(
    r'(?:message|title|text)="([a-z-]+)"|faults=\("([a-z-]+)",\)|RejectedAccount\("([a-z-]+)"\)'
    r'|_(?:one|ask)\(request, visitor, (?:typed, )?"([a-z-]+)"\)'
)


def asked_for() -> set[str]:
    found = {key for page in PAGES.glob("templates/*.html") for key in _ASKED.findall(page.read_text("utf-8"))}
    for module in PAGES.rglob("*.py"):
        found |= {"".join(groups) for groups in _GIVEN.findall(module.read_text("utf-8"))}
    return found


def test_every_word_that_is_asked_for_is_there() -> None:
    families: dict[str, type[StrEnum]] = {
        "state-": TransportState,
        "disposition-": Disposition,
        "urgency-": Urgency,
        "role-": RecipientRole,
        "file-": FileRole,
        "event-": EvidenceType,
        "change-": Change,
        "change-state-": ChangeState,
        "act-": AccountAct,
        "logged-": Standing,
        "indication-": Indication,
        "sentence-": Indication,
        "answer-": Answer,
        "kind-": EvidenceKind,
    }
    built = {f"{prefix}{one.value}" for prefix, members in families.items() for one in members}
    built |= {f"role-{role.value}" for role in ClerkRole}
    built |= {f"lack-{lack.value}-missing" for lack in Lack} | {f"audit-{term}" for term in TERMS}
    missing = {key for key in asked_for() | built if key not in WORDS}
    assert not missing
    assert len(asked_for()) > 50


def test_every_word_is_in_both_languages_and_composed() -> None:
    for key, pair in WORDS.items():
        for text in pair:
            assert text.strip() == text
            assert text, key
            assert unicodedata.is_normalized("NFC", text), key


def test_no_word_is_said_twice() -> None:
    tables = [module for name, module in sys.modules.items() if re.fullmatch(r"docaxis\.clerk\.\w+_words", name)]
    said = [key for module in tables for name, one in vars(module).items() if name.endswith("_WORDS") for key in one]
    assert len(said) > 200
    assert len(said) == len(set(said))


def test_reports_and_fields_have_names() -> None:
    assert all(word(f"report-{report.value}", "vi") for report in Report)
    assert field_name("issuer.code", "vi") == WORDS["issuer"][0]
    assert field_name("recipients[3]", "en") == "Recipients"
    assert field_name("sphere", "vi") == "sphere"
    assert set(FIELDS.values()) <= set(WORDS)
