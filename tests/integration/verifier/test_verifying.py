"""The verifier stage on a real database, content store and worker pool, with signed documents of the TEST cast."""

import asyncio
import hashlib
import itertools
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import hashes
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import Outgoing, Partition, Received
from docaxis.bus.work import Hopeless, Outcome, Work
from docaxis.directory.entries import CertificateRole, RegisteredCertificate
from docaxis.directory.errors import MemberFault, RejectedIssuer, RejectedMember
from docaxis.embedded.authorities import TestAuthorities
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.embedded.documents import render
from docaxis.embedded.papers import Paper, PaperDesk
from docaxis.settings import FairnessSettings, RetrySettings, VerifierSettings
from docaxis.storage.attempts import AttemptStore, ClaimedSubmission
from docaxis.storage.contents import ContentStore, FileStoreKey, open_sealed_store
from docaxis.storage.database import open_database
from docaxis.storage.evidence_objects import EvidenceObjects
from docaxis.storage.migrate import upgrade
from docaxis.storage.rejudgements import RejudgementStore
from docaxis.storage.revocation_lists import RevocationListStore
from docaxis.storage.tables.decisions import rejudgements
from docaxis.storage.tables.evidence import evidence_objects
from docaxis.storage.tables.intake import attempts, claims
from docaxis.verifier.envelopes import Envelopes
from docaxis.verifier.judging import Drawn
from docaxis.verifier.keeping import Keeping
from docaxis.verifier.opening import verifier_plan
from docaxis.verifier.pool import Knowledge, WorkerPool
from docaxis.verifier.process import NoWorker, WorkerDied
from docaxis.verifier.rejudging import Rejudging
from docaxis.verifier.revocations import Revocations
from docaxis.verifier.service import MAX_LOSSES, Parts, Verifier
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import decode
from docaxis_schemas.document import CopyForm
from docaxis_schemas.events import Action, EvidenceRecord, Judged, Submitted
from docaxis_schemas.submission import Addressee, ContentEntry, FileRole, Heading, Kind, Manifest, record_digest
from docaxis_schemas.topics import RETRY_MEDIUM, RETRY_SHORT, SUBMITTED, partition_of
from docaxis_signing.policy_files import standard
from docaxis_signing.rerun import Rebuilder
from docaxis_signing.statements import MemberSigner
from docaxis_signing.trust.lists import ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore

NOW = datetime.now(UTC).replace(microsecond=0)
BEGINNING = NOW - timedelta(days=900)
ISSUER, COPIER = "H98", "H99.09"
EPOCHS = itertools.count(1000, 10)
RETRY = RetrySettings(short=timedelta(seconds=30), medium=timedelta(minutes=5), long=timedelta(minutes=30))
HOSTILE = (str(Path(__file__).with_name("hostile_worker.py")),)


@dataclass
class SmallDirectory:
    """What the verifier asks of the directory."""

    certificates: dict[str, RegisteredCertificate] = field(default_factory=dict)
    serves: dict[str, str] = field(default_factory=lambda: {ISSUER: "sender", COPIER: "copier"})
    compromised: frozenset[str] = frozenset()

    def canonical(self, code: str) -> str | None:
        return code

    def member_of(self, code: str, at: datetime) -> str | None:
        return self.serves.get(code) if at >= BEGINNING else None

    def require_member(self, member: str, *, accepted_at: datetime) -> str:
        if member in self.compromised:
            raise RejectedMember(member, MemberFault.COMPROMISED, accepted_at)
        return member

    def require_sending_right(self, member: str, issuer: str, at: datetime) -> str:
        if self.member_of(issuer, at) != member:
            raise RejectedIssuer(issuer)
        return member


@dataclass(frozen=True)
class File:
    role: FileRole
    name: str
    data: bytes
    media_type: str = "application/pdf"


