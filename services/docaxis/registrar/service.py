"""The registrar: signs statements, keeps them, and holds the only evidence key.

Together with its receipt a statement's entry for the transparency log is kept; `sequencing` gives it a place there.
A statement is kept once: the row of its event id is never changed. The same statement again is a redo; another one
under the same id is a contradiction, which is not kept, alarms, and goes to the dead letters.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import structlog

from docaxis.bus.port import Received
from docaxis.bus.work import Outcome, Work
from docaxis.failpoints import Point, reach
from docaxis.registrar.problems import ContradictoryStatement, RejectedStatement
from docaxis.registrar.statements import check_statement
from docaxis.storage.decisions import RefusedStatement
from docaxis.storage.grouping import Grouped
from docaxis.storage.receipts import Receipt, ReceiptStore
from docaxis_schemas.events import Event, EvidenceRecord
from docaxis_schemas.moments import Clock
from docaxis_signing.receipts import EvidenceSigner
from docaxis_signing.transparency.leaves import sealed
from docaxis_signing.transparency.problems import RejectedLeaf

ENOUGH: Final = 256
"""Statements that need not wait for others to go along."""
TOGETHER: Final = 1024
"""Statements of one insert at most: some three megabytes, and about what a busy registrar has in hand."""
_Signed = tuple[Receipt, Mapping[str, Any]]
"""A receipt, and what its statement says."""


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
        self._inserts: Grouped[_Signed, bytes] = Grouped(self._insert, gather=gather, limit=TOGETHER, enough=ENOUGH)
        self._log = structlog.get_logger("docaxis.registrar")

    async def handle(self, work: Work) -> Outcome:
        """Sign one statement and keep it.

        Raises:
            RejectedStatement: It is none of ours.
            ContradictoryStatement: Another one was signed under its id.
            RefusedStatement: Its entry would be larger than one may be.
            UnavailableStorage: Try again.
        """
        if not isinstance(work.event, EvidenceRecord):
            raise RejectedStatement(f"the registrar does not take a {type(work.event).__name__}")
        value = check_statement(work.event, axis=self._axis, environment=self._environment)
        kept = await self._inserts.add((self._receipt(work.event, work.record), value))
        if kept != work.event.statement:
            self._log.critical("contradictory statement", event_id=str(work.event.event_id), type=work.event.type)
            raise ContradictoryStatement(f"another statement was signed as {work.event.event_id}")
        reach(Point.REGISTRAR_AFTER_RECEIPTS)
        return Outcome()

    def _receipt(self, event: EvidenceRecord, record: Received) -> Receipt:
        now = self._clock()
        return Receipt(
            event.event_id,
            event.type,
            event.submission_id,
            event.member,
            event.recipient,
            event.at,
            event.statement,
            self._signer.sign(event.statement, now),
            self._signer.kid,
            now,
            record.partition.number,
            record.offset,
        )

    async def _insert(self, signed: Sequence[_Signed]) -> Sequence[bytes]:
        first = {receipt.event_id: (receipt, value) for receipt, value in reversed(signed)}
        receipts = [receipt for receipt, _ in first.values()]
        secrets = await self._store.secrets(receipt.submission_id for receipt in receipts)
        try:
            leaves = {key: sealed(secrets[one.submission_id], value) for key, (one, value) in first.items()}
        except RejectedLeaf as error:  # then each goes alone, so that the others do not suffer from it
            raise RefusedStatement(f"a statement that no entry can be made of: {error}") from error
        before = await self._store.insert(receipts, leaves)
        ids = [receipt.event_id for receipt, _ in signed]
        return [before[one] if one in before else first[one][0].statement for one in ids]

    async def give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:  # noqa: ARG002 - a dead letter alone tells it
        """Add nothing to the dead letter: a statement that cannot be signed concerns the operators alone."""
        return Outcome()
