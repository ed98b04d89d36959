"""Organisations and their codes, in the old and the new form.

Both forms circulate at once. The old one (QCVN 102:2016) reads right to left in four groups, ``000.00.14.H20``, and is
also seen short, ``28.22.H17``. The new one (QĐ 20/2020/QĐ-TTg) reads left to right, ``H20.14``, up to 35 characters.
No rule turns one into the other: that two codes name the same body is knowledge of the directory (its aliases).
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

MAX_CODE_LENGTH: Final = 35
"""Characters of a code of the new form (QĐ 20/2020/QĐ-TTg)."""

LEVELS: Final = range(1, 6)
"""Ministry or province, and four levels below (QĐ 20/2020/QĐ-TTg names levels 1-4; a fifth is met in the field)."""

_NEW: Final = re.compile(r"[A-Z][0-9A-Z]*(\.[0-9A-Z]+)*")
_OLD: Final = re.compile(r"(?:(?:([0-9A-Z]{1,3})\.)?([0-9A-Z]{1,2})\.)?([0-9A-Z]{1,2})\.([A-Z][0-9A-Z]{1,3})")


class RejectedCode(ValueError):
    """The text is no organisation code of either form."""


class CodeForm(StrEnum):
    """The two forms of a code."""

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class OrganisationCode:
    """A code in its normalised spelling: upper case, no spaces, the old form with all four groups."""

    value: str
    form: CodeForm

    def __str__(self) -> str:
        return self.value


def parse_code(text: str) -> OrganisationCode:
    """Read a code of either form.

    Raises:
        RejectedCode: It is neither.
    """
    code = unicodedata.normalize("NFKC", text).strip().upper()
    if len(code) > MAX_CODE_LENGTH:
        raise RejectedCode(f"longer than {MAX_CODE_LENGTH} characters: {text[:60]!r}")
    if code.isascii():
        if _NEW.fullmatch(code):
            return OrganisationCode(code, CodeForm.NEW)
        if old := _OLD.fullmatch(code):
            fourth, third, second, first = old.groups()
            full = f"{(fourth or '').zfill(3)}.{(third or '').zfill(2)}.{second.zfill(2)}.{first}"
            return OrganisationCode(full, CodeForm.OLD)
    raise RejectedCode(f"no organisation code: {text[:60]!r}")


def normalise_code(text: str) -> str:
    """Give the one spelling under which a code is looked up and compared.

    Raises:
        RejectedCode: The text is no code.
    """
    return parse_code(text).value


class OrganisationKind(StrEnum):
    """What sort of body an organisation is; people filter by it, no rule depends on it."""

    STATE = "state"
    PARTY = "party"
    ENTERPRISE = "enterprise"
    SERVICE_UNIT = "service-unit"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Organisation:
    """An addressable body as the directory knows it.

    ``code`` is canonical (the spelling every key is made of); ``old_code`` is its alias of the old form. It exists from
    ``valid_from`` to ``valid_to``, both days included; ``successor`` is the body that took over on the day after.
    ``member`` is the connected system that receives for it.
    """

    code: str
    name: str
    level: int
    valid_from: date
    old_code: str | None = None
    parent: str | None = None
    member: str | None = None
    valid_to: date | None = None
    successor: str | None = None
    groups: tuple[str, ...] = ()
    kind: OrganisationKind = OrganisationKind.STATE

    def exists_on(self, day: date) -> bool:
        """Say whether the body exists on this day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)
