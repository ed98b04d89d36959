"""The registrar: signs statements, keeps them, and holds the only evidence key.

Together with its receipt a statement's entry for the transparency log is kept; `sequencing` gives it a place there.
A statement is kept once: the row of its event id is never changed. The same statement again is a redo; another one
under the same id is a contradiction, which is not kept, alarms, and goes to the dead letters.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from docaxis.bus.port import Received
from docaxis.bus.work import Outcome, Work
from docaxis.failpoints import Point, reach
from docaxis.registrar.problems import ContradictoryStatement, RejectedStatement
from docaxis.registrar.statements import check_statement
from docaxis.storage.grouping import Grouped
from docaxis.storage.receipts import Receipt, ReceiptStore
from docaxis_schemas.events import Event, EvidenceRecord
from docaxis_schemas.moments import Clock
from docaxis_signing.receipts import EvidenceSigner
from docaxis_signing.transparency.leaves import leaf, openings


class Registrar:
    """The stage ``registrar``; it sends nothing."""

    name: Final = "registrar"

    def __init__(
        self,
        store: ReceiptStore,
        signer: EvidenceSigner,
        *,
        axis: str,
        environment: str,
        clock: Clock,
        gather: timedelta = timedelta(0),
    ) -> None:
        self._store = store
        self._signer = signer
        self._axis = axis
        self._environment = environment
        self._clock = clock
        self._inserts: Grouped[Receipt, bytes] = Grouped(self._insert, gather=gather)
        self._log = structlog.get_logger("docaxis.registrar")

    async def handle(self, work: Work) -> Outcome:
        """Sign one statement and keep it.

        Raises:
            RejectedStatement: It is none of ours.
            ContradictoryStatement: Another one was signed under its id.
            UnavailableStorage: Try again.
        """
        if not isinstance(work.event, EvidenceRecord):
            raise RejectedStatement(f"the registrar does not take a {type(work.event).__name__}")
        statement = check_statement(work.event, axis=self._axis, environment=self._environment)
        kept = await self._inserts.add(self._receipt(work.event, work.record, statement))
        if kept != statement:
            self._log.critical("contradictory statement", event_id=str(work.event.event_id), type=work.event.type)
            raise ContradictoryStatement(f"another statement was signed as {work.event.event_id}")
        reach(Point.REGISTRAR_AFTER_RECEIPTS)
        return Outcome()

    def _receipt(self, event: EvidenceRecord, record: Received, statement: bytes) -> Receipt:
        now = self._clock()
        return Receipt(
            event.event_id,
            event.type,
            event.submission_id,
            event.member,
            event.recipient,
            event.at,
            statement,
            self._signer.sign(statement, now),
            self._signer.kid,
            now,
            record.partition.number,
            record.offset,
        )

    async def _insert(self, receipts: Sequence[Receipt]) -> Sequence[bytes]:
        first = {receipt.event_id: receipt.statement for receipt in reversed(receipts)}
        secrets = await self._store.secrets(receipt.submission_id for receipt in receipts)
        leaves = {one.event_id: _leaf(first[one.event_id], secrets[one.submission_id]) for one in receipts}
        kept = first | await self._store.insert(receipts, leaves)
        return [kept[receipt.event_id] for receipt in receipts]

    async def give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:  # noqa: ARG002 - a dead letter alone tells it
        """Add nothing to the dead letter: a statement that cannot be signed concerns the operators alone."""
        return Outcome()


def _leaf(statement: bytes, secret: bytes) -> bytes:
    return leaf(statement, openings(secret, statement))