@dataclass
class World:
    engine: AsyncEngine
    contents: ContentStore
    authorities: TestAuthorities
    desk: PaperDesk
    trust: TrustStore
    pool: WorkerPool
    directory: SmallDirectory
    now: datetime = NOW
    signer: MemberSigner = field(default_factory=lambda: MemberSigner.generate("key"))

    def lists(self, *, without: tuple[str, ...] = (), issued: datetime | None = None) -> RevocationSnapshot:
        moment = issued or self.now - timedelta(minutes=5)
        taken = [
            ingest(self.trust, item.name, self.authorities.crl(item.name, now=moment), now=self.now)
            for item in self.trust.authorities
            if item.name not in without
        ]
        return RevocationSnapshot(epoch=next(EPOCHS)).advance(*taken)

    def verifier(self, revocations: Revocations, pool: WorkerPool | None = None) -> Verifier:
        return Verifier(
            Parts(
                attempts=AttemptStore(self.engine),
                keeping=self.keeping(),
                contents=self.contents,
                directory=lambda: self.directory,
                pool=pool or self.pool,
                revocations=revocations,
                policy=standard(),
                envelopes=Envelopes("axis", "test", 4),
                retry=RETRY,
                clock=lambda: self.now,
            )
        )

    async def objects(self, record: dict[str, Any]) -> dict[str, bytes]:
        """Read the objects a record names, and those that its trust store names, each by its hash."""
        store, found = EvidenceObjects(self.engine, lambda: self.now), dict[str, bytes]()
        texts = [json.dumps(record["inputs"])]
        while texts:
            for name in re.findall(r"[0-9a-f]{64}", texts.pop()):
                content = await store.read(name)
                if content is not None and name not in found:
                    assert hashlib.sha256(content).hexdigest() == name
                    found[name] = content
                    texts += [content.decode()] if name == record["inputs"]["trust"] else []
        return found

    async def redrawn(self, work: Work) -> list[tuple[bool, str]]:
        """Draw the verdicts of a submission again from kept bytes alone: whether each came out the same, and what."""
        assert isinstance(work.event, Submitted)
        store, member = EvidenceObjects(self.engine, lambda: self.now), work.event.member
        said = []
        for kept in await store.verdicts_of(work.event.submission_id):
            record = json.loads(canonical(kept.record()))
            objects = await self.objects(record)
            rebuilt = Rebuilder(objects.__getitem__).rebuild(record)
            knowledge = Knowledge(rebuilt.trust, rebuilt.revocation)
            found = [
                await self.pool.examine(
                    partial(self.contents.open, member, file.sha256),
                    knowledge,
                    at=rebuilt.inputs.received,
                    lane=SUBMITTED,
                    member=member,
                )
                for file in rebuilt.inputs.files
            ]
            verdict = rebuilt.judge(found, ())
            said.append((verdict.sha256 == kept.sha256, verdict.cause.value if verdict.cause else "-"))
        return said

    def keeping(self) -> Keeping:
        return Keeping(RejudgementStore(self.engine), EvidenceObjects(self.engine, lambda: self.now), lambda: self.now)

    async def revocations(self, snapshot: RevocationSnapshot | None = None) -> Revocations:
        kept = RevocationListStore(self.engine)
        held = Revocations(self.trust, kept, lambda: self.now, timedelta(hours=1))
        await held.take(snapshot or self.lists())
        return held

    async def hand_in(self, paper: Paper, *others: File, member: str = "sender", forwarded: bool = False) -> Work:
        submission = uuid4()
        files = (File(FileRole.MAIN, paper.name, paper.data), *others)
        entries = [await self._store(member, file) for file in files]
        heading = Heading(Kind.SUBMISSION, "axis", "test", member, str(submission), self.now)
        manifest = Manifest(
            heading, paper.metadata.to_json(), tuple(entries), (Addressee("A98", None, "action"),), forwarded
        )
        value = manifest.to_json()
        await self._claim(submission, member, value)
        submitted = Submitted(
            submission_id=submission,
            attempt=1,
            member=member,
            urgency=0,
            lane=SUBMITTED,
            received_at=self.now,
            deadline=self.now + timedelta(hours=24),
            manifest_sha256=record_digest(value),
            directory_version=1,
            acknowledgement_sha256="0" * 64,
        )
        return Work(record_of(submitted), submitted)

    async def _store(self, member: str, file: File) -> ContentEntry:
        sha256 = hashlib.sha256(file.data).hexdigest()
        if not await self.contents.find(member, [sha256]):
            async with self.contents.receive(member, sha256, len(file.data)) as writer:
                await writer.write(file.data)
                await writer.finish()
        return ContentEntry(file.role, file.name, file.media_type, len(file.data), sha256)

    async def _claim(self, submission: UUID, member: str, manifest: dict[str, Any]) -> None:
        row = {
            "submission_id": submission,
            "member": member,
            "own_id": str(submission),
            "manifest_digest": record_digest(manifest),
            "manifest": canonical(manifest),
            "record": self.signer.sign(manifest),
            "record_key": canonical(self.signer.public_jwk()),
            "acted_by_gateway": False,
            "resolution": b"{}",
            "acknowledgement": "acknowledgement",
            "lane": SUBMITTED,
            "urgency": 0,
            "directory_version": 1,
            "received_at": self.now,
            "deadline": self.now + timedelta(hours=24),
        }
        async with self.engine.begin() as connection:
            await connection.execute(insert(claims).values(row))


