"""What a person's organisations sent, whole as it was signed."""

from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request

from docaxis.clerk.visitors import Visitor
from docaxis.directory.entries import Principal, Role
from docaxis.directory.sharing import sent_for
from docaxis.storage.clerk_lists import Sent


def clerk_of(visitor: Visitor) -> Principal:
    """Give the person as who may see what."""
    account = visitor.account
    return Principal("", account.member, account.organisations, Role.CLERK, account.name)


async def sent_by(request: Request, visitor: Visitor, submission_id: UUID) -> Sent | None:
    """Give a submission that was sent for one of the person's organisations; None: there is no such.

    Raises:
        UnavailableStorage: The database is away.
    """
    sent: Sent | None = await request.app.state.lists.sent_one(visitor.account.member, submission_id)
    if sent is None or not sent_for(sent.manifest, clerk_of(visitor), request.app.state.directory()):
        return None
    return sent


async def issued_by(request: Request, visitor: Visitor, submission_id: UUID) -> Sent:
    """Give a submission with a document that the person's organisation issued: what it only passed on is its issuer's.

    Raises:
        HTTPException: There is no such (404).
        UnavailableStorage: The database is away.
    """
    sent = await sent_by(request, visitor, submission_id)
    if sent is None or sent.manifest.get("forwarded"):
        raise HTTPException(404)
    return sent
