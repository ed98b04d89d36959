"""Signing in and out, and the language."""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from docaxis.clerk.guarding import MAX_FIELD, check_origin, read_form, signed_in
from docaxis.clerk.rendering import LANGUAGE_COOKIE, language_of, page
from docaxis.clerk.visitors import COOKIE, Visitor

LANGUAGE_SECONDS: Final = 365 * 24 * 3600


async def home(request: Request) -> Response:  # noqa: ARG001 - a route
    return RedirectResponse("/inbox", 303)


async def ask(request: Request) -> Response:
    return page(request, "sign_in.html", None)


async def sign_in(request: Request) -> Response:
    check_origin(request)
    form = await request.form(max_files=0, max_fields=5, max_part_size=MAX_FIELD)
    name, password = str(form.get("name", "")), str(form.get("password", ""))
    limiter = request.app.state.limiter
    tried = [f"address {request.client.host if request.client else ''}", f"account {name.strip().lower()[:100]}"]
    if max(map(limiter.wait, tried)) > 0:
        return page(request, "sign_in.html", None, HTTPStatus.TOO_MANY_REQUESTS, faults=("too-many",))
    for one in tried:
        limiter.fail(one)  # beforehand: else many tries at the same moment would all be let through
    token = await request.app.state.visitors.sign_in(name, password)
    if token is None:
        return page(request, "sign_in.html", None, HTTPStatus.UNAUTHORIZED, faults=("sign-in-failed",))
    for one in tried:
        limiter.forgive(one)
    answer = RedirectResponse("/inbox", 303)
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=request.app.state.secure, path="/")
    return answer


async def sign_out(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor, acting=False)
    await request.app.state.visitors.sign_out(visitor.token)
    answer = page(request, "sign_in.html", None, message="signed-out")
    answer.delete_cookie(COOKIE, path="/")
    return answer


async def change_language(request: Request) -> Response:
    check_origin(request)
    form = await request.form(max_files=0, max_fields=5, max_part_size=MAX_FIELD)
    back = str(form.get("here", "/inbox"))
    answer = RedirectResponse(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/inbox", 303)
    other = "en" if language_of(request) == "vi" else "vi"
    answer.set_cookie(
        LANGUAGE_COOKIE,
        other,
        max_age=LANGUAGE_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.app.state.secure,
        path="/",
    )
    return answer


ROUTES = (
    Route("/", home),
    Route("/sign-in", ask, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-out", signed_in(sign_out), methods=["POST"]),
    Route("/language", change_language, methods=["POST"]),
)
