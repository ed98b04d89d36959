"""From what went wrong to an exit code and a sentence, in one place."""

import errno
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from docaxis.cli.exit_codes import CAUSES, Exit
from docaxis.cli.language import Language
from docaxis_schemas.faults import RejectedInput


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a command ended badly. ``code`` is stable; programs look at it."""

    exit: Exit
    code: str
    vi: str
    en: str
    faults: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the form for ``--json``."""
        value = {"code": self.code, "exit": int(self.exit), "message": self.en, "message_vi": self.vi}
        return {"error": value | ({"faults": list(self.faults)} if self.faults else {})}

    def lines(self, language: Language) -> list[str]:
        """Give the lines for a person."""
        head = "Lỗi" if language == "vi" else "Error"
        listed = [f"  {fault.get('field', '')}: {fault.get(language, '')}" for fault in self.faults]
        return [f"{head}: {self.vi if language == 'vi' else self.en}", *listed]


class CommandFailed(Exception):
    """A command found out itself why it cannot go on."""

    def __init__(self, why: Exit, code: str, vi: str, en: str) -> None:
        super().__init__(en)
        self.failure = Failure(why, code, vi, en)


_NOT_PERMITTED: Final = {401, 403}
_SYSTEM: Final = {
    errno.ENOSPC: ("đĩa đã đầy.", "the disk is full."),
    errno.EDQUOT: ("đã hết dung lượng được cấp.", "the disk quota is used up."),
    errno.EROFS: ("ổ đĩa chỉ cho đọc.", "the disk is read-only."),
    errno.EACCES: ("không có quyền.", "no permission."),
    errno.EPERM: ("không có quyền.", "no permission."),
    errno.EADDRINUSE: ("cổng đang được chương trình khác dùng.", "another program uses the port."),
}
"""What people meet, in words; anything else as the system says it."""


def explain(error: BaseException, *, extra: str) -> Failure:
    """Say what a failure means; what nobody foresaw is internal. ``extra`` is what the command needs installed."""
    if isinstance(error, CommandFailed):
        return error.failure
    if isinstance(error, RejectedInput):
        faults = tuple(fault.to_json() for fault in error.faults)
        return _of(Exit.BAD_INPUT, "metadata-invalid", "Dữ liệu chưa đúng.", str(error), faults)
    if isinstance(error, ModuleNotFoundError):
        return _missing(error, extra)
    found = _of_client(error) or _of_signing(error) or _of_embedded(error)
    if found is not None:
        return found
    if isinstance(error, OSError):
        return _of_system(error)
    detail = f"{type(error).__name__}: {error}"
    return _of(Exit.INTERNAL, "internal", f"Lỗi của chương trình: {detail}", f"An error of the program: {detail}")


def _of(why: Exit, code: str, vi: str, en: str, faults: tuple[Mapping[str, Any], ...] = ()) -> Failure:
    return Failure(why, code, vi, en, faults)


def _of_client(error: BaseException) -> Failure | None:
    from docaxis.client import errors  # noqa: PLC0415 - only commands that fail need it

    if isinstance(error, errors.RejectedByAxis):
        problem = error.problem
        why = Exit.NOT_PERMITTED if problem.status in _NOT_PERMITTED else Exit.REFUSED
        return _of(why, problem.code, problem.sentence("vi"), problem.sentence("en"), problem.faults)
    if isinstance(error, errors.UnavailableAxis):
        why = Exit.OUTCOME_UNKNOWN if error.outcome_unknown else Exit.UNAVAILABLE
        return _of(why, "unavailable", f"{CAUSES[why].vi} ({error})", f"{CAUSES[why].en} ({error})")
    for kind, why, code, vi in (
        (errors.RejectedFile, Exit.NO_INPUT, "file-unreadable", "Không đọc được tệp"),
        (errors.RejectedProfile, Exit.CONFIGURATION, "profile", "Hồ sơ kết nối không dùng được"),
        (errors.RejectedContent, Exit.REFUSED, "content-mismatch", "Nội dung tải về không khớp mã băm"),
        (errors.ClientError, Exit.UNAVAILABLE, "answer-unexpected", "Trục trả lời không đúng giao diện"),
    ):
        if isinstance(error, kind):
            return _of(why, code, f"{vi}: {error}", str(error))
    return None


def _of_signing(error: BaseException) -> Failure | None:
    from docaxis_signing import signing_errors as errors  # noqa: PLC0415 - as above

    if not isinstance(error, errors.SigningError):
        return None
    away = isinstance(error, errors.UnavailableKey | errors.UnavailableTimestamp)
    why = Exit.NO_INPUT if error.code == "key-file" else Exit.UNAVAILABLE if away else Exit.REFUSED
    return _of(why, error.code, error.vi, error.en)


def _of_system(error: OSError) -> Failure:
    if isinstance(error, FileNotFoundError | NotADirectoryError) and error.filename:
        return _of(Exit.NO_INPUT, "no-such-file", f"Không có tệp {error.filename}.", f"No such file: {error.filename}.")
    if isinstance(error, IsADirectoryError) and error.filename:
        where = error.filename
        return _of(Exit.NO_INPUT, "no-such-file", f"{where} là thư mục, không phải tệp.", f"{where} is a directory.")
    place = f"{error.filename}: " if error.filename else ""
    vi, en = _SYSTEM.get(error.errno or 0, (error.strerror or str(error),) * 2)
    return _of(Exit.CANNOT_WRITE, "system", f"Hệ thống không cho phép: {place}{vi}", f"The system refused: {place}{en}")


def _of_embedded(error: BaseException) -> Failure | None:
    problems = sys.modules.get("docaxis.embedded.problems")  # loaded if it raised; loading it here may fail itself
    if problems is None or not isinstance(error, problems.EmbeddedProblem):
        return None
    return _of(Exit.UNAVAILABLE, "local-axis", f"Không chạy được trục cục bộ: {error}", str(error))


def _missing(error: ModuleNotFoundError, extra: str) -> Failure:
    """Name the extra that brings a missing module."""
    name = error.name or ""
    if name.partition(".")[0] in {"docaxis", "docaxis_schemas", "docaxis_signing"}:
        return _of(Exit.INTERNAL, "part-missing", f"Bản cài này thiếu {name}", f"This installation lacks {name}")
    command = f"pip install 'docaxis[{extra}]'"
    return _of(
        Exit.CONFIGURATION,
        "extra-missing",
        f"Lệnh này cần phần cài thêm: {command}",
        f"This command needs an extra that is not installed: {command}",
    )
