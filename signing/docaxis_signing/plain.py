"""Frozen dataclasses to plain JSON values and back, by their annotations.

What a type asks for is found out once a type, not once a value: a verdict has some four hundred values.
"""

import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from docaxis_schemas.moments import from_text, to_text

T = TypeVar("T")
_Read = Callable[[Any, Callable[[str], bytes]], Any]
"""Reads a JSON value; the second argument finds the bytes that a name stands for."""


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
    kind = type(value)
    if kind is str:
        return _text(value)
    names = _members(kind)  # type: ignore[arg-type]
    if names is not None:
        pairs = [(name, getattr(value, name)) for name in names]
        return {name: to_plain(item, put) for name, item in pairs if item is not None}
    if isinstance(value, tuple | list):
        return [to_plain(item, put) for item in value]
    if isinstance(value, frozenset):
        return sorted(to_plain(item, put) for item in value)
    return put(value) if isinstance(value, bytes) else _scalar(value)


@cache
def _members(kind: type) -> tuple[str, ...] | None:
    """Name the members of a dataclass; None for any other type."""
    return tuple(item.name for item in fields(kind)) if is_dataclass(kind) else None


def _text(value: str) -> str:
    if value.isascii():
        return value
    # A lone surrogate out of a document has no canonical form.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return to_text(value)
    return _text(value) if isinstance(value, str) else value


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
        read: T = _reader(kind)(value, get)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError) as error:
        raise RejectedPlain(f"{kind.__name__}: {error}") from error
    return read


@cache
def _reader(kind: Any) -> _Read:
    """Give what reads values of a type."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        wanted = _reader(next(part for part in get_args(kind) if part is not type(None)))
        return lambda value, get: None if value is None else wanted(value, get)
    if origin in (tuple, frozenset):
        each = _reader(get_args(kind)[0])
        return lambda value, get: origin([each(item, get) for item in value])
    if is_dataclass(kind):
        return _object_reader(kind)
    if kind is bytes:
        return lambda value, get: get(value)
    return _scalar_reader(kind)


def _object_reader(kind: Any) -> _Read:
    hints = get_type_hints(kind)
    readers = {name: _reader(hint) for name, hint in hints.items()}
    # Members that may be None and have no default: `to_plain` leaves them out.
    may_lack = (item.name for item in fields(kind) if item.default is MISSING)
    absent: dict[str, Any] = {name: None for name in may_lack if type(None) in get_args(hints[name])}

    def read(value: Any, get: Callable[[str], bytes]) -> Any:
        return kind(**(absent | {name: readers[name](item, get) for name, item in value.items()}))

    return read


def _scalar_reader(kind: Any) -> _Read:
    if kind is datetime:
        return lambda value, _: from_text(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value, _: kind(value)

    def read(value: Any, _: Callable[[str], bytes]) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{kind.__name__} expected, {type(value).__name__} found")
        return value

    return read
