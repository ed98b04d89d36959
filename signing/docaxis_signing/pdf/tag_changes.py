"""What an update may change in the structure tree of a tagged document: it adds the tags of further signatures.

Tags are not drawn; they are read aloud. So what was tagged keeps its tags, and what is new may stand only for widgets
that the update adds (ISO 32000-2, 14.7).
"""

from collections.abc import Mapping
from typing import Any, Final

from docaxis_signing.pdf.comparison import Ledger, Modified, differing_keys, names
from docaxis_signing.pdf.objects import Snapshot, referred, same
from docaxis_signing.pdf.syntax import Name, Reference

ROOT_MAY_CHANGE: Final = frozenset({b"K", b"ParentTree", b"ParentTreeNextKey"})
NEW_ELEMENT: Final = frozenset(
    {b"Type", b"S", b"P", b"K", b"Pg", b"NS", b"ID", b"R", b"T", b"Lang", b"Alt", b"A", b"C"}
)
"""Entries of an element that stands for a widget (ISO 32000-2, table 355); none replaces what is read elsewhere."""
MAX_DEPTH: Final = 16
MAX_NODES: Final = 100_000
"""Nodes of one parent tree; a tagged document of 2,000 pages has about 40,000."""


def compare_tags(ledger: Ledger, number: int) -> bool:
    """Compare the root of a structure tree, or an element, that differs or refers to what does.

    Returns:
        Whether it is one of them, which is then understood.

    Raises:
        Modified: Something else differs than that tags of new widgets were added.
    """
    old, new = ledger.old.value(number), ledger.new.value(number)
    if not isinstance(old, dict):
        return False
    if old.get(b"Type") == Name(b"StructTreeRoot"):
        _compare(ledger, number, ROOT_MAY_CHANGE)
        trees = [_entries(view, value.get(b"ParentTree")) for view, value in ((ledger.old, old), (ledger.new, new))]
        _only_added(ledger, *trees)
        return True
    if _is_element(old):
        _compare(ledger, number, frozenset({b"K"}))
        return True
    return False


def _is_element(value: Mapping[bytes, Any]) -> bool:
    """Tell an element; its `/Type` may be missing, its `/S` and `/P` may not."""
    if value.get(b"Type", Name(b"StructElem")) != Name(b"StructElem"):
        return False
    return isinstance(value.get(b"S"), Name) and isinstance(value.get(b"P"), Reference)


def _compare(ledger: Ledger, number: int, may_change: frozenset[bytes]) -> None:
    old, new = ledger.old.value(number), ledger.new.value(number)
    if not isinstance(new, dict):
        raise Modified(f"the tag {number} was removed")
    if other := differing_keys(old, new) - may_change:
        raise Modified(f"the tag {number} was changed: {names(other)}")
    before, after = _kids(ledger.old, old), _kids(ledger.new, new)
    if not same(before, after[: len(before)]):
        raise Modified(f"tags below {number} were removed or put into another order")
    for kid in after[len(before) :]:
        _judge_new(ledger, kid)
    ledger.understood(number, may_change)
    ledger.follow(before)


def _kids(view: Snapshot, element: Mapping[bytes, Any]) -> list[Any]:
    kids = element.get(b"K")
    found = view.resolve(kids)
    if isinstance(found, list):
        return found
    return [] if kids is None else [kids]


def _judge_new(ledger: Ledger, kid: Any, depth: int = 0) -> None:
    """Check that a new tag stands for new widgets alone."""
    if isinstance(kid, Reference) and ledger.old.place(kid.number) is not None and kid.number not in ledger.differing:
        raise Modified(f"object {kid.number}, already there when it was signed, became a tag")
    element = ledger.new.resolve(kid)
    if depth > MAX_DEPTH or not isinstance(element, dict):
        raise Modified("an update adds a tag for what was there before")
    if element.get(b"Type") == Name(b"OBJR"):
        if not referred(element.get(b"Obj")) or not referred(element.get(b"Obj")) <= ledger.widgets:
            raise Modified("an update adds a tag for something else than a signature field")
        return
    if other := element.keys() - NEW_ELEMENT:
        raise Modified(f"an update adds a tag with {names(other)}")
    for item in _kids(ledger.new, element):
        _judge_new(ledger, item, depth + 1)


def _entries(view: Snapshot, tree: Any) -> dict[int, Any]:
    """Read a number tree (7.9.7)."""
    found: dict[int, Any] = {}
    waiting, seen = [tree], 0
    while waiting:
        node = view.resolve(waiting.pop())
        seen += 1
        if node is None:
            continue
        if not isinstance(node, dict) or seen > MAX_NODES:
            raise Modified("the parent tree of the tags cannot be read")
        waiting += view.resolve(node.get(b"Kids")) or []
        numbers = view.resolve(node.get(b"Nums")) or []
        found |= {key: value for key, value in zip(numbers[::2], numbers[1::2], strict=False) if type(key) is int}
    return found


def _only_added(ledger: Ledger, old: Mapping[int, Any], new: Mapping[int, Any]) -> None:
    for key, before in old.items():
        after = new.get(key)
        if not same(before, after) and not _same_list(*ledger.both(before, after)):
            raise Modified("what the tags belong to was changed")
        ledger.follow(ledger.old.resolve(before))


def _same_list(before: Any, after: Any) -> bool:
    return isinstance(before, list) and same(before, after)
