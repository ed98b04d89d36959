"""The alerter on a real database and a real log: once per occurrence, through failures, and told to real listeners."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from prometheus_client import CollectorRegistry
from sqlalchemy.dialects.postgresql import insert

from auditlog import AuditedLog, certificate, verdict
from docaxis.alerter.looking import Looking
from docaxis.alerter.measures import AlertMeasures
from docaxis.alerter.occurrences import Severity
from docaxis.alerter.rules import shipped_rules
from docaxis.alerter.service import LOOK, Alerter
from docaxis.alerter.webhooks import AGAIN, Caller, RejectedWebhook, Telling, Webhook, new_client
from docaxis.router.alerts import state_alert
from docaxis.router.envelopes import Envelopes
from docaxis.router.problems import RejectedWork
from docaxis.router.timers import Timers
from docaxis.settings import WebhookSettings
from docaxis.storage.alerts import AlertStore, Kept, Named, NewAlert
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.driver import Database, Statement
from docaxis.storage.revocation_lists import KeptList, RevocationListStore
from docaxis.storage.tables.decisions import natural_keys
from docaxis.storage.timers import TimerStore
from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.events import ALERT, Action
from docaxis_schemas.natural_key import natural_key
from docaxis_schemas.submission import FileRole
from docaxis_schemas.topics import ACTIONS
from docaxis_signing.disposition import Disposition
from docaxis_signing.transparency.note import Signer
from docaxis_signing.transparency.policy import Policy, Witness
from docaxis_signing.verdict import Cause, Indication
from webhooklistener import Listener, listening

SECRET = "whsec_c2VjcmV0IG9mIHRoaXMgdGVzdCwgMzIgYnl0ZXMgIQ=="
_ALERTS = Statement("SELECT alert_id, rule FROM alerts ORDER BY rule, alert_id")
_CALLS = Statement("SELECT webhook, attempts, outcome, done_at IS NOT NULL AS done FROM alert_calls ORDER BY webhook")
_BACK = Statement("DELETE FROM alert_memory WHERE kind = 'position'")


class ShakyStore(AlertStore):
    """A store whose database goes away while it is written to, as often as it is told."""

    failures = 0

    async def keep(self, alerts: Sequence[NewAlert], remembered: Mapping[Named, Kept]) -> set[UUID]:
        if self.failures:
            self.failures -= 1
            raise UnavailableStorage("taken away by the test")
        return await super().keep(alerts, remembered)


class Desk:
    """An alerter around the world of the gateway's tests."""

    def __init__(self, world: Any, log: AuditedLog, policy: Policy | None = None) -> None:
        self.world, self.log = world, log
        self.store = ShakyStore(world.engine, log.origin)
        self.policy = policy or log.policy
        self.webhooks: list[Webhook] = []
        self.measures = AlertMeasures(CollectorRegistry())
        self.alerter = self.start()

    def start(self) -> Alerter:
        """Make a new alerter, as a restart does."""
        looking = Looking(self.store, self.log.directory, self.policy)
        self.alerter = Alerter(
            shipped_rules(),
            self.store,
            self.log.index,
            looking=looking,
            webhooks=self.webhooks,
            clock=self.world.time,
            measures=self.measures,
        )
        return self.alerter

    async def hand_in(self, cause: Cause | None = None, serial: str = "1a2b") -> UUID:
        """Hand a document in, judge it, and log what was stated."""
        submission = UUID((await self.world.send(self.world.write())).json()["submission_id"])
        indication = Indication.TOTAL_PASSED if cause is None else Indication.INDETERMINATE
        signer = certificate(serial=serial)
        found = verdict(signer, indication=indication, at=self.world.time())
        file = found.files[0]
        (one,) = file.findings.signatures
        findings = replace(file.findings, signatures=(replace(one, cause=cause),))
        found = replace(found, cause=cause, files=(replace(file, findings=findings),))
        await self.log.sign(await self.log.judged(submission, found, Disposition.DELIVER))
        await self.log.publish()
        return submission

    async def rules(self) -> list[str]:
        """Let the alerter read and look until there is nothing left, and name what was raised so far."""
        while await self.alerter.round():
            pass
        return [row["rule"] for row in await Database(self.world.engine).rows(_ALERTS)]

    async def calls(self) -> list[tuple[str, int, str | None, bool]]:
        return [tuple(row) for row in await Database(self.world.engine).rows(_CALLS)]

    def later(self, time: timedelta) -> None:
        self.world.time.now += time


