"""The administrator's pages: who signs in for the own organisations, and what they may do."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from docaxis.clerk.administering import Administering, RejectedAccount, Typed, scope_of
from docaxis.clerk.guarding import ADMINISTRATORS, Page, read_form, signed_in
from docaxis.clerk.naming import names_of
from docaxis.clerk.oidc.tokens import MAX_SUBJECT
from docaxis.clerk.rendering import page
from docaxis.clerk.visitors import Visitor
from docaxis.directory.errors import RejectedRegistration
from docaxis.storage.clerk_accounts import MEMBERS, ClerkRole
from docaxis.storage.clerk_administration import (
    ClerkAdministration,
    LastAdministrator,
    NoSuchAccount,
    TakenIdentity,
    TakenName,
    TooManyAccounts,
)


async def accounts(request: Request, visitor: Visitor) -> Response:
    store: ClerkAdministration = request.app.state.administration
    scope = scope_of(visitor.account)
    found, acts = await store.accounts(scope), await store.acts(scope)
    return page(request, "accounts.html", visitor, accounts=found, acts=acts)


async def ask(request: Request, visitor: Visitor) -> Response:
    return _ask(request, visitor, Typed("", "", visitor.account.organisations, frozenset({ClerkRole.CLERK})))


async def make(request: Request, visitor: Visitor) -> Response:
    form = await read_form(request, visitor, only=ADMINISTRATORS)
    typed = Typed(
        str(form.get("name", "")).strip().lower(),
        " ".join(str(form.get("full_name", "")).split()),
        tuple(dict.fromkeys(map(str, form.getlist("organisation")))),
        _roles(form),
    )
    administering: Administering = request.app.state.administering
    try:
        account_id, name, password = await administering.make(scope_of(visitor.account), typed)
    except RejectedAccount as error:
        return _ask(request, visitor, typed, error.fault)
    except TakenName:
        return _ask(request, visitor, typed, "account-taken")
    except TooManyAccounts:
        return _ask(request, visitor, typed, "account-too-many")
    except RejectedRegistration:
        return _ask(request, visitor, typed, "account-no-connection")
    return page(request, "account_once.html", visitor, account_id=account_id, name=name, password=password)


async def one(request: Request, visitor: Visitor) -> Response:
    return await _one(request, visitor)


async def renew(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor, only=ADMINISTRATORS)
    account_id, scope = _account_id(request), scope_of(visitor.account)
    account = await request.app.state.administration.account(scope, account_id)
    try:
        password = await request.app.state.administering.renew(scope, account_id)
    except RejectedRegistration:
        return await _one(request, visitor, "account-no-connection")
    return page(request, "account_once.html", visitor, account_id=account_id, name=account.name, password=password)


async def disable(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor, only=ADMINISTRATORS)
    try:
        await request.app.state.administering.disable(scope_of(visitor.account), _account_id(request))
    except LastAdministrator:
        return await _one(request, visitor, "last-administrator")
    return _back(request)


async def change_roles(request: Request, visitor: Visitor) -> Response:
    roles = _roles(await read_form(request, visitor, only=ADMINISTRATORS))
    if not roles:
        return await _one(request, visitor, "account-role-missing")
    state, account_id = request.app.state, _account_id(request)
    try:
        await state.administration.change_roles(scope_of(visitor.account), account_id, roles, at=state.clock())
    except LastAdministrator:
        return await _one(request, visitor, "last-administrator")
    return _back(request)


async def link(request: Request, visitor: Visitor) -> Response:
    subject = str((await read_form(request, visitor, only=ADMINISTRATORS)).get("subject", "")).strip()
    state, scope = request.app.state, scope_of(visitor.account)
    if state.provider is None:
        raise HTTPException(404)
    if len(subject) > MAX_SUBJECT:
        return await _one(request, visitor, "identity-taken")
    try:
        await state.administration.link(scope, _account_id(request), state.provider.issuer, subject, at=state.clock())
    except TakenIdentity:
        return await _one(request, visitor, "identity-taken")
    return _back(request)


async def end_sessions(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor, only=ADMINISTRATORS)
    state = request.app.state
    await state.administration.end_sessions(scope_of(visitor.account), _account_id(request), at=state.clock())
    return _back(request)


def _ask(request: Request, visitor: Visitor, typed: Typed, fault: str | None = None) -> Response:
    return page(
        request,
        "account_new.html",
        visitor,
        HTTPStatus.OK if fault is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        typed=typed,
        roles=MEMBERS,
        own=names_of(request, visitor.account.organisations),
        faults=() if fault is None else (fault,),
    )


async def _one(request: Request, visitor: Visitor, fault: str | None = None) -> Response:
    store: ClerkAdministration = request.app.state.administration
    account = await store.account(scope_of(visitor.account), _account_id(request))
    provider, identities = request.app.state.provider, request.app.state.identities
    subject = "" if provider is None else await identities.subject_of(provider.issuer, account.account_id)
    return page(
        request,
        "account_one.html",
        visitor,
        HTTPStatus.OK if fault is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        account=account,
        subject=subject,
        roles=MEMBERS,
        names=names_of(request, account.organisations),
        message="done" if request.query_params.get("done") == "1" and fault is None else None,
        faults=() if fault is None else (fault,),
    )


def _back(request: Request) -> Response:
    return RedirectResponse(f"/accounts/{_account_id(request)}?done=1", 303)


def _account_id(request: Request) -> UUID:
    given: UUID = request.path_params["account_id"]
    return given


def _roles(form: FormData) -> frozenset[ClerkRole]:
    known: dict[Any, ClerkRole] = {role.value: role for role in MEMBERS}
    return frozenset(known[text] for text in form.getlist("role") if text in known)


def _administered(handler: Page) -> Any:
    async def found(request: Request, visitor: Visitor) -> Response:
        try:
            return await handler(request, visitor)
        except NoSuchAccount:
            raise HTTPException(404) from None

    return signed_in(found, only=ADMINISTRATORS)


_ONE: Final = "/accounts/{account_id:uuid}"
ROUTES: Final = (
    Route("/accounts", _administered(accounts), methods=["GET"]),
    Route("/accounts/new", _administered(ask), methods=["GET"]),
    Route("/accounts/new", _administered(make), methods=["POST"]),
    Route(_ONE, _administered(one), methods=["GET"]),
    Route(f"{_ONE}/renew", _administered(renew), methods=["POST"]),
    Route(f"{_ONE}/disable", _administered(disable), methods=["POST"]),
    Route(f"{_ONE}/roles", _administered(change_roles), methods=["POST"]),
    Route(f"{_ONE}/identity", _administered(link), methods=["POST"]),
    Route(f"{_ONE}/end-sessions", _administered(end_sessions), methods=["POST"]),
)
