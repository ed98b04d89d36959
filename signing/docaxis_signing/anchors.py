"""Anchors: checkpoints of the log under an RFC 3161 time-stamp, which says that every entry below is at least that old.

One token covers all entries up to its checkpoint; consistency proofs lead from there to any later one. Log order alone
is not time, and the time in an entry is the axis's own word.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import cms
from cryptography import x509

from docaxis_signing.pdf.chain import Knowledge, judge_token
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.trust.store import TEST_EXTENSION

DIGEST: Final = "sha256"
MAX_TOKEN: Final = 64 * 1024


class RejectedAnchor(Exception):
    """The token does not show that the checkpoint is as old as it says; the text says why."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint that existed at a time, by the word of an authority.

    ``self_anchored``: the authority is a TEST one, which the axis runs itself; nobody else vouches for the time.
    """

    checkpoint: Checkpoint
    at: datetime
    authority: str
    self_anchored: bool


def imprint(checkpoint: bytes) -> bytes:
    """Give the digest that is time-stamped: SHA-256 of the whole file, cosignatures included."""
    return hashlib.sha256(checkpoint).digest()


def open_anchor(checkpoint: bytes, token: bytes, policy: Policy, knowledge: Knowledge) -> Anchor:
    """Give what a checkpoint file and its token show.

    Raises:
        RejectedNote: The checkpoint is not one of a log of the policy.
        RejectedPolicy: Too few witnesses had seen it.
        RejectedAnchor: The token is over something else, malformed, or of an authority that is not trusted.
    """
    opened = policy.require(checkpoint)
    if len(token) > MAX_TOKEN:
        raise RejectedAnchor(f"a token of {len(token)} bytes")
    try:
        content = cms.ContentInfo.load(token, strict=True)["content"]
        answer = judge_token(content, lambda algorithm: hashlib.new(algorithm, checkpoint).digest(), knowledge)
        certificates = [x509.load_der_x509_certificate(one.chosen.dump()) for one in content["certificates"]]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RejectedAnchor(f"the token cannot be read: {error}") from error
    if answer.time is None:
        assert answer.trouble is not None, "without a time there is a trouble"
        raise RejectedAnchor(str(answer.trouble))
    test = any(extension.oid == TEST_EXTENSION for one in certificates for extension in one.extensions)
    return Anchor(opened.checkpoint, answer.time, answer.authority, self_anchored=test)
