"""All that the axis has of one submission, for auditors: told whole, as a package, and file by file.

Each look is evidence before it is answered; taking the package, and with it the documents, is an export.
"""

import asyncio
import json
from dataclasses import replace
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from docaxis.auditor.packaging import DOCUMENTS, Document, Dossier, event_of, gather_objects
from docaxis.auditor.zipping import zipped
from docaxis.gateway.countersigned import NO_CERTIFICATE, signed_within, why_missing
from docaxis.gateway.downloading import as_download
from docaxis.gateway.parts import AUDITORS, Parts
from docaxis.gateway.refusals import Refused
from docaxis.gateway.submissions import seen
from docaxis.gateway.transparency import proved
from docaxis.storage.claims import Claim
from docaxis.storage.contents import MissingContent
from docaxis_schemas.problems import Code

EXPORT: Final = "export"
"""The look that is stated as `evidence.exported`."""
SIGNING_SECONDS: Final = 20.0
"""For the registrar to sign what a package takes along: hundreds of statements; what is not signed by then is named."""
WITH_THE_PACKAGE: Final = {
    "code": "with-package",
    "vi": "Được ký khi tải trọn gói bằng chứng.",
    "en": "It is signed when the whole package is taken.",
}


def exporting(parts: Parts) -> APIRouter:
    """Give the route."""
    router = APIRouter(prefix="/v1/audit", tags=["audit"])

    @router.get(
        "/submissions/{submission_id}",
        summary="A submission's story: what was handed in, its state, verdicts, evidence with leaves, and what is kept",
    )
    async def story(request: Request, submission_id: UUID) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, AUDITORS)
        await parts.looks.note(principal, "story", submission=str(submission_id))
        claim = await _claimed(parts, submission_id)
        dossier = await _dossier(parts, claim)
        files = await proved(parts.log, dossier.pieces)
        told = {
            "submission": await seen(parts, principal, submission_id),
            "manifest": json.loads(claim.manifest),
            "verdicts": await parts.verdicts.of(submission_id),
            "evidence": [
                {
                    "event_id": str(event_of(piece)),
                    "leaf_index": piece.leaf_index,
                    "open": piece.salts is not None,
                    "file": file,
                }
                for piece, file in zip(dossier.pieces, files, strict=True)
            ],
            "indexed": await parts.audit.next(),
            "package": await asyncio.to_thread(dossier.described),
            "objects": sorted(dossier.kept),
        }
        return JSONResponse(told)

    @router.get(
        "/submissions/{submission_id}/package/{name:path}",
        summary="One file of a submission's package; its documents come with the whole package only",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def packed(request: Request, submission_id: UUID, name: str) -> Response:
        principal = await parts.doorkeeper.require(request, AUDITORS)
        await parts.looks.note(principal, "package-file", submission=str(submission_id), name=name)
        dossier = await _dossier(parts, await _claimed(parts, submission_id))
        for file in await asyncio.to_thread(dossier.files):
            if file.name == name and not name.startswith(DOCUMENTS):
                data = b"".join([chunk async for chunk in file.chunks()])
                headers = as_download(name.replace("/", "-"))
                return Response(data, media_type="application/octet-stream", headers=headers)
        raise Refused(Code.NOT_FOUND)

    @router.get(
        "/submissions/{submission_id}/package",
        summary="All that an outsider needs to check a submission, as one ZIP",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def package(request: Request, submission_id: UUID) -> StreamingResponse:
        principal = await parts.doorkeeper.require(request, AUDITORS)
        await parts.looks.note(principal, EXPORT, submission=str(submission_id))
        dossier = await _countersigned(parts, await _dossier(parts, await _claimed(parts, submission_id)))
        files = await asyncio.to_thread(dossier.files)
        headers = as_download(f"{submission_id}.zip")
        return StreamingResponse(zipped(files), media_type="application/zip", headers=headers)

    return router


async def _claimed(parts: Parts, submission_id: UUID) -> Claim:
    claim = await parts.claims.find(submission_id)
    if claim is None:
        raise Refused(Code.NOT_FOUND)
    return claim


async def _dossier(parts: Parts, claim: Claim) -> Dossier:
    verdicts = await parts.objects.verdicts_of(claim.submission_id)
    kept, certificates = await gather_objects(parts.objects, verdicts)
    pieces = await parts.receipts.evidence_for(claim.submission_id, None)
    events = [event_of(piece) for piece in pieces]
    made = await parts.signatures.made(events)
    missing = WITH_THE_PACKAGE if parts.public_keys["certificates"] else NO_CERTIFICATE
    return Dossier(
        submission_id=claim.submission_id,
        public_keys=parts.public_keys,
        documents=await _documents(parts, claim),
        verdicts=verdicts,
        pieces=pieces,
        signatures=made,
        unsigned={event: missing for event in events if event not in made},
        log=parts.log,
        objects=parts.objects,
        kept=kept,
        certificates=certificates,
    )


async def _countersigned(parts: Parts, dossier: Dossier) -> Dossier:
    """Have the organisation sign what it has not signed yet, and note why a signature is missing."""
    if not parts.public_keys["certificates"]:
        return dossier
    events = [event_of(piece) for piece in dossier.pieces]
    kept = await signed_within(parts.signatures, events, parts.clock, SIGNING_SECONDS)
    reasons = {one: reason for one in events if (reason := why_missing(kept.get(one))) is not None}
    signatures = {one: found.signature for one, found in kept.items() if found.signature is not None}
    return replace(dossier, signatures=signatures, unsigned=reasons)


async def _documents(parts: Parts, claim: Claim) -> list[Document]:
    found = []
    for entry in json.loads(claim.manifest)["contents"]:
        try:
            content = await parts.contents.open(claim.member, entry["sha256"])
        except MissingContent:
            content = None
        found.append(Document(entry, content))
    return found
