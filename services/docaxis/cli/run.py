"""``docaxis run``: one service in this process."""

from typing import Literal

from docaxis.cli.options import Speaking

Service = Literal["gateway", "verifier", "router", "registrar", "projector", "clerk", "alerter", "all"]


def run(service: Service, *, speaking: Speaking | None = None) -> int:  # noqa: ARG001 - services answer by their log
    """Run one service until it is stopped.

    Args:
        service: Which one; ``all`` runs every one in this process.
        speaking: How the command answers.
    """
    from docaxis.process import run_service  # noqa: PLC0415 - server code only where it is used

    return run_service(service)
