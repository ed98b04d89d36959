"""Documents that name another, as its page shows them."""

from uuid import UUID

from starlette.requests import Request

from docaxis.clerk.visitors import Visitor
from docaxis.storage.clerk_documents import Register
from docaxis.storage.clerk_links import ClerkLinks, Linked


async def linked_with(request: Request, visitor: Visitor, register: Register, document_id: UUID) -> list[Linked]:
    """Give what answers or changes a document of this person's, or is it, passed on.

    Raises:
        UnavailableStorage: The database is away.
    """
    account, links = visitor.account, request.app.state.links
    assert isinstance(links, ClerkLinks)
    await request.app.state.ledger.catch_up(account.member)
    return await links.of(register.value, document_id, account.member, account.organisations)
