"""What an update may change on a page: it adds the widgets of signature fields to its annotations, and no more."""

import re
from typing import Any, Final

from docaxis_signing.pdf.comparison import Ledger, Modified, differing_keys, names
from docaxis_signing.pdf.objects import Text, referred, same
from docaxis_signing.pdf.syntax import Name, Reference

PAGE_MAY_CHANGE: Final = frozenset({b"Annots", b"Tabs"})
"""`/Tabs` is the order in which the tabulator key walks the annotations; signing tools set it."""
PAGE_MAY_GAIN: Final = frozenset({b"StructParents"})
"""Where its tags are found, if it had none."""
MARK: Final = re.compile(rb"[A-Z]{4}")
"""A developer's prefix (ISO 32000-2, annex E). iText 5 writes `/ITXT` and its version into the root of the pages."""


def compare_page(ledger: Ledger, number: int) -> bool:
    """Compare a page whose dictionary or array of annotations differs.

    Order tells what covers what (ISO 32000-2, 12.5.2), so the old annotations keep theirs, written as references or as
    dictionaries in the array; what is new must be the widget of a signature field.

    Returns:
        Whether it is a page, which is then understood.

    Raises:
        Modified: Something else of the page differs.
    """
    old, new = ledger.old.value(number), ledger.new.value(number)
    if not _is_page(old):
        return False
    if not _is_page(new):
        raise Modified(f"page {number} is no page any more")
    if other := differing_keys(old, new) - PAGE_MAY_CHANGE - (PAGE_MAY_GAIN - old.keys()):
        raise Modified(f"page {number} was changed: {names(other)}")
    if not isinstance(new.get(b"Tabs", Name()), Name) or type(new.get(b"StructParents", 0)) is not int:
        raise Modified(f"page {number} got an order or tags of an unknown kind")
    _compare_annotations(ledger, *ledger.both(old.get(b"Annots"), new.get(b"Annots")))
    ledger.understood(number, PAGE_MAY_CHANGE)
    return True


def compare_page_tree(ledger: Ledger, number: int) -> bool:
    """Compare a node of the page tree: software may leave its mark there, under a name that the format does not know.

    Returns:
        Whether it is one that gained nothing but a mark, and is then understood.
    """
    old, new = ledger.old.value(number), ledger.new.value(number)
    if not isinstance(old, dict) or not isinstance(new, dict) or old.get(b"Type") != Name(b"Pages"):
        return False
    gained = differing_keys(old, new)
    if not gained or gained & old.keys() or not all(MARK.fullmatch(key) for key in gained):
        return False
    if not all(isinstance(new[key], Text) for key in gained):
        return False
    ledger.understood(number, ())
    return True


def _is_page(value: Any) -> bool:
    return isinstance(value, dict) and value.get(b"Type") == Name(b"Page")


def _compare_annotations(ledger: Ledger, old: Any, new: Any) -> None:
    before, after = [] if old is None else old, [] if new is None else new
    if not isinstance(before, list) or not isinstance(after, list):
        raise Modified("the annotations of a page are no array")
    addable = ledger.widgets - referred(before)
    kept = [item for item in after if not (isinstance(item, Reference) and item.number in addable)]
    if not same(before, kept):
        raise Modified("annotations of a page were added, removed or put into another order")
    ledger.follow(before)
