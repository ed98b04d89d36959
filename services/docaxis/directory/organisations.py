"""The index of all organisations: looked up by any code, as of a day. Immutable, and shared between snapshots."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from docaxis_schemas.organisation import Organisation, RejectedCode, normalise_code


@dataclass(frozen=True, slots=True)
class OrganisationIndex:
    """Organisations by canonical code (each with its periods in order), aliases, groups, children, and by member."""

    periods: Mapping[str, tuple[Organisation, ...]]
    aliases: Mapping[str, str]
    groups: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[str, ...]]
    by_member: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, organisations: Iterable[Organisation]) -> "OrganisationIndex":
        """Build the index; the entries have been checked when the list was read."""
        periods: dict[str, tuple[Organisation, ...]] = {}
        aliases: dict[str, str] = {}
        groups: defaultdict[str, dict[str, None]] = defaultdict(dict)
        children: defaultdict[str, dict[str, None]] = defaultdict(dict)
        by_member: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for entry in sorted(organisations, key=lambda entry: (entry.code, entry.valid_from)):
            periods[entry.code] = (*periods.get(entry.code, ()), entry)
            if entry.old_code is not None:
                aliases[entry.old_code] = entry.code
            for group in entry.groups:
                groups[group][entry.code] = None
            if entry.parent is not None:
                children[entry.parent][entry.code] = None
            if entry.member is not None:
                by_member[entry.member][entry.code] = None
        return cls(periods, aliases, _frozen(groups), _frozen(children), _frozen(by_member))

    def __len__(self) -> int:
        return len(self.periods)

    def __iter__(self) -> Iterator[Organisation]:
        return (entry for entries in self.periods.values() for entry in entries)

    def canonical(self, code: str) -> str | None:
        """Give the canonical code of a body named in either form, whether or not it still exists; None if unknown."""
        found = self.aliases.get(code, code)
        if found in self.periods:
            return found
        try:
            normalised = normalise_code(code)
        except RejectedCode:
            return None
        found = self.aliases.get(normalised, normalised)
        return found if found in self.periods else None

    def on(self, code: str, day: date) -> Organisation | None:
        """Give a body as it is on a day; None if it does not exist then."""
        canonical = self.canonical(code)
        entries = self.periods[canonical] if canonical is not None else ()
        return next((entry for entry in reversed(entries) if entry.exists_on(day)), None)

    def standing_on(self, code: str, day: date) -> Organisation | None:
        """Give the body that stands for a code on a day: itself, or the last of its successors."""
        canonical = self.canonical(code)
        seen: set[str] = set()
        while canonical is not None and canonical not in seen:
            seen.add(canonical)
            if (found := self.on(canonical, day)) is not None:
                return found
            last = self.periods[canonical][-1]
            ended = last.valid_to is not None and last.valid_to < day
            canonical = self.canonical(last.successor) if ended and last.successor is not None else None
        return None

    def ancestors(self, code: str, day: date) -> Iterator[Organisation]:
        """Give the bodies above one, nearest first."""
        seen: set[str] = set()
        entry = self.on(code, day)
        while entry is not None and entry.parent is not None and entry.parent not in seen:
            seen.add(entry.parent)
            entry = self.on(entry.parent, day)
            if entry is not None:
                yield entry


def _frozen(index: Mapping[str, Mapping[str, None]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(codes) for name, codes in index.items()}
