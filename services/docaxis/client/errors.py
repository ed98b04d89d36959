"""What an integrator meets: the axis said no, it could not be reached, or what came back is not what it should be.

Three branches that are never mixed: `RejectedByAxis` is about what was sent and repeating does not help;
`UnavailableAxis` is about the way there and repeating with the same key is safe; `RejectedAnswer` and
`RejectedContent` are about what the axis gave.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from docaxis_schemas.problems import PROBLEMS, Code


class ClientError(Exception):
    """Root of everything the SDK raises."""


@dataclass(frozen=True, slots=True)
class ProblemReport:
    """A problem (RFC 9457) as the axis reported it, in both languages; ``faults`` lists what is wrong."""

    status: int
    code: str
    title: str
    title_vi: str
    detail: str = ""
    detail_vi: str = ""
    action: str = ""
    action_vi: str = ""
    faults: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_json(cls, status: int, value: Mapping[str, Any]) -> Self:
        """Read a problem leniently: an intermediary may answer in the axis's place, with less."""
        code = str(value.get("code") or f"http-{status}")
        known = PROBLEMS[Code(code)] if code in set(Code) else None
        faults = value.get("faults")
        return cls(
            status=status,
            code=code,
            title=str(value.get("title") or (known.title_en if known else f"HTTP status {status}")),
            title_vi=str(value.get("title_vi") or (known.title_vi if known else f"Mã trạng thái HTTP {status}")),
            detail=str(value.get("detail") or ""),
            detail_vi=str(value.get("detail_vi") or ""),
            action=str(value.get("action") or (known.action_en if known else "")),
            action_vi=str(value.get("action_vi") or (known.action_vi if known else "")),
            faults=tuple(item for item in faults if isinstance(item, Mapping)) if isinstance(faults, list) else (),
        )

    def sentence(self, language: str) -> str:
        """Say what happened and what to do now, in ``vi`` or ``en``."""
        if language == "vi":
            return _join(self.title_vi, self.detail_vi, self.action_vi)
        return _join(self.title, self.detail, self.action)


def _join(title: str, detail: str, action: str) -> str:
    head = f"{title}: {detail}" if detail and detail.rstrip(".") != title.rstrip(".") else title
    return f"{head.rstrip('.')}. {action}".strip()


class RejectedByAxis(ClientError):
    """The axis refused what was sent; the same again is refused again."""

    def __init__(self, problem: ProblemReport) -> None:
        super().__init__(f"{problem.code}: {problem.sentence('en')}")
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable name of the problem (`docaxis_schemas.problems.Code`)."""
        return self.problem.code

    @property
    def faults(self) -> tuple[Mapping[str, Any], ...]:
        """What is wrong with the input, field by field."""
        return self.problem.faults


class UnavailableAxis(ClientError):
    """The axis could not be reached, or says that it cannot work now: repeat with the same key.

    ``outcome_unknown`` is set when the request may have been carried out; the same key never makes a second one.
    """

    def __init__(
        self,
        reason: str,
        *,
        problem: ProblemReport | None = None,
        retry_after: float | None = None,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(reason)
        self.problem = problem
        self.retry_after = retry_after
        self.outcome_unknown = outcome_unknown


class RejectedAnswer(ClientError):
    """The axis answered something that its interface does not foresee."""


class RejectedContent(ClientError):
    """Bytes that were fetched are not those that the delivery names."""


class RejectedFile(ClientError):
    """A file to send cannot be read, or changed while it was sent."""


class RejectedProfile(ClientError):
    """A connection profile is missing or not of its form."""
