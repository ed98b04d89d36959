"""The pages as a service: built from what they need, started on a port of their own."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from docaxis.addresses import Senders, is_loopback
from docaxis.clerk.administering import Administering
from docaxis.clerk.conditions import Conditions
from docaxis.clerk.cookies import Cookie, Cookies
from docaxis.clerk.entitlements import EndedEntitlement, Entitlements
from docaxis.clerk.guarding import HEADERS, BoundHeaders, ForeignForm, ReadOnlyRole, SuspendedOrganisation, TooLargeForm
from docaxis.clerk.guessing import Guessing
from docaxis.clerk.ledger import Ledger
from docaxis.clerk.oidc.provider import Provider
from docaxis.clerk.pages import ROUTES
from docaxis.clerk.passwords import Passwords
from docaxis.clerk.picturing import Pictures
from docaxis.clerk.reminding import Reminding
from docaxis.clerk.rendering import page
from docaxis.clerk.tree import Tree
from docaxis.clerk.visitors import Visitor, Visitors, gateway_client
from docaxis.client import ClientError, RejectedByAxis
from docaxis.directory.errors import UnavailableDirectory
from docaxis.directory.opening import open_directory
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis.serving import WebServer
from docaxis.settings import Settings
from docaxis.spooling import AGAIN_SECONDS, NoRoom, SpoolRoom, TooLargeForRoom
from docaxis.storage.clerk_accounts import ClerkAccountStore
from docaxis.storage.clerk_administration import ClerkAdministration
from docaxis.storage.clerk_assignments import ClerkAssignments
from docaxis.storage.clerk_deadlines import ClerkDeadlines
from docaxis.storage.clerk_documents import ClerkDocuments
from docaxis.storage.clerk_drafts import ClerkDraftStore, TooManyDrafts
from docaxis.storage.clerk_holdings import ClerkHoldings
from docaxis.storage.clerk_identities import ClerkIdentities
from docaxis.storage.clerk_links import ClerkLinks
from docaxis.storage.clerk_lists import ClerkLists
from docaxis.storage.clerk_registers import ClerkRegisters
from docaxis.storage.contents.sealing import StoreKey
from docaxis.storage.decisions import UnavailableStorage
from docaxis_schemas.moments import Clock
from docaxis_signing.transparency.policy import Policy

STATIC: Final = Path(__file__).parent / "static"
_log = structlog.get_logger("docaxis.clerk")


def build_clerk_pages(
    settings: Settings,
    *,
    engine: AsyncEngine,
    directory: Callable[[], DirectorySnapshot],
    key: StoreKey,
    gateway: str,
    clock: Clock,
    witnesses: Policy | None = None,
) -> "ClerkPages":
    """Put the pages together; ``gateway`` is where everything they do goes through.

    ``witnesses`` is the policy by whose keys auditors are told whose cosignatures hold.

    Raises:
        OpenPages: They would be reached from other machines without TLS.
        UnfitProvider: The provider of the settings cannot be used.
    """
    if settings.mode != "production" and not is_loopback(settings.clerk.host):
        raise OpenPages(settings.clerk.host)
    provider = open_provider(settings, clock)
    connect = gateway_client(gateway, settings.axis, settings.environment, clock)
    repository = open_directory(settings, engine, clock)
    entitlements = Entitlements(repository.authenticate)
    passwords = Passwords()
    visitors = Visitors(
        ClerkAccountStore(engine), key, connect, entitlements=entitlements, passwords=passwords, clock=clock
    )
    app = Starlette(
        routes=[*ROUTES, Mount("/static", StaticFiles(directory=STATIC))],
        middleware=[Middleware(BoundHeaders)],
        exception_handlers={
            HTTPException: _no_page,
            ForeignForm: _foreign_form,
            ReadOnlyRole: _read_only,
            SuspendedOrganisation: _suspended,
            TooLargeForm: _too_large,
            TooLargeForRoom: _too_large,
            TooManyDrafts: _too_many_drafts,
            NoRoom: _no_room,
            RejectedByAxis: _rejected,
            ClientError: _away,
            UnavailableStorage: _away,
            Exception: _broken,
            UnavailableDirectory: _away,
            EndedEntitlement: _ended,
        },
    )
    app.state.visitors = visitors
    app.state.administration = ClerkAdministration(engine)
    app.state.administering = Administering(app.state.administration, repository, key, passwords, clock=clock)
    app.state.provider = provider
    app.state.identities = ClerkIdentities(engine)
    app.state.key = key
    app.state.lists = ClerkLists(engine)
    app.state.conditions = Conditions(gateway, app.state.lists, clock)
    app.state.drafts = ClerkDraftStore(engine)
    app.state.assignments = ClerkAssignments(engine)
    app.state.links = ClerkLinks(engine)
    app.state.documents = ClerkDocuments(engine)
    app.state.holdings = ClerkHoldings(engine)
    app.state.registers = ClerkRegisters(engine)
    app.state.ledger = Ledger(app.state.documents, app.state.registers, directory, clock)
    app.state.deadlines = ClerkDeadlines(engine)
    app.state.reminding = Reminding(app.state.documents, app.state.deadlines, directory, clock)
    app.state.pictures = Pictures()
    app.state.tree = Tree()
    app.state.directory = directory
    app.state.clock = clock
    app.state.witnesses = witnesses
    app.state.environment = settings.environment
    app.state.cookies = Cookies(secure=settings.mode == "production")  # browsers are reached through TLS there
    app.state.senders = Senders(settings.clerk.trusted_proxies)
    app.state.room = SpoolRoom(size=settings.clerk.spool_limit, requests=settings.clerk.spool_requests)
    app.state.guessing = Guessing(asyncio.get_running_loop().time, key)
    return ClerkPages(app, visitors, settings)


def open_provider(settings: Settings, clock: Clock) -> Provider | None:
    """Give the provider at which people may sign in too; None: the settings name none.

    Raises:
        UnfitProvider: It cannot be used.
    """
    oidc = settings.clerk.oidc
    return Provider(oidc, production=settings.mode == "production", clock=clock) if oidc.issuer else None


class OpenPages(Exception):
    """In development there is no TLS: passwords and cookies stay on this machine."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"the clerk's pages listen on loopback only in development mode, not on {host}: passwords would travel in "
            "clear (DOCAXIS_MODE=production behind a TLS proxy, or DOCAXIS_CLERK__HOST=127.0.0.1)"
        )


