"""Signing in with a provider: the way there, and what is made of its answer."""

from http import HTTPStatus
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from docaxis.clerk.cookies import Cookie
from docaxis.clerk.oidc.provider import RETURN_PATH, Provider, UnreachableProvider
from docaxis.clerk.oidc.tokens import RejectedToken
from docaxis.clerk.oidc.trips import TRIP_LIFE, NoTrip, begin_trip, open_trip, seal_trip
from docaxis.clerk.rendering import page
from docaxis.storage.clerk_identities import ClerkIdentities

MAX_CODE: Final = 4 * 1024
"""Characters; providers' codes have some hundred."""
_log = structlog.get_logger("docaxis.clerk.oidc")


async def leave(request: Request) -> Response:
    state = request.app.state
    provider: Provider | None = state.provider
    # A link of ours, not of another site: nobody is signed in without wanting it.
    if provider is None or request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return RedirectResponse("/sign-in", 303)
    trip = begin_trip(state.clock())
    try:
        answer = RedirectResponse(await provider.address_for(trip), 303)
    except UnreachableProvider as error:
        return _away(request, error)
    state.cookies.give(answer, Cookie.TRIP, seal_trip(trip, state.key))
    return answer


async def come_back(request: Request) -> Response:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        return RedirectResponse("/sign-in", 303)
    try:
        answer = await _welcome(request, provider)
    except NoTrip:
        answer = _told(request, HTTPStatus.BAD_REQUEST, "provider-no-trip")
    except RejectedToken as error:
        _log.warning("a sign-in was refused", issuer=provider.issuer, reason=str(error))
        answer = _told(request, HTTPStatus.FORBIDDEN, "provider-rejected")
    except UnreachableProvider as error:
        answer = _away(request, error)
    request.app.state.cookies.drop(answer, Cookie.TRIP)
    return answer


async def _welcome(request: Request, provider: Provider) -> Response:
    """Begin a session for who the provider says it is.

    Raises:
        NoTrip: The answer is of no sign-in of this browser, or was taken already.
        RejectedToken: It proves nobody's identity.
        UnreachableProvider: The code cannot be handed in.
    """
    state, query = request.app.state, request.query_params
    now = state.clock()
    trip = open_trip(state.cookies.read(request, Cookie.TRIP), query.get("state", ""), state.key, now)
    identities: ClerkIdentities = state.identities
    if not await identities.use(trip.state_digest, at=now, forget_before=now - 2 * TRIP_LIFE):
        raise NoTrip
    code = query.get("code", "")
    if "error" in query or not 0 < len(code) <= MAX_CODE:
        return _told(request, HTTPStatus.FORBIDDEN, "provider-refused")
    subject = await provider.identify(trip, code, query.get("iss"))
    account_id = await identities.find(provider.issuer, subject)
    if account_id is None:
        _log.warning("nobody is linked", issuer=provider.issuer, subject=subject)
        return _told(request, HTTPStatus.FORBIDDEN, "provider-nobody")
    token = await state.visitors.begin(account_id, issuer=provider.issuer)
    await state.visitors.sign_out(state.cookies.read(request, Cookie.SESSION))  # who was signed in here before
    # A page and not a redirect: the session's cookie comes along only where the last step was ours (SameSite=Strict).
    answer = page(request, "signed_in.html", None)
    state.cookies.give(answer, Cookie.SESSION, token)
    return answer


def _away(request: Request, error: UnreachableProvider) -> Response:
    _log.warning("the provider is away", reason=str(error))
    return _told(request, HTTPStatus.SERVICE_UNAVAILABLE, "provider-away")


def _told(request: Request, status: int, fault: str) -> Response:
    return page(request, "sign_in.html", None, status, faults=(fault,))


ROUTES: Final = (
    Route("/sign-in/provider", leave, methods=["GET"]),
    Route(RETURN_PATH, come_back, methods=["GET"]),
)
