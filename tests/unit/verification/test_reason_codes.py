"""Every code that a verdict can carry is explained, in both languages, and followed by something."""

import unicodedata

from docaxis_signing.causes import EXPLANATIONS
from docaxis_signing.disposition import INDETERMINATE_BY_CAUSE
from docaxis_signing.sub_indications import SUB_INDICATIONS
from docaxis_signing.verdict import Cause, SubIndication


def test_every_sub_indication_has_a_meaning_in_both_languages() -> None:
    assert set(SUB_INDICATIONS) == set(SubIndication)
    for meaning in SUB_INDICATIONS.values():
        assert meaning.en.endswith(".")
        assert unicodedata.is_normalized("NFC", meaning.vi)
        assert meaning.vi.endswith(".")


def test_every_cause_has_a_sentence_an_action_and_a_disposition() -> None:
    assert set(EXPLANATIONS) == set(INDETERMINATE_BY_CAUSE) == set(Cause)
    for words in EXPLANATIONS.values():
        for text in (words.vi, words.en, words.action_vi, words.action_en):
            assert text.endswith(".")
            assert unicodedata.is_normalized("NFC", text)
