"""Registers as the pages show and export them: which columns, and what stands in each."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from docaxis.clerk.rendering import moment
from docaxis.clerk.words import word
from docaxis.storage.clerk_documents import Register
from docaxis.storage.clerk_registers import RegisterEntry

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
    """Say how far a document has come, and what its sender asked since."""
    asked = (
        f"{word(f'change-{change}', language)}: {word(f'change-state-{state}', language)}"
        + (f" ({count})" if entry.found.document.register is Register.OUTGOING else "")
        for (change, state), count in sorted(entry.changes.items())
    )
    return "; ".join((_progress(entry, language), *asked))


def _progress(entry: RegisterEntry, language: str) -> str:
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
