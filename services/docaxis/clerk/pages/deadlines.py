"""What is due: open duties of both directions, notices, rates with what they are made of, and a letter when late."""

from datetime import date, datetime, time
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from docaxis.clerk.guarding import signed_in
from docaxis.clerk.naming import name_of, names_of
from docaxis.clerk.rendering import page
from docaxis.clerk.visitors import Visitor
from docaxis.duties import LOOKED_AT, duties_of, pressing, rates
from docaxis.storage.clerk_deadlines import SHOWN, ClerkDeadlines
from docaxis.storage.clerk_documents import Register
from docaxis_schemas.calendar import vietnam
from docaxis_schemas.deadlines import Duty, Standing, overdue, standing
from docaxis_schemas.moments import VIETNAM

MAX_MONTH: Final = 7
"""Characters of YYYY-MM."""


async def due(request: Request, visitor: Visitor) -> Response:
    account, now = visitor.account, request.app.state.clock()
    await request.app.state.ledger.catch_up(account.member)
    store: ClerkDeadlines = request.app.state.deadlines
    since = now - LOOKED_AT
    rows, counts = {}, {}
    for register in Register:
        among = None if register is Register.INCOMING else overdue(now, vietnam())
        undone, counts[register.value] = await store.undone(
            register, account.member, account.organisations, since=since, most=SHOWN, among=among
        )
        rows[register.value] = pressing(undone, now, vietnam(), most=SHOWN)
    notices = await store.notices(account.member, account.organisations)
    codes = {code for told in rows.values() for row in told for code in (row.undone.recipient, row.undone.issuer)}
    codes |= {notice.recipient for notice in notices}
    return page(
        request,
        "deadlines.html",
        visitor,
        rows=rows,
        counts=counts,
        notices=notices,
        names=names_of(request, codes),
        known=vietnam().covers(now.astimezone(VIETNAM).date()),
    )


async def kept(request: Request, visitor: Visitor) -> Response:
    """Show how each of the person's organisations kept its deadlines in a month."""
    now = request.app.state.clock()
    begin, end = _month(request.query_params.get("month", ""), now)
    store: ClerkDeadlines = request.app.state.deadlines
    member = visitor.account.member
    await request.app.state.ledger.catch_up(member)
    told = []
    for code in visitor.account.organisations:
        came, went = [await store.all_of(register, member, code, since=begin, before=end) for register in Register]
        told.append((code, name_of(request, code), rates(came, went, now, vietnam())))
    return page(request, "rates.html", visitor, told=told, month=begin.astimezone(VIETNAM), duties=list(Duty))


async def apology(request: Request, visitor: Visitor) -> Response:
    """Draft the letter that CT 23/CT-TTg asks of who is late; nothing is sent."""
    delivery = await visitor.axis.delivery(request.path_params["delivery_id"])
    account, now = visitor.account, request.app.state.clock()
    store: ClerkDeadlines = request.app.state.deadlines
    dated = await store.one(account.member, delivery.delivery_id, since=now - LOOKED_AT)
    late = (
        []
        if dated is None
        else [
            deadline
            for deadline, done in duties_of(dated, vietnam())
            if deadline.duty is Duty.ANSWER and standing(deadline, done, now) is Standing.OVERDUE
        ]
    )
    if not late or dated is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    today, due_day = now.astimezone(VIETNAM).date(), late[0].due_at.astimezone(VIETNAM).date()
    return page(
        request,
        "apology.html",
        visitor,
        dated=dated,
        issuer=name_of(request, dated.issuer),
        recipient=name_of(request, dated.recipient),
        due_day=due_day,
        today=today,
        vietnam=VIETNAM,
        days_late=max(1, vietnam().working_days_between(due_day, today)),
    )


def _month(text: str, now: datetime) -> tuple[datetime, datetime]:
    this = now.astimezone(VIETNAM).date().replace(day=1)
    try:
        first = date.fromisoformat(f"{text[:MAX_MONTH]}-01")
    except ValueError:
        first = this
    if not 2000 < first.year <= this.year:
        first = this
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return datetime.combine(first, time(), VIETNAM), datetime.combine(following, time(), VIETNAM)


ROUTES = (
    Route("/deadlines", signed_in(due)),
    Route("/deadlines/kept", signed_in(kept)),
    Route("/inbox/{delivery_id:uuid}/apology", signed_in(apology)),
)
