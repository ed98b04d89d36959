"""Statements signed by the axis's organisation: judged by us and by OpenSSL, refused where they do not hold."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from docaxis.cli.evidence import verify_evidence
from docaxis.cli.exit_codes import Exit
from docaxis.embedded.authorities import Credential
from docaxis_schemas.canonical import canonical
from docaxis_signing.cades import MAX_SIGNATURE, Detached, RejectedDetached, open_detached, sign_detached
from docaxis_signing.pdf.chain import Knowledge
from docaxis_signing.pdf.timestamps import TimestampClient
from docaxis_signing.receipts import PinnedKeys
from docaxis_signing.signing_errors import RejectedCertificate, UnavailableTimestamp
from docaxis_signing.trust.lists import ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore

STATEMENT = canonical({"axis": "docaxis", "environment": "test", "event_id": "1", "type": "ContentConsignment"})


def fingerprint(credential: Credential) -> str:
    return credential.certificate.fingerprint(SHA256()).hex()


class Office:
    """The organisation of the axis, with a trust directory that has its lists."""

    def __init__(self, world: Any, directory: Path) -> None:
        self.world = world
        self.directory = directory
        self.own: Credential = world.authorities.of_axis()
        world.authorities.write_trust(directory)
        self.store = TrustStore.load(directory)
        (directory / "crls").mkdir(exist_ok=True)
        for authority in self.store.authorities:
            data = world.authorities.crl(authority.name, now=world.now - timedelta(minutes=1))
            (directory / "crls" / f"{authority.name}.crl").write_bytes(data)

    def lists(self, *, without: str = "") -> RevocationSnapshot:
        snapshot = RevocationSnapshot()
        for path in sorted((self.directory / "crls").iterdir()):
            if path.stem != without:
                taken = ingest(self.store, path.stem, path.read_bytes(), now=self.world.now)
                snapshot = snapshot.advance(taken)
        return snapshot

    def knowledge(self, *, without: str = "") -> Knowledge:
        return Knowledge(self.store, self.lists(without=without), self.world.now)

    async def sign(self, data: bytes = STATEMENT, by: Credential | None = None) -> bytes:
        key = self.world.key(by or self.own)
        return await sign_detached(data, key, timestamper=self.world.timestamper(), at=self.world.now)

    def open(self, signature: bytes, data: bytes = STATEMENT, by: Credential | None = None) -> Detached:
        return open_detached(data, signature, (fingerprint(by or self.own),), self.knowledge())


@pytest.fixture(scope="module")
def office(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(world, tmp_path_factory.mktemp("trust"))


@pytest.mark.parametrize("kind", ["p-256", "rsa-3072"])
async def test_openssl_and_we_accept_the_signature_and_its_time(office: Office, tmp_path: Path, kind: str) -> None:
    signer = office.own if kind == "p-256" else office.world.authorities.seal("G98")
    signature = await office.sign(by=signer)
    found = office.open(signature, by=signer)
    assert (found.certificate_sha256, found.at) == (fingerprint(signer), office.world.now)
    assert len(signature) < MAX_SIGNATURE / 4

    content, sealed, token = tmp_path / "s.statement", tmp_path / "s.p7s", tmp_path / "s.tst"
    content.write_bytes(STATEMENT)
    sealed.write_bytes(signature)
    info = cms.ContentInfo.load(signature)["content"]["signer_infos"][0]
    token.write_bytes(info["unsigned_attrs"][0]["values"][0].dump())
    (tmp_path / "value").write_bytes(info["signature"].native)
    anchors = [one.certificate for one in office.store.authorities]
    roots, others = tmp_path / "roots.pem", tmp_path / "others.pem"
    roots.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in anchors if one.issuer == one.subject))
    others.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in anchors))

    def judge(*command: str) -> int:
        return subprocess.run(["openssl", *command], capture_output=True, check=False, timeout=60).returncode

    form = ("-inform", "DER", "-in", str(sealed), "-CAfile", str(roots), "-certfile", str(others))
    assert judge("cms", "-verify", "-cades", "-binary", *form, "-content", str(content)) == 0
    stamp = ("-in", str(token), "-token_in", "-CAfile", str(roots), "-untrusted", str(others))
    assert judge("ts", "-verify", "-data", str(tmp_path / "value"), *stamp) == 0
    content.write_bytes(STATEMENT.replace(b"Consignment", b"Handover"))
    assert judge("cms", "-verify", "-cades", "-binary", *form, "-content", str(content)) != 0


def _without_stamp(data: bytes) -> bytes:
    content = cms.ContentInfo.load(data)
    content["content"]["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([])
    return bytes(content.dump(force=True))


def _again(data: bytes, **changed: Any) -> bytes:
    signed = cms.ContentInfo.load(data)["content"]
    names = ("version", "digest_algorithms", "encap_content_info", "certificates", "signer_infos")
    values = {name: changed.get(name, signed[name]) for name in names}
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(values)}).dump())


def _carrying(data: bytes) -> bytes:
    return _again(data, encap_content_info={"content_type": "data", "content": STATEMENT})


def _twice_signed(data: bytes) -> bytes:
    signer = cms.ContentInfo.load(data)["content"]["signer_infos"][0].dump()
    return _again(data, signer_infos=[cms.SignerInfo.load(signer), cms.SignerInfo.load(signer)])


def _flipped(data: bytes) -> bytes:
    value = cms.ContentInfo.load(data)["content"]["signer_infos"][0]["signature"].native
    return data.replace(value, value[:-1] + bytes([value[-1] ^ 1]), 1)


@pytest.mark.parametrize(
    "damage",
    [
        _without_stamp,
        _carrying,
        _twice_signed,
        _flipped,
        lambda data: data[:-1],
        lambda data: data + b"\x00",
        lambda _: b"",
        lambda _: b"\x30" * (MAX_SIGNATURE + 1),
    ],
    ids=["no time-stamp", "carries its content", "two signers", "flipped", "short", "long", "empty", "vast"],
)
async def test_a_damaged_signature_does_not_hold(office: Office, damage: Callable[[bytes], bytes]) -> None:
    signature = await office.sign()
    assert office.open(signature)
    with pytest.raises(RejectedDetached):
        office.open(damage(signature))


async def test_other_bytes_or_another_signer_are_refused(office: Office) -> None:
    signature, stranger = await office.sign(), office.world.authorities.seal("H98.14")
    with pytest.raises(RejectedDetached, match="not one over these bytes"):
        office.open(signature, STATEMENT + b" ")
    with pytest.raises(RejectedDetached, match="not pinned"):
        office.open(await office.sign(by=stranger))
    with pytest.raises(RejectedDetached, match="not pinned"):
        open_detached(STATEMENT, signature, (), office.knowledge())


async def test_the_chain_must_hold_with_its_lists(office: Office) -> None:
    signature, own = await office.sign(), (fingerprint(office.own),)
    for missing in ("gov-state", "gov-tsa", "gov-root"):
        with pytest.raises(RejectedDetached, match="missing"):
            open_detached(STATEMENT, signature, own, office.knowledge(without=missing))
    with pytest.raises(RejectedDetached):
        open_detached(STATEMENT, signature, own, replace(office.knowledge(), trust=TrustStore.of()))
    revoked = office.world.authorities.special("revoked")
    with pytest.raises(RejectedDetached, match="revoked"):
        office.open(await office.sign(by=revoked), by=revoked)
    untrusted = office.world.authorities.special("untrusted")
    with pytest.raises(RejectedDetached, match="no_configured_root"):
        office.open(await office.sign(by=untrusted), by=untrusted)


async def test_nothing_is_signed_without_a_time_stamp_or_with_an_expired_certificate(office: Office) -> None:
    with pytest.raises(UnavailableTimestamp):
        await sign_detached(
            STATEMENT,
            office.world.key(office.own),
            timestamper=TimestampClient("http://127.0.0.1:9/tsa"),
            at=office.world.now,
        )
    with pytest.raises(RejectedCertificate):
        await office.sign(by=office.world.authorities.special("expired"))


async def test_the_command_checks_it_offline_and_says_who_signed(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, path = tmp_path / "pinned.json", tmp_path / "one.p7s"
    path.write_bytes(await office.sign())
    path.with_suffix(".statement").write_bytes(STATEMENT)

    def pin(axis: str, *certificates: str) -> None:
        keys.write_text(json.dumps(PinnedKeys(axis, "test", (), None, certificates).to_json()))

    pin("docaxis", fingerprint(office.own))
    assert verify_evidence([path], keys=keys, trust=office.directory) == Exit.OK
    assert "TEST Trục liên thông văn bản" in capsys.readouterr().out
    pin("docaxis")
    assert verify_evidence([path], keys=keys, trust=office.directory) == Exit.REFUSED
    pin("another", fingerprint(office.own))
    assert verify_evidence([path], keys=keys, trust=office.directory) == Exit.REFUSED
    pin("docaxis", fingerprint(office.own))
    path.with_suffix(".statement").write_bytes(STATEMENT.replace(b'"1"', b'"2"'))
    assert verify_evidence([path], keys=keys, trust=office.directory) == Exit.REFUSED
