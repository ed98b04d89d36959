"""The trust directory: read strictly, hashed, and the only source of authorities."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from docaxis_signing.pdf.verification import examine
from docaxis_signing.trust.store import SIGNER, TSA, RejectedTrustStore, TrustStore

World = Any


@pytest.fixture
def directory(world: World, tmp_path: Path) -> Path:
    return copytree(world.trust_directory, tmp_path / "trust")


def test_anchors_and_authorities_are_read_with_their_purposes(world: World) -> None:
    names = {item.name for item in world.trust.authorities if item.is_anchor}
    assert names == {"gov-root", "public-root"}
    assert world.trust.named("gov-tsa").purposes == {TSA}
    assert ("gov-local", "http://127.0.0.1:9/crl/gov-local.crl") in set(world.trust.revocation_addresses())


def test_a_chain_ends_at_an_anchor_and_keeps_to_its_purpose(world: World) -> None:
    seal = world.authorities.seal("H98").certificate
    assert [item.name for item in world.trust.chain_of(seal, SIGNER)] == ["gov-local", "gov-root"]
    assert world.trust.chain_of(seal, TSA) is None
    assert world.trust.chain_of(world.authorities.special("untrusted").certificate, SIGNER) is None


def test_the_hash_is_that_of_the_content(world: World, directory: Path) -> None:
    path = directory / "trust.toml"
    assert TrustStore.load(directory) == world.trust
    path.write_text(path.read_text(encoding="utf-8").replace("/crl/gov-root.crl", "/crl/elsewhere.crl"), "utf-8")
    assert TrustStore.load(directory) != world.trust


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("version = 1", "version = 2", "version"),
        ('file = "certs/gov-root.pem"', 'file = "../../secret.pem"', "outside"),
        ('file = "certs/gov-root.pem"', 'file = "certs/none.pem"', "none.pem"),
        ('file = "certs/gov-state.pem"', 'file = "certs/gov-root.pem"', "certificate occurs twice"),
        ('file = "certs/gov-state.pem"', 'file = "certs/public-one.pem"', "certificate occurs twice"),
        ('issuer = "gov-root"', 'issuer = "public-root"', "not signed by"),
        ('issuer = "gov-root"', 'issuer = "nobody"', "not listed"),
        ('name = "gov-state"', 'name = "gov-root"', "twice"),
        ('name = "gov-state"', 'name = "gov-state"\nlists_from = "gov-root"', "another listed key"),
        ('name = "gov-state"', 'name = "gov-state"\nlists_from = "gov-state"', "another listed key"),
        ('"tsa"', '"everything"', "purposes"),
        ('source = "government"', 'source = "hearsay"', "source"),
        ('name = "gov-state"', 'name = "gov-state"\nsurprise = 1', "needs"),
        ("version = 1", "version = 1\nsurprise = 1", "unknown part"),
        ("version = 1", "version = ", "trust.toml"),
    ],
)
def test_what_is_not_in_order_is_refused(directory: Path, old: str, new: str, reason: str) -> None:
    path = directory / "trust.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(RejectedTrustStore, match=reason):
        TrustStore.load(directory)


def test_a_signers_certificate_is_no_authority(world: World, directory: Path) -> None:
    pem = world.authorities.seal("H98").certificate.public_bytes(Encoding.PEM)
    (directory / "certs" / "gov-state.pem").write_bytes(pem)
    with pytest.raises(RejectedTrustStore, match="not one of an authority"):
        TrustStore.load(directory)


def test_an_anchor_counts_only_between_its_dates(world: World, directory: Path, stamped: bytes) -> None:
    path = directory / "trust.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    year = f"{world.now.year - 1}-01-01T00:00:00+00:00"
    path.write_text(
        "\n".join(f"valid_until = {year}" if line.startswith("valid_until") else line for line in lines), "utf-8"
    )
    found = examine(stamped, trust=TrustStore.load(directory), revocation=world.lists, at=world.now)
    assert found.approvals[0].indication == "INDETERMINATE"


@pytest.mark.parametrize("name", ["gov-local", "gov-root"])
@pytest.mark.parametrize(("days", "trusted"), [(1, True), (-1, False)])
def test_distrust_counts_from_its_date_for_what_was_signed_then(
    world: World, stamped: bytes, name: str, days: int, *, trusted: bool
) -> None:
    """A signature proved to be older than a compromise stays good; the authority of its time-stamp counts too."""
    since = world.now + timedelta(days=days)
    changed = [replace(item, distrusted_from=since) if item.name == name else item for item in world.trust.authorities]
    found = examine(stamped, trust=TrustStore.of(*changed), revocation=world.lists, at=world.now).approvals[0]
    assert (found.indication == "TOTAL-PASSED") is trusted
    assert found.cause == (None if trusted else "no_configured_root")


def test_an_issuing_authority_too_counts_only_between_its_dates(world: World, stamped: bytes) -> None:
    for dates in ({"valid_until": world.now - timedelta(days=1)}, {"valid_from": world.now + timedelta(days=1)}):
        changed = [replace(item, **dates) if item.name == "gov-local" else item for item in world.trust.authorities]
        found = examine(stamped, trust=TrustStore.of(*changed), revocation=world.lists, at=world.now).approvals[0]
        assert found.cause == "no_configured_root"


def test_each_word_about_an_authority_is_part_of_the_hash(world: World) -> None:
    hashes = {world.trust.sha256}
    changes: list[dict[str, Any]] = [
        {"distrusted_from": world.now},
        {"valid_from": world.now},
        {"valid_until": world.now},
        {"crl": ("http://ca.example.vn/a.crl",)},
        {"ocsp": ("http://ca.example.vn/ocsp",)},
        {"purposes": frozenset({SIGNER, TSA})},
    ]
    for change in changes:
        hashes.add(
            TrustStore.of(
                *(replace(item, **change) if item.name == "gov-local" else item for item in world.trust.authorities)
            ).sha256
        )
    assert len(hashes) == len(changes) + 1
