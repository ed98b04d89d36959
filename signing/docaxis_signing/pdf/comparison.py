"""The books of one comparison of two states of a file: what differs, what of it is understood, where still to look."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from docaxis_signing.pdf.objects import Snapshot, referred, same


class Change(IntEnum):
    """Kinds of change, the gravest last; the level of a file is the gravest found."""

    NOTHING = 0
    VALIDATION = 1
    """Validation data, document information, invisible document time-stamps: a reader sees no difference."""
    SIGNATURE = 2
    """Further signatures with their appearances."""
    STAMP = 3
    """Document time-stamps that draw something: no policy asks who they are of, and they can cover anything."""
    FORM = 4
    """Values of form fields with their appearances, and fields still to be signed."""


class Modified(Exception):
    """A difference that nothing allows."""


@dataclass(slots=True)
class Ledger:
    """The books of one comparison: what differs, what of it is understood, where still to look."""

    old: Snapshot
    new: Snapshot
    differing: frozenset[int]
    cut: dict[int, frozenset[bytes]] = field(default_factory=dict)
    """Objects whose change is understood, with the entries that were compared by themselves."""
    roots: set[int] = field(default_factory=set)
    """Objects that the cut entries of the signed revision refer to and that must be followed all the same."""
    owned: dict[int, int] = field(default_factory=dict)
    """Appearances that a field takes a new one for, each with the field: nothing else may show them."""
    held: set[int] = field(default_factory=set)
    """Changed catalog, form and resources of it: what else refers to one would show under another name what it gained.

    Resources find things by name, and so does a catalog that is referred to as if it were resources.
    """
    widgets: set[int] = field(default_factory=set)
    """Annotations that an update may put on a page: those of signature fields."""
    pictured: set[int] = field(default_factory=set)
    """Widgets of the signatures that the update brings and that draw something."""
    level: Change = Change.NOTHING
    filled: set[str] = field(default_factory=set)

    def found(self, change: Change) -> None:
        """Take note of a change that is understood."""
        self.level = max(self.level, change)

    def understood(self, number: int, entries: Iterable[bytes]) -> None:
        """Take note of a dictionary that was compared, and of the entries not to be followed from it."""
        self.cut[number] = self.cut.get(number, frozenset()) | frozenset(entries)

    def hold(self, number: int) -> None:
        """Demand of an object, if it differs, that nothing but its one proper place refers to it."""
        if number in self.differing:
            self.held.add(number)

    def follow(self, value: Any) -> None:
        """Demand that everything a value refers to is what it was."""
        self.roots |= referred(value)

    def both(self, old: Any, new: Any) -> tuple[Any, Any]:
        """Resolve one value in each view."""
        return self.old.resolve(old), self.new.resolve(new)


def differing_keys(old: Mapping[bytes, Any], new: Mapping[bytes, Any]) -> frozenset[bytes]:
    """Name the entries that are not literally the same in two dictionaries."""
    return frozenset(key for key in old.keys() | new.keys() if not same(old.get(key), new.get(key)))


def names(keys: Iterable[bytes]) -> str:
    """Write the names of entries for people."""
    return ", ".join(sorted(f"/{key.decode('latin-1')}" for key in keys))
