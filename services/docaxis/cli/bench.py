"""``docaxis bench``: measures."""

from docaxis.cli.options import ExchangeOptions, Flag, SignBenchOptions, Speaking, VerifyBenchOptions
from docaxis.cli.output import output_for


def exchange(
    *,
    seconds: int = 60,
    fan_out: int = 1,
    documents: int | None = None,
    inbox_only: Flag = False,
    speaking: Speaking | None = None,
) -> int:
    """Measure the full path from submission to hand-over.

    Args:
        seconds: How long to measure after the warm-up.
        fan_out: Recipients of each document.
        documents: How many distinct documents to sign beforehand; by default as many as the time needs.
        inbox_only: End each document's way in the inboxes: nothing is fetched and signed for.
        speaking: How the command answers.
    """
    from docaxis.embedded.bench.exchange import exchange as measure  # noqa: PLC0415 - server code only where it is used

    output = output_for(speaking)
    return measure(
        ExchangeOptions(
            json=output.as_json,
            language=output.language,
            seconds=seconds,
            fan_out=fan_out,
            documents=documents,
            inbox_only=inbox_only,
        )
    )


def verify(*, seconds: float = 16.0, documents: int = 40, speaking: Speaking | None = None) -> int:
    """Measure verdicts a second at each PAdES level, beside stock pyHanko and pdfsig, by turns.

    Args:
        seconds: How long to measure each level.
        documents: How many distinct documents to sign for each level beforehand; kept for the next run.
        speaking: How the command answers.
    """
    from docaxis.embedded.bench.verifying import verify as measure  # noqa: PLC0415 - server code only where it is used

    output = output_for(speaking)
    return measure(
        VerifyBenchOptions(json=output.as_json, language=output.language, seconds=seconds, documents=documents)
    )


def sign(*, speaking: Speaking | None = None) -> int:
    """Measure signatures a second at B-B and B-T with an RSA-2048 key, beside stock pyHanko, by turns.

    Args:
        speaking: How the command answers.
    """
    from docaxis.embedded.bench.signing import sign as measure  # noqa: PLC0415 - server code only where it is used

    output = output_for(speaking)
    return measure(SignBenchOptions(json=output.as_json, language=output.language))