@pytest.fixture
async def desk(world: Any, log: AuditedLog) -> Desk:
    made = Desk(world, log)
    await made.rules()  # the first start, before there was anything
    return made


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def webhook(listener: Listener, name: str = "siem", **changes: Any) -> Webhook:
    return Webhook.of(name, WebhookSettings.model_validate({"url": listener.url, "secret": SECRET} | changes))


async def test_what_is_found_again_after_any_restart_is_known(desk: Desk) -> None:
    await desk.hand_in(Cause.REVOKED_BEFORE_RECEPTION)
    found = await desk.rules()
    assert found == ["certificate-first-used", "signed-after-revocation"]
    desk.start()
    assert await desk.rules() == found
    await desk.hand_in()
    assert await desk.rules() == found, "the same certificate again is not new, after a restart either"
    await desk.hand_in(serial="3c4d")
    assert await desk.rules() == ["certificate-first-used", *found]
    await Database(desk.world.engine).run(_BACK)
    desk.start()
    assert await desk.rules() == ["certificate-first-used", *found]


async def test_an_alerter_started_late_learns_and_does_not_tell(world: Any, log: AuditedLog) -> None:
    desk = Desk(world, log)
    await desk.hand_in(Cause.MODIFIED)
    assert await desk.rules() == []
    await desk.hand_in()
    assert await desk.rules() == [], "the certificate was learnt of"
    await desk.hand_in(Cause.MODIFIED)
    assert await desk.rules() == ["modified-after-signing"]


async def test_a_database_that_goes_away_at_the_wrong_moment_loses_and_doubles_nothing(desk: Desk) -> None:
    for number in range(10):
        await desk.hand_in(Cause.MODIFIED if number > 8 else None)
    desk.store.failures = 1
    with pytest.raises(UnavailableStorage):
        await desk.alerter.round()
    found = await desk.rules()
    assert found == ["certificate-first-used", "modified-after-signing"], "ten counted twice would be twenty"


async def test_a_statement_of_each_alert_is_made_by_the_router_and_is_the_same_each_time(desk: Desk) -> None:
    submission = await desk.hand_in(Cause.REVOKED_BEFORE_RECEPTION)
    await desk.rules()
    envelopes = Envelopes(desk.log.axis, desk.log.environment, desk.log.slots)
    timers = Timers(TimerStore(desk.world.engine), desk.world.publisher, envelopes, desk.world.time)
    await timers.fire_due()
    actions = [one for one in desk.world.publisher.events(ACTIONS) if isinstance(one, Action) and one.kind == ALERT]
    stated = [outgoing for action in actions for outgoing in state_alert(action, envelopes)]
    assert stated == [outgoing for action in actions for outgoing in state_alert(action, envelopes)]
    await desk.log.sign([*stated, *stated])
    await desk.log.publish()
    rows = await desk.log.index.rows(0, 100)
    alerts = [json.loads(row) for row in rows.values() if b'"alert.raised"' in row]
    assert {one["codes"]["rule"] for one in alerts} == {"signed-after-revocation", "certificate-first-used"}
    assert len(alerts) == 2, "stated twice, logged once"
    assert {one["facts"]["details"]["submission_id"] for one in alerts} == {str(submission)}
    leaves = {one.index: one.leaf for one in await desk.log.index.opened(rows)}
    assert all(str(submission).encode() not in leaves[one["leaf_index"]] for one in alerts), "a commitment only"
    assert len(await desk.rules()) == 2, "alerts raise no alerts"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"rule":"x"}', b'{"rule":"x","more":1}'])
