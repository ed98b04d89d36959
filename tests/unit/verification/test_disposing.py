"""The disposition table, every cell of it."""

from itertools import product

import pytest

from docaxis_signing.causes import EXPLANATIONS
from docaxis_signing.disposition import INDETERMINATE_BY_CAUSE, MILDEST_FIRST, Disposition, decide, severity
from docaxis_signing.verdict import Cause, Indication, SubIndication

SUBS = (None, *SubIndication)
CAUSES = (None, *Cause)
WAITS = {Cause.REVOCATION_MISSING, Cause.REVOCATION_STALE}


def expected(
    indication: Indication, sub_indication: SubIndication | None, cause: Cause | None, *, late: bool
) -> Disposition:
    """The table of the blueprint, written a second time from its words."""
    if (indication, sub_indication, cause) == (Indication.TOTAL_PASSED, None, None):
        return Disposition.DELIVER
    if indication is Indication.INDETERMINATE:
        if cause in WAITS and sub_indication is SubIndication.TRY_LATER:
            return Disposition.DELIVER_WITH_WARNING if late else Disposition.HOLD
        if cause is Cause.TIMESTAMP_UNTRUSTED and sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE:
            return Disposition.DELIVER_WITH_WARNING
    return Disposition.REFUSE


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("indication", list(Indication))
def test_every_cell(indication: Indication, *, late: bool) -> None:
    for sub_indication, cause in product(SUBS, CAUSES):
        answer = decide(indication, sub_indication, cause, deadline_passed=late)
        assert answer is expected(indication, sub_indication, cause, late=late), (sub_indication, cause)


def test_only_a_clean_pass_is_delivered_without_a_warning() -> None:
    delivered = [
        cell
        for cell in product(Indication, SUBS, CAUSES, (False, True))
        if decide(*cell[:3], deadline_passed=cell[3]) is Disposition.DELIVER
    ]
    assert {cell[:3] for cell in delivered} == {(Indication.TOTAL_PASSED, None, None)}


def test_nothing_is_held_once_the_deadline_has_passed() -> None:
    for cell in product(Indication, SUBS, CAUSES):
        assert decide(*cell, deadline_passed=True) is not Disposition.HOLD


def test_every_cause_has_a_row_and_a_sentence_in_both_languages() -> None:
    assert set(INDETERMINATE_BY_CAUSE) == set(Cause) == set(EXPLANATIONS)
    for explanation in EXPLANATIONS.values():
        texts = (explanation.vi, explanation.en, explanation.action_vi, explanation.action_en)
        assert all(text.endswith(".") for text in texts)
    sentences = [explanation.vi for explanation in EXPLANATIONS.values()]
    assert len(set(sentences)) == len(sentences)


def test_a_graver_disposition_has_a_greater_severity() -> None:
    assert [severity(item) for item in MILDEST_FIRST] == sorted(severity(item) for item in Disposition)
