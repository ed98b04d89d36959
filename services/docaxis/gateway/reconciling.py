"""Reconciling: a member states what it holds, the axis answers what either side lacks, and states that it did."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from docaxis.directory import DirectorySnapshot
from docaxis.directory.entries import Principal
from docaxis.gateway.acting import Desk
from docaxis.gateway.authentication import member_of
from docaxis.gateway.intake import check_age, require_active
from docaxis.gateway.multipart import malformed
from docaxis.gateway.records import OpenedRecord, open_record
from docaxis.gateway.refusals import Refused
from docaxis.storage.reconciling import Reconciling
from docaxis_schemas.canonical import canonical, digest
from docaxis_schemas.events import COMPARED, Action
from docaxis_schemas.holdings import (
    MAX_HELD,
    MAX_HOLDINGS,
    Direction,
    Held,
    Holdings,
    Key,
    Known,
    Lack,
    compare,
    counted,
    read_holdings,
)
from docaxis_schemas.moments import to_text
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import RejectedRecord
from docaxis_signing.receipts import thumbprint


@dataclass(frozen=True, slots=True)
class Pair:
    """Two members, and the directory in which the other's organisations stand."""

    member: str
    other: str
    snapshot: DirectorySnapshot

    def with_canonical(self, held: Held) -> Held:
        """Give an item with its recipient's code as the axis writes it."""
        code = self.snapshot.canonical(held.recipient)
        return held if code in {None, held.recipient} else replace(held, recipient=str(code))

    def is_others(self, recipient: str) -> bool:
        """Whether an organisation is the other member's."""
        code = self.snapshot.canonical(recipient) or recipient
        return code in self.snapshot.organisations.by_member.get(self.other, ())


@dataclass(frozen=True, slots=True)
class ReconcilingDesk:
    """Compares what members hold."""

    desk: Desk
    store: Reconciling
    new_id: Callable[[], UUID] = uuid4

    async def take(self, principal: Principal, data: bytes, *, media_type: str, own_id: str | None) -> dict[str, Any]:
        """Compare one statement and give the answer, once it is on its way into the evidence.

        Raises:
            Refused: Not of its form, another's, too old, of somebody who sees only part of the member's documents.
            UnavailableStorage: The database is away.
            BusError: The bus is away: state it again.
        """
        desk, now = self.desk, self.desk.clock()
        snapshot = await desk.directory.snapshot()
        _require_whole(principal, snapshot, now)
        opened = await open_record(
            data, media_type, principal, snapshot, desk.keys, desk.registers, limit=MAX_HOLDINGS, now=now
        )
        stated = await asyncio.to_thread(_read, opened.payload)
        desk.check_heading(stated.heading, principal, own_id)
        check_age(stated.heading.time, now)
        require_active(snapshot, stated.heading.member, now)
        if stated.other not in snapshot.members:
            raise Refused(Code.NOT_FOUND, f"Không có thành viên {stated.other}.", f"No such member: {stated.other}.")
        pair = Pair(stated.heading.member, stated.other, snapshot)
        answer = await self._compare(pair, stated)
        identity = self.new_id()
        answer |= {"comparison_id": str(identity), "compared_at": to_text(now)}
        await self._state(identity, pair.member, opened, answer)
        return answer

    async def _compare(self, pair: Pair, stated: Holdings) -> dict[str, Any]:
        """Compare both ways, as far in the period as one answer goes."""
        between = {
            direction: await self.store.between(
                direction,
                pair.member,
                pair.other,
                since=stated.since,
                until=stated.until,
                limit=MAX_HELD * 2 + 1,
            )
            for direction in Direction
        }
        until = min([stated.until, *(found[-1].at for found in between.values() if len(found) > MAX_HELD * 2)])
        lacks: list[Lack] = []
        looked: dict[Direction, int] = {}
        for direction, found in between.items():
            due = {one.key: one for one in found if one.at < until}
            held = await self._between_them(direction, pair, stated.held[direction], due)
            looked[direction] = len(due.keys() | held.keys())
            known = due | {key: one for key, (_, one) in held.items() if one is not None}
            lacks += compare(direction, (one for one, _ in held.values()), known, due)
        waiting = sum(one.at < until and one.state == "consigned" for one in between[Direction.SENT])
        return {
            "with": pair.other,
            "since": to_text(stated.since),
            "until": to_text(until),
            "compared": sum(looked.values()),
            "waiting": waiting,
            "counts": counted(lacks),
            "lacks": [one.to_json() for one in lacks],
        }

    async def _between_them(
        self, direction: Direction, pair: Pair, held: tuple[Held, ...], due: Mapping[Key, Known]
    ) -> dict[Key, tuple[Held, Known | None]]:
        """Look up what is stated beyond the period; leave out what is between the member and somebody else."""
        held = tuple(pair.with_canonical(one) for one in held)
        strange = [one for one in held if one.key not in due]
        named = {known.key: (known, other) for known, other in await self.store.named(
            direction, pair.member, [one.key for one in strange]
        )}  # fmt: skip
        found: dict[Key, tuple[Held, Known | None]] = {one.key: (one, due[one.key]) for one in held if one.key in due}
        for one in strange:
            known, other = named.get(one.key, (None, None))
            if other is None:
                theirs = direction is Direction.RECEIVED or pair.is_others(one.recipient)
            else:
                theirs = other == pair.other
            if theirs:
                found[one.key] = one, known
        return found

    async def _state(self, identity: UUID, member: str, opened: OpenedRecord, answer: Mapping[str, Any]) -> None:
        """Have it stated: counts, and the hashes of both texts. What the member stated is the member's to keep."""
        facts = dict(answer["counts"]) | {
            "compared": answer["compared"],
            "holdings_sha256": opened.sha256,
            "holdings_key_sha256": thumbprint(json.loads(opened.key)),
            "answer_sha256": await asyncio.to_thread(digest, answer),
            "acted_by_gateway": opened.acted_by_gateway,
        }
        await self.desk.outbox.tell(
            Action(identity, identity, COMPARED, member, None, self.desk.clock(), canonical(facts))
        )


def _require_whole(principal: Principal, snapshot: DirectorySnapshot, now: datetime) -> None:
    """Let only who sees all of a member's documents compare them: what others may not see is no lack.

    Raises:
        Refused: The credential names some of the member's organisations only.
    """
    member = member_of(principal)
    own = snapshot.organisations.by_member.get(member, ())
    if any(snapshot.member_of(code, now) == member and code not in principal.organisations for code in own):
        raise Refused(
            Code.FORBIDDEN,
            "Đối soát cần quyền với mọi cơ quan của thành viên.",
            "Reconciling wants a credential for every organisation of the member.",
        )


def _read(payload: Mapping[str, Any]) -> Holdings:
    try:
        return read_holdings(payload)
    except RejectedRecord as error:
        raise malformed(f"Bảng kê sai dạng: {error}.", f"The statement is not of its form: {error}.") from error
