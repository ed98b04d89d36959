"""The history of the axis's evidence keys: each change is a statement signed by the key that ends, and a log entry.

Whoever pinned one key years ago follows the changes from it to the present one, with nothing believed on the way that
the pinned log does not show. A key is judged by when a receipt was signed: what a retired key signed before its end
stays valid, what is dated after it does not. Who steals a key that was not yet retired can still make a change of its
own, but not without an entry that everybody sees.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_schemas.identifiers import NAMESPACE, event_id
from docaxis_schemas.moments import from_text, to_text
from docaxis_signing.receipts import EvidenceKey, PinnedKeys, RejectedEvidence, check_evidence, thumbprint


def history_id(axis: str, environment: str) -> UUID:
    """Name what stands where other statements have their submission: the keys of an axis."""
    return uuid5(uuid5(NAMESPACE, "evidence keys"), f"{axis}\x1f{environment}")


def key_change(
    retired: Mapping[str, Any], new: Mapping[str, Any], *, axis: str, environment: str, said: datetime, since: datetime
) -> Statement:
    """State that from ``since`` on the axis signs with another key. Keys are public JWKs with their ``kid``.

    The retired key signs this, so it says so before it ends: ``said`` is earlier than ``since``.
    """
    facts = {
        "retired_kid": retired["kid"],
        "retired_key_sha256": thumbprint(retired),
        "kid": new["kid"],
        "key_sha256": thumbprint(new),
        "public_key": new["x"],
        "valid_from": to_text(since),
    }
    named = history_id(axis, environment)
    event = event_id(named, EvidenceType.KEY_CHANGED.value, str(facts["retired_key_sha256"]))
    return Statement(event, EvidenceType.KEY_CHANGED, named, said, axis, None, facts)


def follow(pinned: PinnedKeys, history: Iterable[Mapping[str, Any]]) -> PinnedKeys:
    """Give the pinned keys with what the axis changed since: evidence files of changes, the earliest first.

    A change that the pinned keys know already changes nothing.

    Raises:
        RejectedEvidence: No log is pinned, a change is not logged or not signed by the key that it ends, or two differ.
    """
    if pinned.log is None:
        raise RejectedEvidence("a change of keys counts only with the log pinned")
    for value in history:
        checked = check_evidence(value, pinned)
        facts = checked.statement["facts"]
        if checked.statement["type"] != EvidenceType.KEY_CHANGED:
            raise RejectedEvidence("not a change of keys")
        if checked.logged is None:
            raise RejectedEvidence("a change of keys that the log does not show")
        pinned = replace(pinned, keys=_changed(pinned.keys, facts, checked.kid))
    return pinned


def _changed(keys: tuple[EvidenceKey, ...], facts: Mapping[str, Any], signed_by: str) -> tuple[EvidenceKey, ...]:
    since = from_text(str(facts["valid_from"]))
    retired = next(key for key in keys if key.kid == signed_by)
    if (retired.kid, thumbprint(retired.jwk)) != (facts["retired_kid"], facts["retired_key_sha256"]):
        raise RejectedEvidence("a change of keys that the key it ends did not sign")
    if retired.valid_to not in {None, since}:
        raise RejectedEvidence("two ends of one key")
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": facts["public_key"], "kid": facts["kid"]}
    if thumbprint(jwk) != facts["key_sha256"]:
        raise RejectedEvidence("the new key is not the one that is named")
    known = [key for key in keys if key.kid == facts["kid"]]
    if any(thumbprint(key.jwk) != facts["key_sha256"] or key.valid_from != since for key in known):
        raise RejectedEvidence("another key of that name is pinned")
    if retired.valid_to is not None and not known:
        raise RejectedEvidence("two changes of one key")
    others = tuple(key for key in keys if key is not retired)
    new = () if known else (EvidenceKey(str(facts["kid"]), jwk, since, None),)
    return (*others, replace(retired, valid_to=since), *new)
