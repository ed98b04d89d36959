"""A case: a document built on demand, the verdict on it, and an outside witness that it is what it says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import ModuleType
from typing import TYPE_CHECKING

from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import Cause, Indication, Integrity

if TYPE_CHECKING:
    from pdfcases.scene import Scene


class Group(StrEnum):
    """What a case is about; the headings of the reference page."""

    BYTE_RANGES = "Byte ranges"
    CONTENTS = "Contents"
    UPDATES = "Updates"
    SHADOWS = "Shadow attacks"
    CERTIFIED = "Certified documents"
    ALGORITHMS = "Algorithms"
    CERTIFICATES = "Certificates"
    REVOCATION = "Revocation"
    TIME = "Time"
    RESOURCES = "Resources"
    NETWORK = "Network"
    CONTENT = "Content"
    VERDICTS = "Verdict logic"
    LAYOUTS = "Honest: ways of writing"
    PRODUCERS = "Honest: producers and signers"
    SIGNATURES = "Honest: ways of signing"
    LATER = "Honest: what may follow a signature"


@dataclass(frozen=True, slots=True)
class Sample:
    """A document with the knowledge it is judged by. `honest` is what was signed, before anybody attacked it."""

    data: bytes
    honest: bytes = b""
    lists: RevocationSnapshot | None = None
    at: datetime | None = None
    trust: TrustStore | None = None
    allowed: frozenset[Integrity] = frozenset({Integrity.INTACT})
    """What the policy of the case allows to have happened to the document."""


Build = Callable[["Scene"], Sample]


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody outside of the engine who can tell that a sample is what its case says."""

    says: str
    agrees: Callable[["Scene", Sample], bool]


@dataclass(frozen=True, slots=True)
class Case:
    """A document and the verdict it must get."""

    name: str
    group: Group
    about: str
    build: Build
    indication: Indication
    integrity: Integrity
    causes: frozenset[Cause]
    """The causes that say it rightly; one of them decides. Empty for what passes."""
    witness: Witness
    rule: str = ""
    """Key of the rule that stops it; empty where pyHanko or the parser does."""
    behind: tuple[str, ...] = ()
    """Other rules that stop it too: without all of them it still fails, without `rule` besides it passes."""
    full: bool = False
    """Too large for every run."""
    passes: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "passes", self.indication is Indication.TOTAL_PASSED)


def attack(
    group: Group,
    witness: Witness,
    *causes: Cause,
    integrity: Integrity,
    indication: Indication = Indication.TOTAL_FAILED,
    rule: str = "",
    behind: tuple[str, ...] = (),
) -> Callable[[Build], Case]:
    """Make a case of a function whose name and docstring tell what the attacker does."""

    def make(build: Build) -> Case:
        return Case(
            name=_name(build),
            group=group,
            about=_about(build),
            build=build,
            indication=indication,
            integrity=integrity,
            causes=frozenset(causes),
            witness=witness,
            rule=rule,
            behind=behind,
        )

    return make


def honest(
    group: Group, witness: Witness, *, integrity: Integrity = Integrity.INTACT, full: bool = False
) -> Callable[[Build], Case]:
    """Make a case of a function whose name and docstring tell what an honest party does."""

    def make(build: Build) -> Case:
        return Case(
            name=_name(build),
            group=group,
            about=_about(build),
            build=build,
            indication=Indication.TOTAL_PASSED,
            integrity=integrity,
            causes=frozenset(),
            witness=witness,
            full=full,
        )

    return make


def cases_of(module: ModuleType) -> Iterator[Case]:
    """Give the cases of a module in the order in which they stand there."""
    for value in vars(module).values():
        if isinstance(value, Case):
            yield value
        elif isinstance(value, tuple) and value and all(isinstance(item, Case) for item in value):
            yield from value


def _name(build: Build) -> str:
    return getattr(build, "__name__", "").strip("_").replace("_", "-").replace(" ", "-")


def _about(build: Build) -> str:
    about = " ".join((build.__doc__ or "").split())
    if not about:
        raise ValueError(f"{build} says nothing about itself")
    return about
