"""The document: metadata for every element of the edXML document packet, and its files.

Required are issuer, type, subject, place and date, one recipient or group, and a notation where the type has one (QCVN
102:2016, decree 30/2020). Number and notation are text and never refused by pattern, because agencies write them in
more ways than any rule foresees. Text is kept as given and compared in NFC. The lengths of edXML (`EDXML_LENGTHS`) bind
only a writer of edXML; a longer subject is no reason to refuse a document.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Self

from docaxis_schemas.document_types import DocumentType
from docaxis_schemas.faults import Fault, RejectedInput, fault
from docaxis_schemas.moments import VIETNAM
from docaxis_schemas.organisation import RejectedCode, normalise_code
from docaxis_schemas.records import read_fields, read_record, write_record
from docaxis_schemas.submission import MAX_RECIPIENTS
from docaxis_schemas.terms import Term

EDXML_LENGTHS: Final[dict[str, int]] = {
    "number": 11,
    "notation": 30,
    "place": 50,
    "type_name": 100,
    "subject": 500,
    "content": 500,
    "signer.competence": 100,
    "signer.position": 100,
    "signer.full_name": 50,
    "to_places": 150,
    "sphere": 100,
    "typer_notation": 10,
    "appendixes": 250,
}
"""Characters that an edXML packet allows a field (lists: each item); see `edxml_overruns`."""
MAX_LABEL: Final = 100
"""Characters of number and of notation, far above what any agency writes: both are part of keys, which are indexed."""


class RejectedDocument(RejectedInput):
    """The metadata or the files of a document are bad; ``faults`` lists everything that is wrong."""


class Urgency(Term):
    """Độ khẩn; edXML ``Priority`` 0-4 in this order."""

    NORMAL = "normal", "thường"
    KHAN = "khan", "khẩn"
    THUONG_KHAN = "thuong-khan", "thượng khẩn"
    HOA_TOC = "hoa-toc", "hỏa tốc"
    HOA_TOC_HEN_GIO = "hoa-toc-hen-gio", "hỏa tốc hẹn giờ"

    @property
    def edxml_priority(self) -> int:
        return list(Urgency).index(self)

    @property
    def is_urgent(self) -> bool:
        """Urgent documents take the urgent lane and are sent at once (QĐ 28/2018)."""
        return self is not Urgency.NORMAL


class SecrecyMark(Term):
    """Độ mật; anything but none stops a document, state secrets travel elsewhere."""

    NONE = "none", "không"
    MAT = "mat", "mật"
    TOI_MAT = "toi-mat", "tối mật"
    TUYET_MAT = "tuyet-mat", "tuyệt mật"


class CopyForm(Term):
    """Form of copy (decree 30/2020 Art. 25): the original, or a copy certified by the agency that made it."""

    ORIGINAL = "original", "bản gốc"
    SAO_Y = "SY", "sao y"
    TRICH_SAO = "TrS", "trích sao"
    SAO_LUC = "SL", "sao lục"

    @property
    def is_certified_copy(self) -> bool:
        return self is not CopyForm.ORIGINAL


class RecipientRole(Term):
    """What a recipient is asked to do."""

    ACTION = "action", "xử lý chính"
    COORDINATION = "coordination", "phối hợp"
    INFORMATION = "information", "nhận để biết"


class SteeringType(Term):
    """edXML ``SteeringType`` 0-2 in this order."""

    NONE = "none", "không"
    STEERING = "steering", "văn bản chỉ đạo"
    REPORT = "report", "văn bản báo cáo"

    @property
    def edxml_number(self) -> int:
        return list(SteeringType).index(self)


class BusinessAction(Term):
    """edXML ``BussinessDocType`` 0-3 in this order: what the packet does to an earlier document."""

    NEW = "new", "văn bản mới"
    REVOKE = "revoke", "thu hồi"
    UPDATE = "update", "cập nhật"
    REPLACE = "replace", "thay thế"

    @property
    def edxml_number(self) -> int:
        return list(BusinessAction).index(self)


class ReceiverChange(Term):
    """edXML ``ReceiverType`` 0-1: whether an update adds or removes this receiver."""

    ADDED = "added", "thêm"
    REMOVED = "removed", "bớt"


@dataclass(frozen=True, slots=True)
class Issuer:
    """The organisation that issued the document (edXML ``From``)."""

    code: str
    name: str | None = None
    in_charge: str | None = None
    address: str | None = None
    email: str | None = None
    telephone: str | None = None
    fax: str | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient (edXML ``To``): an organisation by its code, or a group that the directory resolves."""

    organisation: str | None = None
    group: str | None = None
    role: RecipientRole = RecipientRole.ACTION
    name: str | None = None
    in_charge: str | None = None
    address: str | None = None
    email: str | None = None
    telephone: str | None = None
    fax: str | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """The authorised person who signed, as the document says; what the signature proves is a verdict's business."""

    full_name: str | None = None
    position: str | None = None
    competence: str | None = None


