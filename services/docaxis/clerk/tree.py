"""The directory as a tree, one level at a time: of the country's hundred thousand bodies a page sends a hundred."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from docaxis.directory.organisations import OrganisationIndex
from docaxis_schemas.folding import folded
from docaxis_schemas.organisation import Organisation

PAGE: Final = 100
"""Bodies of one page of a level; a province has some hundred and fifty directly below it."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A body, and whether any is below it."""

    code: str
    name: str
    has_below: bool


@dataclass(frozen=True, slots=True)
class Level:
    """A page of the bodies directly below one (or at the top), with the way down to it."""

    way: tuple[Branch, ...]
    branches: tuple[Branch, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages the level has."""
        return max(1, -(-self.total // PAGE))


class Tree:
    """Gives levels. The top is worked out once for a list and a day: it is found by looking at everybody."""

    def __init__(self) -> None:
        self._top: tuple[OrganisationIndex, date, tuple[str, ...]] | None = None

    def level(self, index: OrganisationIndex, code: str, day: date, page: int) -> Level:
        """Give a page of the level below a body; of the top for a code that nobody bears."""
        found = index.on(code, day) if code else None
        codes = self._roots(index, day) if found is None else below(index, found.code, day)
        at = min(max(page, 1), max(1, -(-len(codes) // PAGE)))
        shown = codes[(at - 1) * PAGE : at * PAGE]
        way = () if found is None else (*reversed([*index.ancestors(found.code, day)]), found)
        return Level(
            tuple(_branch(index, one, day) for one in way),
            tuple(_branch(index, one, day) for one in (index.on(code, day) for code in shown) if one is not None),
            len(codes),
            at,
        )

    def _roots(self, index: OrganisationIndex, day: date) -> tuple[str, ...]:
        if self._top is None or self._top[0] is not index or self._top[1] != day:
            found = (index.on(code, day) for code in index.periods)
            self._top = index, day, _by_name(one for one in found if one is not None and _is_top(index, one, day))
        return self._top[2]


def below(index: OrganisationIndex, code: str, day: date) -> tuple[str, ...]:
    """Give the bodies directly below one that exist on a day, by name."""
    return _by_name(_children(index, code, day))


def _is_top(index: OrganisationIndex, one: Organisation, day: date) -> bool:
    """Say whether nobody that exists stands above a body: it would be found nowhere else in the tree."""
    return one.parent is None or index.on(one.parent, day) is None


def _by_name(found: Iterable[Organisation]) -> tuple[str, ...]:
    return tuple(one.code for one in sorted(found, key=lambda one: (folded(one.name), one.code)))


def _branch(index: OrganisationIndex, one: Organisation, day: date) -> Branch:
    return Branch(one.code, one.name, next(_children(index, one.code, day), None) is not None)


def _children(index: OrganisationIndex, code: str, day: date) -> Iterator[Organisation]:
    found = (index.on(child, day) for child in index.children.get(code, ()))
    return (one for one in found if one is not None and one.parent == code)
