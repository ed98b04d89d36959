"""Closed lists of the field's terms: a stable ASCII value for programs, the Vietnamese name for people."""

import re
import unicodedata
from enum import StrEnum
from typing import Self


def comparable(text: str) -> str:
    """Give the form in which two texts are compared: NFC, single spaces, no difference of case.

    Texts themselves are kept as given; the same Vietnamese letter has two encodings, and software sends both.
    """
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip().casefold()


class Term(StrEnum):
    """A term; looked up by its value or, leniently, by its Vietnamese name."""

    vietnamese: str

    def __new__(cls, value: str, vietnamese: str) -> Self:
        term = str.__new__(cls, value)
        term._value_ = value
        term.vietnamese = vietnamese
        return term

    def names(self) -> tuple[str, ...]:
        """Give every spelling under which the term is recognised."""
        return (self.value, self.vietnamese)

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        wanted = comparable(value)
        return next((term for term in cls if wanted in map(comparable, term.names())), None)
