"""``docaxis completion``: the script for a shell."""

import sys
from typing import Literal


def completion(shell: Literal["bash", "zsh", "fish"]) -> int:
    """Print the completion script.

    Args:
        shell: For which shell.
    """
    from docaxis.cli.application import build_app  # noqa: PLC0415 - the application names this module

    sys.stdout.write(build_app("en").generate_completion(prog_name="docaxis", shell=shell))
    return 0
