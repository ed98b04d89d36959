"""Pages from templates: escaped, in one language, with the moment in Vietnam's time."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from docaxis.clerk.cookies import Cookie
from docaxis.clerk.visitors import Visitor
from docaxis.clerk.words import LANGUAGES, field_name, word
from docaxis_schemas.moments import VIETNAM, from_text

_TEMPLATES: Final = Environment(
    loader=PackageLoader("docaxis.clerk"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language_of(request: Request) -> str:
    """Give the language somebody chose; Vietnamese unless it was English."""
    chosen: str = request.app.state.cookies.read(request, Cookie.LANGUAGE) or "vi"
    return chosen if chosen in LANGUAGES else "vi"


def page(
    request: Request,
    template: str,
    visitor: Visitor | None,
    status: int = HTTPStatus.OK,
    **values: Any,
) -> HTMLResponse:
    """Render a page."""
    language = language_of(request)
    known: Mapping[str, Any] = {
        "t": partial(word, language=language),
        "field_name": partial(field_name, language=language),
        "language": language,
        "visitor": visitor,
        "here": request.url.path,
        "moment": moment,
        "size": size,
        "day": day,
        "environment": request.app.state.environment,
        "provider": request.app.state.provider,
        "troubles": request.app.state.conditions.troubles,
        "read_only": request.app.state.conditions.read_only,
        "message": None,
        "faults": (),
    }
    return HTMLResponse(_TEMPLATES.get_template(template).render({**known, **values}), status)


def moment(value: datetime | str | None) -> str:
    """Write a moment as people in Vietnam do."""
    if value is None:
        return ""
    at = from_text(value) if isinstance(value, str) else value
    return at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")


def day(value: str | None) -> str:
    """Write a date (YYYY-MM-DD) as people in Vietnam do; what is none stays as it is."""
    parts = (value or "").split("-")
    return "/".join(reversed(parts)) if len(parts) == 3 else value or ""


def read_day(text: str) -> date | None:
    """Read a date that was typed (YYYY-MM-DD); None: it is none."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1 < found.year < 9999 else None


def size(count: int) -> str:
    """Write a number of bytes for people."""
    return f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(1, count // 1024)} kB"
