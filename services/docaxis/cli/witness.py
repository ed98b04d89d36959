"""``docaxis witness``: an agency watches the log of the axis, with its own key, process and state."""

from pathlib import Path
from typing import Annotated

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import REPEATED, Speaking


def witness(
    *,
    log: Annotated[list[str], REPEATED],
    state: Path,
    name: str = "",
    host: str = "127.0.0.1",
    port: int = 0,
    speaking: Speaking | None = None,  # noqa: ARG001 - it answers with its ready line, and by its log
) -> int:
    """Run a witness until it is stopped.

    Args:
        log: Public key of a log to watch, or the file that holds it; may be given several times.
        state: Directory of its own key and of what it has seen; keep it, a witness that forgets is none.
        name: Name of the witness, a host name of yours for instance; needed at the first start, which makes the key.
        host: Address to listen on.
        port: Port to listen on; 0 is any free one.
        speaking: How the command answers.
    """
    from docaxis.witness.process import (  # noqa: PLC0415 - server code only where it is used
        WitnessFailed,
        WitnessPlan,
        read_logs,
        run_witness,
    )

    try:
        return run_witness(WitnessPlan(state, read_logs(log), name, host, port))
    except WitnessFailed as error:
        vi = f"Không chạy được nhân chứng: {error}."
        raise CommandFailed(Exit.CONFIGURATION, "witness", vi, f"The witness cannot run: {error}.") from error