def record_of(submitted: Submitted, *, topic: str = SUBMITTED, offset: int = 7) -> Received:
    partition = Partition(topic, partition_of(submitted.submission_id, 4))
    return Received(partition, offset, submitted.submission_id.bytes, b"value", (), int(NOW.timestamp() * 1000))


def events(outcome: Outcome) -> list[Any]:
    return [decode(outgoing.value) for outgoing in outcome.outgoing]


def topics(outcome: Outcome) -> list[str]:
    return [outgoing.partition.topic for outgoing in outcome.outgoing]


@pytest.fixture(scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncEngine]:
    async with EmbeddedDatabase(tmp_path_factory.mktemp("verifier") / "database") as database:
        await upgrade(database.url)
        engine = open_database(database.url, application="tests")
        yield engine
        await engine.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(engine: AsyncEngine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    directory = tmp_path_factory.mktemp("world")
    authorities = TestAuthorities.create(directory / "authorities", base_url="http://127.0.0.1:9", now=NOW)
    authorities.write_trust(directory / "trust")
    contents = ContentStore(
        engine,
        open_sealed_store((directory / "contents").as_uri()),
        FileStoreKey.create(directory / "store.key"),
        clock=lambda: NOW,
        lease=timedelta(hours=1),
    )
    register = SmallDirectory()
    for credential in authorities.credentials():
        sha256 = credential.certificate.fingerprint(hashes.SHA256()).hex()
        role = CertificateRole.SEAL if credential.role == "seal" else CertificateRole.PERSON
        since = BEGINNING
        register.certificates[sha256] = RegisteredCertificate(
            sha256, role, credential.organisation, since, None, "shown", "operator", since
        )
    desk = PaperDesk(authorities, lambda: NOW)
    async with WorkerPool(VerifierSettings(workers=2), FairnessSettings()) as pool:
        yield World(engine, contents, authorities, desk, TrustStore.load(directory / "trust"), pool, register)
    contents.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def original(world: World) -> Paper:
    return await world.desk.original(ISSUER, 1)


async def test_an_original_is_delivered_with_its_evidence(world: World, original: Paper) -> None:
    work = await world.hand_in(original)
    outcome = await world.verifier(await world.revocations()).handle(work)
    received, judged, given = events(outcome)
    assert topics(outcome) == ["evidence", "judged", "evidence"]
    assert {o.partition.number for o in outcome.outgoing} == {work.record.partition.number}
    assert isinstance(judged, Judged)
    assert (judged.indication, judged.sub_indication, judged.cause) == ("TOTAL-PASSED", None, None)
    assert judged.disposition == "deliver"
    assert isinstance(received, EvidenceRecord)
    assert received.type == "submission.received"
    assert json.loads(given.statement)["facts"]["verdict_sha256"] == judged.verdict_sha256


async def test_a_redo_repeats_the_same_bytes_and_another_source_is_a_duplicate(world: World, original: Paper) -> None:
    work = await world.hand_in(original)
    first = await world.verifier(await world.revocations()).handle(work)
    later = replace(world, now=NOW + timedelta(minutes=1))
    again = await later.verifier(await later.revocations(later.lists(without=("root-public",)))).handle(work)
    assert again == first
    assert isinstance(work.event, Submitted)
    elsewhere = Work(record_of(work.event, offset=8), work.event)
    assert await world.verifier(await world.revocations()).handle(elsewhere) == Outcome()


async def test_a_certified_copy_needs_the_seal_of_the_sender_s_body(world: World) -> None:
    copy = await world.desk.copy(COPIER, world.desk.draft(ISSUER, 2), ISSUER)
    verifier = world.verifier(await world.revocations())
    _, judged, _ = events(await verifier.handle(await world.hand_in(copy, member="copier")))
    assert judged.disposition == "deliver"
    _, judged, _ = events(await verifier.handle(await world.hand_in(copy, member="other")))
    assert (judged.disposition, judged.cause) == ("refuse", "seal_of_another_organisation")


async def test_an_original_passed_off_as_a_copy_needs_a_seal_of_who_copies(world: World, original: Paper) -> None:
    passed_off = replace(original, metadata=replace(original.metadata, form_of_copy=CopyForm.SAO_Y))
    work = await world.hand_in(passed_off, member="other")
    _, judged, _ = events(await world.verifier(await world.revocations()).handle(work))
    assert (judged.disposition, judged.cause) == ("refuse", "seal_of_another_organisation")


async def test_the_worst_of_main_file_and_appendix_decides_and_enclosures_never_do(
    world: World, original: Paper
) -> None:
    verifier = world.verifier(await world.revocations())
    unsigned = render(world.desk.draft(ISSUER, 3))
    appendix = File(FileRole.APPENDIX, "Phụ lục.pdf", await world.desk.appendix(ISSUER, original.spec))
    enclosure = File(FileRole.ENCLOSURE, "Kèm theo.pdf", unsigned)
    table = File(FileRole.ENCLOSURE, "Biểu.csv", b"a,b\n1,2\n", "text/csv")
    _, judged, _ = events(await verifier.handle(await world.hand_in(original, appendix, enclosure, table)))
    assert judged.disposition == "deliver"
    bare = File(FileRole.APPENDIX, "Phụ lục.pdf", unsigned)
    _, judged, _ = events(await verifier.handle(await world.hand_in(original, bare)))
    assert (judged.disposition, judged.cause) == ("refuse", "unsigned")


async def test_every_verdict_is_drawn_again_from_what_was_kept(world: World, original: Paper) -> None:
    verifier = world.verifier(await world.revocations())
    bare = File(FileRole.APPENDIX, "Phụ lục.pdf", render(world.desk.draft(ISSUER, 31)))
    secret = File(FileRole.ENCLOSURE, "Kèm theo.pdf", render(replace(world.desk.draft(ISSUER, 32), secrecy="TỐI MẬT")))
    copy = await world.desk.copy(COPIER, world.desk.draft(ISSUER, 33), ISSUER)
    suspicious = replace(world, directory=replace(world.directory, compromised=frozenset({"sender"})))
    cases = {
        "-": (verifier, await world.hand_in(original)),
        "unsigned": (verifier, await world.hand_in(original, bare)),
        "secret_mark": (verifier, await world.hand_in(original, secret)),
        "seal_of_another_organisation": (verifier, await world.hand_in(copy, member="other")),
        "sender-compromised": (suspicious.verifier(await world.revocations()), await world.hand_in(original)),
    }
    for cause, (judging, work) in cases.items():
        await judging.handle(work)
        assert await world.redrawn(work) == [(True, cause)]


async def test_what_verdicts_share_is_kept_once_and_a_new_list_alone_is_added(world: World, original: Paper) -> None:
    async def kept() -> set[str]:
        async with world.engine.connect() as connection:
            return set((await connection.execute(select(evidence_objects.c.sha256))).scalars())

    lists = world.lists()
    verifier = world.verifier(await world.revocations(lists))
    await verifier.handle(await world.hand_in(original))
    before = await kept()
    await verifier.handle(await world.hand_in(await world.desk.original(ISSUER, 34)))
    assert await kept() == before
    (changed, *_) = world.trust.authorities
    newer = ingest(world.trust, changed.name, world.authorities.crl(changed.name, now=NOW), now=NOW)
    await world.verifier(await world.revocations(lists.advance(newer))).handle(await world.hand_in(original))
    added = await kept() - before
    assert len(added) == 2, "the list, and the names of what is shared from now on"
    assert newer.sha256 in added


async def test_a_secrecy_stamp_on_any_file_stops_the_submission(world: World, original: Paper) -> None:
    secret = render(replace(world.desk.draft(ISSUER, 4), secrecy="TỐI MẬT"))
    work = await world.hand_in(original, File(FileRole.ENCLOSURE, "Kèm theo.pdf", secret))
    _, judged, _ = events(await world.verifier(await world.revocations()).handle(work))
    assert (judged.disposition, judged.cause, judged.indication) == ("refuse", "secret_mark", "INDETERMINATE")


async def test_a_sender_whose_keys_were_in_other_hands_is_stopped(world: World, original: Paper) -> None:
    suspicious = replace(world, directory=replace(world.directory, compromised=frozenset({"sender"})))
    work = await world.hand_in(original)
    _, judged, _ = events(await suspicious.verifier(await world.revocations()).handle(work))
    assert (judged.disposition, judged.cause) == ("refuse", "sender-compromised")


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda data: data.replace(b"/Type", b"/Typo", 1), None),
        (lambda data: data + b"junk", "unaccounted_bytes"),
        (lambda _: b"%PDF-1.7 no more than that", "unreadable"),
    ],
    ids=["in the middle", "at the end", "all of it"],
)
async def test_what_was_changed_is_refused(
    world: World, original: Paper, change: Callable[[bytes], bytes], cause: str | None
) -> None:
    work = await world.hand_in(replace(original, data=change(original.data)))
    _, judged, _ = events(await world.verifier(await world.revocations()).handle(work))
    assert judged.disposition == "refuse"
    assert judged.indication == "TOTAL-FAILED"
    assert cause in {None, judged.cause}


