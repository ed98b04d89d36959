"""What a statement of absence is about, in words; apart, so that whoever checks it off line loads no client."""

from collections.abc import Mapping
from typing import Any


def about(facts: Mapping[str, Any]) -> tuple[str, str]:
    """Name in Vietnamese and English what the log is stated to have nothing about."""
    if "content_sha256" in facts:
        return f"tệp {facts['content_sha256']}", f"the file {facts['content_sha256']}"
    if "sought_submission" in facts:
        return f"lượt gửi {facts['sought_submission']}", f"the submission {facts['sought_submission']}"
    number, issuer = facts["sought_number"], facts["sought_issuer"]
    return f"văn bản số {number} của {issuer}", f"the document {number} of {issuer}"
