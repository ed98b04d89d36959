"""Rules as a file: reading it and checking every word of it. What each kind of condition asks, its class says.

A duration is written as a number with ``s``, ``m``, ``h`` or ``d``; hours of a window are Vietnam's.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import time, timedelta
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar, get_type_hints

from docaxis.alerter import conditions, readings
from docaxis.alerter.occurrences import Severity
from docaxis.alerter.windows import ChangeWindow

MAX_BYTES: Final = 64 * 1024
"""Of a file of rules; the shipped one has a tenth of it."""
SHIPPED: Final = "rules.toml"
_ID: Final = re.compile(r"[a-z][a-z0-9-]{2,40}", re.ASCII)
_DURATION: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Made = TypeVar("Made")


class RejectedRules(Exception):
    """The file is no file of rules; the text says where."""


EVENTS: Final[Mapping[str, type[Any]]] = {
    "causes": conditions.Causes,
    "first-use": conditions.FirstUse,
    "same-file": conditions.SameFile,
    "claimed-time": conditions.ClaimedTime,
    "new-value": conditions.NewValue,
    "failed-share": conditions.FailedShare,
    "count": conditions.Count,
}
"""Kinds of conditions over events."""
READINGS: Final[Mapping[str, type[Any]]] = {
    "stale-list": readings.StaleList,
    "expiring": readings.Expiring,
    "log-silent": readings.LogSilent,
    "uncosigned": readings.Uncosigned,
    "unanchored": readings.Unanchored,
    "log-broken": readings.LogBroken,
    "dead-letters": readings.DeadLetters,
    "number-refused": readings.NumberRefused,
}
"""Kinds of conditions over how the axis is."""
KINDS: Final[Mapping[str, type[Any]]] = {**EVENTS, **READINGS}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``asks`` is what its condition is given; a new condition is made of it for each watch."""

    id: str
    severity: Severity
    kind: str
    vi: str
    en: str
    asks: Mapping[str, Any]

    def condition(self) -> Any:
        """Make its condition, with nothing counted yet."""
        return KINDS[self.kind](**self.asks)

    @property
    def over_events(self) -> bool:
        """Whether it asks events, and not how the axis is."""
        return self.kind in EVENTS


@dataclass(frozen=True, slots=True)
class Rules:
    """A file of rules. ``sha256`` is of its bytes; each alert names it."""

    rules: tuple[Rule, ...]
    windows: tuple[ChangeWindow, ...]
    sha256: str


@cache
def shipped_rules() -> Rules:
    """Read the rules that come with the package."""
    return read_rules(resources.files("docaxis.alerter").joinpath(SHIPPED).read_bytes())


def read_rules(data: bytes) -> Rules:
    """Read a file of rules.

    Raises:
        RejectedRules: It is none; the text names the rule and what is wrong.
    """
    if len(data) > MAX_BYTES:
        raise RejectedRules(f"larger than {MAX_BYTES} bytes")
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RejectedRules(f"no TOML: {error}") from error
    if content.keys() - {"version", "window", "rule"} or content.get("version") != 1 or not content.get("rule"):
        raise RejectedRules("version = 1, [[rule]] and perhaps [[window]] make a file of rules")
    windows = tuple(_named(f"window {number}", _window, one) for number, one in enumerate(content.get("window", ()), 1))
    rules = tuple(_named(_name(one, number), _rule, one, windows) for number, one in enumerate(content["rule"], 1))
    ids = [rule.id for rule in rules]
    if len(set(ids)) != len(ids):
        raise RejectedRules(f"two rules of one id: {', '.join(sorted({one for one in ids if ids.count(one) > 1}))}")
    return Rules(rules, windows, hashlib.sha256(data).hexdigest())


def _name(value: Any, number: int) -> str:
    return f"rule {value.get('id', number) if isinstance(value, Mapping) else number}"


def _named(name: str, read: Callable[..., Made], *given: Any) -> Made:
    try:
        return read(*given)
    except KeyError as error:
        raise RejectedRules(f"{name}: {error.args[0]} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise RejectedRules(f"{name}: {error}") from error


def _window(value: Mapping[str, Any]) -> ChangeWindow:
    return _made(ChangeWindow, dict(value))


def _rule(value: Mapping[str, Any], windows: tuple[ChangeWindow, ...]) -> Rule:
    asked = dict(value)
    id_, severity, kind, vi, en = (_text(asked.pop(name)) for name in ("id", "severity", "kind", "vi", "en"))
    if not _ID.fullmatch(id_):
        raise ValueError("an id is of small letters, digits and hyphens")
    if kind not in KINDS:
        raise ValueError(f"no such kind: {kind}; there are {', '.join(KINDS)}")
    asks = _asked(KINDS[kind], asked)
    if kind == "new-value":
        asks["windows"] = windows
    rule = Rule(id_, Severity(severity), kind, vi, en, asks)
    rule.condition()
    return rule


def _made(kind: type[Made], value: dict[str, Any]) -> Made:
    return kind(**_asked(kind, value))


def _asked(kind: type[Any], value: dict[str, Any]) -> dict[str, Any]:
    """Read what a class is made of, by its annotations; a field whose name begins with an underscore is its own."""
    hints = get_type_hints(kind)
    given: dict[str, Any] = {}
    for field in fields(kind):
        if field.name.startswith("_") or field.name == "windows":
            continue
        if field.name in value:
            given[field.name] = _value(hints[field.name], value.pop(field.name))
        elif field.default is MISSING:
            raise KeyError(field.name)
    if value:
        raise ValueError(f"unknown: {', '.join(sorted(value))}")
    return given


def _value(hint: Any, value: Any) -> Any:
    if hint in (timedelta, timedelta | None):
        return _duration(_text(value))
    if hint == tuple[str, ...]:
        return tuple(map(_text, _list(value)))
    if hint == tuple[int, ...]:
        return tuple(map(_number, _list(value)))
    if hint is int:
        return _number(value)
    if hint is time:
        if type(value) is not time:
            raise TypeError("a time of the day, as 20:00:00")
        return value
    return hint(_text(value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"text was expected instead of {value!r}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise TypeError(f"a list was expected instead of {value!r}")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"a whole number was expected instead of {value!r}")
    return value


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration like 15m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