def test_an_action_that_is_no_alert_is_refused(desk: Desk, body: bytes) -> None:
    action = Action(UUID(int=1), UUID(int=1), ALERT, "", None, desk.world.time(), body)
    with pytest.raises(RejectedWork):
        state_alert(action, Envelopes("axis", "test", 2))


async def test_a_log_that_was_set_back_is_told_once_and_a_log_that_grows_is_not(desk: Desk, tmp_path: Path) -> None:
    await desk.hand_in()
    await desk.rules()
    shutil.copytree(desk.log.directory, tmp_path / "backup")
    await desk.hand_in()
    desk.later(LOOK)
    assert "log-inconsistent" not in await desk.rules()
    shutil.rmtree(desk.log.directory)
    shutil.copytree(tmp_path / "backup", desk.log.directory)
    for _ in range(2):
        desk.later(LOOK)
        assert (await desk.rules()).count("log-inconsistent") == 1
    desk.start()
    assert (await desk.rules()).count("log-inconsistent") == 1


async def test_another_log_pinned_since_is_watched_anew(desk: Desk, tmp_path: Path) -> None:
    await desk.hand_in()
    await desk.rules()
    other = Signer.from_seed(desk.log.origin, b"\x09" * 32)
    desk.policy = Policy((other.verifier,), {}, {}, desk.policy.quorum)
    published = desk.log.directory / "checkpoint"
    opened = desk.log.policy.open(published.read_bytes())
    published.write_bytes(opened.checkpoint.sign(other).to_bytes())
    desk.start()
    assert "log-inconsistent" not in await desk.rules()
    desk.policy = desk.log.policy
    desk.start()
    assert "log-inconsistent" in await desk.rules(), "signed by a key that is not pinned"


async def test_a_log_without_its_witnesses_is_told_after_ten_minutes(world: Any, log: AuditedLog) -> None:
    witness = Witness("w", Signer.from_seed("nhan-chung", b"\x08" * 32).verifier)
    desk = Desk(world, log, Policy(log.policy.logs, {"w": witness}, {}, "w"))
    await desk.hand_in()
    for minutes, told in ((0, 0), (9, 0), (2, 1), (30, 1)):
        desk.later(timedelta(minutes=minutes))
        assert (await desk.rules()).count("log-not-cosigned") == told


async def test_evidence_that_waits_for_the_log_and_a_list_that_is_overdue_are_told(desk: Desk) -> None:
    await desk.hand_in()
    now, key = desk.world.time(), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TEST CA")])
    made = x509.CertificateRevocationListBuilder(name, now - timedelta(hours=1), now - timedelta(minutes=14))
    data = made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    await RevocationListStore(desk.world.engine).keep([KeptList("a" * 64, "", now, "b" * 64, data)])
    submission = UUID((await desk.world.send(desk.world.write())).json()["submission_id"])
    await desk.log.sign(await desk.log.judged(submission, verdict(certificate()), Disposition.DELIVER))
    assert await desk.rules() == ["certificate-first-used"], "neither is late yet"
    desk.later(timedelta(seconds=61))
    assert "log-silent" in await desk.rules()
    assert "revocation-list-stale" in await desk.rules()


async def test_a_number_that_comes_with_another_file_is_told_once_for_each_file(desk: Desk) -> None:
    world = desk.world
    document = world.document() | {"number": "77"}
    metadata = DocumentMetadata.from_json(document, now=world.time())
    key = natural_key(metadata, "H20.14")
    assert key is not None
    async with world.engine.begin() as connection:
        reserved = {"natural_key": key.to_text(), "contents_sha256": "0" * 64, "reserved_at": world.time()}
        await connection.execute(insert(natural_keys).values(submission_id=uuid4(), **reserved))
    body = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    same = [world.write((FileRole.MAIN, "a.pdf", "application/pdf", body), document=document) for _ in range(2)]
    for written, alerts in ((same[0], 1), (same[1], 1), (world.write(document=document), 2)):
        assert (await world.send(written)).status_code == HTTPStatus.CONFLICT
        desk.later(LOOK)
        assert await desk.rules() == ["number-refused"] * alerts
    assert (await world.send(world.write())).status_code == HTTPStatus.ACCEPTED
    desk.later(LOOK)
    assert await desk.rules() == ["number-refused"] * 2


