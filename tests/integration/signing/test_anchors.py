"""Checkpoints under a time-stamp: kept beside the log, judged by us and by OpenSSL, refused where they do not hold."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from prometheus_client import CollectorRegistry

from docaxis.cli.exit_codes import Exit
from docaxis.cli.verify_anchor import verify_anchor
from docaxis.embedded.authorities import TestAuthorities, open_authorities
from docaxis.registrar.anchoring import Anchoring, AnchorMeasures
from docaxis.storage.log_files import CHECKPOINT, LocalDisk, LogFiles
from docaxis_schemas.moments import system_clock
from docaxis_signing.anchors import RejectedAnchor, open_anchor
from docaxis_signing.pdf.chain import Knowledge
from docaxis_signing.pdf.timestamps import TimestampClient
from docaxis_signing.receipts import PinnedKeys
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.merkle import leaf_hash
from docaxis_signing.transparency.note import Signer
from docaxis_signing.transparency.policy import NONE, Policy
from docaxis_signing.transparency.problems import RejectedNote
from docaxis_signing.trust.fetching import new_client, refresh
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore

LOG = Signer.generate("docaxis/test")
POLICY = Policy((LOG.verifier,), {}, {}, NONE)


class Stamped:
    """A log whose checkpoints are anchored by the TEST authority of time-stamps."""

    def __init__(self, directory: Path, authorities: TestAuthorities, url: str) -> None:
        self.directory = directory
        self.trust = directory.parent / "trust"
        self.authorities = authorities
        self.files = LogFiles(LocalDisk(directory))
        self.anchoring = self.through(f"{url}/tsa")

    def through(self, tsa: str) -> Anchoring:
        client = TimestampClient(tsa, time_limit=timedelta(seconds=30))
        return Anchoring(self.files, client, timedelta(hours=1), system_clock, AnchorMeasures(CollectorRegistry()))

    def publish(self, size: int) -> None:
        tree = grow(Tree(), [leaf_hash(b"%d" % number) for number in range(size)]).tree
        self.files.put([(CHECKPOINT, Checkpoint("docaxis/test", size, tree.root).sign(LOG).to_bytes())])

    def names(self) -> list[str]:
        folder = self.directory / "anchors"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def pair(self, size: int) -> tuple[Path, Path]:
        stem = self.directory / "anchors" / f"{size:019}"
        return stem.with_suffix(".checkpoint"), stem.with_suffix(".tst")

    async def knowledge(self) -> Knowledge:
        store, now = TrustStore.load(self.trust), datetime.now(UTC)
        async with new_client() as client:
            fetched = await refresh(store, RevocationSnapshot(), client=client, now=now)
        return Knowledge(store, fetched.snapshot, now)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, TestAuthorities, str]]:
    directory = tmp_path_factory.mktemp("anchors")
    made, responder = open_authorities(directory / "keys", directory / "trust", clock=system_clock)
    yield directory, made, responder.base_url
    responder.stop()


@pytest.fixture
def log(authorities: tuple[Path, TestAuthorities, str], request: pytest.FixtureRequest) -> Stamped:
    directory, made, url = authorities
    where = directory / request.node.name[:60].replace("/", "_")
    where.mkdir()
    return Stamped(where, made, url)


async def test_each_checkpoint_with_new_entries_is_anchored_once(log: Stamped) -> None:
    assert not await log.anchoring.round(), "nothing is published yet"
    log.publish(0)
    assert not await log.anchoring.round(), "an empty log is looked at again soon"
    for size in (5, 5, 300):
        log.publish(size)
        assert await log.anchoring.round()
    assert log.names() == [path.name for size in (5, 300) for path in log.pair(size)]
    kept = [path.read_bytes() for path in log.pair(5)]
    found = open_anchor(kept[0], kept[1], POLICY, await log.knowledge())
    assert (found.checkpoint.size, found.self_anchored) == (5, True)
    assert abs(found.at - datetime.now(UTC)) < timedelta(minutes=10)


async def test_openssl_judges_the_token_too(log: Stamped, tmp_path: Path) -> None:
    log.publish(7)
    assert await log.anchoring.round()
    checkpoint, token = log.pair(7)
    anchors = [one.certificate for one in TrustStore.load(log.trust).authorities]
    roots, others = tmp_path / "roots.pem", tmp_path / "others.pem"
    roots.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in anchors if one.issuer == one.subject))
    others.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in anchors))

    def judge(data: Path) -> int:
        command = ["openssl", "ts", "-verify", "-data", str(data), "-in", str(token), "-token_in"]
        options = ["-CAfile", str(roots), "-untrusted", str(others)]
        return subprocess.run([*command, *options], capture_output=True, check=False, timeout=60).returncode

    assert judge(checkpoint) == 0
    changed = tmp_path / "changed"
    changed.write_bytes(checkpoint.read_bytes().replace(b"\n7\n", b"\n8\n"))
    assert judge(changed) == 1


async def test_a_token_over_another_checkpoint_or_of_an_unknown_authority_is_refused(log: Stamped) -> None:
    for size in (8, 9):
        log.publish(size)
        assert await log.anchoring.round()
    knowledge = await log.knowledge()
    (eight, token), (nine, _) = ([path.read_bytes() for path in log.pair(size)] for size in (8, 9))
    with pytest.raises(RejectedAnchor, match="does not match"):
        open_anchor(nine, token, POLICY, knowledge)
    stranger = Knowledge(TrustStore.of(), RevocationSnapshot(), knowledge.at)
    with pytest.raises(RejectedAnchor, match="timestamp_untrusted"):
        open_anchor(eight, token, POLICY, stranger)
    with pytest.raises(RejectedAnchor, match="later than"):
        open_anchor(eight, token, POLICY, Knowledge(knowledge.trust, knowledge.revocation, knowledge.at - timedelta(1)))
    with pytest.raises(RejectedNote):
        open_anchor(eight.replace(b"\n8\n", b"\n9\n"), token, POLICY, knowledge)
    for damaged in (b"", b"nonsense", token[:-1], token + b"\x00", b"\x30" * 70_000):
        with pytest.raises(RejectedAnchor):
            open_anchor(eight, damaged, POLICY, knowledge)
    flipped = bytearray(token)
    flipped[-10] ^= 1
    with pytest.raises(RejectedAnchor):
        open_anchor(eight, bytes(flipped), POLICY, knowledge)


async def test_without_its_authority_nothing_is_kept_and_it_is_asked_again(log: Stamped) -> None:
    log.publish(5)
    assert not await log.through("http://127.0.0.1:9/tsa").round()
    assert log.names() == []
    assert await log.anchoring.round()
    assert len(log.names()) == 2


async def test_the_command_says_how_old_the_log_is_and_who_says_so(
    log: Stamped, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.publish(5)
    assert await log.anchoring.round()
    checkpoint, token = log.pair(5)
    keys = tmp_path / "pinned.json"
    keys.write_text(json.dumps(PinnedKeys("docaxis", "test", (), POLICY).to_json()))
    assert await verify_anchor([checkpoint], keys=keys, trust=log.trust) == Exit.OK
    said = capsys.readouterr().out
    assert "5" in said
    assert "TEST" in said
    token.write_bytes(token.read_bytes()[:-1])
    assert await verify_anchor([checkpoint], keys=keys, trust=log.trust) == Exit.REFUSED
