"""From what came to what goes out: answering a document, and passing it on, each a draft of its own."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from docaxis.clerk import drafting, relating
from docaxis.clerk.guarding import read_form, signed_in
from docaxis.clerk.relating import About, Earlier
from docaxis.clerk.uploading import PREFIX
from docaxis.clerk.visitors import Visitor
from docaxis.client import Delivery, OutgoingFile
from docaxis.storage.clerk_drafts import Draft
from docaxis_schemas.submission import ContentEntry

SUBJECT: Final = "Trả lời văn bản số {number}"
"""How an answer's subject begins; the person goes on with it."""


async def reply(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor)
    found, state = await _find(request, visitor), request.app.state
    named = _earlier(found)
    issuer = str(found.entry.body.get("issuer", "")) or named.issuer
    form = {
        "issuer": found.recipient,
        "subject": SUBJECT.format(number=named.number) if named.number else "",
        "recipients": [{"organisation": issuer, "role": "action"}],
        "about": relating.about(About.REPLY, [named]),
    }
    return await _begin(request, visitor, Draft(uuid4(), form, (), state.clock()))


async def forward(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor)
    found, state = await _find(request, visitor), request.app.state
    document = dict(found.metadata)
    typed = {name: str(document[name]) for name in drafting.FIELDS if document.get(name)}
    about = relating.about(About.FORWARD, [_earlier(found)], document=document)
    issuer = str(document["issuer"]["code"])
    form: dict[str, Any] = typed | {"issuer": issuer, "recipients": [], "about": about}
    draft = Draft(uuid4(), form, (), state.clock())
    for entry in await _take_over(request, visitor, found):
        draft = drafting.with_file(draft, entry, draft.changed_at)
    return await _begin(request, visitor, draft)


async def _take_over(request: Request, visitor: Visitor, found: Delivery) -> list[ContentEntry]:
    """Bring the files into the own member's space, byte for byte: what is sent is what the sender itself has.

    Raises:
        NoRoom: Others' files have taken the temporary storage there is.
        TooLargeForRoom: They need more of it than one member may have.
    """
    with request.app.state.room.share(visitor.account.member) as share:
        share.take(sum(content.size for content in found.contents))
        place = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix=PREFIX)
        try:
            paths = await found.save(Path(place.name))
            given = zip(paths, found.contents, strict=True)
            files = [OutgoingFile(path, one.role, one.name, one.media_type) for path, one in given]
            return [await visitor.axis.upload(file) for file in files]
        finally:
            await asyncio.to_thread(place.cleanup)


async def _find(request: Request, visitor: Visitor) -> Delivery:
    """Give the delivery whole; one of another organisation does not exist.

    Raises:
        HTTPException: It has no metadata (404).
    """
    delivery_id: UUID = request.path_params["delivery_id"]
    found = await visitor.axis.delivery(delivery_id)
    await found.complete()
    if not found.metadata.get("issuer"):
        raise HTTPException(404)
    return found


def _earlier(found: Delivery) -> Earlier:
    return Earlier.of(found.metadata, found.submission_id, f"/inbox/{found.delivery_id}", {})


async def _begin(request: Request, visitor: Visitor, draft: Draft) -> Response:
    await request.app.state.drafts.begin(visitor.account.account_id, draft)
    return RedirectResponse(f"/send/{draft.draft_id}/document", 303)


ROUTES = (
    Route("/inbox/{delivery_id:uuid}/reply", signed_in(reply), methods=["POST"]),
    Route("/inbox/{delivery_id:uuid}/forward", signed_in(forward), methods=["POST"]),
)
