"""Searching the directory as people type: without diacritics, any case, words in any order."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from docaxis.directory import DirectorySnapshot
from docaxis.directory.organisations import OrganisationIndex
from docaxis.directory.snapshot import day_of
from docaxis_schemas.folding import folded
from docaxis_schemas.organisation import Organisation


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """Every organisation's codes and name, folded once for each list that is loaded."""

    of: OrganisationIndex
    lines: tuple[tuple[str, str], ...]

    @classmethod
    def build(cls, index: OrganisationIndex) -> "SearchIndex":
        """Fold all names; some hundred milliseconds for the whole country, so call it in a thread."""
        lines = {entry.code: folded(f"{entry.code} {entry.old_code or ''} {entry.name}") for entry in index}
        return cls(index, tuple((text, code) for code, text in lines.items()))

    def find(self, query: str, day: date, limit: int) -> list[Organisation]:
        """Give the organisations that exist on a day and hold every word asked for."""
        words = folded(query).split()
        found: list[Organisation] = []
        for text, code in self.lines:
            if all(word in text for word in words) and (entry := self.of.on(code, day)) is not None:
                found.append(entry)
                if len(found) == limit:
                    break
        return found


def organisation_json(entry: Organisation, snapshot: DirectorySnapshot, at: datetime) -> dict[str, Any]:
    """Give an organisation as anybody who is connected may see it."""
    standing = snapshot.standing(entry.code, at)
    return {
        "code": entry.code,
        "old_code": entry.old_code,
        "name": entry.name,
        "level": entry.level,
        "parent": entry.parent,
        "kind": entry.kind.value,
        "groups": list(entry.groups),
        "valid_from": entry.valid_from.isoformat(),
        "valid_to": None if entry.valid_to is None else entry.valid_to.isoformat(),
        "exists": entry.exists_on(day_of(at)),
        "successor": standing.code if standing is not None and standing.code != entry.code else None,
        "connected": standing is not None and standing.member in snapshot.members,
    }
