"""What an update may change in the form: it adds and signs signature fields, and fills others with their appearance."""

from collections.abc import Mapping
from typing import Any, Final

from docaxis_signing.pdf.comparison import Change, Ledger, Modified, differing_keys, names
from docaxis_signing.pdf.field_changes import compare_field, judge_new_field
from docaxis_signing.pdf.objects import Snapshot, referred, same
from docaxis_signing.pdf.syntax import Name, Reference

FORM_MAY_CHANGE: Final = frozenset({b"Fields", b"SigFlags", b"NeedAppearances", b"DR", b"DA", b"Q"})
DEFAULTS: Final = (b"DA", b"Q")
MAX_FIELDS: Final = 20_000
"""Fields of one form; the largest seen in honest files has 3,000."""


def compare_form(ledger: Ledger, old_catalog: Mapping[bytes, Any], new_catalog: Mapping[bytes, Any]) -> None:
    """Compare the interactive forms and every field whose dictionary differs.

    Raises:
        Modified: Something differs that no signing or filling in needs.
    """
    reference = old_catalog.get(b"AcroForm")
    old, new = ledger.both(reference, new_catalog.get(b"AcroForm"))
    if old is not None and new is None:
        raise Modified("the form was removed")
    if new is None:
        return
    if not isinstance(new, dict) or not isinstance(old, dict | None):
        raise Modified("the form is no dictionary")
    _compare_entries(ledger, old or {}, new)
    if isinstance(reference, Reference):
        ledger.understood(reference.number, FORM_MAY_CHANGE)
        ledger.hold(reference.number)
        ledger.roots |= {reference.number} - ledger.held
    else:
        ledger.follow({key: item for key, item in (old or {}).items() if key not in FORM_MAY_CHANGE})
    _compare_fields(ledger, old or {}, new)


def _compare_entries(ledger: Ledger, old: Mapping[bytes, Any], new: Mapping[bytes, Any]) -> None:
    other = differing_keys(old, new) - FORM_MAY_CHANGE
    if other and old:
        raise Modified(f"the form was changed: {names(other)}")
    if b"XFA" in new and not old:
        raise Modified("an update brings a dynamic form")
    before, after = (item.get(b"NeedAppearances", False) for item in (old, new))
    if after is not False and not same(before, after):
        ledger.found(Change.FORM)  # readers draw every field anew, by its value and not as it looked
    if _draws_otherwise(ledger, old, new) and _left_to_readers(ledger, old):
        ledger.found(Change.FORM)
    for key in DEFAULTS:
        if key in old and not same(old[key], new.get(key)):
            raise Modified(f"the form's {names({key})}, by which fields are drawn, was changed")
    _only_added(ledger, old.get(b"DR"), new.get(b"DR"))


def _draws_otherwise(ledger: Ledger, old: Mapping[bytes, Any], new: Mapping[bytes, Any]) -> bool:
    """Say whether a form gained what readers draw fields with that have no appearance."""
    if differing_keys(old, new) & set(DEFAULTS):
        return True
    return not same(*(_fonts(view, form.get(b"DR")) for view, form in ((ledger.old, old), (ledger.new, new))))


def _fonts(view: Snapshot, resources: Any) -> dict[bytes, Any]:
    found = view.resolve(resources)
    entries = found.items() if isinstance(found, dict) else ()
    return {key: view.resolve(item) for key, item in entries if key != b"XObject"}


def _left_to_readers(ledger: Ledger, form: Mapping[bytes, Any]) -> bool:
    """Say whether the signed form has a field, no signature's, that readers draw by its value and the form's fonts."""
    waiting = [(form.get(b"Fields"), None)]
    for _ in range(MAX_FIELDS):
        if not waiting:
            return False
        item, inherited = waiting.pop()
        found = ledger.old.resolve(item)
        kind = found.get(b"FT", inherited) if isinstance(found, dict) else inherited
        kids = ledger.old.resolve(found.get(b"Kids")) if isinstance(found, dict) else found
        if isinstance(kids, list):
            waiting += [(kid, kind) for kid in kids]
        elif isinstance(found, dict) and kind != Name(b"Sig") and b"AP" not in found:
            return True
    return True


def _only_added(ledger: Ledger, old: Any, new: Any, depth: int = 0) -> None:
    """Allow resources that fields are drawn with to be added to and not to be changed.

    `/DA`, which draws a field without an appearance, can name no picture (ISO 32000-2, 12.7.4.3): iText puts each
    signature's into the form's `/XObject`.
    """
    before, after = ledger.both(old, new)
    if before is None:
        return
    if not isinstance(before, dict) or not isinstance(after, dict) or before.keys() - after.keys():
        raise Modified("the form's resources were changed")
    kept = {key: item for key, item in before.items() if key != b"XObject"}
    for key, item in kept.items():
        if depth == 0 and isinstance(ledger.old.resolve(item), dict):
            _only_added(ledger, item, after[key], depth + 1)
        elif not same(item, after[key]) and not same(*ledger.both(item, after[key])):
            raise Modified("the form's resources were changed")
    if isinstance(old, Reference) and old.number in ledger.differing:
        ledger.understood(old.number, before.keys())
        ledger.hold(old.number)
    ledger.follow([item for item in kept.values() if depth or not isinstance(ledger.old.resolve(item), dict)])


def _compare_fields(ledger: Ledger, old: Mapping[bytes, Any], new: Mapping[bytes, Any]) -> None:
    before, after = ledger.both(old.get(b"Fields"), new.get(b"Fields"))
    before, after = [] if before is None else before, [] if after is None else after
    if not isinstance(before, list) or not isinstance(after, list):
        raise Modified("the fields of the form are no array")
    kept = [item for item in after if not (isinstance(item, Reference) and item.number not in referred(before))]
    if not same(before, kept):
        raise Modified("fields of the form were removed or put into another order")
    for number in sorted(referred(after) - referred(before)):
        judge_new_field(ledger, number)
    _compare_differing(ledger)
    ledger.follow(before)


def _compare_differing(ledger: Ledger) -> None:
    for number in sorted(ledger.differing - ledger.cut.keys()):
        compare_field(ledger, number)
    if ledger.filled:
        ledger.found(Change.FORM)
