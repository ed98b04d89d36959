"""What is wrong with how the command was called, in both languages: the parser's own sentences are English alone."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, Literal, get_args, get_origin

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import Failure

_KINDS: Final = {
    "UUID": "mã dạng 1d6f2c1e-58a1-5b0e-8f55-0a4c0f1d2e3b",
    "int": "số nguyên",
    "float": "số",
    "datetime": "thời điểm dạng 2026-03-04T09:00:00+07:00",
    "date": "ngày dạng 2026-03-04",
}


def usage_failure(error: CycloptsError) -> Failure:
    """Say what is wrong, and where the command is explained."""
    command = " ".join(("docaxis", *(error.command_chain or ()), "--help"))
    text = str(error).strip()
    vi = _vietnamese(error) or f"Gọi lệnh sai cách: {text}"
    return Failure(Exit.USAGE, "usage", f"{vi} Xem: {command}", f"{text} See: {command}")


def _vietnamese(error: CycloptsError) -> str | None:
    """Give the sentence; None where the parser's own has to do."""
    sentence = None
    match error:
        case UnknownCommandError(unused_tokens=[str(token), *_]):
            sentence = f"Không có lệnh {token}."
        case UnknownOptionError():
            sentence = f"Không có tùy chọn {error.token.keyword or error.token.value}."
        case UnusedCliTokensError(unused_tokens=[*tokens]):
            sentence = f"Thừa trên dòng lệnh: {' '.join(tokens)}."
        case RepeatArgumentError():
            sentence = f"Tùy chọn {error.token.keyword} chỉ được ghi một lần."
        case MissingArgumentError():
            sentence = f"Thiếu giá trị của {error.keyword}." if error.keyword else f"Thiếu {_name(error)}."
        case CoercionError() if error.token is not None:
            name = error.token.keyword or _name(error).lstrip("-").upper()
            sentence = f"Giá trị {error.token.value!r} của {name} không dùng được{_wanted(error)}."
    return sentence


def _name(error: CycloptsError) -> str:
    return "" if error.argument is None else str(error.argument.name)


def _wanted(error: CoercionError) -> str:
    choices = _choices(error.target_type)
    if choices:
        return f"; hãy chọn: {', '.join(choices)}"
    kind = _KINDS.get(getattr(error.target_type, "__name__", ""))
    return f": cần {kind}" if kind else ""


def _choices(kind: Any) -> Sequence[str]:
    if get_origin(kind) is Literal:
        return [str(one) for one in get_args(kind)]
    return [str(one.value) for one in kind] if isinstance(kind, type) and issubclass(kind, Enum) else ()
