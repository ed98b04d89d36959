"""Read frozen dataclasses from JSON and write them back: the dataclass is the only list of fields there is.

Reading collects every fault instead of stopping at the first, so that a sender mends a document in one round.
A field without a default is required; empty text and null mean "not given".
"""

import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from docaxis_schemas.faults import Fault, fault
from docaxis_schemas.moments import from_text, to_text

Record = TypeVar("Record")

MAX_TEXT: Final = 4_000
"""Characters of any one text. edXML allows 500 for the longest; this only keeps a record bounded."""

MAX_ITEMS: Final = 1_000
"""Items of any list without a limit of its own."""

MAX_NUMBER: Final = 2**53 - 1
"""The largest whole number that canonical JSON holds exactly."""

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: PostgreSQL, XML or canonical JSON cannot hold them."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one field is read."""

    name: str
    kind: Any
    required: bool
    many: bool
    limit: int


@cache
def _shapes(kind: Any) -> tuple[_Shape, ...]:
    hints = get_type_hints(kind)
    return tuple(_shape(field, hints[field.name]) for field in fields(kind))


def _shape(field: Field[Any], hint: Any) -> _Shape:
    required = field.default is MISSING and field.default_factory is MISSING
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not types.NoneType)
    many = get_origin(hint) is tuple
    kind = get_args(hint)[0] if many else hint
    limit = field.metadata.get("limit", MAX_ITEMS if many else MAX_TEXT)
    return _Shape(field.name, kind, required, many, limit)


def read_record(kind: type[Record], value: object, faults: list[Fault], path: str = "") -> Record | None:
    """Read one record; what is wrong is added to ``faults``, and then the answer is None."""
    before = len(faults)
    given = read_fields(kind, value, faults, path)
    return kind(**given) if len(faults) == before else None


def read_fields(kind: type, value: object, faults: list[Fault], path: str = "") -> dict[str, Any]:
    """Read the fields of a record as far as they can be read; a faulty one is None, one not given is left out."""
    if not isinstance(value, Mapping):
        faults.append(fault(path or "$", "not-a-record", value))
        return {}
    shapes = _shapes(kind)
    known = {shape.name for shape in shapes}
    faults.extend(fault(_join(path, str(name)), "unknown-field", name) for name in value if name not in known)
    given: dict[str, Any] = {}
    for shape in shapes:
        item = value.get(shape.name)
        where = _join(path, shape.name)
        if _is_absent(item):
            if shape.required:
                faults.append(fault(where, "required"))
            continue
        given[shape.name] = _read_many(shape, item, faults, where) if shape.many else _read(shape, item, faults, where)
    return given


def _is_absent(item: object) -> bool:
    return item is None or (isinstance(item, str) and not item.strip())


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _read_many(shape: _Shape, value: object, faults: list[Fault], path: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        faults.append(fault(path, "not-a-list", value))
        return ()
    if len(value) > shape.limit:
        faults.append(fault(path, "too-many", len(value), limit=shape.limit))
        return ()
    one = _Shape(shape.name, shape.kind, required=True, many=False, limit=MAX_TEXT)
    return tuple(_read(one, item, faults, f"{path}[{index}]") for index, item in enumerate(value))


def _read(shape: _Shape, value: object, faults: list[Fault], path: str) -> Any:
    kind = shape.kind
    if is_dataclass(kind):
        return read_record(kind, value, faults, path)  # type: ignore[arg-type]  # a class, not an instance
    if kind is bool:
        return value if isinstance(value, bool) else _add(faults, path, "not-true-or-false", value)
    if kind is int:
        fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER
        return value if fits else _add(faults, path, "not-a-number", value)
    if not isinstance(value, str):
        return _add(faults, path, "not-text", value)
    return _read_text(shape, value, faults, path)


def _read_text(shape: _Shape, value: str, faults: list[Fault], path: str) -> Any:
    if _FORBIDDEN.search(value):
        return _add(faults, path, "control-character", value)
    if len(value) > shape.limit:
        return _add(faults, path, "too-long", value, limit=shape.limit)
    if shape.kind is date:
        return _read_date(value, faults, path)
    if shape.kind is datetime:
        return _read_moment(value, faults, path)
    return value if shape.kind is str else _read_choice(shape.kind, value, faults, path)


def _add(faults: list[Fault], path: str, rule: str, value: object, **details: Any) -> Any:
    """Note a fault and stand in for the value; the record is not made then."""
    faults.append(fault(path, rule, value, **details))
    return None


def _read_date(value: str, faults: list[Fault], path: str) -> Any:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            return date.fromisoformat(value)
    except ValueError:
        pass  # 30 February: shaped like a date and none
    return _add(faults, path, "not-a-date", value)


def _read_moment(value: str, faults: list[Fault], path: str) -> Any:
    try:
        return from_text(value)
    except (ValueError, OverflowError):
        return _add(faults, path, "not-a-moment", value)


def _read_choice(kind: type[StrEnum], value: str, faults: list[Fault], path: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        return _add(faults, path, "not-a-choice", value, allowed=", ".join(kind))


def write_record(record: Any) -> dict[str, Any]:
    """Write a record as JSON; what was not given is left out."""
    written = {}
    for shape in _shapes(type(record)):  # type: ignore[arg-type]  # mypy doubts that classes hash
        value = getattr(record, shape.name)
        if value is None or value == ():
            continue
        written[shape.name] = [_write(item) for item in value] if shape.many else _write(value)
    return written


def _write(value: Any) -> Any:
    if is_dataclass(value):
        return write_record(value)
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value
