"""What the handlers of one gateway share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from docaxis.directory.entries import Role
from docaxis.gateway.acting import Desk
from docaxis.gateway.authentication import Doorkeeper
from docaxis.gateway.directory import FreshDirectory
from docaxis.gateway.edxml.receiving import PacketDesk
from docaxis.gateway.edxml.spooling import PacketRoom
from docaxis.gateway.limits import Limits
from docaxis.gateway.looking import Looks
from docaxis.gateway.measures import Measures
from docaxis.gateway.publishing import Outbox
from docaxis.gateway.recalling import RecallDesk
from docaxis.gateway.reconciling import ReconcilingDesk
from docaxis.gateway.submitting import Intake
from docaxis.gateway.uploading import Uploads
from docaxis.gateway.waiting import Decisions
from docaxis.storage.audit_index import AuditIndex
from docaxis.storage.claims import ClaimStore
from docaxis.storage.clerk_deadlines import ClerkDeadlines
from docaxis.storage.clerk_registers import ClerkRegisters
from docaxis.storage.contents import ContentStore
from docaxis.storage.evidence_objects import EvidenceObjects
from docaxis.storage.exchange import ExchangeStore
from docaxis.storage.links import LinkStore
from docaxis.storage.log_files import LogFiles
from docaxis.storage.notifications import Notifications
from docaxis.storage.readmodels import ReadModels
from docaxis.storage.receipt_signatures import ReceiptSignatureStore
from docaxis.storage.receipts import ReceiptStore
from docaxis.storage.verdicts import Verdicts
from docaxis_schemas.moments import Clock

PARTIES: Final = frozenset({Role.MEMBER_SYSTEM, Role.CLERK})
"""Who acts for a member."""
AUDITORS: Final = frozenset({Role.AUDITOR})
"""Who looks at the log and at everything it is about."""
OVERSEERS: Final = frozenset({Role.OPERATOR, Role.AUDITOR})
"""Who looks at the axis as a whole."""
EVERYBODY: Final = PARTIES | OVERSEERS

Check = Callable[[], Awaitable[None]]
"""Asks a dependency whether it works; raises if it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a handler may use."""

    doorkeeper: Doorkeeper
    directory: FreshDirectory
    intake: Intake
    desk: Desk
    recalls: RecallDesk
    reconciling: ReconcilingDesk
    packets: PacketDesk
    packet_room: PacketRoom
    exchange: ExchangeStore
    uploads: Uploads
    outbox: Outbox
    contents: ContentStore
    claims: ClaimStore
    models: ReadModels
    registers: ClerkRegisters
    deadlines: ClerkDeadlines
    receipts: ReceiptStore
    signatures: ReceiptSignatureStore
    links: LinkStore
    log: LogFiles | None
    audit: AuditIndex
    looks: Looks
    verdicts: Verdicts
    objects: EvidenceObjects
    decisions: Decisions
    notifications: Notifications
    measures: Measures
    limits: Limits
    checks: Mapping[str, Check]
    public_keys: Mapping[str, Any]
    clock: Clock
