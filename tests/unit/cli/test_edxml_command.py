"""``docaxis edxml``: one JSON line a file, exit 0 if it may be taken, 1 if it is refused."""

import hashlib
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from docaxis.cli import main

PDF = b"%PDF-1.7\nmot van ban\n%%EOF\n"
METADATA = {
    "issuer": {"code": "000.00.00.G22", "name": "Văn phòng Chính phủ"},
    "type": "cong-van",
    "subject": "V/v thử nghiệm",
    "place": "Hà Nội",
    "promulgated_on": "2026-01-05",
    "number": "15",
    "notation": "VPCP-KTTH",
    "recipients": [{"organisation": "H37.02.02"}, {"organisation": "000.00.00.H41"}],
}
PACKET = f"""<edXML><edXMLEnvelope><edXMLHeader><MessageHeader>
<From><OrganId>000.00.00.G22</OrganId></From><To><OrganId>H37.02.02</OrganId></To>
<DocumentId>000.00.00.G22,2026/01/05,15/VPCP-KTTH</DocumentId>
<Code><CodeNumber>15</CodeNumber><CodeNotation>VPCP-KTTH</CodeNotation></Code>
<PromulgationInfo><Place>Hà Nội</Place><PromulgationDate>05/01/2026</PromulgationDate></PromulgationInfo>
<DocumentType><Type>1</Type><TypeName>Công văn</TypeName></DocumentType><Subject>V/v thử nghiệm</Subject>
</MessageHeader><TraceHeaderList><Business><BusinessDocType>1</BusinessDocType>
<DocumentId>000.00.00.G22,2026/01/04,14/VPCP-KTTH</DocumentId></Business></TraceHeaderList></edXMLHeader><edXMLBody>
<edXMLManifest><Reference><ContentId>1</ContentId></Reference></edXMLManifest></edXMLBody></edXMLEnvelope>
<AttachmentEncoded><Attachment><ContentId>cid:1</ContentId><AttachmentName>15.pdf</AttachmentName>
<ContentTransferEncoded>{b64encode(PDF).decode()}</ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>"""


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_reading_says_what_a_packet_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "goi.edxml"
    file.write_text(PACKET, "utf-8")
    assert main(["edxml", "read", str(file), "--json"]) == 0
    assert lines(capsys) == [
        {
            "file": str(file),
            "kind": "document",
            "business": "1",
            "document_id": "000.00.00.G22,2026/01/05,15/VPCP-KTTH",
            "from": "000.00.00.G22",
            "to": ["H37.02.02"],
            "attachments": [
                {"name": "15.pdf", "sha256": hashlib.sha256(PDF).hexdigest(), "media_type": "application/pdf"}
            ],
            "faults": [],
        }
    ]


def test_one_line_a_file_and_exit_1_if_any_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.edxml", tmp_path / "bad.edxml"
    good.write_text(PACKET, "utf-8")
    bad.write_text("<!DOCTYPE x><x/>", "utf-8")
    assert main(["edxml", "read", str(good), str(bad), str(good), "--json"]) == 1
    told = lines(capsys)
    assert [line["file"] for line in told] == [str(good), str(bad), str(good)]
    assert [[fault["rule"] for fault in line["faults"]] for line in told] == [[], ["doctype"], []]
    assert told[1].keys() == told[0].keys()
    fault = told[1]["faults"][0]
    assert fault.keys() == {"element", "rule", "value", "vi", "en", "what_to_do", "refuses"}
    assert all(fault["what_to_do"].values())


def test_checking_is_stricter_than_reading(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "dai.edxml"
    file.write_text(PACKET.replace("V/v thử nghiệm", "x" * 501), "utf-8")
    assert main(["edxml", "read", str(file)]) == 0
    assert main(["edxml", "check", str(file)]) == 1
    assert "500" in capsys.readouterr().out


@pytest.mark.parametrize("options", [[], ["--zip"]])
def test_metadata_and_files_become_a_packet_that_passes_every_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    metadata, pdf = tmp_path / "van-ban.json", tmp_path / "15.pdf"
    metadata.write_text(json.dumps(METADATA), "utf-8")
    pdf.write_bytes(PDF)
    assert main(["edxml", "write", str(metadata), "--attach", str(pdf), "--json", *options]) == 0
    told = lines(capsys)[0]
    assert told["written"] == str(tmp_path / "van-ban.edxml")
    assert [file["sha256"] for file in told["attachments"]] == [hashlib.sha256(PDF).hexdigest()]
    assert main(["edxml", "check", told["written"]]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["15.pdf", "van-ban.edxml", "van-ban.json"]


def test_a_packet_of_other_software_is_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, to = tmp_path / "goi.edxml", tmp_path / "ra"
    file.write_text(PACKET, "utf-8")
    to.mkdir()
    assert main(["edxml", "write", str(file), "--to", str(to), "--json"]) == 0
    told = lines(capsys)[0]
    assert told["business"] == "1"
    assert "<edXML:BussinessDocType>1<" in Path(told["written"]).read_text("utf-8")


@pytest.mark.parametrize("change", [{"number": ""}, {"subject": "x" * 501}, {"promulgated_on": "05/01/2026"}])
def test_what_cannot_be_a_packet_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str]
) -> None:
    metadata, pdf = tmp_path / "van-ban.json", tmp_path / "15.pdf"
    metadata.write_text(json.dumps(METADATA | change), "utf-8")
    pdf.write_bytes(PDF)
    assert main(["edxml", "write", str(metadata), "--attach", str(pdf), "--json"]) == 1
    told = lines(capsys)[0]
    assert told["faults"]
    assert told["faults"][0]["element"].startswith("MessageHeader/")
    assert not (tmp_path / "van-ban.edxml").exists()


def test_a_file_that_is_not_there_is_no_input(tmp_path: Path) -> None:
    assert main(["edxml", "read", str(tmp_path / "khong-co.edxml"), "--json"]) == 66
    assert main(["edxml", "read", "--json"]) == 64