class ClerkPages:
    """The application with its server."""

    def __init__(self, app: Starlette, visitors: Visitors, settings: Settings) -> None:
        self.app = app
        self.visitors = visitors
        self.ledger: Ledger = app.state.ledger
        self.reminding: Reminding = app.state.reminding
        self.conditions: Conditions = app.state.conditions
        self._server = WebServer(app, settings.clerk.host, settings.clerk.port, name="clerk pages")

    async def start(self) -> str:
        """Listen, and give the address.

        Raises:
            OSError: The port is taken.
        """
        return await self._server.start()

    async def stop(self) -> None:
        """Finish what is in hand."""
        await self._server.stop()
        await self.visitors.close()
        if self.app.state.provider is not None:
            await self.app.state.provider.close()


async def _no_page(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    if status == HTTPStatus.BAD_REQUEST:
        return await _told(request, status, "bad-form", "bad-form-text")
    return await _told(request, status, "not-found", "not-found-text")


async def _suspended(request: Request, _: Exception) -> Response:
    return await _told(request, HTTPStatus.FORBIDDEN, "suspended", "suspended-text")


async def _too_large(request: Request, _: Exception) -> Response:
    answer = await _told(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "too-large-text")
    answer.headers["Connection"] = "close"  # the rest of it is not waited for
    return answer


async def _too_many_drafts(request: Request, _: Exception) -> Response:
    return await _told(request, HTTPStatus.CONFLICT, "too-many-drafts", "too-many-drafts-text")


async def _no_room(request: Request, _: Exception) -> Response:
    answer = await _told(request, HTTPStatus.SERVICE_UNAVAILABLE, "no-room", "no-room-text")
    answer.headers["Retry-After"] = str(AGAIN_SECONDS)
    return answer


async def _foreign_form(request: Request, _: Exception) -> Response:
    return await _told(request, HTTPStatus.FORBIDDEN, "forbidden", "stale-form")


async def _read_only(request: Request, _: Exception) -> Response:
    return await _told(request, HTTPStatus.FORBIDDEN, "forbidden", "leader-reads")


async def _ended(request: Request, _: Exception) -> Response:
    return page(request, "told.html", None, HTTPStatus.FORBIDDEN, title="forbidden", text="account-ended")


async def _rejected(request: Request, error: Exception) -> Response:
    """Show what the gateway refused, in its own words; what is not this person's does not exist."""
    assert isinstance(error, RejectedByAxis)
    if error.problem.status == HTTPStatus.NOT_FOUND:
        return await _told(request, HTTPStatus.NOT_FOUND, "not-found", "not-found-text")
    visitor = await _visitor(request)
    return page(request, "refused.html", visitor, error.problem.status, problem=error.problem)


async def _away(request: Request, error: Exception) -> Response:
    _log.warning("the axis is away", path=request.url.path, reason=f"{type(error).__name__}: {error}")
    return page(request, "told.html", None, HTTPStatus.SERVICE_UNAVAILABLE, title="axis-away", text="axis-away-text")


async def _broken(request: Request, error: Exception) -> Response:
    """Tell a mistake of ours in words of the person's; what it was stands in the log."""
    _log.error("a page failed", path=request.url.path, exc_info=error)
    answer = page(request, "told.html", None, HTTPStatus.INTERNAL_SERVER_ERROR, title="broken", text="broken-text")
    answer.headers.update(HEADERS)  # this one is answered outside of all middleware
    return answer


async def _told(request: Request, status: int, title: str, text: str) -> Response:
    return page(request, "told.html", await _visitor(request), status, title=title, text=text)


async def _visitor(request: Request) -> Visitor | None:
    visitors: Visitors = request.app.state.visitors
    try:
        return await visitors.recognise(request.app.state.cookies.read(request, Cookie.SESSION))
    except (EndedEntitlement, UnavailableDirectory):
        return None
