"""Every look of an auditor or operator at what the log hides is itself evidence, before it is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from docaxis.bus.port import Outgoing, Partition, Publisher
from docaxis.directory.entries import Principal
from docaxis.storage.audit_index import AuditIndex, Look
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import encode, headers
from docaxis_schemas.events import LOOK, Action
from docaxis_schemas.evidence import stands_for
from docaxis_schemas.moments import Clock
from docaxis_schemas.topics import ACTIONS, partition_of

SOURCE: Final = "gateway"


@dataclass(frozen=True, slots=True)
class Looks:
    """Keeps who asked what, and has it stated. ``query`` is kept here; the log gets its hash."""

    index: AuditIndex
    publisher: Publisher
    slots: int
    clock: Clock
    new_id: Callable[[], UUID] = uuid4

    async def note(self, principal: Principal, what: str, **query: Any) -> None:
        """Note a look, unless a party looks at its own: that needs no noting.

        Raises:
            UnavailableStorage: It could not be kept, so nothing is to be shown.
            UnavailableBus: It could not be stated, so nothing is to be shown.
        """
        if principal.member is not None:
            return
        given = {name: value for name, value in query.items() if value is not None}
        text = canonical(given).decode()
        look = Look(self.new_id(), self.clock(), UUID(principal.credential_id), principal.holder, what, text)
        await self.index.looked(look)
        await self.publisher.publish([self._outgoing(look, stands_for(principal.role.value))])

    def _outgoing(self, look: Look, member: str) -> Outgoing:
        body = canonical({"what": look.what, "credential_id": str(look.credential_id), "query": look.query})
        action = Action(look.look_id, look.look_id, LOOK, member, None, look.at, body)
        return Outgoing(
            Partition(ACTIONS, partition_of(look.look_id, self.slots)),
            look.look_id.bytes,
            encode(action),
            headers(action, source=SOURCE, event_id=look.look_id, subject=look.look_id, at=look.at),
        )
