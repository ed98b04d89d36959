"""Registers as table files (CSV, RFC 4180): a cell is text whatever it begins with.

Spreadsheets take a cell that begins with one of `FORMULA_STARTS` for a formula, and a document's subject is whatever
its sender wrote. Such a cell gets an apostrophe before it (OWASP, "CSV Injection"), and every cell is quoted.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from docaxis.clerk.rendering import moment
from docaxis.clerk.words import word
from docaxis.storage.clerk_documents import Register
from docaxis.storage.clerk_registers import RegisterEntry

BOM: Final = "\ufeff"
"""Without it spreadsheets read UTF-8 as something else."""
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
_HEADINGS: Final[Mapping[Register, tuple[str, ...]]] = {
    Register.INCOMING: (
        "register-number", "received-at", "issuer", "number", "date", "type", "subject", "registered-by",
        "registered-at", "status",
    ),
    Register.OUTGOING: (
        "order-number", "sent-at", "number", "date", "type", "subject", "signed-by", "to", "status",
    ),
}  # fmt: skip
SUBJECT_AT: Final = {register: names.index("subject") for register, names in _HEADINGS.items()}
"""Which column leads to the document."""


def register_heading(register: Register, language: str) -> tuple[str, ...]:
    """Give the names of a register's columns (NĐ 30/2020, Phụ lục IV, as far as the axis knows them)."""
    return tuple(word(key, language) for key in _HEADINGS[register])


def register_line(entry: RegisterEntry, names: Mapping[str, str], language: str) -> tuple[str, ...]:
    """Give one entry's cells in the order of the heading."""
    found, document = entry.found, entry.found.document
    written = (document.number, written_day(document.promulgated_on), document.type_name, document.subject)
    state = status_of(entry, language)
    if document.register is Register.INCOMING:
        taken = (found.registered_by or "", moment(found.registered_at))
        return (str(found.register_number), moment(document.at), names[document.issuer], *written, *taken, state)
    to = recipients_of(entry, names, language)
    return (str(found.register_number), moment(document.at), *written, document.signer, to, state)


def status_of(entry: RegisterEntry, language: str) -> str:
    """Say how far a document has come."""
    if entry.found.report:
        return word(f"report-{entry.found.report}", language)
    if entry.found.state:
        return word(f"state-{entry.found.state}", language)
    return word(f"disposition-{entry.disposition}" if entry.disposition else "state-received", language)


def recipients_of(entry: RegisterEntry, names: Mapping[str, str], language: str) -> str:
    """Name the first recipients and say how many more there are."""
    more = entry.recipient_count - len(entry.recipients)
    named = "; ".join(names[code] for code in entry.recipients)
    return f"{named}; +{more} {word('more-recipients', language)}" if more > 0 else named


def written_day(day: date | None) -> str:
    """Write a day as people in Vietnam do."""
    return "" if day is None else day.strftime("%d/%m/%Y")


def line(cells: Iterable[str]) -> str:
    """Write one line; no cell of it is a formula."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([neutral(cell) for cell in cells])
    return out.getvalue()


def neutral(cell: str) -> str:
    """Give a cell that a spreadsheet shows and does not work out."""
    text = "".join(c for c in cell if c >= " " or c in "\t\r\n")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA_STARTS) else text
