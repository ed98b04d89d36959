"""Reconciling: the registers against what the axis has between this member and another."""

from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from docaxis.clerk.guarding import read_form, signed_in
from docaxis.clerk.rendering import page
from docaxis.clerk.visitors import Visitor
from docaxis.client import Comparison, RegisterEntry
from docaxis.storage.clerk_holdings import ClerkHoldings
from docaxis_schemas.moments import VIETNAM

DAYS: Final = 31
"""The period that is proposed: the last month and today."""
SHOWN: Final = 200
"""Lacks on one page; the command lists all."""
ALL_BATCHES: Final = 1_000
"""As far as the registers catch up before they are compared: half a million documents."""


async def ask(request: Request, visitor: Visitor) -> Response:
    today = request.app.state.clock().astimezone(VIETNAM).date()
    return _page(request, visitor, {"with": "", "from": today - timedelta(days=DAYS), "to": today})


async def compare(request: Request, visitor: Visitor) -> Response:
    form = await read_form(request, visitor)
    other, first, last = str(form.get("with", "")), _day(form.get("from")), _day(form.get("to"))
    typed = {"with": other, "from": first, "to": last}
    if other not in _others(request, visitor):
        return _page(request, visitor, typed, fault="reconcile-member")
    if first is None or last is None or last < first:
        return _page(request, visitor, typed, fault="reconcile-days")
    since, until = _begin(first), _begin(last) + timedelta(days=1)
    await request.app.state.ledger.catch_up(visitor.account.member, batches=ALL_BATCHES)
    holdings: ClerkHoldings = request.app.state.holdings
    register = [RegisterEntry(*one) for one in await holdings.between(visitor.account.member, since, until)]
    found = await visitor.axis.reconcile(other, register, since=since, until=until)
    return _page(request, visitor, typed, found)


def _page(
    request: Request, visitor: Visitor, typed: dict[str, Any], found: Comparison | None = None, fault: str | None = None
) -> Response:
    return page(
        request,
        "reconcile.html",
        visitor,
        HTTPStatus.OK if fault is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        typed=typed,
        others=_others(request, visitor),
        found=found,
        lacks=[] if found is None else list(found.lacks.values())[:SHOWN],
        faults=() if fault is None else (fault,),
    )


def _others(request: Request, visitor: Visitor) -> dict[str, str]:
    members = request.app.state.directory().members
    return {name: members[name].name for name in sorted(members) if name != visitor.account.member}


def _day(given: object) -> date | None:
    try:
        found = date.fromisoformat(str(given))
    except ValueError:
        return None
    return found if 1 < found.year < 9999 else None


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM)


_PATH: Final = "/reconcile"
ROUTES = (
    Route(_PATH, signed_in(ask), methods=["GET"]),
    Route(_PATH, signed_in(compare), methods=["POST"]),
)
