"""Putting a replacement in the place of a library's function, only over the source that it was written for."""

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any


def known_sources() -> dict[str, str]:
    """Give the SHA-256 of the source of every function that is replaced or relied on, as it was when this was written.

    `tools/pin_sources.py` writes the file. It is a person who reads the change of the library before running it.
    """
    found: dict[str, str] = json.loads((resources.files("docaxis_signing") / "library_sources.json").read_bytes())
    return found


@dataclass(frozen=True, slots=True)
class Pin:
    """A function or class that is replaced or relied on: the module or class that holds it, and its name there."""

    owner: Any
    name: str

    @property
    def label(self) -> str:
        """Name it in full."""
        holder = f"{self.owner.__module__}." if inspect.isclass(self.owner) else ""
        return f"{holder}{self.owner.__name__}.{self.name}"

    def holds(self, sources: Mapping[str, str]) -> bool:
        """Tell whether the source is the known one."""
        try:
            return source_digest(self.owner, self.name) == sources[self.label]
        except (KeyError, OSError, TypeError):
            return False


@dataclass(frozen=True, slots=True)
class Patch:
    """A replacement.

    Attributes:
        pin: What is replaced.
        make: Makes the replacement from what it replaces, to which it hands all but the plain case.
        also: Other modules that imported the same function by name.
    """

    pin: Pin
    make: Callable[[Any], Any]
    also: tuple[Any, ...] = ()

    def holds(self, sources: Mapping[str, str]) -> bool:
        """Tell whether it is the known function that is replaced, in all of its places."""
        owner, name = self.pin.owner, self.pin.name
        return self.pin.holds(sources) and all(vars(place).get(name) is vars(owner)[name] for place in self.also)


def source_digest(owner: Any, name: str) -> str:
    """Give the SHA-256 of a function's source.

    Raises:
        KeyError: There is no such function any more.
        OSError: Its source cannot be had.
    """
    return hashlib.sha256(inspect.getsource(_plain(vars(owner)[name])).encode()).hexdigest()


def _plain(found: Any) -> Any:
    if isinstance(found, staticmethod):
        return found.__func__
    return found.fget if isinstance(found, property) else found


class Patches:
    """Replacements that go in and out together."""

    def __init__(self, patches: Iterable[Patch]) -> None:
        self._places: list[tuple[Any, str, Any, Any]] = []
        self._installed = False
        for patch in patches:
            owner, name = patch.pin.owner, patch.pin.name
            stock = vars(owner)[name]
            made = patch.make(_plain(stock))
            if isinstance(stock, staticmethod):
                made = staticmethod(made)
            self._places += [(place, name, stock, made) for place in (owner, *patch.also)]

    @property
    def installed(self) -> bool:
        """Tell whether they are in place."""
        return self._installed

    def install(self) -> None:
        """Put all of them in place."""
        for owner, name, _, made in self._places:
            setattr(owner, name, made)
        self._installed = True

    def remove(self) -> None:
        """Put everything back as it was."""
        for owner, name, stock, _ in self._places:
            setattr(owner, name, stock)
        self._installed = False