async def test_an_undecided_document_moves_to_wait_and_its_sender_is_told_once(world: World, original: Paper) -> None:
    held = await world.revocations(world.lists(issued=NOW - timedelta(days=30)))
    work = await world.hand_in(original)
    outcome = await world.verifier(held).handle(work)
    moved, told = events(outcome)
    assert topics(outcome) == [RETRY_SHORT, "actions"]
    assert isinstance(moved, Submitted)
    assert (moved.attempt, moved.not_before) == (2, NOW + RETRY.short)
    assert moved.waits_for_epoch == (await held.current()).epoch + 1
    assert isinstance(told, Action)
    assert (told.kind, json.loads(told.body)["cause"]) == ("held", "revocation_stale")

    fourth = replace(moved, attempt=4, not_before=None)
    again = await world.verifier(held).handle(Work(record_of(fourth, topic=RETRY_SHORT), fourth))
    assert topics(again) == [RETRY_MEDIUM]


async def test_new_lists_wake_what_waits_for_them(world: World, original: Paper) -> None:
    held = await world.revocations(world.lists(issued=NOW - timedelta(days=30)))
    verifier = world.verifier(held)
    moved, _ = events(await verifier.handle(await world.hand_in(original)))
    waiting = asyncio.create_task(verifier.handle(Work(record_of(moved, topic=RETRY_SHORT), moved)))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    await held.take(replace(world.lists(), epoch=moved.waits_for_epoch))
    _, judged, _ = events(await asyncio.wait_for(waiting, 20))
    assert (judged.disposition, judged.attempt) == ("deliver", 2)


