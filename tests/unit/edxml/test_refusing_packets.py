"""What is dangerous or ambiguous is refused by name, and everything that is wrong is told, not only the first thing."""

import re
import unicodedata
from collections.abc import Callable

import pytest

from docaxis_schemas.edxml import Examination, RejectedPacket
from docaxis_schemas.edxml.limits import MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_MARKUP

Examine = Callable[[bytes], Examination]
Change = Callable[[str], str | bytes]

QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
HEADER_END = "</edXML:edXMLHeader>"


def after_declaration(insert: str) -> Change:
    return lambda text: text.replace("?>\n", f"?>\n{insert}", 1)


def signed(body: str, *, where: str = HEADER_END) -> Change:
    return lambda text: text.replace(where, f'<Signature xmlns="{DSIG}">{body}</Signature>{where}', 1)


def reference(uri: str, transform: str = f"{DSIG}enveloped-signature") -> str:
    return (
        f'<SignedInfo><Reference URI="{uri}"><Transforms><Transform Algorithm="{transform}"/></Transforms></Reference>'
        "</SignedInfo>"
    )


def header_of(text: str) -> str:
    found = re.search(r"<edXML:MessageHeader>.*</edXML:MessageHeader>", text, re.DOTALL)
    assert found
    return found[0].replace("<edXML:MessageHeader>", f'<edXML:MessageHeader xmlns:edXML="{QCVN}">')


def enveloping(text: str) -> str:
    return f'<Signature xmlns="{DSIG}"><Object Id="o">{text.partition("?>")[2]}</Object></Signature>'


MUCH = "".join(f"<edXML:OrganAdd{i}>{'x' * 7_900}</edXML:OrganAdd{i}>" for i in range(1_200))
MANY_ATTRIBUTES = " ".join(f"a{i}='1'" for i in range(MAX_ATTRIBUTES + 1))
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))

