"""Opens the alerter from settings: its rules, whom it tells, and what it may see of the log."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.alerter.looking import Looking
from docaxis.alerter.measures import AlertMeasures
from docaxis.alerter.rules import RejectedRules, Rules, read_rules, shipped_rules
from docaxis.alerter.service import Alerter
from docaxis.alerter.webhooks import Caller, RejectedWebhook, Telling, Webhook, new_client
from docaxis.settings import Settings
from docaxis.storage.alerts import AlertStore
from docaxis.storage.audit_index import AuditIndex
from docaxis_schemas.moments import Clock
from docaxis_signing.receipts import PinnedKeys, RejectedEvidence
from docaxis_signing.transparency.policy import Policy

Loops = Mapping[str, Callable[[asyncio.Event], Awaitable[None]]]


class MisconfiguredAlerts(Exception):
    """The settings of the alerts cannot be used; the text says which."""


@asynccontextmanager
async def open_alerter(
    settings: Settings, engine: AsyncEngine, *, clock: Clock, registry: CollectorRegistry
) -> AsyncIterator[Loops]:
    """Give the alerter's loops: its rules, and the webhooks if there are any.

    Raises:
        MisconfiguredAlerts: The rules, a webhook or the pinned keys cannot be used.
    """
    alerts, every = settings.alerts, settings.alerts.every
    try:
        rules = await asyncio.to_thread(_rules, settings)
        policy = await asyncio.to_thread(_policy, settings)
        webhooks = [Webhook.of(name, one) for name, one in alerts.webhooks.items()]
    except (RejectedRules, RejectedWebhook, RejectedEvidence, OSError, ValueError) as error:
        raise MisconfiguredAlerts(str(error)) from error
    store, measures = AlertStore(engine, settings.log_origin), AlertMeasures(registry)
    alerter = Alerter(
        rules,
        store,
        AuditIndex(engine, settings.log_origin),
        looking=Looking(store, settings.log.directory, policy),
        webhooks=webhooks,
        clock=clock,
        measures=measures,
    )
    loops: Loops = {"rules": partial(alerter.serve, every=every)}
    if not webhooks:
        yield loops
        return
    telling = Telling(settings.axis, settings.environment, rules)
    async with new_client() as client:
        caller = Caller(webhooks, telling, store, client=client, clock=clock, measures=measures)
        yield {**loops, "webhooks": partial(caller.serve, every=every)}


def _rules(settings: Settings) -> Rules:
    path = settings.alerts.rules
    return shipped_rules() if path is None else read_rules(path.read_bytes())


def _policy(settings: Settings) -> Policy | None:
    """Give whom to believe of the log, as everybody who checks the axis pins it."""
    path = settings.keys.evidence_public_keys
    return None if path is None else PinnedKeys.from_json(json.loads(path.read_bytes())).log
