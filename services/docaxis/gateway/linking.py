"""Links to the documents that a document names, resolved for who asks; a document of others stays text.

They are resolved whenever they are asked for: one that names a document to come is resolved once that has arrived.
"""

import json
from typing import Any
from uuid import UUID

from docaxis.directory.entries import Principal
from docaxis.gateway.parts import Parts
from docaxis.gateway.sharing import share_of
from docaxis.storage.links import Found, Named
from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.links import links_of
from docaxis_schemas.natural_key import keys_named


async def links_for(parts: Parts, principal: Principal, submission_id: UUID) -> list[dict[str, Any]]:
    """Give the links of a submission that this party may see; those it may not follow are text alone."""
    claim = await parts.claims.find(submission_id)
    if claim is None:
        return []
    links = links_of(DocumentMetadata.from_stored(json.loads(claim.manifest)["document"]))
    if not links:
        return []
    canonical = (await parts.directory.snapshot()).canonical
    named: list[Named] = []
    for number, link in enumerate(links):
        named += [Named(number, key, None) for key in keys_named(link.text, canonical)]
        named += [Named(number, None, id_) for id_ in _ids(link.text)]
    meant = await _first_seen(parts, principal, named, besides=submission_id)
    return [
        {"kind": link.kind.value, "text": link.text} | _target(meant.get(number)) for number, link in enumerate(links)
    ]


async def _first_seen(parts: Parts, principal: Principal, named: list[Named], *, besides: UUID) -> dict[int, Found]:
    """Give for each link the first document that this credential sees; what it names itself by is not another."""
    if principal.member is None:
        return {}
    seen: dict[int, Found] = {}
    for found in await parts.links.resolve(principal.member, tuple(principal.organisations), named):
        if found.number in seen or found.submission_id == besides:
            continue
        share = await share_of(parts, principal, found.submission_id)
        if found.delivery_id is not None or share is None or share.sent:
            seen[found.number] = found
    return seen


def _target(found: Found | None) -> dict[str, str]:
    if found is None:
        return {}
    delivery = {} if found.delivery_id is None else {"delivery_id": str(found.delivery_id)}
    return {"submission_id": str(found.submission_id)} | delivery


def _ids(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []
