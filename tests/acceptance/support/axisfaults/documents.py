"""Signed documents in bulk: each signed on its own, over one rendered page an issuer, as pages are not the subject."""

from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Final

from docaxis.embedded.axis import LocalAxis
from docaxis.embedded.documents import render
from docaxis.embedded.papers import PERSON_FIELD, SEAL_FIELD, PaperDesk
from docaxis.embedded.population import member_of
from docaxis_schemas.document import Urgency
from docaxis_schemas.moments import system_clock

ISSUERS: Final = ("A98", "H98", "H99.09", "G98")
HELD_ISSUER: Final = "H98.44"
HELD_AUTHORITY: Final = "public-two"
"""Issues to nobody else of the cast, so that its list can go stale alone."""
RECIPIENTS: Final = ("H99", "H97.01", "H98.14", "H97.02", "G98.05", "H97.03")
FAN_OUT: Final = 3
URGENT_EVERY: Final = 9
HELD_EVERY: Final = 7
FIRST_NUMBER: Final = 1000


@dataclass(frozen=True, slots=True)
class Document:
    """A signed document on disk, and how it is to be handed in."""

    number: int
    member: str
    path: Path
    metadata: dict[str, Any]
    recipients: tuple[str, ...]
    held: bool

    @property
    def own_id(self) -> str:
        """Give the sender's own key, which is the idempotency key."""
        return f"fault-{self.number}"


class Drawer:
    """Makes documents, no two alike."""

    def __init__(self, axis: LocalAxis, directory: Path) -> None:
        self._authorities = axis.authorities
        self._desk = PaperDesk(axis.authorities, system_clock)
        self._directory = directory
        self._numbers = count(FIRST_NUMBER)
        self._pages: dict[str, bytes] = {}
        directory.mkdir(parents=True, exist_ok=True)

    async def take(self, amount: int, *, held_every: int = HELD_EVERY) -> list[Document]:
        """Sign so many, of all issuers in turn; one in ``held_every`` of the one whose revocation list goes stale."""
        return [await self._document(_issuer(number, held_every)) for number in range(amount)]

    async def plain(
        self, amount: int, recipients: tuple[str, ...], *, issuer: str = ISSUERS[0], page: bytes | None = None
    ) -> list[Document]:
        """Sign so many routine documents of one issuer, all for the same recipients; ``page`` is what is signed."""
        made = [await self._document(issuer, page) for _ in range(amount)]
        routine = {"urgency": Urgency.NORMAL.value}
        return [replace(one, recipients=recipients, metadata=one.metadata | routine) for one in made]

    async def _document(self, code: str, page: bytes | None = None) -> Document:
        number = next(self._numbers)
        spec = self._desk.draft(code, number)
        if code not in self._pages:
            self._pages[code] = render(spec)
        drafted = page or self._pages[code]
        person, seal = self._authorities.person(code), self._authorities.seal(code)
        data = await self._desk.sign(drafted, person, PERSON_FIELD, "B-B", None)
        data = await self._desk.sign(data, seal, SEAL_FIELD, "B-B", None)
        path = self._directory / f"{number}.pdf"
        path.write_bytes(data)
        urgency = Urgency.KHAN if number % URGENT_EVERY == 0 else Urgency.NORMAL
        metadata = replace(self._desk.metadata(code, spec), urgency=urgency).to_json()
        recipients = tuple(RECIPIENTS[(number + place) % len(RECIPIENTS)] for place in range(FAN_OUT))
        return Document(number, member_of(code), path, metadata, recipients, code == HELD_ISSUER)


def _issuer(number: int, held_every: int) -> str:
    if held_every and number % held_every == held_every - 1:
        return HELD_ISSUER
    return ISSUERS[number % len(ISSUERS)]
