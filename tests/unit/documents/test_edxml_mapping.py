"""Each element of the packet is explained, each field of the model accounted for, and the page says the same."""

from importlib import import_module
from types import ModuleType

import pytest

PARTY = {"OrganId", "OrganizationInCharge", "OrganName", "OrganAdd", "Email", "Telephone", "Fax", "Website"}
PACKET = (
    {f"From/{name}" for name in PARTY}
    | {f"To/{name}" for name in PARTY}
    | {"DocumentId", "Subject", "Content", "DueDate", "SteeringType", "ResponseForTask", "ApplicationType"}
    | {"Code/CodeNumber", "Code/CodeNotation", "PromulgationInfo/Place", "PromulgationInfo/PromulgationDate"}
    | {"DocumentType/Type", "DocumentType/TypeDetail", "DocumentType/TypeName", "ToPlaces/Place"}
    | {"SignerInfo/Competence", "SignerInfo/Position", "SignerInfo/FullName"}
    | {"OtherInfo/Priority", "OtherInfo/SphereOfPromulgation", "OtherInfo/TyperNotation", "OtherInfo/Direction"}
    | {"OtherInfo/PromulgationAmount", "OtherInfo/PageAmount", "OtherInfo/Appendixes/Appendix"}
    | {"OtherInfo/ReplyFors", "OtherInfo/ReferenceCodes"}
    | {"ResponseFor/OrganId", "ResponseFor/Code", "ResponseFor/DocumentId", "ResponseFor/PromulgationDate"}
    | {"TraceHeader/OrganId", "TraceHeader/Timestamp"}
    | {f"Bussiness/{name}" for name in ("BussinessDocType", "BussinessDocReason", "DocumentId", "Paper")}
    | {f"Bussiness/StaffInfo/{name}" for name in ("Department", "Staff", "Mobile", "Email")}
    | {f"Bussiness/BussinessDocumentInfo/{name}" for name in ("DocumentInfo", "DocumentReceiver")}
    | {f"Bussiness/BussinessDocumentInfo/ReceiverList/Receiver/{name}" for name in ("OrganId", "ReceiverType")}
    | {f"Bussiness/ReplacementInfoList/ReplacementInfo/{name}" for name in ("DocumentId", "OrganIdList/OrganId")}
)
"""The elements of the document packet: QCVN 102:2016 as the national office's own samples use it."""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return import_module("generate_edxml_mapping")


def test_every_element_of_the_packet_is_mapped_once(tool: ModuleType) -> None:
    paths = [element.path for element in tool.ELEMENTS]
    assert len(paths) == len(set(paths))
    assert set(paths) == PACKET


def test_every_field_of_the_model_comes_from_the_packet_or_says_why_it_is_ours(tool: ModuleType) -> None:
    mapped = {element.field for element in tool.ELEMENTS}
    assert mapped | set(tool.OURS_ALONE) == set(tool.model_fields())
    assert not mapped & set(tool.OURS_ALONE)


def test_the_page_is_the_one_that_the_tool_writes(tool: ModuleType) -> None:
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page()
