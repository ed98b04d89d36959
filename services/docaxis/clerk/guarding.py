"""What stands before every page: headers that bind the browser, who is signed in, and forms that are really ours."""

import hmac
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from docaxis.clerk.cookies import Cookie
from docaxis.clerk.visitors import Visitor
from docaxis.directory.entries import MemberState
from docaxis.storage.clerk_accounts import READERS, ClerkRole

CLERKS: Final = frozenset({ClerkRole.CLERK})
ADMINISTRATORS: Final = frozenset({ClerkRole.ADMINISTRATOR})
AUDITORS: Final = frozenset({ClerkRole.AUDITOR})
EVERYBODY: Final = frozenset(ClerkRole)
MAX_FIELDS: Final = 300
MAX_WORDS: Final = 1024 * 1024
"""Bytes of a form without files: all that may be typed into the longest one, several times over."""
MAX_FIELD: Final = 256 * 1024
"""Bytes of one typed field."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class ForeignForm(Exception):
    """A form that was not made by us for this session: nothing of it is carried out."""


class SuspendedOrganisation(Exception):
    """The member that the person belongs to is suspended: others may hold its secrets, so it sees nothing either."""


class TooLargeForm(Exception):
    """A form with more bytes than it may have."""


class ReadOnlyRole(Exception):
    """The person may look, not act."""


class BoundHeaders:
    """Gives every answer the headers above; a handler's own stand."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                _bind(message)
            await send(message)

        await self._app(scope, receive, told if scope["type"] == "http" else send)


def _bind(message: MutableMapping[str, Any]) -> None:
    given = {name.lower() for name, _ in message["headers"]}
    added = [(n.lower().encode(), v.encode()) for n, v in HEADERS.items() if n.lower().encode() not in given]
    message["headers"] = [*message["headers"], *added]


def check_origin(request: Request) -> None:
    """Refuse a form that another site sent; browsers tell where a form comes from.

    Raises:
        ForeignForm: From elsewhere.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignForm
    origin = request.headers.get("origin")
    if origin is not None and _host_of(origin) != request.headers.get("host"):
        raise ForeignForm


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None  # no origin that a browser would send


class BoundedRequest(Request):
    """A request whose body is read up to so many bytes and no further."""

    def __init__(self, request: Request, limit: int) -> None:
        super().__init__(request.scope, request.receive)
        self._limit = limit

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Give the body.

        Raises:
            TooLargeForm: It is larger; nothing of it is read where its length already says so.
        """
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._limit:
            raise TooLargeForm
        received = 0
        async for chunk in super().stream():
            received += len(chunk)
            if received > self._limit:
                raise TooLargeForm
            yield chunk


async def read_words(request: Request, *, max_files: int = 0) -> FormData:
    """Read a form of anybody's.

    Raises:
        TooLargeForm: It is larger than what may be typed.
        HTTPException: It is no form, or holds what is no text (400).
    """
    check_origin(request)
    bounded = request if isinstance(request, BoundedRequest) else BoundedRequest(request, MAX_WORDS)
    form = await bounded.form(max_files=max_files, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD)
    if not all(_is_text(word) for pair in form.multi_items() for word in pair if isinstance(word, str)):
        raise HTTPException(400)
    return form


def _is_text(word: str) -> bool:
    """Say whether the database and every page can hold it: no NUL, no half of a surrogate pair."""
    return "\0" not in word and not any("\ud800" <= character <= "\udfff" for character in word)


async def read_form(
    request: Request, visitor: Visitor, *, only: frozenset[ClerkRole] = CLERKS, max_files: int = 0
) -> FormData:
    """Read a form of this session's; ``only``: whose it is (any of these roles).

    Raises:
        ForeignForm: It has not the session's token.
        ReadOnlyRole: The person has none of these roles.
    """
    if only.isdisjoint(visitor.account.roles):
        raise ReadOnlyRole
    form = await read_words(request, max_files=max_files)
    if not hmac.compare_digest(str(form.get("form_token", "")).encode(), visitor.form_token.encode()):
        raise ForeignForm
    return form


Page = Callable[[Request, Visitor], Awaitable[Response]]


def signed_in(
    handler: Page, *, only: frozenset[ClerkRole] = READERS, even_suspended: bool = False, even_new: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """Let a handler have only people who are signed in, of any of these roles; others are asked to sign in.

    For another role the page does not exist. A suspended member's people do nothing more, and whose password was
    handed out chooses another first.
    """

    async def guarded(request: Request) -> Response:
        state = request.app.state
        visitor = await state.visitors.recognise(state.cookies.read(request, Cookie.SESSION))
        if visitor is None:
            return RedirectResponse("/sign-in", 303)
        if not all(map(_is_text, (request.url.path, *request.query_params.values()))):
            raise HTTPException(400)
        member = state.directory().members.get(visitor.account.member)
        if member is not None and member.state is MemberState.SUSPENDED and not even_suspended:
            raise SuspendedOrganisation
        if visitor.account.once_until is not None and not even_new:
            return RedirectResponse("/account", 303)
        if only.isdisjoint(visitor.account.roles):
            raise HTTPException(404)
        return await handler(request, visitor)

    return guarded
