"""What the gateway answers instead of doing what was asked: one exception, from the one table of problems."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from docaxis_schemas.problems import PROBLEMS, Code


class Told(Protocol):
    """One thing that is wrong, as it is told: a fault of the model, or of a packet."""

    def to_json(self) -> Mapping[str, Any]: ...


class Refused(Exception):
    """A request that is answered with a problem. Details are in both languages and hold nothing of our insides."""

    def __init__(
        self,
        code: Code,
        vi: str = "",
        en: str = "",
        *,
        faults: Iterable[Told] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code.value}: {en}" if en else code.value)
        self.code = code
        self.vi = vi
        self.en = en
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.status = PROBLEMS[code].status if status is None else status
        self.more = dict(more or {})

    def to_json(self) -> dict[str, Any]:
        """Give the problem (RFC 9457)."""
        problem = PROBLEMS[self.code]
        value: dict[str, Any] = {
            "type": f"https://docaxis.example/problems/{self.code.value}",
            "title": problem.title_en,
            "title_vi": problem.title_vi,
            "status": self.status,
            "code": self.code.value,
            "detail": self.en or problem.title_en,
            "detail_vi": self.vi or problem.title_vi,
            "action": problem.action_en,
            "action_vi": problem.action_vi,
        }
        if self.faults:
            value["faults"] = [fault.to_json() for fault in self.faults]
        return value | self.more