async def test_a_hold_past_its_deadline_is_delivered_with_a_warning(world: World, original: Paper) -> None:
    held = await world.revocations(world.lists(issued=NOW - timedelta(days=30)))
    work = await world.hand_in(original)
    assert isinstance(work.event, Submitted)
    late = Work(work.record, replace(work.event, deadline=NOW))
    _, judged, _ = events(await world.verifier(held).handle(late))
    assert (judged.disposition, judged.indication) == ("deliver_with_warning", "INDETERMINATE")


async def test_a_document_that_kills_its_worker_is_counted_and_given_up(world: World, original: Paper) -> None:
    work = await world.hand_in(replace(original, data=b"die"))
    async with WorkerPool(VerifierSettings(workers=1), FairnessSettings(), program=HOSTILE) as pool:
        verifier = world.verifier(await world.revocations(), pool)
        for _ in range(3):
            with pytest.raises(WorkerDied):
                await verifier.handle(work)
        with pytest.raises(Hopeless, match="4 worker processes"):
            await verifier.handle(work)
    assert isinstance(work.event, Submitted)
    async with world.engine.connect() as connection:
        begun = select(attempts.c.begun).where(attempts.c.submission_id == work.event.submission_id)
        assert await connection.scalar(begun) == 4
    told = await verifier.give_up(work.record, work.event, "hopeless")
    action, evidence = events(told)
    assert (action.kind, evidence.type) == ("dead-letter", "submission.dead_lettered")
    assert told == await verifier.give_up(work.record, work.event, "hopeless")


