"""What the load generator is told by the process that starts it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Orders:
    """Times in seconds; ``documents`` as sending member, metadata and path, ``recipients`` as code and member."""

    url: str
    axis: str
    environment: str
    members: dict[str, dict[str, Any]]
    documents: list[tuple[str, dict[str, Any], str]]
    recipients: list[tuple[str, str]]
    fan_out: int
    rehearsed: int
    one_by_one: int
    warm_up: float
    seconds: float
    in_flight: int
    patience: float
    hand_over: bool

    def write(self, path: Path) -> None:
        """Write them where only this user reads them: they hold keys."""
        path.touch(0o600)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), "utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read them."""
        return cls(**json.loads(path.read_text("utf-8")))
