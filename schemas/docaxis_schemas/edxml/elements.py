"""The elements of a packet in the order in which they are written, and the field of our model that each one is.

One table for the reader, the writer and the reference page, so that none of them can know an element that the others do
not. The order is that of the national office's own samples; a reader must not depend on it, because vendors differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from docaxis_schemas.document import BusinessAction, ReceiverChange, SteeringType, Urgency
from docaxis_schemas.terms import Term

NAMESPACE: Final = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
PREFIX: Final = "edXML"
"""Emitted literally: an integrator saw the national side reject packets without it, though the namespace was right."""


class Codec(Enum):
    """How a value is written."""

    TEXT = auto()
    DATE = auto()
    MOMENT = auto()
    NUMBER = auto()
    WORD_FLAG = auto()  # true, false
    BIT_FLAG = auto()  # 1, 0
    ORDINAL = auto()  # place of a term in its list
    TYPE_NAME = auto()  # of a type of document


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element with a value. ``occurs`` is what the standard says; a reader asks for less."""

    name: str
    field: str
    occurs: str = "0..1"
    codec: Codec = Codec.TEXT
    terms: type[Term] | None = None
    many: bool = False
    note: str = ""
    always: bool = False
    """Written empty when there is no value."""


@dataclass(frozen=True, slots=True)
class Branch:
    """An element with elements. Without ``field`` its children are fields of the record around it."""

    name: str
    field: str | None
    parts: "tuple[Part, ...]"
    many: bool = False


Part = Leaf | Branch

_PARTY: Final = (
    Leaf("OrganizationInCharge", "in_charge"),
    Leaf("OrganName", "name"),
    Leaf("OrganAdd", "address"),
    Leaf("Email", "email"),
    Leaf("Telephone", "telephone"),
    Leaf("Fax", "fax"),
    Leaf("Website", "website"),
)

FROM: Final = Branch(
    "From",
    "issuer",
    (Leaf("OrganId", "code", "1", note="Either form of code; kept as given, compared normalised."), *_PARTY),
)
_RESPONSE_PARTS: Final = (
    Leaf("OrganId", "issuer", "0..n"),
    Leaf("Code", "code", "0..n"),
    Leaf("DocumentId", "document_id", "0..n"),
    Leaf("PromulgationDate", "promulgated_on", "0..n", Codec.DATE),
)
STAFF: Final = Branch(
    "StaffInfo",
    "staff",
    (Leaf("Department", "department"), Leaf("Staff", "name"), Leaf("Mobile", "mobile"), Leaf("Email", "email")),
)

HEADER: Final[tuple[Part, ...]] = (
    FROM,
    Branch(
        "To",
        "recipients",
        (Leaf("OrganId", "organisation", "1..n", note="A body named twice gets one delivery."), *_PARTY),
        many=True,
    ),
    Leaf(
        "DocumentId",
        "document_id",
        "1",
        note="Kept as given; its variants are normalised before they are compared.",
    ),
    Branch(
        "Code",
        None,
        (
            Leaf("CodeNumber", "number", "1", note="Text, never refused by pattern."),
            Leaf("CodeNotation", "notation", "1", note="Text; required where the type of document has one."),
        ),
    ),
    Branch(
        "PromulgationInfo",
        None,
        (
            Leaf("Place", "place", "1"),
            Leaf(
                "PromulgationDate",
                "promulgated_on",
                "1",
                Codec.DATE,
                note="Not in the future, by Vietnam time.",
            ),
        ),
    ),
    Branch(
        "DocumentType",
        None,
        (
            Leaf("Type", "edxml_type", "1", Codec.NUMBER, note="Kept as given; vendors disagree about the numbers."),
            Leaf("TypeDetail", "edxml_type_detail", "1", Codec.NUMBER, note="Kept as given."),
            Leaf(
                "TypeName",
                "type",
                "1",
                Codec.TYPE_NAME,
                note="Known names become our type; any other is kept in `type_name`.",
            ),
        ),
    ),
    Leaf("Subject", "subject", "1"),
    Leaf("Content", "content", "1", always=True, note="Optional with us: a document is not refused for it."),
    Branch(
        "SignerInfo",
        "signer",
        (Leaf("Competence", "competence"), Leaf("Position", "position"), Leaf("FullName", "full_name")),
    ),
    Leaf("DueDate", "due_on", codec=Codec.DATE),
    Branch("ToPlaces", None, (Leaf("Place", "to_places", "0..n", many=True),)),
    Branch(
        "OtherInfo",
        None,
        (
            Leaf("Priority", "urgency", codec=Codec.ORDINAL, terms=Urgency, note="0 to 4 in the order of `Urgency`."),
            Leaf("SphereOfPromulgation", "sphere"),
            Leaf("TyperNotation", "typer_notation"),
            Leaf("PromulgationAmount", "promulgation_amount", codec=Codec.NUMBER),
            Leaf("PageAmount", "page_amount", codec=Codec.NUMBER),
            Leaf("Direction", "direction", codec=Codec.WORD_FLAG),
            Branch("Appendixes", None, (Leaf("Appendix", "appendixes", "0..n", many=True),)),
            Leaf("ReplyFors", "reply_fors", "0..n", many=True, note="Seen in samples only."),
            Leaf("ReferenceCodes", "reference_codes", "0..n", many=True, note="Seen in samples only."),
        ),
    ),
    Branch("ResponseFor", "response_for", _RESPONSE_PARTS, many=True),
    Leaf(
        "SteeringType",
        "steering_type",
        codec=Codec.ORDINAL,
        terms=SteeringType,
        note="0 to 2 in the order of `SteeringType`.",
    ),
    Leaf("ResponseForTask", "response_for_task", note="Seen in samples only."),
    Leaf("ApplicationType", "application_type", note="For example `MCDT_DT`; seen in samples only."),
)
"""Children of ``MessageHeader`` of a document packet."""

