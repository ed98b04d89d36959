"""Named points at which a process can be made to die, so that tests can kill it exactly where it hurts.

A point does nothing unless it was armed at the start of a development process (``DOCAXIS_FAILPOINT=name:hits``); the
production profile refuses to arm one. The process then kills itself with SIGKILL at the given hit: no handler, no
flush, no farewell, as a crash would. With ``name:hits:stop`` it stops there instead (SIGSTOP), as a process does that
is frozen with its machine, until somebody lets it go on.
"""

import os
import signal
from enum import StrEnum, unique
from typing import Final

VARIABLE: Final = "DOCAXIS_FAILPOINT"


@unique
class Point(StrEnum):
    """Where a crash would be worst."""

    GATEWAY_AFTER_CONTENT_FSYNC = "gateway.after-content-fsync"
    GATEWAY_AFTER_CLAIM = "gateway.after-claim"
    GATEWAY_BEFORE_RESPONSE = "gateway.before-response"
    VERIFIER_AFTER_SOURCE_BOUND = "verifier.after-source-bound"
    VERIFIER_AFTER_VERDICT = "verifier.after-verdict"
    VERIFIER_IN_TRANSACTION = "verifier.in-transaction"
    ROUTER_AFTER_DECISION = "router.after-decision"
    ROUTER_IN_TRANSACTION = "router.in-transaction"
    REGISTRAR_AFTER_RECEIPTS = "registrar.after-receipts"
    REGISTRAR_IN_TRANSACTION = "registrar.in-transaction"
    REGISTRAR_AFTER_ORDER = "registrar.after-order"
    REGISTRAR_WITHIN_TILES = "registrar.within-tiles"
    REGISTRAR_AFTER_TILES = "registrar.after-tiles"
    REGISTRAR_AFTER_SIGNING = "registrar.after-signing"
    REGISTRAR_AFTER_CHECKPOINT = "registrar.after-checkpoint"
    REVALIDATION_AFTER_DECISION = "revalidation.after-decision"
    REVALIDATION_AFTER_TELLING = "revalidation.after-telling"
    REVALIDATION_AFTER_NOTE = "revalidation.after-note"
    PROJECTOR_BEFORE_COMMIT = "projector.before-commit"
    PROJECTOR_AFTER_COMMIT = "projector.after-commit"


class _Trap:
    """The one armed point of this process."""

    __slots__ = ("hits", "name", "signal")

    def __init__(self) -> None:
        self.name: str | None = None
        self.hits = 0
        self.signal = signal.SIGKILL


_TRAP: Final = _Trap()
_SIGNALS: Final = {"": signal.SIGKILL, "stop": signal.SIGSTOP}


def arm(text: str | None) -> None:
    """Arm a point, given as ``name:hits`` or ``name:hits:stop``; None disarms.

    Raises:
        ValueError: No such point, no positive number of hits, or another word than ``stop``.
    """
    if text is None:
        _TRAP.name = None
        return
    name, _, rest = text.partition(":")
    hits, _, how = rest.partition(":")
    if how not in _SIGNALS:
        raise ValueError(f"a fail point kills or stops, it does not {how}")
    if int(hits) < 1:
        raise ValueError("a fail point dies at a positive hit")
    _TRAP.name, _TRAP.hits, _TRAP.signal = Point(name).value, int(hits), _SIGNALS[how]


def reach(name: str) -> None:
    """Die here if this point is armed and its hit has come."""
    if _TRAP.name is None or _TRAP.name != name:
        return
    _TRAP.hits -= 1
    if _TRAP.hits == 0:
        os.kill(os.getpid(), _TRAP.signal)
