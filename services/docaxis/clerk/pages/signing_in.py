"""Signing in and out, and the language."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from docaxis.clerk.cookies import Cookie
from docaxis.clerk.guarding import EVERYBODY, read_form, read_words, signed_in
from docaxis.clerk.guessing import account_named
from docaxis.clerk.rendering import language_of, page
from docaxis.clerk.visitors import Visitor


async def home(request: Request, visitor: Visitor) -> Response:  # noqa: ARG001 - a route
    if visitor.may_audit:
        return RedirectResponse("/audit", 303)
    return RedirectResponse("/inbox" if visitor.may_read else "/accounts", 303)


async def ask(request: Request) -> Response:
    return page(request, "sign_in.html", None)


async def sign_in(request: Request) -> Response:
    form = await read_words(request)
    state, name = request.app.state, account_named(str(form.get("name", "")))
    mark = state.cookies.read(request, Cookie.BROWSER)
    attempt = state.guessing.attempt(name, sender=state.senders.of(request), mark=mark)
    if (seconds := attempt.wait()) > 0:
        told = page(request, "sign_in.html", None, HTTPStatus.TOO_MANY_REQUESTS, faults=("too-many",))
        told.headers["Retry-After"] = str(int(seconds) + 1)
        return told
    attempt.fail()  # beforehand: else many tries at the same moment would all be let through
    token = await state.visitors.sign_in(name, str(form.get("password", "")))
    if token is None:
        return page(request, "sign_in.html", None, HTTPStatus.UNAUTHORIZED, faults=("sign-in-failed",))
    attempt.forgive()
    answer = RedirectResponse("/", 303)
    await state.visitors.sign_out(state.cookies.read(request, Cookie.SESSION))  # who was signed in here before
    state.cookies.give(answer, Cookie.SESSION, token)
    state.cookies.give(answer, Cookie.BROWSER, state.guessing.mark(name))
    return answer


async def sign_out(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor, only=EVERYBODY)
    state = request.app.state
    issuer, provider = await state.visitors.sign_out(visitor.token), state.provider
    there = await provider.sign_out_address() if provider is not None and issuer == provider.issuer else ""
    answer = page(request, "sign_in.html", None, message="signed-out", sign_out_there=there)
    state.cookies.drop(answer, Cookie.SESSION)
    return answer


async def change_language(request: Request) -> Response:
    form = await read_words(request)
    back = str(form.get("here", "/inbox"))
    answer = RedirectResponse(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/inbox", 303)
    other = "en" if language_of(request) == "vi" else "vi"
    request.app.state.cookies.give(answer, Cookie.LANGUAGE, other)
    return answer


ROUTES = (
    Route("/", signed_in(home, only=EVERYBODY)),
    Route("/sign-in", ask, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-out", signed_in(sign_out, only=EVERYBODY, even_suspended=True, even_new=True), methods=["POST"]),
    Route("/language", change_language, methods=["POST"]),
)
