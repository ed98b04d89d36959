"""What names an earlier document of its sender waits until that one is routed, for a bounded time.

Theory of operation. Two documents of a sender travel through different partitions and may be judged in any order; an
update that is routed first would find nothing to update, and take the number of the document it names. So a document
that updates, replaces or recalls is parked while one that it names was handed in before it and has no route: a decision
keeps its verdict, a timer brings it back at short intervals, and it is routed as from then on. It waits no longer than
the setting says, and for nothing that was given up. Only earlier ones are waited for, so none waits for itself.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from docaxis.bus.port import Outgoing
from docaxis.router.announcements import Announcer
from docaxis.router.changes import wishes
from docaxis.router.envelopes import Envelopes
from docaxis.router.handed import Handed, read_handed
from docaxis.router.problems import RejectedWork
from docaxis.router.routing import DELIVERING, Source, write_body
from docaxis.router.sentences import NAMED_UNDECIDED, with_sentence
from docaxis.storage.decisions import Decision
from docaxis.storage.routing import Claim, NewTimer, RoutingTransaction
from docaxis_schemas.codec import decode, encode
from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.events import Judged
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.moments import Clock, from_text, to_text
from docaxis_schemas.natural_key import natural_key

PARKED: Final = "parked"
"""Kind of the decision; with a number, of the timer that looks again."""
LOOK_EVERY: Final = timedelta(seconds=15)
"""As often as timers are looked at."""
LOOKED_BACK: Final = timedelta(days=2)
"""What was handed in before and is not routed by now was given up or is stuck: longer than any document is held."""


@dataclass(frozen=True, slots=True)
class Look:
    """A timer's look at what is parked: which one, by which record."""

    event: UUID
    number: int
    source: Source


class Parking:
    """Holds back what names something undecided."""

    def __init__(self, envelopes: Envelopes, clock: Clock, longest: timedelta) -> None:
        self._envelopes = envelopes
        self._clock = clock
        self._longest = longest

    async def hold(
        self,
        transaction: RoutingTransaction,
        claim: Claim,
        handed: Handed,
        judged: Judged,
        *,
        source: Source,
        canonical: Callable[[str], str | None],
    ) -> tuple[Outgoing, ...] | None:
        """Park a document and give what is told of it; None: nothing holds it up. The claim is locked.

        A redo tells the same; another record of what is parked already tells nothing.
        """
        if handed.is_new or judged.disposition not in DELIVERING:
            return None
        parked = await transaction.find(_event(claim.submission_id))
        if parked is not None:
            return self._told(handed, parked, source)
        if not await self._is_awaited(transaction, handed, canonical):
            return None
        now = self._clock()
        body = {
            "source": source.to_json(),
            "issuer": handed.issuer,
            "judged": base64.b64encode(encode(judged)).decode("ascii"),
            "until": to_text(now + self._longest),
        }
        event, version = _event(claim.submission_id), claim.latest_version + 1
        parked = Decision(event, claim.submission_id, PARKED, version, now, write_body(body))
        await transaction.decide(parked, _timer(claim.submission_id, 1, now))
        return self._told(handed, parked, source)

    async def told_before(self, transaction: RoutingTransaction, claim: Claim, source: Source) -> tuple[Outgoing, ...]:
        """Give what was told when this record parked its document, though it is routed by now; nothing of others."""
        parked = await transaction.find(_event(claim.submission_id))
        if parked is None:
            return ()
        issuer = str(json.loads(parked.body)["issuer"])
        return self._told(read_handed(claim, lambda _: issuer), parked, source)

    async def resume(
        self,
        transaction: RoutingTransaction,
        claim: Claim,
        handed: Handed,
        look: Look,
        *,
        canonical: Callable[[str], str | None],
    ) -> Judged | None:
        """Give the verdict that was parked if its document goes on now; else None, and it is looked at again later.

        Raises:
            RejectedWork: Nothing was parked.
        """
        if await transaction.find(look.event) is not None:
            return None
        judged, until = parked_verdict(await transaction.find(_event(claim.submission_id)))
        now = self._clock()
        if now >= until or not await self._is_awaited(transaction, handed, canonical):
            return judged
        body = write_body({"source": look.source.to_json()})
        again = Decision(look.event, claim.submission_id, f"{PARKED}-look", claim.latest_version + 1, now, body)
        await transaction.decide(again, _timer(claim.submission_id, look.number + 1, now))
        return None

    async def _is_awaited(
        self, transaction: RoutingTransaction, handed: Handed, canonical: Callable[[str], str | None]
    ) -> bool:
        wished = wishes(handed, canonical)
        keys = {key for wish in wished for key in wish.keys}
        named = {wish.submission for wish in wished if wish.submission is not None}
        if not keys and not named:
            return False
        earlier = await transaction.changes.unrouted(
            handed.member, since=handed.received_at - LOOKED_BACK, before=handed.received_at
        )
        return any(one.submission_id in named or _key(one.manifest, canonical) in keys for one in earlier)

    def _told(self, handed: Handed, parked: Decision, source: Source) -> tuple[Outgoing, ...]:
        body = json.loads(parked.body)
        if body["source"] != source.to_json():
            return ()
        announcer = Announcer(self._envelopes, handed, parked.decided_at, parked.version)
        evidence = self._envelopes.evidence(
            event_id(parked.submission_id, "evidence", EvidenceType.SUBMISSION_PARKED.value),
            EvidenceType.SUBMISSION_PARKED,
            submission_id=parked.submission_id,
            member=handed.member,
            recipient=None,
            at=parked.decided_at,
            facts={"version": parked.version},
        )
        told = with_sentence(NAMED_UNDECIDED) | {"deadline": body["until"]}
        return evidence, announcer.news("held", PARKED, **told)


def parked_verdict(parked: Decision | None) -> tuple[Judged, datetime]:
    """Give the verdict that a decision parked, and until when.

    Raises:
        RejectedWork: Nothing was parked.
    """
    if parked is None:
        raise RejectedWork("nothing of this submission was parked")
    body = json.loads(parked.body)
    judged = decode(base64.b64decode(body["judged"]))
    assert isinstance(judged, Judged), "nothing else is parked"
    return judged, from_text(body["until"])


def look_of(timer: str) -> int | None:
    """Give the number of a look that a timer stands for; None: it is another kind of timer."""
    kind, _, number = timer.partition("-")
    return int(number) if kind == PARKED and number.isdecimal() else None


def _event(submission: UUID) -> UUID:
    return event_id(submission, PARKED)


def _timer(submission: UUID, number: int, now: datetime) -> NewTimer:
    kind = f"{PARKED}-{number}"
    return NewTimer(event_id(submission, "timer", kind), now + LOOK_EVERY, kind, submission, b"{}")


def _key(manifest: bytes, canonical: Callable[[str], str | None]) -> str | None:
    metadata = DocumentMetadata.from_stored(json.loads(manifest)["document"])
    key = natural_key(metadata, canonical(metadata.issuer.code) or metadata.issuer.code)
    return None if key is None else key.to_text()
