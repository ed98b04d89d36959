"""Every case gets its verdict, an outside witness says that it is what it claims, and every rule is needed.

No attack passes and no honest document is refused; the fast engine and stock pyHanko agree on all of them.
"""

from collections import Counter

import pytest

from docaxis_signing.verdict import Indication
from pdfcases.case import Case
from pdfcases.rules import BY_KEY, RULES
from pdfcases.scene import Scene
from pdfcases.table import ATTACKS, CASES, HONEST, ONLY_KEY_DIGEST_OR_PAGES

MIN_HONEST = 60
MAX_ALIKE = 10


def each(cases: tuple[Case, ...]) -> list[object]:
    return [pytest.param(case, id=case.name, marks=[pytest.mark.full] if case.full else []) for case in cases]


@pytest.mark.usefixtures("nobody_is_contacted")
@pytest.mark.parametrize("case", each(CASES))
def test_a_case_gets_its_verdict(scene: Scene, case: Case) -> None:
    verdict = scene.judge_both_ways(scene.sample(case))
    assert (verdict.indication, verdict.findings.integrity) == (case.indication, case.integrity), verdict.reasons
    assert verdict.cause in (case.causes or {None}), verdict.reasons


@pytest.mark.parametrize("case", each(CASES))
def test_an_outside_witness_confirms_what_a_case_claims(scene: Scene, case: Case) -> None:
    assert case.witness.agrees(scene, scene.sample(case)), case.witness.says


RULED = tuple(case for case in ATTACKS if case.rule)


@pytest.mark.parametrize("case", each(RULED))
def test_a_rule_stops_its_case_by_itself_and_without_it_the_case_passes(scene: Scene, case: Case) -> None:
    """Layers that stop the case too are taken away first: the rule alone still stops it."""
    with pytest.MonkeyPatch.context() as patch:
        for key in case.behind:
            BY_KEY[key].off(patch)
        assert scene.judge(case.build(scene)).indication is not Indication.TOTAL_PASSED
        BY_KEY[case.rule].off(patch)
        assert scene.judge(case.build(scene)).indication is Indication.TOTAL_PASSED


def test_every_rule_of_ours_has_a_case_that_passes_without_it() -> None:
    shown = {case.rule for case in RULED}
    assert {rule.key for rule in RULES if rule.is_ours} == shown


def test_the_table_is_as_wide_as_it_has_to_be() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
    assert len(HONEST) >= MIN_HONEST
    alike = {case.name for case in HONEST} & ONLY_KEY_DIGEST_OR_PAGES
    assert alike == ONLY_KEY_DIGEST_OR_PAGES
    assert len(alike) <= MAX_ALIKE
    assert not any(case.passes for case in ATTACKS)
    assert all(case.passes for case in HONEST)
