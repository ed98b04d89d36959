"""Tells alerts to whoever the settings name, in the form of Standard Webhooks (www.standardwebhooks.com).

At least once, under one ``webhook-id`` whatever how often it is tried. Only addresses of the settings are called: no
redirect is followed, no proxy of the environment is used, and of an answer nothing but its status is read.
"""

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx
import structlog

from docaxis.addresses import is_loopback
from docaxis.alerter.measures import AlertMeasures
from docaxis.alerter.occurrences import RUNBOOKS, Severity
from docaxis.alerter.rules import Rules
from docaxis.pausing import stopped_within
from docaxis.settings import WebhookSettings
from docaxis.storage.alerts import AlertStore, Call
from docaxis.storage.decisions import StorageError
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.moments import Clock, to_text

PREFIX: Final = "whsec_"
"""Before a secret in base64, as the specification writes it."""
SECRET_BYTES: Final = (24, 64)
"""Least and most of a secret, by the specification."""
AGAIN: Final = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5)),
    *(timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24)),
)
"""After how long a failed call is tried again, as the specification proposes; after the last it is given up."""
ANSWER_SECONDS: Final = 15.0
"""For one call from its beginning to the status."""
BATCH: Final = 20
"""Calls made in one turn; those of one webhook go one after the other."""


class RejectedWebhook(ValueError):
    """The settings of a webhook are not usable; the text says why, and never the secret."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Whom to tell, and from which severity on."""

    name: str
    url: str
    least: Severity
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, settings: WebhookSettings) -> Self:
        """Check the settings.

        Raises:
            RejectedWebhook: The address is none to be called, or the secret is none.
        """
        url = urlsplit(settings.url)
        if url.username is not None or url.fragment or not url.hostname:
            raise RejectedWebhook(f"webhook {name}: an address has a host, and no user, password or fragment")
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
            raise RejectedWebhook(f"webhook {name}: https, or http on this machine alone")
        try:
            secret = base64.b64decode(settings.secret.get_secret_value().removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError) as error:
            raise RejectedWebhook(f"webhook {name}: the secret is {PREFIX} and base64") from error
        if not SECRET_BYTES[0] <= len(secret) <= SECRET_BYTES[1]:
            raise RejectedWebhook(f"webhook {name}: a secret of {SECRET_BYTES[0]} to {SECRET_BYTES[1]} bytes")
        return cls(name, settings.url, Severity(settings.least), secret)

    def wants(self, severity: Severity) -> bool:
        """Say whether it is told alerts of a severity."""
        return severity.rank >= self.least.rank

    def headers(self, message: str, at: datetime, body: bytes) -> dict[str, str]:
        """Sign a message."""
        moment = str(int(at.timestamp()))
        signed = hmac.digest(self.secret, f"{message}.{moment}.".encode() + body, "sha256")
        return {
            "webhook-id": message,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
            "content-type": "application/json",
            "user-agent": "docaxis",
        }


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of an alert beside its facts: whose it is, and its rule's sentences."""

    axis: str
    environment: str
    rules: Rules

    def body(self, call: Call) -> bytes:
        """Write the message; the same bytes each time."""
        facts = json.loads(call.body)
        rule = next((one for one in self.rules.rules if one.id == facts["rule"]), None)
        words = {} if rule is None else {"vi": rule.vi, "en": rule.en}
        data: Mapping[str, Any] = {
            "alert_id": str(call.alert_id),
            "axis": self.axis,
            "environment": self.environment,
            "runbook": f"{RUNBOOKS}#{facts['rule']}",
        }
        message = {"type": EvidenceType.ALERT_RAISED.value, "timestamp": to_text(call.raised_at)}
        return json.dumps(message | {"data": facts | data | words}, ensure_ascii=False).encode()


def new_client() -> httpx.AsyncClient:
    """Make the client that calls webhooks; nothing of the environment says where it goes."""
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=ANSWER_SECONDS)


class Caller:
    """The loop that calls webhooks."""

    def __init__(
        self,
        webhooks: Sequence[Webhook],
        telling: Telling,
        store: AlertStore,
        *,
        client: httpx.AsyncClient,
        clock: Clock,
        measures: AlertMeasures,
    ) -> None:
        self._webhooks = {webhook.name: webhook for webhook in webhooks}
        self._telling = telling
        self._store = store
        self._client = client
        self._clock = clock
        self._measures = measures
        self._log = structlog.get_logger("docaxis.alerter")

    async def serve(self, stopping: asyncio.Event, every: timedelta) -> None:
        """Call what is due until told to stop."""
        while not stopping.is_set():
            try:
                made = await self.round()
            except StorageError as error:
                self._log.warning("webhooks wait", cause=str(error))
                made = 0
            if made < BATCH:
                await stopped_within(stopping, every)

    async def round(self) -> int:
        """Call what is due, each webhook by itself, and give how many calls were made.

        Raises:
            StorageError: The database is away.
        """
        due = await self._store.due(self._clock(), self._webhooks, BATCH)
        async with asyncio.TaskGroup() as group:
            for name in {call.webhook for call in due}:
                group.create_task(self._tell(self._webhooks[name], [call for call in due if call.webhook == name]))
        return len(due)

    async def _tell(self, webhook: Webhook, calls: Sequence[Call]) -> None:
        for call in calls:
            outcome = await self._call(webhook, call)
            try:
                await self._settle(call, outcome)
            except StorageError as error:
                self._log.warning("what became of a webhook is not kept: it is called again", cause=str(error))
                return

    async def _call(self, webhook: Webhook, call: Call) -> str:
        """Call once; give an empty text, or why it failed."""
        body = self._telling.body(call)
        headers = webhook.headers(str(call.alert_id), self._clock(), body)
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self._client.stream("POST", webhook.url, content=body, headers=headers) as answer,
            ):
                return "" if answer.is_success else f"status {answer.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            return f"{type(error).__name__}"

    async def _settle(self, call: Call, failed: str) -> None:
        now = self._clock()
        due_at = now + AGAIN[call.attempts] if failed and call.attempts < len(AGAIN) else None
        done_at = now if due_at is None else None
        await self._store.called(call, failed or "taken", done_at=done_at, due_at=due_at)
        self._measures.calls.labels(call.webhook, "failed" if failed else "taken").inc()
        if failed:
            say = self._log.error if due_at is None else self._log.warning
            what = "a webhook is given up" if due_at is None else "a webhook does not take an alert"
            say(what, webhook=call.webhook, alert_id=str(call.alert_id), cause=failed, attempts=call.attempts + 1)