async def test_a_worker_that_cannot_be_started_is_not_held_against_a_document(
    world: World, original: Paper, tmp_path: Path
) -> None:
    program = tmp_path / "worker.py"
    shutil.copy(HOSTILE[0], program)
    work = await world.hand_in(replace(original, data=b"say"))
    async with WorkerPool(VerifierSettings(workers=1), FairnessSettings(), program=(str(program),)) as pool:
        verifier = world.verifier(await world.revocations(), pool)
        moved = program.rename(tmp_path / "elsewhere.py")
        ours = [child for child in psutil.Process().children(recursive=True) if str(program) in child.cmdline()]
        for process in ours:
            process.kill()
        await asyncio.to_thread(psutil.wait_procs, ours, 20)
        for _ in range(5):
            with pytest.raises(NoWorker) as caught:
                await verifier.handle(work)
            assert isinstance(caught.value, verifier_plan(ahead=1)["retried"])
        moved.rename(program)
        _, judged, _ = events(await verifier.handle(work))
    assert judged.disposition == "refuse"
    assert isinstance(work.event, Submitted)
    async with world.engine.connect() as connection:
        begun = select(attempts.c.begun).where(attempts.c.submission_id == work.event.submission_id)
        assert await connection.scalar(begun) == 0


async def test_a_submission_that_was_never_claimed_is_a_fault(world: World) -> None:
    stray = Submitted(uuid4(), 1, "sender", 0, SUBMITTED, NOW, NOW, "0" * 64, 1, "0" * 64)
    with pytest.raises(Exception, match="attempts_submission_id_fkey"):
        await world.verifier(await world.revocations()).handle(Work(record_of(stray), stray))


@dataclass
class Published:
    """Takes what the judging once more publishes."""

    records: list[Outgoing] = field(default_factory=list)

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        self.records += outgoing


@dataclass
class Later:
    """The judging once more of one world, which counts how often it examines."""

    world: World
    held: Revocations
    published: Published = field(default_factory=Published)
    examined: int = 0
    pool: WorkerPool | None = None

    async def with_lists(self, snapshot: RevocationSnapshot) -> list[Any]:
        """Put lists in force, judge again what waits for them, and give what was published."""
        await self.held.take(snapshot)
        before = len(self.published.records)
        again = Rejudging(
            store=RejudgementStore(self.world.engine),
            keeping=self.world.keeping(),
            attempts=AttemptStore(self.world.engine),
            revocations=self.held,
            examine=self._examine,
            envelopes=Envelopes("axis", "test", 4),
            publisher=self.published,
            owned=frozenset(range(4)),
            clock=lambda: self.world.now,
        )
        for authority in self.held.trust.authorities:
            await again.judge_again(authority.name, snapshot)
        return [decode(record.value) for record in self.published.records[before:]]

    async def _examine(self, claim: ClaimedSubmission, lane: str, attempt: int) -> Drawn:
        self.examined += 1
        return await self.world.verifier(self.held, self.pool).examine(claim, lane, attempt)

    async def pending(self, work: Work) -> int:
        assert isinstance(work.event, Submitted)
        count = select(func.count()).where(rejudgements.c.submission_id == work.event.submission_id)
        async with self.world.engine.connect() as connection:
            return int((await connection.execute(count)).scalar_one())


