"""Every way in which existing software writes a packet is read, and reads the same."""

import io
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime

import pytest

from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.document_types import DocumentType
from docaxis_schemas.edxml import Examination, OutgoingAttachment, PacketReader

Examine = Callable[[bytes], Examination]
NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"


def without_prefix(text: str) -> str:
    return text.replace("<edXML:", "<").replace("</edXML:", "</").replace(f' xmlns:edXML="{NAMESPACE}"', "")


def in_soap(text: str) -> str:
    """Put the packet in the form of an older provincial axis: SOAP's envelope, its URI bound to ``edXML`` too."""
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    header = re.search("<edXML:edXMLHeader>(.*)</edXML:edXMLHeader>", text, re.DOTALL)
    manifest = re.search("(<edXML:edXMLManifest.*</edXML:edXMLManifest>)", text, re.DOTALL)
    encoded = re.search("(<AttachmentEncoded>.*</AttachmentEncoded>)", text, re.DOTALL)
    assert header
    assert manifest
    assert encoded
    return (
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{soap}"><SOAP-ENV:Header xmlns:edXML="{soap}">{header[1]}'
        f'</SOAP-ENV:Header><SOAP-ENV:Body xmlns:edXML="{soap}">{manifest[1].replace("edXMLManifest", "Manifest")}'
        f"{encoded[1]}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )


def reversed_children(text: str) -> str:
    """Turn the order of the children of ``MessageHeader`` round, but keep repeated ones in theirs."""
    start, end = text.index("<edXML:MessageHeader>") + 21, text.index("</edXML:MessageHeader>")
    pattern = r"^        <edXML:(\w+)>(.*?)^        </edXML:\1>|^        (<edXML:\w+>[^\n]*)"
    found = re.findall(pattern, text[start:end], re.MULTILINE | re.DOTALL)
    blocks = [f"<edXML:{name}>{inner}</edXML:{name}>" if name else line for name, inner, line in found]
    groups: dict[str, list[str]] = {}
    for block in blocks:
        groups.setdefault(re.match(r"<edXML:(\w+)", block)[1], []).append(block)  # type: ignore[index]
    turned = "".join("".join(group) for group in reversed(groups.values()))
    return text[:start] + turned + text[end:]


def in_lines(text: str) -> str:
    return re.sub(r"(?<=<ContentTransferEncoded>)[^<]+", lambda m: "\r\n".join(re.findall(".{1,76}", m[0])), text)


VARIANTS: dict[str, Callable[[str], str]] = {
    "as-written": lambda text: text,
    "no-prefix": without_prefix,
    "no-namespace": lambda text: without_prefix(text).replace(f' xmlns="{NAMESPACE}"', ""),
    "own-namespace-of-a-vendor": lambda text: text.replace(NAMESPACE, "http://edxml.gov.vn/schema"),
    "prefix-never-declared": lambda text: text.replace(f' xmlns:edXML="{NAMESPACE}"', ""),
    "prefix-outside-its-scope": lambda text: re.sub("<(/?)(Attachment(Encoded)?)>", r"<\1edXML:\2>", text),
    "another-prefix": lambda text: text.replace("edXML:", "ed:"),
    "soap": in_soap,
    "soap-without-prefixes": lambda text: in_soap(text).replace("edXML:", "").replace("SOAP-ENV:", ""),
    "business-spelt-right": lambda text: text.replace("Bussiness", "Business"),
    "other-case": lambda text: text.replace("OrganId>", "OrganID>"),
    "children-turned-round": reversed_children,
    "no-indentation": lambda text: re.sub(r">\s+<", "><", text),
    "dates-with-dashes": lambda text: re.sub(r">(\d{4})/(\d\d)/(\d\d)", r">\1-\2-\3", text),
    "dates-day-first": lambda text: re.sub(r">(\d{4})/(\d\d)/(\d\d)", r">\3/\2/\1", text),
    "dates-of-dotnet": lambda text: re.sub(r">(\d{4})/(\d\d)/(\d\d)<", r">\1-\2-\3T00:00:00+07:00<", text),
    "moments-of-dotnet": lambda text: re.sub(r">(\d{4})/(\d\d)/(\d\d) (\S+)<", r">\1-\2-\3T\4.0000000+07:00<", text),
    "no-cid": lambda text: text.replace("cid:", ""),
    "cid-in-the-manifest-only": lambda text: text.replace("<ContentId>cid:", "<ContentId>"),
    "cid-in-a-link": lambda text: re.sub(
        r"<edXML:Reference>\s*<edXML:ContentId>(.*?)</edXML:ContentId>",
        r'<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="\1">',
        text,
    ),
    "link-prefix-never-declared": lambda text: text.replace("<edXML:Reference>", '<edXML:Reference xlink:href="">'),
    "no-content-ids": lambda text: re.sub(r"<(edXML:)?ContentId>.*?</(edXML:)?ContentId>", "", text),
    "type-only-in-the-manifest": lambda text: re.sub(r"<ContentType>.*?</ContentType>", "", text),
    "attributes-of-soap": lambda text: text.replace(
        "<edXML:TraceHeaderList>", '<edXML:TraceHeaderList id="a1" version="1.0" mustUnderstand="1" actor="next">'
    ),
    "empty-signature": lambda text: text.replace(
        "</edXML:edXMLHeader>", "<edXML:DigitalSignature /></edXML:edXMLHeader>"
    ),
    "comments": lambda text: text.replace("<edXML:From>", "<!-- hệ thống A --><edXML:From>"),
    "byte-order-mark": lambda text: "\ufeff" + text,
    "lines-of-windows": lambda text: text.replace("\n", "\r\n"),
    "base64-in-lines": in_lines,
    "base64-without-padding": lambda text: re.sub("=+</ContentT", "</ContentT", text),
    "no-declaration": lambda text: text.partition("\n")[2],
    "extension-of-a-vendor": lambda text: text.replace(
        "<edXML:Subject>", '<v:Score xmlns:v="urn:v">7</v:Score><edXML:Subject>'
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_reads_as_what_was_written(
    name: str, packet: str, document: DocumentMetadata, files: list[OutgoingAttachment], examine: Examine
) -> None:
    text = VARIANTS[name](packet)
    assert name == "as-written" or text != packet, "the variant changes nothing"
    found = examine(text.encode())
    assert found.faults == ()
    assert found.document == document
    assert [(file.name, file.sha256, file.media_type) for file in found.attachments] == [
        (file.entry.name, file.entry.sha256, file.entry.media_type) for file in files
    ]
    assert (found.kind, found.business, found.sender) == ("document", "0", "000.00.00.G22")
    assert found.recipients == ("000.00.00.H41", "H37.02.02")


def test_a_placeholder_signature_of_the_sdk_is_passed_over(packet: str, examine: Examine) -> None:
    signature = (
        "<Signature><SignedInfo><CanonicalizationMethod Algorithm='http://www.w3.org/TR/2001/REC-xml-c14n-20010315'/>"
        "<Reference URI=''><Transforms><Transform Algorithm='http://www.w3.org/2000/09/xmldsig#enveloped-signature'/>"
        "<Transform Algorithm='http://www.w3.org/TR/xml-exc-c14n#'/></Transforms><DigestValue>Fwg=</DigestValue>"
        "</Reference></SignedInfo><KeyInfo><X509Data><X509SubjectName>CN=user05</X509SubjectName></X509Data></KeyInfo>"
        "<Object><SignatureProperties xmlns=''><SignatureProperty Id='SigningTime'/></SignatureProperties></Object>"
        "</Signature>"
    )
    for written in (
        signature,
        signature.replace("<Signature>", "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'>"),
    ):
        found = examine(packet.replace("</edXML:edXMLHeader>", f"{written}</edXML:edXMLHeader>").encode())
        assert found.is_readable
        assert found.faults == ()


@pytest.mark.parametrize(
    "code",
    [
        "<edXML:CodeNumber>7816/VPCP-TTĐT</edXML:CodeNumber>",
        "<edXML:CodeNotation>7816/VPCP-TTĐT</edXML:CodeNotation>",
        "<edXML:CodeNumber/><edXML:CodeNotation/>",
        "",
    ],
)
def test_number_and_notation_are_found_wherever_they_stand(packet: str, examine: Examine, code: str) -> None:
    text = re.sub(r"<edXML:CodeNumber>.*?</edXML:CodeNotation>", code, packet, flags=re.DOTALL)
    document = examine(text.encode()).document
    assert document is not None
    assert (document.number, document.notation) == ("7816", "VPCP-TTĐT")


@pytest.mark.parametrize(
    ("numbers", "kind", "name"),
    [
        (
            "<edXML:Type>1</edXML:Type><edXML:TypeDetail>0</edXML:TypeDetail><edXML:TypeName>Công văn</edXML:TypeName>",
            DocumentType.CONG_VAN,
            None,
        ),
        ("<edXML:Type>18</edXML:Type><edXML:TypeName>công  VĂN</edXML:TypeName>", DocumentType.CONG_VAN, None),
        ("<edXML:Type>18</edXML:Type><edXML:TypeDetail>0</edXML:TypeDetail>", DocumentType.CONG_VAN, None),
        ("<edXML:Type>2</edXML:Type><edXML:TypeDetail>2</edXML:TypeDetail>", DocumentType.QUYET_DINH, None),
        ("<edXML:Type>N/A</edXML:Type><edXML:TypeName>Thông tư</edXML:TypeName>", DocumentType.OTHER, "Thông tư"),
    ],
)
def test_the_type_is_found_by_name_or_by_the_numbers_of_any_vendor(
    packet: str, examine: Examine, numbers: str, kind: DocumentType, name: str | None
) -> None:
    text = re.sub(r"<edXML:Type>.*?</edXML:TypeName>", numbers, packet, flags=re.DOTALL)
    document = examine(text.encode()).document
    assert document is not None
    assert (document.type, document.type_name) == (kind, name)


def test_a_packet_without_business_is_a_new_document(packet: str, examine: Examine) -> None:
    text = re.sub(r"<edXML:Bussiness>.*?</edXML:Bussiness>", "", packet, flags=re.DOTALL)
    assert examine(text.encode()).business == "0"


def test_fillings_are_kept_in_text_and_passed_over_in_numbers(packet: str, examine: Examine) -> None:
    text = packet.replace(">Hà Nội<", ">N/A<").replace(">22<", ">N/A<").replace(">2026/04/01<", ">N/A<")
    document = examine(text.encode()).document
    assert document is not None
    assert (document.place, document.page_amount, document.due_on) == ("N/A", None, None)


def test_an_empty_reply_is_no_reply(packet: str, examine: Examine) -> None:
    empty = "<edXML:ResponseFor><edXML:OrganId/><edXML:Code></edXML:Code></edXML:ResponseFor>"
    text = re.sub(r"<edXML:ResponseFor>.*?</edXML:ResponseFor>", empty, packet, flags=re.DOTALL)
    found = examine(text.encode())
    assert found.document is not None
    assert found.document.response_for == ()
    assert found.faults == ()


def test_text_inside_an_element_is_joined_across_comments_and_sections(packet: str, examine: Examine) -> None:
    text = packet.replace(">Nội dung<", "><![CDATA[Nội]]><!-- x --> d&#117;ng<")
    document = examine(text.encode()).document
    assert document is not None
    assert document.content == "Nội dung"


@pytest.mark.parametrize("size", [1, 3, 64, 4096])
def test_a_packet_reads_the_same_however_it_is_cut(
    packet: str, document: DocumentMetadata, now: datetime, size: int
) -> None:
    reader, data = PacketReader(io.BytesIO, now), packet.encode()
    for at in range(0, len(data), size):
        reader.feed(data[at : at + size])
    assert reader.finish().document == document


def test_a_file_that_is_not_listed_is_read_all_the_same(packet: str, examine: Examine) -> None:
    content = b64encode(b"a").decode()
    extra = (
        "<Attachment><AttachmentName>a.txt</AttachmentName>"
        f"<ContentTransferEncoded>{content}</ContentTransferEncoded></Attachment>"
    )
    found = examine(packet.replace("</AttachmentEncoded>", f"{extra}</AttachmentEncoded>").encode())
    assert found.is_readable
    assert (found.attachments[-1].name, found.attachments[-1].media_type) == ("a.txt", "text/plain")
