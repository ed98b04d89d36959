"""Where a page of a list begins, as its address says."""

from datetime import datetime
from uuid import UUID

from starlette.requests import Request

from docaxis.storage.clerk_lists import Place
from docaxis_schemas.moments import from_text, to_text


def place_after(at: datetime, row_id: UUID) -> str:
    """Write the place behind a row."""
    return f"{to_text(at)}~{row_id}"


def place_of(request: Request) -> Place | None:
    """Read the place that an address names; what is none begins at the newest."""
    moment, _, row = request.query_params.get("after", "").partition("~")
    try:
        return Place(from_text(moment), UUID(row))
    except (ValueError, OverflowError):
        return None
