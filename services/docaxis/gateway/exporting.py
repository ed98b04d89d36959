"""The evidence package of a submission over HTTP: for auditors, streamed, and each export is itself evidence."""

import asyncio
import json
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from docaxis.auditor.packaging import Document, Dossier, event_of, gather_objects
from docaxis.auditor.zipping import zipped
from docaxis.directory.entries import Role
from docaxis.gateway.downloading import disposition
from docaxis.gateway.parts import Parts
from docaxis.gateway.refusals import Refused
from docaxis.storage.claims import Claim
from docaxis.storage.contents import MissingContent
from docaxis_schemas.problems import Code

AUDITOR: Final = frozenset({Role.AUDITOR})
EXPORT: Final = "export"
"""The look that is stated as `evidence.exported`."""


def exporting(parts: Parts) -> APIRouter:
    """Give the route."""
    router = APIRouter(prefix="/v1/audit", tags=["audit"])

    @router.get(
        "/submissions/{submission_id}/package",
        summary="All that an outsider needs to check a submission, as one ZIP",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def package(request: Request, submission_id: UUID) -> StreamingResponse:
        principal = await parts.doorkeeper.require(request, AUDITOR)
        await parts.looks.note(principal, EXPORT, submission=str(submission_id))
        claim = await parts.claims.find(submission_id)
        if claim is None:
            raise Refused(Code.NOT_FOUND)
        dossier = await _dossier(parts, claim)
        headers = {
            "Content-Disposition": disposition(f"{submission_id}.zip"),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        }
        files = await asyncio.to_thread(dossier.files)
        return StreamingResponse(zipped(files), media_type="application/zip", headers=headers)

    return router


async def _dossier(parts: Parts, claim: Claim) -> Dossier:
    verdicts = await parts.objects.verdicts_of(claim.submission_id)
    kept, certificates = await gather_objects(parts.objects, verdicts)
    pieces = await parts.receipts.evidence_for(claim.submission_id, None)
    return Dossier(
        submission_id=claim.submission_id,
        public_keys=parts.public_keys,
        documents=await _documents(parts, claim),
        verdicts=verdicts,
        pieces=pieces,
        signatures=await parts.signatures.made([event_of(piece) for piece in pieces]),
        log=parts.log,
        objects=parts.objects,
        kept=kept,
        certificates=certificates,
    )


async def _documents(parts: Parts, claim: Claim) -> list[Document]:
    found = []
    for entry in json.loads(claim.manifest)["contents"]:
        try:
            content = await parts.contents.open(claim.member, entry["sha256"])
        except MissingContent:
            content = None
        found.append(Document(entry, content))
    return found
