"""Whatever comes in is read or refused with a reason; nothing makes the reader fail or hold on to much."""

import io
import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from docaxis_schemas.edxml import Examination, examine_packet
from docaxis_schemas.edxml.namespaces import OUR_NAMES

NOW = datetime(2026, 3, 3, tzinfo=UTC)
PACKET = b"""<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXML:edXMLEnvelope xmlns:edXML="u">
<edXML:edXMLHeader>
<edXML:MessageHeader><edXML:From><edXML:OrganId>H41</edXML:OrganId></edXML:From><edXML:To><edXML:OrganId>G01
</edXML:OrganId></edXML:To><edXML:DocumentId>H41,2026/01/02,1/QD</edXML:DocumentId><edXML:Code><edXML:CodeNumber>1
</edXML:CodeNumber><edXML:CodeNotation>QD</edXML:CodeNotation></edXML:Code><edXML:PromulgationInfo><edXML:Place>HN
</edXML:Place><edXML:PromulgationDate>2026/01/02</edXML:PromulgationDate></edXML:PromulgationInfo><edXML:DocumentType>
<edXML:Type>2</edXML:Type><edXML:TypeName>C\xc3\xb4ng v\xc4\x83n</edXML:TypeName></edXML:DocumentType><edXML:Subject>s
</edXML:Subject></edXML:MessageHeader><edXML:TraceHeaderList><edXML:Bussiness><edXML:BussinessDocType>0
</edXML:BussinessDocType></edXML:Bussiness></edXML:TraceHeaderList></edXML:edXMLHeader><edXML:edXMLBody>
<edXML:edXMLManifest><edXML:Reference><edXML:ContentId>cid:1</edXML:ContentId></edXML:Reference></edXML:edXMLManifest>
</edXML:edXMLBody></edXML:edXMLEnvelope><AttachmentEncoded><Attachment><ContentId>1</ContentId><AttachmentName>a.pdf
</AttachmentName><ContentTransferEncoded>JVBERi0=</ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>"""


def examine(data: bytes) -> Examination:
    return examine_packet(io.BytesIO(data), io.BytesIO, NOW)


def test_the_packet_that_is_damaged_below_is_sound() -> None:
    assert examine(PACKET).is_readable


def judge(found: Examination) -> None:
    assert found.is_readable or found.faults
    if found.is_readable:
        assert (found.document is None) != (found.status is None)
    assert found.to_json().keys() == examine(PACKET).to_json().keys()


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    judge(examine(data))


@settings(max_examples=300)
@given(st.integers(0, len(PACKET)), st.integers(0, 60), st.binary(max_size=30))
def test_any_damage_is_read_or_refused(at: int, length: int, data: bytes) -> None:
    judge(examine(PACKET[:at] + data + PACKET[at + length :]))


values = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    [
        "",
        "N/A",
        "2026/01/02",
        "2026-01-02T25:00:00",
        "0001/01/01 00:00:00",
        "9999/12/31 23:59:59-14:00",
        "00",
        "4",
        "\u0663",
    ]
)


@settings(max_examples=300)
@given(st.lists(values, min_size=17, max_size=17))
def test_any_values_are_read_or_refused(given_values: list[str]) -> None:
    remaining = iter(given_values)

    def put(found: re.Match[bytes]) -> bytes:
        text = next(remaining, "x").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return found[1] + text.encode() + found[2]

    judge(examine(re.sub(rb"(<(?:edXML:)?[A-Z]\w+>)[^<]+?(</)", put, PACKET)))


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(sorted(OUR_NAMES)), st.integers(0, 40)), max_size=25))
def test_any_arrangement_of_our_elements_is_read_or_refused(places: list[tuple[str, int]]) -> None:
    text = PACKET.decode()
    for name, number in places:
        spots = [found.end() for found in re.finditer(">", text)]
        at = spots[number % (len(spots) - 1)]
        text = f"{text[:at]}<{name}>1</{name}>{text[at:]}"
    judge(examine(text.encode()))
