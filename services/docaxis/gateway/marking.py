"""Marks of what the bus has, many in one statement.

A mark only spares the sweeper, ten seconds later, from publishing once more, which would do no harm. So nobody waits
for it: it is made after the answer, and a crash before it costs one record that the attempt's source makes a duplicate.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from docaxis.storage.claims import ClaimStore
from docaxis.storage.member_records import MemberRecordStore
from docaxis_schemas.moments import Clock

MARK_SECONDS: Final = 0.25
"""Between two statements; far below the age at which the sweeper takes a claim for one that a crash left."""


class PublishedMarks:
    """Remembers what was published until the database knows it. `flush` it again and again."""

    def __init__(self, claims: ClaimStore, records: MemberRecordStore, clock: Clock) -> None:
        self._store = claims
        self._record_store = records
        self._clock = clock
        self._claims: dict[UUID, datetime] = {}
        self._records: dict[tuple[str, str], datetime] = {}

    def add_claim(self, submission: UUID) -> None:
        """Remember that the bus has the first attempt of a submission."""
        self._claims[submission] = self._clock()

    def add_record(self, member: str, own_id: str) -> None:
        """Remember that the bus has a member's action."""
        self._records[member, own_id] = self._clock()

    def has_claim(self, submission: UUID) -> bool:
        """Say whether it was published and is not marked yet."""
        return submission in self._claims

    def has_record(self, member: str, own_id: str) -> bool:
        """Say whether it was published and is not marked yet."""
        return (member, own_id) in self._records

    async def flush(self) -> None:
        """Have the database know.

        Raises:
            UnavailableStorage: The database is away; what was to be marked is still remembered.
        """
        if claims := dict(self._claims):
            await self._store.mark_published(claims)
            self._claims = {name: at for name, at in self._claims.items() if name not in claims}
        if records := dict(self._records):
            await self._record_store.mark_published(records)
            self._records = {name: at for name, at in self._records.items() if name not in records}
