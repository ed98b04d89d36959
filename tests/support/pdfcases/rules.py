"""The product's rules as the tests see them: which function each is, and how a test takes it away.

Taking one away replaces its function for the length of a test; the product has no such switch.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import general
from pyhanko.sign.validation import generic_cms, pdf_embedded

from docaxis_signing import judgement
from docaxis_signing.pdf import acceptance, chain, examination, integrity, structure, verification
from docaxis_signing.pdf.chain import TimeStampAnswer
from docaxis_signing.pdf.comparison import Change
from docaxis_signing.pdf.difference import Difference
from docaxis_signing.pdf.integrity import Aftermath
from docaxis_signing.trust import context, lists
from docaxis_signing.verdict import Integrity

Switch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its number in `docs/explanation/verification.md`."""

    key: str
    number: int
    off: Switch

    @property
    def is_ours(self) -> bool:
        """Tell the product's rules from what pyHanko and the policy's further demands stop besides."""
        return self.number > 0


def _nothing(*_: Any, **__: Any) -> None:
    """Ask for nothing."""


def _without(module: Any, name: str, instead: Callable[..., Any] = _nothing) -> Switch:
    def off(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(module, name, instead)

    return off


def _thinned(table: str, *rules: Callable[..., None]) -> Switch:
    def off(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(acceptance, table, tuple(rule for rule in getattr(acceptance, table) if rule not in rules))

    return off


def _found_later(data: bytes, section: Any) -> Any:
    """Take the next end marker, whatever stands before it."""
    found = _ANY_MARKER.search(data, section.end)
    assert found is not None
    return found


def _untouched(_: Any) -> Aftermath:
    return Aftermath(Integrity.INTACT, "ENTIRE_FILE", "NONE")


def _same(*_: Any) -> Difference:
    return Difference(Change.NOTHING)


def _permitted(findings: Any, rule: Any) -> Any:
    """Let a filled form pass."""
    allowed = rule.content.integrity | {Integrity.INTACT_WITH_PERMITTED_CHANGES}
    return _of_integrity(findings, replace(rule, content=replace(rule.content, integrity=allowed)))


_ANY_MARKER = re.compile(rb"startxref\s+(\d+)\s+%%EOF(?:\r\n|\n|\r)?")
_matches = integrity.matches
_of_integrity = judgement._of_integrity


def _first_signer(signed: Any) -> Any:
    return signed["signer_infos"][0]


def _one_signer_enough(patch: pytest.MonkeyPatch) -> None:
    for module in (general, generic_cms, pdf_embedded):
        patch.setattr(module, "extract_signer_info", _first_signer)


def _of_no_content(candidate: Any) -> bool:
    candidate.embedded.signed_data["encap_content_info"] = {"content_type": "data"}
    return _matches(candidate)


def _anything(*_: Any, **__: Any) -> bool:
    return True


def _any_algorithm(patch: pytest.MonkeyPatch) -> None:
    """Allow every algorithm, here and to pyHanko."""
    policy = type(context.ALGORITHMS)
    patch.setattr(policy, "digest_algorithm_allowed", _anything)
    patch.setattr(policy, "signature_algorithm_allowed", _anything)
    patch.setattr(acceptance, "ALGORITHM_RULES", ())


def _any_list_taken_in(patch: pytest.MonkeyPatch) -> None:
    """Take in any list, and let pyHanko, which has its own view of lists, say nothing."""
    for name in ("_check_issuer", "_check_extensions"):
        patch.setattr(lists, name, _nothing)
    patch.setattr(chain, "_of_pyhanko", _nothing)


def _any_time_stamp(patch: pytest.MonkeyPatch) -> None:
    for module in (chain, examination):
        patch.setattr(module, "judge_timestamps", lambda *_: TimeStampAnswer())


def _any_chain(patch: pytest.MonkeyPatch) -> None:
    for module in (chain, examination):
        patch.setattr(module, "explain", _nothing)


def _any_list(patch: pytest.MonkeyPatch) -> None:
    """Ask for no revocation list, and let certvalidator ask for none."""
    patch.setattr(chain, "_look_at_lists", _nothing)
    patch.setattr(chain, "_of_pyhanko", _nothing)


def _lax(stream: Any, *, strict: bool) -> PdfFileReader:
    return PdfFileReader(stream, strict=not strict)


RULES: Final = (
    Rule("signature-in-a-field", 1, _without(verification, "_without_field", lambda _: [])),
    Rule("known-form", 1, _without(examination, "_form_trouble")),
    Rule("nothing-follows", 2, _without(structure, "_nothing_follows")),
    Rule("startxref-follows", 2, _without(structure, "_marker", _found_later)),
    Rule("names-its-section", 2, _without(structure, "_names_its_section")),
    Rule("begins-within", 2, _without(structure, "_begins_within")),
    Rule("stays-where-it-was", 2, _without(structure, "_stays_where_it_was")),
    Rule("is-what-is-listed", 2, _without(structure, "_is_what_is_listed")),
    Rule("no-gap", 2, _without(structure, "_leaves_no_gap")),
    Rule("read-alike", 2, _without(structure, "_is_read_alike")),
    Rule("masks-nothing-old", 2, _without(structure, "_mask_nothing_old")),
    Rule("keys-once", 3, _thinned("RULES", acceptance.keys_once)),
    Rule("dictionary-unchanged", 3, _thinned("RULES", acceptance.dictionary_unchanged)),
    Rule("byte-range-of-four", 3, _thinned("RULES", acceptance.byte_range_of_four)),
    Rule("gap-is-contents", 3, _thinned("RULES", acceptance.gap_is_contents)),
    Rule("ends-with-revision", 3, _thinned("RULES", acceptance.ends_with_revision)),
    Rule("later-changes", 4, _without(examination, "aftermath", _untouched)),
    Rule("own-comparison", 4, _without(integrity, "compare", _same)),
    Rule("form-filled", 4, _without(judgement, "_of_integrity", _permitted)),
    Rule("certification-first", 5, _without(verification, "certification_first")),
    Rule("contents-alone", 7, _thinned("RULES", acceptance.contents_alone)),
    Rule("one-signer", 7, _thinned("RULES", acceptance.one_signer)),
    Rule("content-detached", 7, _thinned("RULES", acceptance.content_detached)),
    Rule("pyhanko-one-signer", 0, _one_signer_enough),
    Rule("pyhanko-detached", 0, _without(examination, "matches", _of_no_content)),
    Rule("pyhanko-strict", 0, _without(verification, "PdfFileReader", _lax)),
    Rule("strong-algorithms", 8, _any_algorithm),
    Rule("large-exponent", 8, _thinned("ALGORITHM_RULES", acceptance.large_exponent)),
    Rule("large-curve", 8, _thinned("ALGORITHM_RULES", acceptance.large_curve)),
    Rule("one-hash-in-pss", 8, _thinned("ALGORITHM_RULES", acceptance.one_hash_in_pss)),
    Rule("status-known", 9, _any_list),
    Rule("chain-holds", 9, _any_chain),
    Rule("extended-usage", 9, _without(chain, "_usage")),
    Rule("list-taken-in", 14, _any_list_taken_in),
    Rule("time-stamp-judged", 15, _any_time_stamp),
    Rule("active-content", 12, _without(verification, "active_content", lambda *_: ())),
    Rule("demands", 0, _without(judgement, "unmet")),
    Rule("seal-is-last", 11, _without(judgement, "_of_order", lambda *_: ())),
)
BY_KEY: Final = {rule.key: rule for rule in RULES}
