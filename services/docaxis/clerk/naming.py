"""Organisations by their names, as of now."""

from collections.abc import Iterable

from starlette.requests import Request


def name_of(request: Request, code: str) -> str:
    """Give an organisation's name; a code that nobody bears stays a code."""
    state = request.app.state
    entry = state.directory().organisation(code, state.clock()) if code else None
    return entry.name if entry is not None else code


def names_of(request: Request, codes: Iterable[str]) -> dict[str, str]:
    """Give names by code."""
    return {code: name_of(request, code) for code in codes}
