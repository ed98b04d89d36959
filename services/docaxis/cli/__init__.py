"""The ``docaxis`` command."""

from docaxis.cli.application import main

__all__ = ["main"]
