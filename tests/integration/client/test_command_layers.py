"""The four layers of a verdict, and the XML one against the schema of ETSI TS 119 102-2."""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from docaxis.cli import main
from docaxis.embedded.authorities import TestAuthorities, open_authorities
from docaxis.embedded.documents import render, sample
from docaxis.embedded.jars import JarSet, committed_jars, resolve
from docaxis_schemas.moments import system_clock

JUDGE = Path(__file__).parents[2] / "judges" / "dss"
NAMES = {"vr": "http://uri.etsi.org/19102/v1.4.1#", "ds": "http://www.w3.org/2000/09/xmldsig#"}
SCHEMA = "TS119102-2-v141.xsd"
RENAMED = {
    "XAdES.xsd": "XAdES01903v132-202407.xsd",
    "ts_119612v020201_201601xsd.xsd": "ts_119612v020101_xsd.xsd",
}
"""Under which name the jars of EU DSS carry what ETSI's schemas import by address."""

Ask = Callable[..., tuple[int, str]]


class Carried(etree.Resolver):  # type: ignore[misc]
    """Resolves imports from jars, never from a network."""

    def __init__(self, schemas: dict[str, bytes]) -> None:
        self._schemas = schemas

    def resolve(self, url: str, _: str | None, context: Any) -> Any:
        name = url.rpartition("/")[2]
        return self.resolve_string(self._schemas[RENAMED.get(name, name)], context)


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """ETSI's schema out of the jars of EU DSS; it is not kept here, since it says nothing of its licence."""
    jars = resolve(JarSet("dss-6.4", JUDGE / "pom.xml", committed_jars((JUDGE / "jars.sha256").read_text("ascii"))))
    schemas: dict[str, bytes] = {}
    for path in jars:
        if path.name.startswith("specs-"):
            with zipfile.ZipFile(path) as jar:
                names = [name for name in jar.namelist() if name.endswith(".xsd")]
                schemas |= {name.rpartition("/")[2]: jar.read(name) for name in names}
    parser = etree.XMLParser(no_network=True, load_dtd=False)
    parser.resolvers.add(Carried(schemas))
    return etree.XMLSchema(etree.fromstring(schemas[SCHEMA], parser))


class Scene:
    """Files to ask about, and whom to trust."""

    def __init__(self, directory: Path, authorities: TestAuthorities, base_url: str) -> None:
        self.trust = directory / "trust"
        organisation = authorities.organisations[0]
        self.plain, self.signed, self.pair = (directory / f"{name}.pdf" for name in ("plain", "signed", "pair"))
        self.changed, self.text = directory / "changed.pdf", directory / "text.pdf"
        self.plain.write_bytes(render(sample(1, organisation)))
        passphrase = directory / "passphrase"
        passphrase.write_bytes(authorities.passphrase)
        person, seal = authorities.person(organisation.code), authorities.seal(organisation.code)
        common = ("--passphrase-file", passphrase, "--tsa", f"{base_url}/tsa", "--json")
        for before, after, key, field in (
            (self.plain, self.signed, person, "Người ký"),
            (self.signed, self.pair, seal, "Con dấu"),
        ):
            words = ("--key", f"file:{key.pkcs12_path}", "--field", field, "--out", after)
            assert main(["sign", str(before), *map(str, (*words, *common))]) == 0
        data = bytearray(self.signed.read_bytes())
        data[data.index(b"stream") + 20] ^= 1
        self.changed.write_bytes(data)
        self.text.write_bytes(b"no PDF")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("layers")
    authorities, responder = open_authorities(directory / "pki", directory / "trust", clock=system_clock)
    with responder:
        yield Scene(directory, authorities, responder.base_url)


@pytest.fixture
def ask(scene: Scene, capsys: pytest.CaptureFixture[str]) -> Ask:
    def call(path: Path, layer: str, *more: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["verify", str(path), "--trust", str(scene.trust), "--layer", layer, "--lang", "vi", *more])
        return code, capsys.readouterr().out

    return call


def test_the_report_of_every_kind_of_verdict_keeps_to_the_schema(
    scene: Scene, ask: Ask, schema: etree.XMLSchema
) -> None:
    for path in (scene.pair, scene.plain, scene.changed, scene.text, scene.trust / "none.pdf"):
        for more in ((), ("--policy", "strict"), ("--offline",)):
            tree = etree.fromstring(ask(path, "xml", *more)[1].encode())
            schema.assertValid(tree)
    tree = etree.fromstring(ask(scene.pair, "xml")[1].encode())
    tree.find(".//vr:MainIndication", NAMES).getparent().append(etree.Element(f"{{{NAMES['vr']}}}Surprise"))
    assert not schema.validate(tree)


def test_the_report_says_what_the_verdict_says(scene: Scene, ask: Ask) -> None:
    line = json.loads(ask(scene.pair, "xml", "--json")[1])
    tree = etree.fromstring(line["xml"].encode())
    assert tree.xpath("//vr:PAdESFieldName/text()", namespaces=NAMES) == ["Người ký", "Con dấu"]
    overall = tree.xpath("//vr:SignatureValidationStatus/vr:MainIndication/text()", namespaces=NAMES)
    assert overall == ["urn:etsi:019102:mainindication:total-passed"] * 2
    listed = {name.removeprefix("sha256-") for name in tree.xpath("//vr:ValidationObject/@id", namespaces=NAMES)}
    assert listed == {item["sha256"] for found in line["signatures"] for item in found["evidence"]}
    assert line["verdict_sha256"] in tree.xpath("//vr:Value/text()", namespaces=NAMES)
    failed = etree.fromstring(ask(scene.changed, "xml")[1].encode())
    subs = failed.xpath("//vr:SubIndication/text()", namespaces=NAMES)
    assert subs == ["urn:etsi:019102:subindication:HASH_FAILURE"]


def test_the_checklist_has_every_check_of_the_circular(scene: Scene, ask: Ask) -> None:
    keys = ["key", "chain", "validity", "revocation", "algorithms", "signer", "integrity", "timestamp"]
    line = json.loads(ask(scene.pair, "checklist", "--json")[1])
    for found in line["signatures"]:
        assert [(check["check"], check["answer"]) for check in found["checklist"]] == [(key, "yes") for key in keys]
    line = json.loads(ask(scene.changed, "checklist", "--json")[1])
    answers = {check["check"]: check["answer"] for check in line["signatures"][0]["checklist"]}
    assert (answers["integrity"], answers["key"], answers["revocation"]) == ("no", "unknown", "unknown")
    text = ask(scene.pair, "checklist")[1]
    assert text.count("✓ Tính toàn vẹn của văn bản: nguyên vẹn") == 2


def test_a_sentence_is_one_line_or_two_and_the_evidence_names_its_bytes(scene: Scene, ask: Ask) -> None:
    code, text = ask(scene.pair, "sentence")
    assert (code, text.count("\n")) == (0, 1)
    assert "Hợp lệ" in text
    code, text = ask(scene.plain, "sentence")
    assert (code, text.count("\n")) == (1, 2)
    line = json.loads(ask(scene.pair, "evidence", "--json")[1])
    text = ask(scene.pair, "evidence")[1]
    for found in line["signatures"]:
        assert all(item["sha256"] in text for item in found["evidence"])
