"""The commands as a table: where each lives, what it does in one sentence, and an example.

Modules are named, not imported: a command loads its own only when it is called, so that help and completion answer at
once and a base install never meets server code.
"""

from typing import Final

from docaxis.cli.commands.command import Command
from docaxis.cli.commands.evidence import EVIDENCE
from docaxis.cli.commands.exchange import EXCHANGE
from docaxis.cli.commands.local import RUNNING
from docaxis.cli.commands.machine import MACHINE
from docaxis.cli.commands.packets import PACKETS
from docaxis.cli.commands.reading import READING
from docaxis.cli.commands.signing import SIGNING
from docaxis.cli.commands.watching import WATCHING

__all__ = ["BY_NAME", "COMMANDS", "Command"]

COMMANDS: Final = (
    *RUNNING,
    *SIGNING,
    *EVIDENCE,
    *EXCHANGE,
    *WATCHING,
    *READING,
    *PACKETS,
    *MACHINE,
)
"""In the order of the help page."""

BY_NAME: Final = {command.name: command for command in COMMANDS}
