"""Organisations by their names, as of now, and types of documents by theirs."""

from collections.abc import Iterable

from starlette.requests import Request

from docaxis_schemas.document_types import DocumentType


def name_of(request: Request, code: str) -> str:
    """Give an organisation's name; a code that nobody bears stays a code."""
    state = request.app.state
    entry = state.directory().organisation(code, state.clock()) if code else None
    return entry.name if entry is not None else code


def names_of(request: Request, codes: Iterable[str]) -> dict[str, str]:
    """Give names by code."""
    return {code: name_of(request, code) for code in codes}


def type_name_of(value: str) -> str:
    """Give the Vietnamese name of a type; what is none stays as it is."""
    return next((one.vietnamese for one in DocumentType if one.value == value), value)
