"""The pages say only what is there: links lead somewhere, commands and names exist, no machine shows through."""

import re
import sys
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from io import StringIO
from pathlib import Path
from typing import Final

import pytest
from prometheus_client import CollectorRegistry
from rich.console import Console

from docaxis.alerter.measures import AlertMeasures
from docaxis.bus.report import LoggedReport
from docaxis.bus.trimming import TrimMetrics
from docaxis.cli.application import build_app
from docaxis.cli.commands import BY_NAME
from docaxis.composition import SERVICES
from docaxis.failpoints import Point
from docaxis.gateway.measures import Measures
from docaxis.projector.service import ProjectorMetrics
from docaxis.registrar.anchoring import AnchorMeasures
from docaxis.registrar.keeping import LogMeasures
from docaxis_schemas.problems import Code
from docaxis_schemas.topics import STAGE_INPUTS
from docaxis_signing.trust.store import PURPOSES, SOURCES

ROOT: Final = Path(__file__).parents[3]
FOLDERS: Final = ("docs", "deploy")
PAGES: Final = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])
TEXTS: Final = sorted(
    [*PAGES, *(path for path in (ROOT / "deploy").rglob("*") if path.is_file() and path.suffix not in {".md", ".pyc"})]
)
_LINK: Final = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)|src=\"(?P<source>[^\"]+)\"")
_HEADING: Final = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_CODE: Final = re.compile(r"^```\w*\n(?P<block>.*?)^```$|`(?P<span>[^`\n]+)`", re.DOTALL | re.MULTILINE)
_COMMAND: Final = re.compile(
    r"^\s*(?:\$ |delivery=\$\(|\S*/)?docaxis (?P<words>[a-z][a-z-]*(?: [a-z][a-z-]*)?)(?P<rest>.*)", re.MULTILINE
)
_OPTION: Final = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
_MACHINE: Final = re.compile(
    r"/wor[k]/|/roo[t]/|/home/|/Users/|/tmp/tmp|/tmp/pytest|localhost:\d|pypi\.or[g]|127\.0\.0\.1:312[8]"
)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Give the anchors of a page as the forges make them."""
    plain = (re.sub(r"[`*\[\]()]", "", found[1].lower()) for found in _HEADING.finditer(page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in plain}


def broken_links(page: Path) -> Iterator[str]:
    for found in _LINK.finditer(page.read_text("utf-8")):
        target = found["target"] or found["source"]
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_a_broken_link_and_a_missing_heading_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading\n[a](page.md#a-heading) [b](gone.md) [c](page.md#gone) [d](https://example.org)\n", "utf-8"
    )

    assert list(broken_links(page)) == ["gone.md", "page.md#gone"]


def unknown_commands(page: Path) -> Iterator[str]:
    """Name what a page tells people to type and that the command does not know."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    for code in _CODE.finditer(text):
        for found in _COMMAND.finditer(code["block"] or code["span"]):
            words = found["words"].split()
            if words[0] not in BY_NAME or (words[:1] == ["run"] and words[1:] and words[1] not in {*SERVICES, "all"}):
                yield found[0].strip()
                continue
            path = tuple(words) if BY_NAME[words[0]].subcommands else tuple(words[:1])
            wanted = set(_OPTION.findall(found["rest"].split("|")[0])) - {"--help"}
            if wanted - _options(*path):
                yield found[0].strip()


@cache
def _options(*path: str) -> set[str]:
    out = StringIO()
    build_app("en", console=Console(file=out, width=200, force_terminal=False))([*path, "--help"])
    return set(_OPTION.findall(out.getvalue()))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_and_option_named_exists(page: Path) -> None:
    assert list(unknown_commands(page)) == []


def test_a_command_or_option_that_is_not_there_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`docaxis fly` and `docaxis send x.pdf --too H1`\n```sh\ndocaxis run cook\n```\n", "utf-8")

    assert list(unknown_commands(page)) == ["docaxis fly", "docaxis send x.pdf --too H1", "docaxis run cook"]


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_machine_shows_and_vietnamese_is_composed(path: Path) -> None:
    text = path.read_text("utf-8")

    assert _MACHINE.findall(text) == []
    assert unicodedata.is_normalized("NFC", text)


def test_the_readmes_own_pages_are_there() -> None:
    for page in ("explanation/verification", "explanation/delivery", "guides/integrators", "guides/operators"):
        assert (ROOT / "docs" / f"{page}.md").is_file()


def test_the_list_of_settings_is_the_codes_own() -> None:
    module = import_module("generate_settings")

    assert module.PAGE.read_text("utf-8") == module.page(), "run tools/generate_settings.py"


def test_every_setting_named_in_deploy_and_guides_exists() -> None:
    known = set(re.findall(r"`(DOCAXIS_\w+)`", (ROOT / "docs" / "reference" / "settings.md").read_text("utf-8")))
    others = {
        "DOCAXIS_FAILPOINT",
        "DOCAXIS_PASSPHRASE",
        "DOCAXIS_PROFILE",
        "DOCAXIS_CACHE",
        "DOCAXIS_KEEPER_KEY",
        "DOCAXIS_OPERATOR_CREDENTIAL",
        "DOCAXIS_BUS__",
    }
    for path in TEXTS:
        for name in re.findall(r"DOCAXIS_[A-Z_]+", path.read_text("utf-8")):
            assert name in known | others, f"{name_of(path)}: {name}"


