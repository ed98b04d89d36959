"""What a row of the table says."""

from dataclasses import dataclass

from docaxis.cli.language import Text


@dataclass(frozen=True, slots=True)
class Command:
    """One command, or a group of them. ``extra`` is what it needs installed beyond the base."""

    name: str
    function: str
    summary: Text
    example: str
    extra: str = "services"
    subcommands: tuple["Command", ...] = ()
