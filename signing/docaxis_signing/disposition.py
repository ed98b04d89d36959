"""What follows from a verdict: deliver, deliver with a warning, hold, or refuse. A table, and total.

Every combination of indication, sub-indication and cause has an answer. What the table does not know is refused: doubt
never delivers as valid, and a warned delivery never shows as valid.
"""

from enum import StrEnum
from typing import Final

from docaxis_signing.verdict import Cause, Indication, SubIndication


class Disposition(StrEnum):
    """What the axis does with a submission."""

    DELIVER = "deliver"
    DELIVER_WITH_WARNING = "deliver_with_warning"
    HOLD = "hold"
    REFUSE = "refuse"


MILDEST_FIRST: Final = (
    Disposition.DELIVER,
    Disposition.DELIVER_WITH_WARNING,
    Disposition.HOLD,
    Disposition.REFUSE,
)

INDETERMINATE_BY_CAUSE: Final[dict[Cause, Disposition]] = {
    # Status data will come: wait for them, at most until the deadline.
    Cause.REVOCATION_MISSING: Disposition.HOLD,
    Cause.REVOCATION_STALE: Disposition.HOLD,
    # The signature itself holds at the time of reception; only the time it claims is unproved.
    Cause.TIMESTAMP_UNTRUSTED: Disposition.DELIVER_WITH_WARNING,
    # Certainly not what the recipient may rely on, whatever data arrive later.
    Cause.UNSIGNED: Disposition.REFUSE,
    Cause.MODIFIED: Disposition.REFUSE,
    Cause.FORM_FILLED: Disposition.REFUSE,
    Cause.COVERED: Disposition.REFUSE,
    Cause.UNACCOUNTED_BYTES: Disposition.REFUSE,
    Cause.BROKEN: Disposition.REFUSE,
    Cause.UNREADABLE: Disposition.REFUSE,
    Cause.ENCRYPTED: Disposition.REFUSE,
    Cause.UNSUPPORTED: Disposition.REFUSE,
    Cause.RESOURCE_LIMIT: Disposition.REFUSE,
    Cause.ACTIVE_CONTENT: Disposition.REFUSE,
    Cause.VERIFIER_FAILED: Disposition.REFUSE,
    Cause.SECRET_MARK: Disposition.REFUSE,
    Cause.SENDER_COMPROMISED: Disposition.REFUSE,
    Cause.NO_CONFIGURED_ROOT: Disposition.REFUSE,
    Cause.REVOKED_BEFORE_RECEPTION: Disposition.REFUSE,
    Cause.AUTHORITY_REVOKED: Disposition.REFUSE,
    Cause.EXPIRED_BEFORE_RECEPTION: Disposition.REFUSE,
    Cause.NOT_YET_VALID: Disposition.REFUSE,
    Cause.WEAK_ALGORITHM: Disposition.REFUSE,
    Cause.WRONG_KEY_USAGE: Disposition.REFUSE,
    Cause.CERTIFICATE_INVALID: Disposition.REFUSE,
    Cause.TIMESTAMP_INVALID: Disposition.REFUSE,
    Cause.ROOT_NOT_ADMITTED: Disposition.REFUSE,
    Cause.TIMESTAMP_MISSING: Disposition.REFUSE,
    Cause.LEVEL_TOO_LOW: Disposition.REFUSE,
    Cause.SIGNER_NOT_REGISTERED: Disposition.REFUSE,
    Cause.SEAL_MISSING: Disposition.REFUSE,
    Cause.SEAL_OF_ANOTHER_ORGANISATION: Disposition.REFUSE,
    Cause.PERSON_SIGNATURE_MISSING: Disposition.REFUSE,
    Cause.WRONG_ORDER: Disposition.REFUSE,
}

WAITING: Final = frozenset({SubIndication.TRY_LATER})
"""The sub-indications under which a cause may hold or warn at all, beside those of the time-stamp."""
UNPROVED_TIME: Final = frozenset({SubIndication.SIG_CONSTRAINTS_FAILURE})


def decide(
    indication: Indication,
    sub_indication: SubIndication | None,
    cause: Cause | None,
    *,
    deadline_passed: bool = False,
) -> Disposition:
    """Look a verdict up in the table.

    Args:
        indication: Main status.
        sub_indication: Its sub-indication.
        cause: Our cause.
        deadline_passed: Whether a held document has waited as long as it may.
    """
    if indication is Indication.TOTAL_PASSED:
        clean = sub_indication is None and cause is None
        return Disposition.DELIVER if clean else Disposition.REFUSE
    if indication is Indication.TOTAL_FAILED or cause is None:
        return Disposition.REFUSE
    answer = INDETERMINATE_BY_CAUSE[cause]
    if answer is Disposition.HOLD:
        if sub_indication not in WAITING:
            return Disposition.REFUSE
        return Disposition.DELIVER_WITH_WARNING if deadline_passed else Disposition.HOLD
    if answer is Disposition.DELIVER_WITH_WARNING and sub_indication not in UNPROVED_TIME:
        return Disposition.REFUSE
    return answer


def severity(disposition: Disposition) -> int:
    """Order dispositions; the greater one decides where several verdicts meet."""
    return MILDEST_FIRST.index(disposition)
