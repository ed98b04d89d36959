"""Status packets: 01-06, 13, 15 and 16, in the standard's form and in that of an older provincial axis."""

from typing import Any, Final

from docaxis_schemas.edxml.elements import STATUS
from docaxis_schemas.edxml.faults import EdxmlFault, edxml_fault
from docaxis_schemas.edxml.limits import MAX_FAULTS
from docaxis_schemas.edxml.packet import Examination, PacketKind, Status
from docaxis_schemas.edxml.paths import translate
from docaxis_schemas.edxml.records import RecordReader
from docaxis_schemas.edxml.tree import Node
from docaxis_schemas.faults import Fault
from docaxis_schemas.lifecycle import WANTS_REASON, Report
from docaxis_schemas.organisation import RejectedCode, normalise_code
from docaxis_schemas.records import read_record

_DIGITS: Final = 2


def examine_status(header: Node, faults: list[EdxmlFault]) -> Examination:
    """Say what a status packet says."""
    reader = RecordReader(faults)
    given = reader.read(header, STATUS, header.tag)
    concerned = given.get("response_for", {})
    code = _settle_code(given, f"{header.tag}/StatusCode", faults)
    for element, value in (
        (f"{header.tag}/From/OrganId", given.get("issuer", {}).get("code")),
        (f"{header.tag}/ResponseFor/OrganId", concerned.get("issuer")),
    ):
        faults.extend(_code_faults(element, value))
    if not concerned.get("document_id") and not concerned.get("code"):
        faults.append(edxml_fault(f"{header.tag}/ResponseFor/DocumentId", "required"))
    found: list[Fault] = []
    status = read_record(Status, given, found)
    faults.extend(translate((item for item in found if item.rule != "required"), reader.failed))
    receiver = concerned.get("issuer")
    return Examination(
        kind=PacketKind.STATUS,
        business=code,
        document_id=concerned.get("document_id"),
        sender=given.get("issuer", {}).get("code"),
        recipients=(receiver,) if receiver else (),
        status=None if any(fault.refuses for fault in faults) else status,
        faults=tuple(faults[:MAX_FAULTS]),
    )


def _settle_code(given: dict[str, Any], element: str, faults: list[EdxmlFault]) -> str | None:
    """Bring the code to its two digits, and judge it."""
    text: str = given.pop("code", "")
    code = text.zfill(_DIGITS) if text else None
    if code not in set(Report):
        faults.append(edxml_fault(element, "no-status-code", text))
        return code
    given["code"] = code
    if Report(code) in WANTS_REASON and not given.get("description"):
        faults.append(edxml_fault(element.replace("StatusCode", "Description"), "no-reason", text))
    return code


def _code_faults(element: str, code: str | None) -> list[EdxmlFault]:
    if code is None:
        return [edxml_fault(element, "required")]
    try:
        normalise_code(code)
    except RejectedCode:
        return [edxml_fault(element, "not-a-code", code)]
    return []