@pytest_asyncio.fixture(loop_scope="session")
async def later(world: World) -> Later:
    """The next day, with nothing left over from other tests."""
    async with world.engine.begin() as connection:
        await connection.execute(delete(rejudgements))
    tomorrow = replace(world, now=NOW + timedelta(days=1))
    return Later(tomorrow, await world.revocations())


async def test_a_passed_document_waits_for_the_next_list_and_is_settled_by_its_serials(
    world: World, original: Paper, later: Later
) -> None:
    work = await world.hand_in(original)
    await world.verifier(await world.revocations()).handle(work)
    waiting = await later.pending(work)
    assert waiting >= 1
    assert await later.with_lists(world.lists()) == []
    assert await later.pending(work) == waiting  # a list from before reception says nothing new
    assert await later.with_lists(later.world.lists()) == []
    assert (await later.pending(work), later.examined) == (0, 0)


async def test_a_refused_document_is_not_judged_again(world: World, original: Paper, later: Later) -> None:
    work = await world.hand_in(replace(original, data=original.data + b"junk"))
    await world.verifier(await world.revocations()).handle(work)
    assert await later.pending(work) == 0


async def test_a_signer_revoked_before_signing_is_told_by_a_revised_verdict_once(world: World, later: Later) -> None:
    seal = world.authorities.seal("G98")
    paper = await world.desk.original("G98", 9, level="B-B")
    work = await world.hand_in(paper)
    _, judged, _ = events(await world.verifier(await world.revocations()).handle(work))
    assert judged.disposition == "deliver"
    world.authorities.revoke(seal, at=NOW - timedelta(hours=1))
    fresh = later.world.lists()
    revised, evidence = await later.with_lists(fresh)
    assert isinstance(revised, Judged)
    assert revised.revises == judged.verdict_event
    assert (revised.disposition, revised.cause) == ("refuse", "revoked_before_reception")
    assert (evidence.type, evidence.submission_id) == ("verdict.revised", judged.submission_id)
    assert await later.pending(work) == 0
    assert await later.with_lists(fresh) == []
    assert await world.redrawn(work) == [(True, "-"), (True, "revoked_before_reception")], "each by its own lists"
    repeated = await world.verifier(later.held).handle(work)
    assert events(repeated)[1] == judged  # the first verdict stands as it was given


async def test_what_costs_workers_is_kept_until_it_can_be_judged_once_more(world: World, later: Later) -> None:
    """However many it cost: nobody would ever learn otherwise that its signer was revoked."""
    work = await world.hand_in(await world.desk.original("H98.44", 11, level="B-B"))
    await world.verifier(await world.revocations()).handle(work)
    world.authorities.revoke(world.authorities.seal("H98.44"), at=NOW - timedelta(hours=1))
    async with WorkerPool(VerifierSettings(workers=1), FairnessSettings(), program=HOSTILE) as failing:
        later.pool = failing
        for _ in range(MAX_LOSSES + 1):
            assert await later.with_lists(later.world.lists()) == []
    assert (await later.pending(work), later.examined) == (1, MAX_LOSSES + 1)
    later.pool = None
    revised, _ = await later.with_lists(later.world.lists())
    assert (revised.disposition, revised.cause) == ("refuse", "revoked_before_reception")


async def test_a_signer_revoked_after_reception_changes_nothing(world: World, later: Later) -> None:
    person = world.authorities.person("A98")
    work = await world.hand_in(await world.desk.original("A98", 10, level="B-B"))
    await world.verifier(await world.revocations()).handle(work)
    world.authorities.revoke(person, at=NOW + timedelta(hours=1))
    assert await later.with_lists(later.world.lists()) == []
    assert (await later.pending(work), later.examined) == (0, 1)
