"""The command itself: parses, runs one command, and turns whatever happens into an exit code and a sentence."""

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final

from cyclopts import App, CycloptsError

from docaxis.cli.commands import BY_NAME, COMMANDS, Command
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import Failure, explain
from docaxis.cli.language import Language, Text, choose_language
from docaxis.cli.output import Output

if TYPE_CHECKING:
    from rich.console import Console

SUMMARY: Final = Text(
    "Trục liên thông văn bản: gửi, nhận, kiểm tra chữ ký số và biên nhận.",
    "Document-exchange axis: send, receive, verify signatures and evidence.",
)


def build_app(language: Language, *, console: "Console | None" = None) -> App:
    """Make the application with its help in one language."""
    app = App(
        "docaxis",
        help=SUMMARY.into(language),
        version=_version,
        help_format="markdown",
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        console=console,
    )
    _add(app, COMMANDS, language)
    return app


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - it brings the parser of e-mails

    return version("docaxis")


def _add(app: App, commands: Sequence[Command], language: Language) -> None:
    for command in commands:
        summary, example = command.summary.into(language), example_text(command, language)
        if command.subcommands:
            group = App(command.name, help=summary, help_epilogue=example)
            _add(group, command.subcommands, language)
            app.command(group)
        else:
            app.command(command.function, name=command.name, help=summary, help_epilogue=example)


def example_text(command: Command, language: Language) -> str:
    """Give the example as the help page ends with it."""
    return f"{'Ví dụ' if language == 'vi' else 'Example'}: {command.example}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal that cannot write every letter is still told the verdict
        sys.stdout.reconfigure(errors="backslashreplace")
    language = choose_language(tokens)
    output = Output(as_json="--json" in tokens, language=language)
    try:
        answer = build_app(language)(tokens)
    except SystemExit as error:  # completion of a shell ends that way, and rich when whoever read has gone
        answer = _unread() if isinstance(error.__context__, BrokenPipeError) else error.code
    except KeyboardInterrupt:
        answer = Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the edge of the program: everything becomes a sentence and a code
        reason = _innermost(error)
        answer = _unread() if isinstance(reason, BrokenPipeError) else _fail(output, _failure(reason, tokens))
    return int(answer) if isinstance(answer, int) else Exit.OK


def _failure(reason: BaseException, tokens: Sequence[str]) -> Failure:
    if isinstance(reason, CycloptsError):
        from docaxis.cli.usage import usage_failure  # noqa: PLC0415 - only commands that fail need it

        return usage_failure(reason)
    return explain(reason, extra=_extra(tokens))


def _unread() -> int:
    """End a command whose reader has gone: nobody is there to be told, and what was not told must not pass."""
    sys.stderr.close()
    return Exit.CANNOT_WRITE


def _fail(output: Output, failure: Failure) -> int:
    if output.as_json:
        try:
            output.result(failure.to_json())
        except OSError:  # standard output takes nothing, which may be what failed
            output.complain(failure.lines(output.language))
    else:
        output.complain(failure.lines(output.language))
    return failure.exit


def _innermost(error: BaseException) -> BaseException:
    """Unwrap what a lazy import or a task group put around the reason; of several that came at once, the first."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError) and error.__cause__:
            error = error.__cause__
        else:
            return error


def _extra(tokens: Sequence[str]) -> str:
    return next((BY_NAME[token].extra for token in tokens if token in BY_NAME), "services")
