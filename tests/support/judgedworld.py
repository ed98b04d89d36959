"""A verifier with its log over a small corpus, by what proves when each document existed: for judging it again."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives import hashes
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from auditlog import AuditedLog
from docaxis.bus.port import Partition, Received
from docaxis.bus.work import Work
from docaxis.directory.entries import CertificateRole, RegisteredCertificate
from docaxis.embedded.authorities import TestAuthorities
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.embedded.papers import Paper, PaperDesk
from docaxis.settings import FairnessSettings, RetrySettings, VerifierSettings
from docaxis.storage.attempts import AttemptStore
from docaxis.storage.contents import ContentStore, FileStoreKey, open_sealed_store
from docaxis.storage.database import open_database
from docaxis.storage.evidence_objects import EvidenceObjects
from docaxis.storage.log_order import LogOrder
from docaxis.storage.migrate import upgrade
from docaxis.storage.rejudgements import RejudgementStore
from docaxis.storage.revocation_lists import RevocationListStore
from docaxis.storage.tables.decisions import decisions
from docaxis.storage.tables.intake import claims
from docaxis.verifier.keeping import Keeping
from docaxis.verifier.pool import WorkerPool
from docaxis.verifier.revocations import Revocations
from docaxis.verifier.service import Parts, Verifier
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import decode
from docaxis_schemas.events import Judged, Submitted
from docaxis_schemas.submission import Addressee, ContentEntry, FileRole, Heading, Kind, Manifest, record_digest
from docaxis_schemas.topics import SUBMITTED, partition_of
from docaxis_signing.policy_files import standard
from docaxis_signing.statements import MemberSigner
from docaxis_signing.trust.lists import ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore

NOW = datetime.now(UTC).replace(microsecond=0)
COMPROMISED = NOW - timedelta(hours=12)
BEFORE, AFTER = COMPROMISED - timedelta(hours=1), COMPROMISED + timedelta(hours=1)
AUTHORITY, OF_IT, OF_ANOTHER = "gov-local", "H98", "G98.05"
SLOTS = 4


@dataclass
class SmallDirectory:
    """What the verifier asks of the directory."""

    certificates: dict[str, RegisteredCertificate] = field(default_factory=dict)

    def canonical(self, code: str) -> str | None:
        return code

    def member_of(self, code: str, at: datetime) -> str | None:
        return "sender"

    def require_member(self, member: str, *, accepted_at: datetime) -> str:
        return member

    def require_sending_right(self, member: str, issuer: str, at: datetime) -> str:
        return member


@dataclass
class World:
    """A verifier with its log, and a corpus by what proves when each document existed."""

    engine: AsyncEngine
    contents: ContentStore
    authorities: TestAuthorities
    trust: TrustStore
    pool: WorkerPool
    directory: SmallDirectory
    log: AuditedLog
    ids: dict[str, list[UUID]] = field(default_factory=dict)

    async def verifier(self, trust: TrustStore) -> Verifier:
        held = Revocations(trust, RevocationListStore(self.engine), lambda: NOW, timedelta(hours=1))
        taken = [
            ingest(trust, one.name, self.authorities.crl(one.name, now=NOW - timedelta(minutes=5)), now=NOW)
            for one in trust.authorities
        ]
        await held.take(RevocationSnapshot(epoch=1).advance(*taken))
        moment = timedelta(minutes=1)
        return Verifier(
            Parts(
                attempts=AttemptStore(self.engine),
                keeping=self.keeping(),
                contents=self.contents,
                directory=lambda: self.directory,
                pool=self.pool,
                revocations=held,
                policy=standard(),
                envelopes=self.log.envelopes,
                retry=RetrySettings(short=moment, medium=moment, long=moment),
                clock=lambda: NOW,
            )
        )

    def keeping(self) -> Keeping:
        return Keeping(RejudgementStore(self.engine), EvidenceObjects(self.engine, lambda: NOW), lambda: NOW)

    async def take_in(self, kind: str, paper: Paper, received: datetime) -> None:
        """Hand a document in, judge it and log what is said of it."""
        submission, sha256 = uuid4(), hashlib.sha256(paper.data).hexdigest()
        async with self.contents.receive("sender", sha256, len(paper.data)) as writer:
            await writer.write(paper.data)
            await writer.finish()
        entry = ContentEntry(FileRole.MAIN, paper.name, "application/pdf", len(paper.data), sha256)
        heading = Heading(Kind.SUBMISSION, "docaxis", "test", "sender", str(submission), received)
        manifest = Manifest(heading, paper.metadata.to_json(), (entry,), (Addressee("A98", None, "action"),))
        await self._claim(submission, manifest.to_json(), received)
        submitted = Submitted(
            submission_id=submission,
            attempt=1,
            member="sender",
            urgency=0,
            lane=SUBMITTED,
            received_at=received,
            deadline=received + timedelta(hours=24),
            manifest_sha256=record_digest(manifest.to_json()),
            directory_version=1,
            acknowledgement_sha256="0" * 64,
        )
        record = Received(Partition(SUBMITTED, partition_of(submission, SLOTS)), 1, b"", b"", (), 0)
        outcome = await (await self.verifier(self.trust)).handle(Work(record, submitted))
        judged = next(one for one in map(decode, (one.value for one in outcome.outgoing)) if isinstance(one, Judged))
        assert (judged.disposition, judged.cause) == ("deliver", None), kind
        await self.log.sign(outcome.outgoing)
        await self.log.publish()
        self.ids.setdefault(kind, []).append(submission)

    async def _claim(self, submission: UUID, manifest: dict[str, Any], received: datetime) -> None:
        signer = MemberSigner.generate("key")
        row = {
            "submission_id": submission,
            "member": "sender",
            "own_id": str(submission),
            "manifest_digest": record_digest(manifest),
            "manifest": canonical(manifest),
            "record": signer.sign(manifest),
            "record_key": canonical(signer.public_jwk()),
            "acted_by_gateway": False,
            "resolution": b"{}",
            "acknowledgement": "acknowledgement",
            "lane": SUBMITTED,
            "urgency": 0,
            "directory_version": 1,
            "received_at": received,
            "deadline": received + timedelta(hours=24),
        }
        async with self.engine.begin() as connection:
            await connection.execute(insert(claims).values(row))

    async def kept(self) -> tuple[list[bytes], list[Any]]:
        """Give every leaf and every decision, to see that none is ever changed."""
        leaves = await LogOrder(self.engine, self.log.origin).leaves(0, 10_000)
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(decisions).order_by(decisions.c.event_id))).all()
        return leaves, list(rows)


@asynccontextmanager
async def judged_world(directory: Path) -> AsyncIterator[World]:
    """Make the authorities, hand the corpus in, judge and log it."""
    authorities = TestAuthorities.create(directory / "authorities", base_url="http://127.0.0.1:9", now=NOW)
    authorities.write_trust(directory / "trust")
    register, since = SmallDirectory(), NOW - timedelta(days=900)
    for credential in authorities.credentials():
        sha256 = credential.certificate.fingerprint(hashes.SHA256()).hex()
        role = CertificateRole.SEAL if credential.role == "seal" else CertificateRole.PERSON
        register.certificates[sha256] = RegisteredCertificate(
            sha256, role, credential.organisation, since, None, "shown", "operator", since
        )
    async with (
        EmbeddedDatabase(directory / "database") as database,
        WorkerPool(VerifierSettings(workers=2), FairnessSettings()) as pool,
    ):
        await upgrade(database.url)
        engine = open_database(database.url, application="tests")
        key = FileStoreKey.create(directory / "store.key")
        store = open_sealed_store((directory / "contents").as_uri())
        contents = ContentStore(engine, store, key, clock=lambda: NOW, lease=timedelta(hours=1))
        log = AuditedLog(engine, directory / "log", "docaxis", "test", lambda: NOW, SLOTS)
        world = World(engine, contents, authorities, TrustStore.load(directory / "trust"), pool, register, log)
        early, late = PaperDesk(authorities, lambda: BEFORE), PaperDesk(authorities, lambda: AFTER)
        await world.take_in("received before", await early.original(OF_IT, 1, level="B-B"), BEFORE)
        await world.take_in("stamped before", await early.original(OF_IT, 2), AFTER)
        await world.take_in("stamped after", await late.original(OF_IT, 3), AFTER)
        await world.take_in("stamped after", await late.original(OF_IT, 4), AFTER)
        await world.take_in("no proof", await late.original(OF_IT, 5, level="B-B"), AFTER)
        await world.take_in("another authority", await late.original(OF_ANOTHER, 6), AFTER)
        yield world
        contents.close()
        await engine.dispose()
