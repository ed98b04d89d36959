"""Who asks, and for what: headers, query and JSON body alike, because clients of the field use all three."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from starlette.requests import Request

from docaxis.directory.entries import Principal
from docaxis.gateway.bodies import Body
from docaxis.gateway.multipart import malformed
from docaxis.gateway.parts import PARTIES, Parts
from docaxis.gateway.refusals import Refused
from docaxis.storage.exchange import Window
from docaxis_schemas.canonical import RejectedJson, parse_object
from docaxis_schemas.edxml.values import read_date, read_moment
from docaxis_schemas.problems import Code

MAX_BODY: Final = 64 * 1024
"""Bytes of a JSON body; the largest that clients send names one agency."""
MAX_LISTED: Final = 500
MAX_DIGITS: Final = 6
"""Digits of a page or its size; what pages skip together then stays far below what the database counts to."""
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of existing software: who it comes from, and its parameters by lower-case name."""

    principal: Principal
    organisation: str
    values: Mapping[str, str]

    @property
    def organisations(self) -> tuple[str, ...]:
        """Give the organisations whose messages may be seen."""
        return self.principal.organisations

    def text(self, name: str) -> str:
        """Give a parameter.

        Raises:
            Refused: It is not there.
        """
        value = self.values.get(name.lower(), "")
        if not value:
            raise malformed(f"Thiếu {name}.", f"{name} is missing.")
        return value

    def message(self) -> UUID:
        """Give the message that is asked about.

        Raises:
            Refused: It is no id of ours.
        """
        try:
            return UUID(self.text("docId"))
        except ValueError as error:
            raise malformed("docId không phải UUID.", "docId is no UUID.") from error

    def kind(self) -> str:
        """Give the kind of messages: ``edoc`` or ``status``.

        Raises:
            Refused: It is neither.
        """
        kind = self.values.get("messagetype", "edoc").lower()
        if kind not in {"edoc", "status"}:
            raise malformed("messageType là edoc hoặc status.", "messageType is edoc or status.")
        return kind

    def window(self) -> Window:
        """Give the time and the page that are asked for; a day without a time is meant whole.

        Raises:
            Refused: No date, or no number.
        """
        since, until = self._moment("fromdate"), self._moment("todate", whole_day=True)
        limit = min(self._number("pagesize", MAX_LISTED), MAX_LISTED)
        return Window(since=since, until=until, limit=limit, skip=(self._number("pageindex", 1) - 1) * limit)

    def _number(self, name: str, default: int) -> int:
        text = self.values.get(name, "") or str(default)
        if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS and int(text) > 0):
            raise malformed(f"{name} phải là số từ 1.", f"{name} is a number from 1.")
        return int(text)

    def _moment(self, name: str, *, whole_day: bool = False) -> datetime | None:
        text = self.values.get(name, "")
        if not text:
            return None
        try:
            moment = read_moment(text)
            is_day = ":" not in text and bool(read_date(text))
            return moment + DAY if whole_day and is_day else moment
        except (ValueError, OverflowError) as error:
            raise malformed(f"{name} không phải ngày.", f"{name} is no date.") from error


async def ask(parts: Parts, request: Request, *, with_body: bool = True) -> Asked:
    """Let a request in by X-SystemId and X-SecretKey, and read its parameters.

    Raises:
        Refused: Credential and organisation do not belong together, or a parameter is not readable.
    """
    system = request.headers.get("x-systemid", "")
    principal = await parts.doorkeeper.require_secret(request, request.headers.get("x-secretkey", ""), PARTIES)
    snapshot = await parts.directory.snapshot()
    organisation = snapshot.canonical(system)
    if organisation is None or organisation not in principal.organisations:
        raise Refused(Code.UNAUTHENTICATED)
    values = {name.lower(): value for name, value in request.headers.items() if name.lower() in _FROM_HEADERS}
    values |= {name.lower(): value for name, value in request.query_params.items()}
    if with_body and request.method == "POST":
        values |= await _body_values(request, parts)
    return Asked(principal, organisation, values)


_FROM_HEADERS: Final = frozenset({"docid", "messagetype", "servicetype", "status", "fromdate", "todate", "agencycode"})
"""The SDK sends its parameters as headers."""


async def _body_values(request: Request, parts: Parts) -> dict[str, str]:
    data = await Body(request, parts.limits).whole(MAX_BODY)
    if not data.strip():
        return {}
    try:
        value = parse_object(data, limit=MAX_BODY)
    except RejectedJson as error:
        raise Refused(Code.MALFORMED_JSON, f"JSON: {error}", f"JSON: {error}") from error
    return {str(name).lower(): str(item) for name, item in value.items() if isinstance(item, str | int | float)}