BUSINESS: Final = Branch(
    "Bussiness",
    "business",
    (
        Leaf(
            "BussinessDocType",
            "action",
            "1",
            Codec.ORDINAL,
            BusinessAction,
            note="0 to 3 in the order of `BusinessAction`.",
        ),
        Leaf("BussinessDocReason", "reason"),
        Leaf("DocumentId", "document_id"),
        Leaf("Paper", "paper", codec=Codec.BIT_FLAG),
        STAFF,
        Branch(
            "BussinessDocumentInfo",
            "update",
            (
                Leaf("DocumentInfo", "document_changed", codec=Codec.BIT_FLAG),
                Leaf("DocumentReceiver", "receivers_changed", codec=Codec.BIT_FLAG),
                Branch(
                    "ReceiverList",
                    None,
                    (
                        Branch(
                            "Receiver",
                            "receivers",
                            (
                                Leaf("OrganId", "code", "0..n"),
                                Leaf(
                                    "ReceiverType",
                                    "change",
                                    "0..n",
                                    Codec.ORDINAL,
                                    ReceiverChange,
                                    note="0 added, 1 removed: the meaning is not confirmed by a text of the standard.",
                                ),
                            ),
                            many=True,
                        ),
                    ),
                ),
            ),
        ),
        Branch(
            "ReplacementInfoList",
            None,
            (
                Branch(
                    "ReplacementInfo",
                    "replacements",
                    (
                        Leaf("DocumentId", "document_id", "0..n"),
                        Branch("OrganIdList", None, (Leaf("OrganId", "holders", "0..n", many=True),)),
                    ),
                    many=True,
                ),
            ),
        ),
    ),
)
TRACE: Final[tuple[Part, ...]] = (
    Branch(
        "TraceHeader",
        "trace",
        (
            Leaf("OrganId", "code", "1..n"),
            Leaf(
                "Timestamp",
                "at",
                "1..n",
                Codec.MOMENT,
                note="Written without a zone there; read as Vietnam time.",
            ),
        ),
        many=True,
    ),
    BUSINESS,
)
"""Children of ``TraceHeaderList``."""

STATUS: Final[tuple[Part, ...]] = (
    FROM,
    Branch("ResponseFor", "response_for", _RESPONSE_PARTS),
    STAFF,
    Leaf("StatusCode", "code", "1"),
    Leaf("Description", "description"),
    Leaf("Timestamp", "at", "1", Codec.MOMENT),
)
"""Children of ``MessageHeader`` of a status packet."""


def leaves(parts: tuple[Part, ...], path: str = "", field: str = "") -> Iterator[tuple[str, str, Leaf]]:
    """Give every value of a table with the path of its element and the path of its field."""
    for part in parts:
        here = f"{path}/{part.name}" if path else part.name
        if isinstance(part, Branch):
            yield from leaves(part.parts, here, f"{field}{part.field}." if part.field else field)
        else:
            yield here, field + part.field, part
