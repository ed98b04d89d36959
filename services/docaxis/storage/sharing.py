"""What of its member's business somebody may see who works for some of the member's organisations only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """The organisations worked for, and whether the submission asked about was sent for one of them."""

    organisations: tuple[str, ...]
    sent: bool
