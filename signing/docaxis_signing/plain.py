"""Frozen dataclasses to plain JSON values and back, by their annotations."""

import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from docaxis_schemas.moments import from_text, to_text

T = TypeVar("T")


class RejectedPlain(ValueError):
    """The JSON value does not have the shape of the type."""


def _no_bytes(_: Any) -> Any:
    raise TypeError("bytes have no place here")


def to_plain(value: Any, put: Callable[[bytes], str] = _no_bytes) -> Any:
    """Write a dataclass, enum, moment or collection of them as JSON values; None is left out of objects.

    Args:
        value: What to write.
        put: Puts bytes somewhere and gives the name that stands for them.
    """
    if is_dataclass(value):
        pairs = ((item.name, getattr(value, item.name)) for item in fields(value))
        return {name: to_plain(item, put) for name, item in pairs if item is not None}
    if isinstance(value, tuple | list):
        return [to_plain(item, put) for item in value]
    if isinstance(value, frozenset):
        return sorted(to_plain(item, put) for item in value)
    return put(value) if isinstance(value, bytes) else _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, str) and not value.isascii():  # a lone surrogate out of a document has no canonical form
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def to_object(value: Any, put: Callable[[bytes], str] = _no_bytes) -> dict[str, Any]:
    """Write a dataclass as a JSON object."""
    plain: dict[str, Any] = to_plain(value, put)
    return plain


def from_plain(kind: type[T], value: Any, get: Callable[[str], bytes] = _no_bytes) -> T:
    """Read what `to_plain` wrote; ``get`` finds the bytes that a name stands for.

    Raises:
        RejectedPlain: A member is missing, unknown or of another type.
    """
    try:
        read: T = _read(kind, value, get)
    except (KeyError, TypeError, ValueError) as error:
        raise RejectedPlain(f"{kind.__name__}: {error}") from error
    return read


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _absent(kind: type) -> dict[str, None]:
    """Name the members that may be None and have no default: `to_plain` leaves them out."""
    return {
        item.name: None
        for item in fields(kind)
        if item.default is MISSING and type(None) in get_args(_hints(kind)[item.name])
    }


def _read(kind: Any, value: Any, get: Callable[[str], bytes]) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        wanted = next(part for part in get_args(kind) if part is not type(None))
        return None if value is None else _read(wanted, value, get)
    if origin in (tuple, frozenset):
        return origin(_read(get_args(kind)[0], item, get) for item in value)
    if is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]
        read = {name: _read(hints[name], item, get) for name, item in value.items()}
        return kind(**(_absent(kind) | read))  # type: ignore[arg-type, operator]
    if kind is bytes:
        return get(value)
    return _read_scalar(kind, value)


def _read_scalar(kind: Any, value: Any) -> Any:
    if kind is datetime:
        return from_text(value)
    if issubclass(kind, Enum):
        return kind(value)
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected, {type(value).__name__} found")
    return value
