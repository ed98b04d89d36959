"""Status packets of every code are read in both forms, and written so that they read back equal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from docaxis_schemas.document import EarlierDocument, Issuer, Staff
from docaxis_schemas.edxml import Examination, RejectedPacket, Status, write_status
from docaxis_schemas.lifecycle import Report

Examine = Callable[[bytes], Examination]
STATUS = Status(
    issuer=Issuer("000.00.00.H41", "UBND Tỉnh Nghệ An"),
    response_for=EarlierDocument(
        "000.00.00.G22", "7816/VPCP-TTĐT", "000.00.00.G22,2015/09/30,7816/VPCP-TTĐT", date(2015, 9, 30)
    ),
    code=Report.ARRIVED,
    description="Phần mềm đã nhận, văn thư chưa xử lý",
    at=datetime(2015, 9, 20, 4, 8, 36, tzinfo=UTC),
    staff=Staff("Phòng Hành chính", "Trâm", "84912000001", "tram@nghean.vn"),
)

PROVINCIAL = """<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Header>
<edXML:Status xmlns:edXML="http://schemas.xmlsoap.org/soap/envelope/"><edXML:ResponseFor>
<edXML:OrganId>000.00.00.G22</edXML:OrganId><edXML:Code>7816/VPCP-TTĐT</edXML:Code>
<edXML:PromulgationDate>30/09/2015</edXML:PromulgationDate>
<edXML:DocumentId>000.00.00.G22,2015/09/30,7816/VPCP-TTĐT</edXML:DocumentId></edXML:ResponseFor>
<edXML:From><edXML:OrganId>000.00.00.H41</edXML:OrganId><edXML:OrganName>UBND Tỉnh Nghệ An</edXML:OrganName>
<edXML:OrganizationInCharge /><edXML:Fax /></edXML:From><edXML:StatusCode>1</edXML:StatusCode>
<edXML:Description>Phần mềm đã nhận, văn thư chưa xử lý</edXML:Description>
<edXML:Timestamp>20/09/2015 11:08:36</edXML:Timestamp><edXML:StaffInfo><edXML:Department>Phòng Hành chính
</edXML:Department><edXML:Staff>Trâm</edXML:Staff><edXML:Mobile>84912000001</edXML:Mobile>
<edXML:Email>tram@nghean.vn</edXML:Email></edXML:StaffInfo></edXML:Status></SOAP-ENV:Header><SOAP-ENV:Body />
</SOAP-ENV:Envelope>"""


@pytest.mark.parametrize("code", Report)
def test_every_code_is_written_and_read_back_equal(code: Report, examine: Examine) -> None:
    status = replace(STATUS, code=code)
    found = examine(write_status(status))
    assert found.status == status
    assert found.faults == ()
    assert (found.kind, found.business) == ("status", code.value)
    assert (found.sender, found.recipients) == ("000.00.00.H41", ("000.00.00.G22",))
    assert found.document_id == "000.00.00.G22,2015/09/30,7816/VPCP-TTĐT"
    assert found.attachments == ()


def test_the_form_of_an_older_provincial_axis_reads_the_same(examine: Examine) -> None:
    found = examine(PROVINCIAL.encode())
    assert found.faults == ()
    assert found.status == STATUS


@pytest.mark.parametrize(
    ("old", "new", "element", "rule"),
    [
        (">1<", ">07<", "Status/StatusCode", "no-status-code"),
        (">1<", ">đã đến<", "Status/StatusCode", "no-status-code"),
        ("<edXML:StatusCode>1</edXML:StatusCode>", "<edXML:StatusCode/>", "Status/StatusCode", "no-status-code"),
        ("000.00.00.H41", "", "Status/From/OrganId", "required"),
        ("000.00.00.H41", "?", "Status/From/OrganId", "not-a-code"),
        ("<edXML:OrganId>000.00.00.G22</edXML:OrganId>", "", "Status/ResponseFor/OrganId", "required"),
        ("20/09/2015 11:08:36", "hôm qua", "Status/Timestamp", "not-a-moment"),
        ("30/09/2015", "30/02/2015", "Status/ResponseFor/PromulgationDate", "not-a-date"),
    ],
)
def test_a_faulty_status_is_refused_and_says_where(
    examine: Examine, old: str, new: str, element: str, rule: str
) -> None:
    found = examine(PROVINCIAL.replace(old, new, 1).encode())
    assert (element, rule) in {(fault.element, fault.rule) for fault in found.faults}
    assert found.status is None
    assert not found.is_readable


def test_a_status_about_no_document_is_refused(examine: Examine) -> None:
    text = PROVINCIAL.replace(">000.00.00.G22,2015/09/30,7816/VPCP-TTĐT<", "><").replace(">7816/VPCP-TTĐT<", "><")
    assert ("Status/ResponseFor/DocumentId", "required") in {(f.element, f.rule) for f in examine(text.encode()).faults}


@pytest.mark.parametrize("code", ["02", "13", "16"])
def test_a_status_that_wants_a_reason_is_read_without_and_told(examine: Examine, code: str) -> None:
    text = PROVINCIAL.replace(">1<", f">{code}<").replace("Phần mềm đã nhận, văn thư chưa xử lý", "")
    found = examine(text.encode())
    assert found.is_readable
    assert [fault.rule for fault in found.faults] == ["no-reason"]


@pytest.mark.parametrize(
    "status",
    [
        replace(STATUS, code=Report.REJECTED, description=None),
        replace(STATUS, at=None),
        replace(STATUS, response_for=EarlierDocument()),
        replace(STATUS, description="\x00"),
    ],
)
def test_a_status_that_is_not_whole_is_not_written(status: Status) -> None:
    with pytest.raises(RejectedPacket):
        write_status(status)
