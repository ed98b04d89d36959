"""What the commands are told: shared options, and the options of what the composition root runs."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from docaxis.cli.language import Language

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
"""An option that is given or not; there is no ``--no-...``."""

REPEATED = Parameter(negative=(), show_default=False)
"""An option that may be given several times."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """How the command answers.

    Attributes:
        json: Answer on standard output with one JSON object a line.
        lang: Language of messages; by default the system's.
    """

    json: Flag = False
    lang: Language | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting(Speaking):
    """How the command answers and as whom it speaks to an axis.

    Attributes:
        profile: Connection profile: a file, or a name under ~/.config/docaxis; by default $DOCAXIS_PROFILE, else the
            only profile there.
    """

    profile: str | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Describing:
    """What a document is that goes out, and with which files and to whom.

    Attributes:
        metadata: JSON file with the document's metadata; the options below take precedence over it.
        to: Recipient: an organisation code, or group:NAME; repeat for more.
        appendix: File of an appendix of the same document; repeat for more.
        enclosure: Any other file that goes along; repeat for more.
        issuer: Code of the organisation that issued the document.
        type: Type of document, such as cong-van or 'công văn'.
        subject: What it is about.
        place: Place of promulgation.
        date: Date of promulgation, as YEAR-MONTH-DAY.
        number: Its number.
        notation: Its notation.
        urgency: How urgent it is.
    """

    metadata: Path | None = None
    to: Annotated[tuple[str, ...], REPEATED] = ()
    appendix: Annotated[tuple[Path, ...], REPEATED] = ()
    enclosure: Annotated[tuple[Path, ...], REPEATED] = ()
    issuer: str | None = None
    type: str | None = None
    subject: str | None = None
    place: str | None = None
    date: str | None = None
    number: str | None = None
    notation: str | None = None
    urgency: Literal["normal", "khan", "thuong-khan", "hoa-toc", "hoa-toc-hen-gio"] | None = None


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What `docaxis demo` is asked; ``keep`` leaves documents and evidence of the story there."""

    json: bool
    language: Language
    keep: Path | None
    brokers: Literal[1, 3]


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What `docaxis up` is asked; ``port`` 0 is any free one, ``profiles`` is where the members' profiles go."""

    json: bool
    language: Language
    data: Path | None
    brokers: Literal[1, 3]
    port: int
    profiles: Path


@dataclass(frozen=True, slots=True)
class ExchangeOptions:
    """What `docaxis bench exchange` is asked; ``documents`` is how many distinct ones are signed beforehand."""

    json: bool
    language: Language
    seconds: int
    fan_out: int
    documents: int | None
    inbox_only: bool = False


@dataclass(frozen=True, slots=True)
class VerifyBenchOptions:
    """What `docaxis bench verify` is asked; ``seconds`` is the time for each level."""

    json: bool
    language: Language
    seconds: float
    documents: int


@dataclass(frozen=True, slots=True)
class SignBenchOptions:
    """What `docaxis bench sign` is asked."""

    json: bool
    language: Language


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What `docaxis verify` is asked; without ``at`` the present is the time of reception."""

    trust: Path | None
    policy: str | None
    at: datetime | None
