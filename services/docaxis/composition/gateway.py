"""Builds the gateway and opens its port."""

import asyncio
import json

from docaxis.bus.kafka import KafkaBus
from docaxis.composition.contents import open_contents
from docaxis.composition.parts import Context, Part, key_file
from docaxis.directory.opening import open_directory
from docaxis.gateway.service import build_gateway
from docaxis.gateway.signing import GatewayKeys


async def build(context: Context) -> Part:
    """Build the gateway and open its port."""
    settings = context.settings
    publisher = await context.stack.enter_async_context(KafkaBus(context.bus_settings("gateway")).publisher())
    pinned = settings.keys.evidence_public_keys
    gateway = build_gateway(
        settings,
        engine=context.engine,
        repository=open_directory(settings, context.engine, context.clock),
        contents=open_contents(context),
        publisher=publisher,
        keys=GatewayKeys.open(key_file(settings.keys.gateway_key, "gateway key")),
        evidence_keys=json.loads(await asyncio.to_thread(pinned.read_bytes)) if pinned else None,
        checks={"bus": publisher.probe},
        clock=context.clock,
    )
    url = await gateway.start()
    context.stack.push_async_callback(gateway.stop)
    return Part("gateway", {}, tuple, url)
