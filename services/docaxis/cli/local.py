"""``docaxis demo`` and ``docaxis up``: the axis on this machine."""

from pathlib import Path
from typing import Literal

from docaxis.cli.options import DemoOptions, Speaking, UpOptions
from docaxis.cli.output import output_for
from docaxis.client.profile import profile_directory


def demo(*, keep: Path | None = None, brokers: Literal[1, 3] = 1, speaking: Speaking | None = None) -> int:
    """Start an axis and tell the story of signed documents.

    Args:
        keep: Leave the documents and evidence of the story in this directory.
        brokers: How many Kafka brokers to start.
        speaking: How the command answers.
    """
    from docaxis.embedded.story import run_demo  # noqa: PLC0415 - server code only where it is used

    output = output_for(speaking)
    return run_demo(DemoOptions(json=output.as_json, language=output.language, keep=keep, brokers=brokers))


def up(
    *,
    data: Path | None = None,
    brokers: Literal[1, 3] = 1,
    port: int = 0,
    profiles: Path | None = None,
    speaking: Speaking | None = None,
) -> int:
    """Keep an axis running until Ctrl-C.

    Args:
        data: Directory of its data; by default the system's own place.
        brokers: How many Kafka brokers to start.
        port: Port of the HTTP interface; 0 is any free one.
        profiles: Where to write connection profiles of its members; by default ~/.config/docaxis.
        speaking: How the command answers.
    """
    from docaxis.embedded.up import run_up  # noqa: PLC0415 - as above

    output = output_for(speaking)
    return run_up(
        UpOptions(
            json=output.as_json,
            language=output.language,
            data=data,
            brokers=brokers,
            port=port,
            profiles=profiles or profile_directory(),
        )
    )