@dataclass(frozen=True, slots=True)
class EarlierDocument:
    """A document that this one answers or recalls (edXML ``ResponseFor``)."""

    issuer: str | None = None
    code: str | None = None
    document_id: str | None = None
    promulgated_on: date | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """Whom to ask about the packet (edXML ``StaffInfo``)."""

    department: str | None = None
    name: str | None = None
    mobile: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedReceiver:
    """A receiver that an update adds or removes."""

    code: str
    change: ReceiverChange


@dataclass(frozen=True, slots=True)
class Update:
    """What an update changes (edXML ``BussinessDocumentInfo``)."""

    document_changed: bool = False
    receivers_changed: bool = False
    receivers: tuple[ChangedReceiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Replacement:
    """A document that is replaced, and who holds it (edXML ``ReplacementInfo``)."""

    document_id: str
    holders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Business:
    """What the packet does (edXML ``Bussiness``, spelt so there)."""

    action: BusinessAction = BusinessAction.NEW
    reason: str | None = None
    document_id: str | None = None
    paper: bool | None = None
    staff: Staff | None = None
    update: Update | None = None
    replacements: tuple[Replacement, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceHop:
    """One system that the packet passed before it reached us (edXML ``TraceHeader``)."""

    code: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentMetadata:
    """Everything that is said about a document beside its files."""

    issuer: Issuer
    type: DocumentType
    subject: str
    place: str
    promulgated_on: date
    recipients: tuple[Recipient, ...] = field(default=(), metadata={"limit": MAX_RECIPIENTS})
    number: str | None = None
    notation: str | None = None
    document_id: str | None = None
    type_name: str | None = None
    edxml_type: int | None = None
    edxml_type_detail: int | None = None
    content: str | None = None
    signer: Signer | None = None
    due_on: date | None = None
    to_places: tuple[str, ...] = field(default=(), metadata={"limit": MAX_RECIPIENTS})
    urgency: Urgency = Urgency.NORMAL
    secrecy: SecrecyMark = SecrecyMark.NONE
    form_of_copy: CopyForm = CopyForm.ORIGINAL
    sphere: str | None = None
    typer_notation: str | None = None
    promulgation_amount: int | None = None
    page_amount: int | None = None
    direction: bool | None = None
    appendixes: tuple[str, ...] = ()
    reply_fors: tuple[str, ...] = ()
    reference_codes: tuple[str, ...] = ()
    response_for: tuple[EarlierDocument, ...] = ()
    response_for_task: str | None = None
    steering_type: SteeringType | None = None
    application_type: str | None = None
    business: Business = field(default_factory=Business)
    trace: tuple[TraceHop, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any], *, now: datetime) -> Self:
        """Read and judge metadata that is handed in; ``now`` decides what lies in the future.

        Raises:
            RejectedDocument: Everything that is wrong, not only the first thing.
        """
        return cls._judged(value, lambda given: (*_broken_rules(given, now), *_judge_business(given)))

    @classmethod
    def from_packet(cls, value: Mapping[str, Any], *, now: datetime) -> Self:
        """Read metadata of a packet as what it says.

        A packet that names no earlier document, or gives no reason for a recall, can still be read; what an exchange
        wants of it is judged when it is handed in.

        Raises:
            RejectedDocument: Everything else that is wrong.
        """
        return cls._judged(value, lambda given: _broken_rules(given, now))

    @classmethod
    def _judged(cls, value: Mapping[str, Any], judge: Callable[[Mapping[str, Any]], Iterable[Fault]]) -> Self:
        """Judge also what could be read beside faults, so that a sender learns of everything at once."""
        faults: list[Fault] = []
        given = read_fields(cls, value, faults)
        known = {found.field for found in faults}
        faults.extend(found for found in judge(given) if found.field not in known)
        if faults:
            raise RejectedDocument(faults)
        return cls(**given)

    @classmethod
    def from_stored(cls, value: Mapping[str, Any]) -> Self:
        """Read metadata that was judged when it was handed in.

        Raises:
            RejectedDocument: It is not what `to_json` wrote.
        """
        faults: list[Fault] = []
        metadata = read_record(cls, value, faults)
        if metadata is None:
            raise RejectedDocument(faults)
        return metadata

    def to_json(self) -> dict[str, Any]:
        """Write as JSON; what was not given is left out."""
        return write_record(self)

    @property
    def display_number(self) -> str:
        """Give number and notation as a person reads them: ``15/QĐ-BNV``."""
        return "/".join(part for part in (self.number, self.notation) if part)

    def receivers(self) -> tuple[str, ...]:
        """Give the codes of the organisations that it goes to: its recipients, and those that an update adds."""
        changed = () if self.business.update is None else self.business.update.receivers
        added = (one.code for one in changed if one.change is ReceiverChange.ADDED)
        own = (one.organisation for one in self.recipients if one.organisation is not None)
        return tuple(dict.fromkeys((*own, *added)))

    def named_documents(self) -> tuple[str, ...]:
        """Give the edXML ids of the earlier documents that this one updates, replaces or recalls, as given."""
        return tuple(dict.fromkeys(_named(self.business, self.response_for)))


def _broken_rules(given: Mapping[str, Any], now: datetime) -> Iterator[Fault]:
    promulgated_on, kind = given.get("promulgated_on"), given.get("type")
    if promulgated_on and promulgated_on > now.astimezone(VIETNAM).date():
        yield fault("promulgated_on", "in-the-future", promulgated_on.isoformat())
    if given.get("secrecy", SecrecyMark.NONE) not in {None, SecrecyMark.NONE}:
        yield fault("secrecy", "secret", given["secrecy"].value)
    yield from _judge_label(given)
    if kind and kind.has_notation and not given.get("notation"):
        yield fault("notation", "no-notation")
    if kind is DocumentType.OTHER and not given.get("type_name"):
        yield fault("type_name", "no-type-name")
    if issuer := given.get("issuer"):
        yield from _judge_code(issuer.code, "issuer.code")
    if not given.get("recipients"):
        yield fault("recipients", "no-recipient")
    for index, recipient in enumerate(given.get("recipients", ())):
        if recipient is not None:
            yield from _judge_recipient(recipient, f"recipients[{index}]")


def _judge_label(given: Mapping[str, Any]) -> Iterator[Fault]:
    for name in ("number", "notation"):
        if len(given.get(name) or "") > MAX_LABEL:
            yield fault(name, "too-long", given[name], limit=MAX_LABEL)


def _judge_business(given: Mapping[str, Any]) -> Iterator[Fault]:
    business: Business = given.get("business") or Business()
    if business.action is BusinessAction.NEW:
        return
    if not any(_named(business, given.get("response_for") or ())):
        yield fault("business.document_id", "names-no-document")
    if business.action is BusinessAction.REVOKE and not (business.reason or "").strip():
        yield fault("business.reason", "required")


def _named(business: Business, response_for: Iterable[EarlierDocument | None]) -> Iterator[str]:
    ids = (
        business.document_id,
        *(replacement.document_id for replacement in business.replacements),
        *(None if earlier is None else earlier.document_id for earlier in response_for),
    )
    return (found for found in ids if found)


def _judge_recipient(recipient: Recipient, path: str) -> Iterator[Fault]:
    if (recipient.organisation is None) == (recipient.group is None):
        yield fault(path, "code-or-group", recipient.organisation or "")
    elif recipient.organisation is not None:
        yield from _judge_code(recipient.organisation, f"{path}.organisation")


def _judge_code(code: str, path: str) -> Iterator[Fault]:
    try:
        normalise_code(code)
    except RejectedCode:
        yield fault(path, "not-a-code", code)


def edxml_overruns(metadata: DocumentMetadata) -> tuple[str, ...]:
    """Name the fields that are longer than an edXML packet allows, for a writer of edXML to refuse or to report."""
    return tuple(name for name, limit in EDXML_LENGTHS.items() if _longest(metadata, name) > limit)


def _longest(metadata: DocumentMetadata, name: str) -> int:
    value: Any = metadata
    for part in name.split("."):
        value = getattr(value, part, None)
    items = value if isinstance(value, tuple) else (value or "",)
    return max(map(len, items), default=0)
