"""What a credential sees of its member's submissions: those sent for, or received by, organisations it names."""

import json
from uuid import UUID

from fastapi import Request

from docaxis.directory.entries import BELONGS_TO_MEMBER, Principal
from docaxis.directory.sharing import sent_for
from docaxis.gateway.authentication import member_of
from docaxis.gateway.parts import EVERYBODY, Parts
from docaxis.gateway.refusals import Refused
from docaxis.storage.claims import Claim
from docaxis.storage.receipts import Piece
from docaxis.storage.sharing import Share
from docaxis_schemas.problems import Code


async def require_party(parts: Parts, principal: Principal, submission_id: UUID) -> Share | None:
    """Give what a party may see of a submission.

    Raises:
        Refused: It is no party of it; nothing tells whether there is such a submission.
    """
    share = await share_of(parts, principal, submission_id)
    if await parts.models.submission_view(principal.member, submission_id, share) is None:
        raise Refused(Code.NOT_FOUND)
    return share


async def evidence_for(parts: Parts, request: Request, submission_id: UUID) -> tuple[Piece, ...]:
    """Give the evidence of a submission that whoever asks may have; the look of an overseer is noted.

    Raises:
        Refused: As `require_party`, or nobody we know asks.
    """
    principal = await parts.doorkeeper.require(request, EVERYBODY)
    share = await require_party(parts, principal, submission_id)
    await parts.looks.note(principal, "evidence", submission=str(submission_id))
    return await parts.receipts.evidence_for(submission_id, principal.member, share)


async def require_sender(parts: Parts, principal: Principal, submission_id: UUID) -> Claim:
    """Give the claim of a submission to who sent it.

    Raises:
        Refused: It did not; nothing tells whether there is such a submission.
    """
    claim, share = await parts.claims.find(submission_id), await share_of(parts, principal, submission_id)
    if claim is None or claim.member != member_of(principal) or (share is not None and not share.sent):
        raise Refused(Code.NOT_FOUND)
    return claim


async def share_of(parts: Parts, principal: Principal, submission_id: UUID) -> Share | None:
    """Give what a party's credential may see of a submission; None for operators and auditors."""
    if principal.role not in BELONGS_TO_MEMBER:
        return None
    claim = await parts.claims.find(submission_id)
    if claim is None or claim.member != principal.member:
        return Share(principal.organisations, sent=False)
    snapshot = await parts.directory.snapshot()
    return Share(principal.organisations, sent=sent_for(json.loads(claim.manifest), principal, snapshot))