async def test_webhooks_are_tried_again_by_themselves_and_given_up_at_last(desk: Desk, listener: Listener) -> None:
    with listening() as other:
        good, moved = webhook(other, "good"), webhook(listener, "moved", least="critical")
        desk.webhooks = [good, moved, webhook(other, "quiet", least="informational")]
        desk.start()
        await desk.hand_in(Cause.REVOKED_BEFORE_RECEPTION)
        await desk.rules()
        listener.answers += [(302, {"location": other.url})] * (len(AGAIN) + 1)
        telling = Telling("truc-test", "test", shipped_rules())
        async with new_client() as client:
            caller = Caller(
                [good, moved], telling, desk.store, client=client, clock=desk.world.time, measures=desk.measures
            )
            assert await caller.round() == 2
            assert await caller.round() == 0, "not yet"
            for pause in AGAIN:
                desk.later(pause)
                assert await caller.round() == 1
            desk.later(timedelta(days=9))
            assert await caller.round() == 0
        assert len(other.told) == 1, "no redirect was followed, and a webhook that is not ours to call was not called"
    assert len(listener.told) == len(AGAIN) + 1
    assert {one.headers["webhook-id"] for one in listener.told} == {other.told[0].headers["webhook-id"]}
    assert all(one.is_signed_by(SECRET) for one in listener.told)
    assert len({one.headers["webhook-timestamp"] for one in listener.told}) == len(listener.told)
    assert await desk.calls() == [
        ("good", 1, "taken", True),
        ("moved", len(AGAIN) + 1, "status 302", True),
        ("quiet", 0, None, False),
        ("quiet", 0, None, False),
    ]


async def test_a_listener_that_is_not_there_and_a_proxy_of_the_environment_harm_nobody(
    desk: Desk, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    gone = Webhook("gone", "http://127.0.0.1:9/", Severity.LOW, b"k" * 32)
    desk.webhooks = [gone, webhook(listener)]
    desk.start()
    await desk.hand_in(Cause.MODIFIED)
    await desk.rules()
    telling = Telling("truc-test", "test", shipped_rules())
    async with new_client() as client:
        caller = Caller(
            desk.webhooks, telling, desk.store, client=client, clock=desk.world.time, measures=desk.measures
        )
        async with asyncio.timeout(30):
            await caller.round()
    assert [one.message["data"]["rule"] for one in listener.told] == ["modified-after-signing"]
    assert ("gone", 1, "ConnectError", False) in await desk.calls()


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://siem.example/", SECRET),
        ("ftp://siem.example/", SECRET),
        ("https://user:password@siem.example/", SECRET),
        ("https://siem.example/#part", SECRET),
        ("https:///path", SECRET),
        ("http://169.254.169.254/latest", SECRET),
        ("https://siem.example/", "whsec_short"),
        ("https://siem.example/", "whsec_" + "!" * 40),
        ("https://siem.example/", "whsec_c2hvcnQ="),
    ],
)
def test_a_webhook_that_must_not_be_called_is_refused_without_its_secret(url: str, secret: str) -> None:
    with pytest.raises(RejectedWebhook) as refused:
        Webhook.of("siem", WebhookSettings.model_validate({"url": url, "secret": secret}))
    assert secret not in str(refused.value)
    assert Webhook.of("siem", WebhookSettings.model_validate({"url": "https://siem.example/a", "secret": SECRET}))
