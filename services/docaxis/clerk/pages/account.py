"""A person's own account: changing the password."""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from docaxis.clerk.cookies import Cookie
from docaxis.clerk.guarding import EVERYBODY, read_form, signed_in
from docaxis.clerk.passwords import MAX_PASSWORD
from docaxis.clerk.rendering import page
from docaxis.clerk.visitors import Visitor

MIN_PASSWORD: Final = 12
"""Characters: long rather than complicated (NIST SP 800-63B asks for 8, or 15 where nothing else is asked)."""


async def account(request: Request, visitor: Visitor) -> Response:
    message = "password-changed" if request.query_params.get("done") == "1" else None
    if visitor.account.once_until is not None:
        message = "password-first"
    return page(request, "account.html", visitor, message=message)


async def change_password(request: Request, visitor: Visitor) -> Response:
    form = await read_form(request, visitor, only=EVERYBODY)
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    if fault := _fault(old, new, again):
        return page(request, "account.html", visitor, HTTPStatus.UNPROCESSABLE_ENTITY, faults=(fault,))
    state = request.app.state
    mark = state.cookies.read(request, Cookie.BROWSER)
    attempt = state.guessing.attempt(visitor.account.name, sender=state.senders.of(request), mark=mark)
    if attempt.wait() > 0:
        return page(request, "account.html", visitor, HTTPStatus.TOO_MANY_REQUESTS, faults=("too-many",))
    attempt.fail()  # beforehand, as when signing in: whoever holds a session may still not know the password
    if not await state.visitors.change_password(visitor, old, new):
        return page(request, "account.html", visitor, HTTPStatus.UNPROCESSABLE_ENTITY, faults=("password-wrong",))
    attempt.forgive()
    return RedirectResponse("/account?done=1", 303)


def _fault(old: str, new: str, again: str) -> str | None:
    if not MIN_PASSWORD <= len(new) <= MAX_PASSWORD:
        return "password-length"
    if new != again:
        return "password-differs"
    return "password-same" if new == old else None


ROUTES = (
    Route("/account", signed_in(account, only=EVERYBODY, even_new=True), methods=["GET"]),
    Route("/account", signed_in(change_password, only=EVERYBODY, even_new=True), methods=["POST"]),
)
