"""What a request may cost. Every limit has its reason; those of a deployment come from the settings."""

from dataclasses import dataclass
from typing import Final

from docaxis.settings import GatewaySettings
from docaxis_schemas.submission import MAX_FILES, MAX_MANIFEST

MAX_SIGNED_MANIFEST: Final = MAX_MANIFEST * 4 // 3 + 4096
"""Bytes of a manifest as compact JWS: base64 adds a third, header and signature a little."""
MAX_SIGNED_RECORD: Final = 64 * 1024
"""Bytes of a signed hand-over or report: a record on the bus holds it."""
MAX_HANDOVERS: Final = 32
"""Hand-overs in one request: checking their signatures holds up other requests for some 10 ms."""
MAX_HANDOVERS_BODY: Final = 512 * 1024
"""Bytes of their request: one is 1 kB, with a hundred files 10."""
MAX_PARTS: Final = MAX_FILES + 1
"""The manifest and one part a file."""
MAX_PART_HEADERS: Final = 8
"""Content-Disposition, Content-Type, and what libraries add of their own."""
MAX_DRAINED: Final = 8 * 1024 * 1024
"""Bytes of a refused body that are still read, so that a client hears the answer instead of a broken connection."""
MAX_HEADERS: Final = 64
"""Request headers; browsers and proxies together send about 30."""
MAX_PAGE: Final = 500
"""Entries of one page of an inbox."""
MAX_WAIT: Final = 60
"""Seconds that a request may be held; some proxies give a silent connection up after that."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a deployment: bytes, bytes a second, seconds."""

    pdf: int = 100 * 1024 * 1024
    file: int = 2 * 1024**3
    minimum_rate: int = 16 * 1024
    grace: float = 10.0
    """A connection may stall this long in all before its rate is judged: radio links do."""

    @classmethod
    def of(cls, settings: GatewaySettings) -> "Limits":
        """Take what the settings say."""
        grace = settings.stall_allowance.total_seconds()
        return cls(settings.pdf_limit, settings.file_limit, settings.minimum_bytes_per_second, grace)