HOSTILE: dict[str, tuple[str, Change]] = {
    "external-entity-of-a-file": (
        "doctype",
        after_declaration('<!DOCTYPE edXML [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    ),
    "external-entity-of-an-address": (
        "doctype",
        after_declaration('<!DOCTYPE edXML [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>'),
    ),
    "parameter-entity": ("doctype", after_declaration('<!DOCTYPE edXML [<!ENTITY % p SYSTEM "file:///p.dtd"> %p;]>')),
    "external-dtd": ("doctype", after_declaration('<!DOCTYPE edXML SYSTEM "http://127.0.0.1:9/e.dtd">')),
    "billion-laughs": ("doctype", after_declaration(f'<!DOCTYPE edXML [<!ENTITY l0 "lol">{LAUGHS}]>')),
    "quadratic-blow-up": ("doctype", after_declaration(f'<!DOCTYPE edXML [<!ENTITY q "{"q" * 50_000}">]>')),
    "entity-never-declared": ("not-xml", lambda text: text.replace(">Nội dung<", ">&laugh;<")),
    "inclusion": (
        "include",
        lambda text: text.replace(
            "<edXML:Subject>",
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/><edXML:Subject>',
        ),
    ),
    "deep-nesting": ("too-deep", lambda text: text.replace(">Nội dung<", f">{'<a>' * 100_000}{'</a>' * 100_000}<")),
    "deep-nesting-of-strangers": (
        "too-deep",
        lambda text: text.replace("<edXML:Subject>", f'<v xmlns="urn:v">{"<w>" * 100_000}'),
    ),
    "many-elements": (
        "too-many-elements",
        lambda text: text.replace("<edXML:ToPlaces>", "<edXML:ToPlaces>" + "<edXML:Place/>" * MAX_ELEMENTS),
    ),
    "much-text": ("too-many-elements", lambda text: text.replace("<edXML:To>", f"<edXML:To>{MUCH}", 1)),
    "huge-attribute": ("markup-too-large", lambda text: text.replace('version="1.0">', f'v="{"x" * 2 * MAX_MARKUP}">')),
    "huge-comment": ("markup-too-large", lambda text: text.replace("<edXML:To>", f"<!--{'x' * 2 * MAX_MARKUP}-->", 1)),
    "many-attributes": (
        "markup-too-large",
        lambda text: text.replace("<edXML:Subject>", f"<edXML:Subject {MANY_ATTRIBUTES}>"),
    ),
    "utf-16": ("not-utf8", lambda text: text.replace("utf-8", "utf-16").encode("utf-16")),
    "utf-16-without-mark": ("not-utf8", lambda text: text.partition("?>")[2].strip().encode("utf-16-le")),
    "utf-7": ("not-utf8", lambda text: text.replace("utf-8", "utf-7")),
    "windows-1258": ("not-utf8", lambda text: text.replace("utf-8", "windows-1258")),
    "no-utf-8": ("not-xml", lambda text: text.encode().replace("Hà".encode(), b"H\xe0")),
    "nul": ("not-xml", lambda text: text.replace("Hà Nội", "Hà\x00Nội")),
    "cut-off": ("not-xml", lambda text: text[: len(text) // 2]),
    "two-roots": ("not-xml", lambda text: text + "<edXML/>"),
    "empty": ("not-xml", lambda _: b""),
    "pdf": ("not-xml", lambda _: b"%PDF-1.7\n"),
    "another-document": ("not-edxml", lambda _: "<html><body>xin chào</body></html>"),
    "only-an-envelope": ("not-edxml", lambda _: f'<edXML xmlns="{QCVN}"/>'),
    "second-uri-under-the-prefix": (
        "namespace-confusion",
        lambda text: text.replace(
            "<edXML:Subject>", '<edXML:Subject xmlns:edXML="urn:evil">giả</edXML:Subject><edXML:Subject>'
        ),
    ),
    "second-uri-under-another-prefix": (
        "namespace-confusion",
        lambda text: text.replace("<edXML:Subject>", '<e:Subject xmlns:e="urn:evil">giả</e:Subject><edXML:Subject>'),
    ),
    "second-uri-by-default": (
        "namespace-confusion",
        lambda text: text.replace("<edXML:Subject>", '<Subject xmlns="urn:evil">giả</Subject><edXML:Subject>'),
    ),
    "two-subjects": (
        "element-twice",
        lambda text: text.replace("<edXML:Subject>", "<edXML:Subject>giả</edXML:Subject><edXML:Subject>"),
    ),
    "two-headers": (
        "element-twice",
        lambda text: text.replace("<edXML:TraceHeaderList>", f"{header_of(text)}<edXML:TraceHeaderList>"),
    ),
    "two-envelopes": (
        "element-twice",
        lambda text: text.replace("</edXML:edXMLEnvelope>", f"{header_of(text)}</edXML:edXMLEnvelope>"),
    ),
    # The shapes of signature wrapping: where the signed original goes, and what the signature then points to.
    "wrapping-in-object": ("signature-wrapped", lambda text: signed(f"<Object>{header_of(text)}</Object>")(text)),
    "wrapping-in-foreign-wrapper": (
        "signature-wrapped",
        lambda text: text.replace(HEADER_END, f'<w:W xmlns:w="urn:w">{header_of(text)}</w:W>{HEADER_END}'),
    ),
    "wrapping-in-unknown-element": (
        "signature-wrapped",
        lambda text: text.replace(HEADER_END, f"<edXML:Old>{header_of(text)}</edXML:Old>{HEADER_END}"),
    ),
    "wrapping-in-digital-signature": (
        "signature-wrapped",
        lambda text: text.replace(
            HEADER_END, f"<edXML:DigitalSignature>{header_of(text)}</edXML:DigitalSignature>{HEADER_END}"
        ),
    ),
    "enveloping-signature": ("signature-wrapped", enveloping),
    "reference-to-a-stranger": (
        "signature-wrapped",
        lambda text: signed(reference("#s"))(
            text.replace("<edXML:Subject>", '<v:x xmlns:v="urn:v" Id="s"/><edXML:Subject>')
        ),
    ),
    "reference-to-nothing": ("signature-wrapped", signed(reference("#nowhere"))),
    "reference-outside": ("signature-wrapped", signed(reference("http://127.0.0.1:9/signed.xml"))),
    "identifier-twice": (
        "signature-wrapped",
        lambda text: signed(reference("#s"))(
            text.replace("<edXML:MessageHeader>", '<edXML:MessageHeader Id="s">').replace(
                "<edXML:To>", '<edXML:To ID="s">', 1
            )
        ),
    ),
    "signature-inside-the-header": ("signature-wrapped", signed(reference(""), where="<edXML:Subject>")),
    "transform-by-stylesheet": (
        "signature-transform",
        signed(reference("", "http://www.w3.org/TR/1999/REC-xslt-19991116")),
    ),
    "transform-by-path": ("signature-transform", signed(reference("", "http://www.w3.org/TR/1999/REC-xpath-19991116"))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_packet_is_refused_by_name(name: str, packet: str, examine: Examine) -> None:
    rule, change = HOSTILE[name]
    changed = change(packet)
    found = examine(changed if isinstance(changed, bytes) else changed.encode())
    assert not found.is_readable
    assert rule in {fault.rule for fault in found.faults}
    with pytest.raises(RejectedPacket):
        found.require()


def test_more_files_than_a_submission_has_are_refused_before_they_are_stored(packet: str, examine: Examine) -> None:
    one = "<Attachment><ContentTransferEncoded>QQ==</ContentTransferEncoded></Attachment>"
    found = examine(packet.replace("<AttachmentEncoded>", f"<AttachmentEncoded>{one * 100}").encode())
    assert [(fault.element, fault.rule) for fault in found.faults] == [("AttachmentEncoded", "too-many")]


def test_a_signature_over_the_header_by_its_identifier_is_no_wrapping(packet: str, examine: Examine) -> None:
    text = packet.replace("<edXML:MessageHeader>", '<edXML:MessageHeader Id="h">')
    inner = reference("#h") + reference("#p") + '<Object><p:SignedProperties xmlns:p="urn:x" Id="p"/></Object>'
    assert examine(str(signed(inner)(text)).encode()).faults == ()


def test_just_below_the_limits_a_packet_is_read(packet: str, examine: Examine) -> None:
    text = packet.replace(
        "<edXML:Subject>", f'<v xmlns="urn:v">{"<w>" * (MAX_DEPTH - 5)}{"</w>" * (MAX_DEPTH - 5)}</v><edXML:Subject>'
    )
    comment = f"<!--{'x' * (MAX_MARKUP // 2)}-->"
    assert examine(text.replace("<edXML:To>", f"{comment}<edXML:To>", 1).encode()).is_readable


def drop(name: str) -> Callable[[str], str]:
    return lambda text: re.sub(rf"<edXML:{name}>.*?</edXML:{name}>", "", text, flags=re.DOTALL)


def put(name: str, value: str) -> Callable[[str], str]:
    return lambda text: re.sub(
        rf"(<edXML:{name}>).*?(</edXML:{name}>)", rf"\g<1>{value}\g<2>", text, count=1, flags=re.DOTALL
    )


FAULTS: list[tuple[str, Callable[[str], str], str, str]] = [
    ("no-sender", drop("From"), "MessageHeader/From", "required"),
    (
        "no-sender-code",
        lambda text: re.sub("<edXML:OrganId>000.00.00.G22</edXML:OrganId>", "", text, count=1),
        "MessageHeader/From/OrganId",
        "required",
    ),
    (
        "bad-sender-code",
        lambda text: text.replace("000.00.00.G22<", "§§<", 1),
        "MessageHeader/From/OrganId",
        "not-a-code",
    ),
    ("no-receiver", drop("To"), "MessageHeader/To", "no-recipient"),
    (
        "receiver-without-code",
        lambda text: text.replace("<edXML:OrganId>H37.02.02</edXML:OrganId>", "<edXML:OrganName>x</edXML:OrganName>"),
        "MessageHeader/To[2]/OrganId",
        "required",
    ),
    (
        "bad-receiver-code",
        lambda text: text.replace(">H37.02.02<", ">H37..02<"),
        "MessageHeader/To[2]/OrganId",
        "not-a-code",
    ),
    ("no-subject", drop("Subject"), "MessageHeader/Subject", "required"),
    ("blank-subject", put("Subject", "  "), "MessageHeader/Subject", "required"),
    ("endless-subject", put("Subject", "x" * 9_000), "MessageHeader/Subject", "too-long"),
    ("nested-subject", put("Subject", "<b>x</b>"), "MessageHeader/Subject", "not-text"),
    ("no-date", drop("PromulgationDate"), "MessageHeader/PromulgationInfo/PromulgationDate", "required"),
    (
        "bad-date",
        put("PromulgationDate", "2026/02/30"),
        "MessageHeader/PromulgationInfo/PromulgationDate",
        "not-a-date",
    ),
    (
        "future-date",
        put("PromulgationDate", "2026/03/04"),
        "MessageHeader/PromulgationInfo/PromulgationDate",
        "in-the-future",
    ),
    (
        "no-place",
        lambda text: text.replace("<edXML:Place>Hà Nội</edXML:Place>", ""),
        "MessageHeader/PromulgationInfo/Place",
        "required",
    ),
    ("bad-due-date", put("DueDate", "hôm nay"), "MessageHeader/DueDate", "not-a-date"),
    ("bad-priority", put("Priority", "5"), "MessageHeader/OtherInfo/Priority", "not-a-choice"),
    ("bad-page-amount", put("PageAmount", "-1"), "MessageHeader/OtherInfo/PageAmount", "not-a-number"),
    ("bad-direction", put("Direction", "maybe"), "MessageHeader/OtherInfo/Direction", "not-true-or-false"),
    ("bad-business", put("BussinessDocType", "4"), "TraceHeaderList/Bussiness/BussinessDocType", "no-business-type"),
    ("bad-moment", put("Timestamp", "2026/03/02 25:00:00"), "TraceHeaderList/TraceHeader[1]/Timestamp", "not-a-moment"),
    (
        "no-base64",
        lambda text: re.sub("<ContentTransferEncoded>", "<ContentTransferEncoded>*", text, count=1),
        "AttachmentEncoded/Attachment[1]/ContentTransferEncoded",
        "not-base64",
    ),
    (
        "base64-goes-on",
        lambda text: re.sub("(=+)</ContentT", r"\1AAAA</ContentT", text, count=1),
        "AttachmentEncoded/Attachment[1]/ContentTransferEncoded",
        "not-base64",
    ),
    (
        "empty-file",
        lambda text: re.sub("<ContentTransferEncoded>[^<]+", "<ContentTransferEncoded>", text, count=1),
        "AttachmentEncoded/Attachment[1]/ContentTransferEncoded",
        "attachment-empty",
    ),
    (
        "no-content",
        lambda text: re.sub("<ContentTransferEncoded>.*?</ContentTransferEncoded>", "", text, count=1),
        "AttachmentEncoded/Attachment[1]/ContentTransferEncoded",
        "attachment-missing",
    ),
    (
        "listed-only",
        lambda text: re.sub("<AttachmentEncoded>.*</AttachmentEncoded>", "", text, flags=re.DOTALL),
        "edXMLManifest/Reference",
        "attachment-missing",
    ),
    (
        "same-content-id",
        lambda text: re.sub("<ContentId>[^<]+<", "<ContentId>cid:1<", text),
        "AttachmentEncoded/Attachment[2]/ContentId",
        "attachment-twice",
    ),
]


@pytest.mark.parametrize(("change", "element", "rule"), [pytest.param(*case[1:], id=case[0]) for case in FAULTS])
def test_a_fault_names_element_rule_and_remedy(
    packet: str, examine: Examine, change: Callable[[str], str], element: str, rule: str
) -> None:
    found = examine(change(packet).encode())
    assert (element, rule) in {(fault.element, fault.rule) for fault in found.faults}
    assert not found.is_readable
    for fault in found.faults:
        for text in (fault.vi, fault.en, fault.todo_vi, fault.todo_en):
            assert text
            assert "{" not in text
            assert unicodedata.is_normalized("NFC", text)


def test_all_faults_are_told_at_once(packet: str, examine: Examine) -> None:
    wanted = set()
    text = packet
    for name, change, element, rule in FAULTS:
        if name in {"no-subject", "bad-date", "bad-priority", "bad-business", "no-base64", "receiver-without-code"}:
            text = change(text)
            wanted.add((element, rule))
    found = examine(text.encode())
    assert wanted <= {(fault.element, fault.rule) for fault in found.faults}
    assert found.sender == "000.00.00.G22"
    assert found.document_id == "000.00.00.G22,2026/03/02,7816/VPCP-TTĐT"


NAMES = {
    "parent": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "drive": "C:\\x.pdf",
    "line-break": "a&#13;&#10;Set-Cookie: b.pdf",
    "right-to-left": "hoa\u202efdp.exe",
    "dots": "..",
    "4-kilobytes": "x" * 4096,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_would_harm_a_receiver_is_refused(name: str, packet: str, examine: Examine) -> None:
    text = re.sub("(<AttachmentName>)công văn.pdf", lambda found: found[1] + NAMES[name], packet)
    found = examine(text.encode())
    rules = {fault.rule for fault in found.faults if fault.element == "AttachmentEncoded/Attachment[1]/AttachmentName"}
    assert rules & {"not-a-file-name", "file-name-too-long"}
    assert not found.is_readable


def test_two_files_that_one_system_would_take_for_one_are_refused(packet: str, examine: Examine) -> None:
    other = unicodedata.normalize("NFD", "BẢNG.xlsx")
    text = packet.replace("<AttachmentName>công văn.pdf", f"<AttachmentName>{other}")
    assert "file-name-twice" in {fault.rule for fault in examine(text.encode()).faults}


REMARKS: list[tuple[str, Callable[[str], str], str, str]] = [
    ("long-subject", put("Subject", "x" * 501), "MessageHeader/Subject", "too-long"),
    ("long-number", put("CodeNumber", "1" * 12), "MessageHeader/Code/CodeNumber", "too-long"),
    ("long-appendix", put("Appendix", "x" * 251), "MessageHeader/OtherInfo/Appendixes/Appendix[1]", "too-long"),
    (
        "receiver-twice",
        lambda text: text.replace(">H37.02.02<", ">H41<".replace("H41", "00.00.H41")),
        "MessageHeader/To[2]/OrganId",
        "receiver-twice",
    ),
    ("odd-document-id", put("DocumentId", "vb-1"), "MessageHeader/DocumentId", "not-a-document-id"),
    ("no-document-id", drop("DocumentId"), "MessageHeader/DocumentId", "required"),
    (
        "recall-of-nothing",
        lambda text: drop("ResponseFor")(put("BussinessDocType", "1")(text)),
        "TraceHeaderList/Bussiness",
        "names-no-document",
    ),
    (
        "unknown-element",
        lambda text: text.replace("<edXML:Subject>", "<edXML:Mood>1</edXML:Mood><edXML:Subject>"),
        "MessageHeader/Mood",
        "unknown-element",
    ),
    (
        "no-file",
        lambda text: re.sub(
            "<edXML:Reference>.*</AttachmentEncoded>",
            "</edXML:edXMLManifest></edXML:edXMLBody></edXML:edXMLEnvelope>",
            text,
            flags=re.DOTALL,
        ),
        "AttachmentEncoded",
        "no-attachment",
    ),
]


@pytest.mark.parametrize(("change", "element", "rule"), [pytest.param(*case[1:], id=case[0]) for case in REMARKS])
def test_a_breach_that_harms_nobody_is_told_and_read_all_the_same(
    packet: str, examine: Examine, change: Callable[[str], str], element: str, rule: str
) -> None:
    found = examine(change(packet).encode())
    assert (element, rule) in {(fault.element, fault.rule) for fault in found.faults}
    assert found.is_readable
    assert found.document is not None


def test_no_text_of_a_packet_makes_the_reader_fail(packet: str, examine: Examine) -> None:
    for value in (
        "\U0001f4a9",
        "\ufdd0",
        "=cmd|' /C calc'!A0",
        "-1",
        "9" * 5_000,
        "0000/00/00",
        "٣",
        "T",
        "Z",
        "," * 50,
    ):
        text = re.sub(r"(<edXML:\w+>)[^<\n]+(</edXML)", lambda found, v=value: found[1] + v + found[2], packet)  # type: ignore[misc]
        assert examine(text.encode()).faults