def test_every_metric_in_the_alarms_is_made_by_the_code() -> None:
    registry = CollectorRegistry()
    for stage in STAGE_INPUTS:
        LoggedReport(stage, registry)
        TrimMetrics(stage, registry)
    ProjectorMetrics(registry)
    LogMeasures(registry)
    AnchorMeasures(registry)
    AlertMeasures(registry)
    made = {
        f"{family.name}{suffix}"
        for source in (registry, Measures().registry)
        for family in source.collect()
        for suffix in ("_total", "_bucket", "")
    }
    text = (ROOT / "deploy" / "monitoring" / "alerts.yml").read_text("utf-8")
    named = set(re.findall(r"docaxis_[a-z_]+", text.replace("docaxis_(verifier|router|registrar)", "docaxis_verifier")))

    assert len(named) > 10
    assert named <= made


def test_every_alarm_leads_to_a_heading_of_the_operators_guide() -> None:
    text = (ROOT / "deploy" / "monitoring" / "alerts.yml").read_text("utf-8")
    known = anchors(ROOT / "docs" / "guides" / "operators.md")
    linked = re.findall(r"runbook: docs/guides/operators\.md#(\S+)", text)

    assert len(linked) == text.count("- alert:")
    assert set(linked) <= known
    assert set(re.findall(r'code=~"([^"]+)"', text)) == {f"{Code.UNAUTHENTICATED}|{Code.TOO_MANY_ATTEMPTS}"}


def test_every_crash_point_is_explained() -> None:
    text = (ROOT / "docs" / "explanation" / "delivery.md").read_text("utf-8")

    assert {point.value for point in Point if f"`{point.value}`" not in text} == set()


def test_each_service_has_a_hardened_unit_with_its_own_user_and_only_its_keys() -> None:
    for service in SERVICES:
        unit = (ROOT / "deploy" / "systemd" / f"docaxis-{service}.service").read_text("utf-8")
        assert f"ExecStart=/opt/docaxis/bin/docaxis run {service}\n" in unit
        assert f"User=docaxis-{service}\n" in unit
        for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "PrivateTmp=yes"):
            assert f"\n{line}\n" in unit
        assert ("store.key" in unit) == (service in {"gateway", "verifier"})
        assert ("evidence.json" in unit) == (service == "registrar")


def test_each_service_has_a_manifest_with_its_own_secret_and_only_its_keys() -> None:
    folder = ROOT / "deploy" / "kubernetes"
    for service in SERVICES:
        manifest = (folder / f"20-{service}.yaml").read_text("utf-8")
        assert f"args: [docaxis, run, {service}]" in manifest
        assert f"secretRef: {{name: docaxis-{service}}}" in manifest
        for line in ("automountServiceAccountToken: false", "runAsNonRoot: true", "readOnlyRootFilesystem: true"):
            assert line in manifest
        assert ("store.key" in manifest) == (service in {"gateway", "verifier"})
        assert ("evidence.json" in manifest) == (service == "registrar")
        assert ("clerk.key" in manifest) == (service == "clerk")
    reached = (folder / "30-service.yaml").read_text("utf-8")
    for service, port in (("gateway", 8480), ("clerk", 8481)):
        assert f"containerPort: {port}" in (folder / f"20-{service}.yaml").read_text("utf-8")
        assert f"selector: {{app.kubernetes.io/name: docaxis-{service}}}" in reached
        assert f"{{port: {port}}}" in reached, "the network policy lets the proxy in"


def test_the_example_of_a_trust_file_has_the_form_that_is_read() -> None:
    value = tomllib.loads((ROOT / "deploy" / "policies" / "trust.toml.example").read_text("utf-8"))
    names = {entry["name"] for entry in (*value["anchor"], *value["authority"])}

    assert value.keys() == {"version", "anchor", "authority"}
    assert all(entry["source"] in SOURCES for entry in value["anchor"])
    assert all(entry["issuer"] in names for entry in value["authority"])
    assert all(set(entry["purposes"]) <= PURPOSES for entry in (*value["anchor"], *value["authority"]))


def test_the_brokers_file_keeps_what_the_axis_relies_on() -> None:
    from docaxis.embedded.properties import ClusterPlan, Node, server_properties  # noqa: PLC0415 - beside its use

    nodes = [Node(number, 1, 2, 3) for number in (1, 2, 3)]
    embedded = server_properties(ClusterPlan(nodes), nodes[0], Path("data"), "-")
    production = (ROOT / "deploy" / "kafka" / "server.properties").read_text("utf-8")
    for name in (
        "auto.create.topics.enable",
        "log.message.timestamp.type",
        "offsets.retention.minutes",
        "transaction.max.timeout.ms",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        "allow.everyone.if.no.acl.found",
        "min.insync.replicas",
        "default.replication.factor",
        "transaction.state.log.min.isr",
        "broker.session.timeout.ms",
    ):
        line = next(line for line in embedded.splitlines() if line.startswith(f"{name}="))
        assert f"\n{line}\n" in production


def test_the_administrators_script_has_every_step_its_page_names() -> None:
    spec = spec_from_file_location("axis_admin", ROOT / "deploy" / "provisioning" / "axis_admin.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "deploy" / "provisioning" / "README.md").read_text("utf-8")
    known = {name for name in module.app if not name.startswith("-")}

    assert {name for name in known if f"`{name}" not in page} == set()
