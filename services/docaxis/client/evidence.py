"""Check evidence on any machine with the axis's pinned public keys only: the axis itself is not asked."""

from docaxis_signing.receipts import CheckedEvidence, EvidenceKey, PinnedKeys, RejectedEvidence, check_evidence

__all__ = ["CheckedEvidence", "EvidenceKey", "PinnedKeys", "RejectedEvidence", "check_evidence"]
