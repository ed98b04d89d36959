"""What happened to a file after a signature: every object that differs is explained, or the file is modified.

The check compares the objects as of the signed revision with those of the whole file, both read by our own parser.
Nothing is allowed but what is listed here: validation data, document information, further signatures with their fields
and widgets, and values of form fields with their appearances. Everything that a reader of the signed revision reaches
on any other way must be what it was, and that includes what it refers to and does not find: an object that an update
supplies for an older, dangling reference is a change of that older content.

How: dictionaries whose change is understood (catalog, form, fields, pages) are compared entry by entry, and the
entries that may change are cut off (`Ledger.cut`). Then all other references of the signed revision are followed from
its catalog. Meeting a differing object that was not understood is a modification, whoever refers to it.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from docaxis_signing.pdf.comparison import Change, Ledger, Modified, differing_keys, names
from docaxis_signing.pdf.crossreference import numbers_of
from docaxis_signing.pdf.form_changes import compare_form
from docaxis_signing.pdf.limits import MAX_DEPTH
from docaxis_signing.pdf.objects import Read, Snapshot, referred, same
from docaxis_signing.pdf.page_changes import compare_page, compare_page_tree
from docaxis_signing.pdf.pictures import Picture, pictures_of
from docaxis_signing.pdf.structure import Revision
from docaxis_signing.pdf.syntax import Name, Reference
from docaxis_signing.pdf.tag_changes import compare_tags

CATALOG_MAY_CHANGE: Final = frozenset(
    {b"AcroForm", b"DSS", b"Extensions", b"MarkInfo", b"Metadata", b"PieceInfo", b"Version"}
)
"""None of these is drawn. `/AcroForm` is compared by itself; `/MarkInfo` tells whether there are tags."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed, all of it explained."""

    level: Change = Change.NOTHING
    filled: tuple[str, ...] = ()
    """Names of form fields, signatures not among them, whose value or appearance changed."""
    pictures: tuple[Picture, ...] = ()
    """What further signatures draw."""


def compare(data: bytes, revisions: Sequence[Revision], signed: int, read: Read | None = None) -> Difference:
    """Explain every difference between a signed revision and the whole file.

    Args:
        data: The file.
        revisions: All of its revisions, their bytes accounted for.
        signed: Index of the last revision that the signature covers.
        read: What was read of the file for other signatures on it.

    Raises:
        Modified: Something differs that nothing allows.
        MalformedSyntax: A differing object cannot be read.
    """
    if signed == len(revisions) - 1:
        return Difference()
    read = read or Read()
    old, new = Snapshot(data, revisions[: signed + 1], read), Snapshot(data, revisions, read)
    ledger = Ledger(old, new, _differing(old, new, revisions[signed + 1 :]))
    if ledger.differing:
        ledger.found(Change.VALIDATION)
    compare_form(ledger, *_compare_catalogs(ledger))
    _follow(ledger)
    _asks_for_what_is_there(ledger, max(number for item in revisions for number in numbers_of(item.sections)))
    return Difference(ledger.level, tuple(sorted(ledger.filled)), pictures_of(ledger))


def _differing(old: Snapshot, new: Snapshot, later: Sequence[Revision]) -> frozenset[int]:
    """Name the objects that are not what they were, those that are new or gone included."""
    listed = {
        number
        for revision in later
        for section in revision.sections
        for number in section.placed.keys() | section.compressed.keys() | section.freed
        if old.place(number) != new.place(number)
    }
    moved = {number for container in listed for number in (*old.in_container(container), *new.in_container(container))}
    return frozenset(number for number in listed | moved if not _unchanged(old, new, number))


def _unchanged(old: Snapshot, new: Snapshot, number: int) -> bool:
    if (old.place(number) is None) != (new.place(number) is None):
        return False
    if old.generation(number) != new.generation(number):
        return False  # a reference to another generation finds it now, or does not any more
    return same(old.value(number), new.value(number))


def _compare_catalogs(ledger: Ledger) -> tuple[dict[bytes, Any], dict[bytes, Any]]:
    """Compare the catalogs, whatever their numbers, and give both."""
    root = ledger.old.trailer.get(b"Root")
    old, new = ledger.both(root, ledger.new.trailer.get(b"Root"))
    if not isinstance(root, Reference) or not isinstance(old, dict) or not isinstance(new, dict):
        raise Modified("the catalog is no dictionary")
    if other := differing_keys(old, new) - CATALOG_MAY_CHANGE:
        raise Modified(f"the catalog was changed: {names(other)}")
    for key in (b"DSS", b"Extensions"):
        if not isinstance(ledger.new.resolve(new.get(key, {})), dict):
            raise Modified(f"{names({key})} of the catalog is no dictionary")
    if not isinstance(new.get(b"Version", Name()), Name):
        raise Modified("the version in the catalog is no name")
    ledger.understood(root.number, CATALOG_MAY_CHANGE)
    ledger.hold(root.number)
    return old, new


def _follow(ledger: Ledger) -> None:
    """Follow the references of the signed revision; nothing that they meet may differ without being understood."""
    root = referred(ledger.old.trailer.get(b"Root"))
    if referred(dict(ledger.old.trailer)) & (ledger.owned.keys() | (ledger.held - root)):
        raise Modified("the trailer refers to what the form or a field was drawn with")
    waiting = sorted(root | ledger.held)
    seen = set(waiting)
    while waiting or ledger.roots - seen:
        if found := sorted(ledger.roots & ledger.held):
            raise Modified(f"object {found[0]}, which has another place in the document too, was changed")
        fresh = _met(ledger, waiting.pop()) - seen if waiting else set()
        if found := _unexplained(ledger, ledger.roots - seen):
            raise Modified(f"object {found[0]}, which the signed revision refers to, was changed")
        fresh = fresh | (ledger.roots - seen)
        seen |= fresh
        waiting += fresh


def _asks_for_what_is_there(ledger: Ledger, highest: int) -> None:
    """Check that nothing the update refers to makes a reader look for objects by itself.

    poppler rebuilds a file once it is asked for an object beyond the table, or for one that is not where it is listed,
    and then takes whatever is written like an object. What the signed revision refers to, its signer saw.
    """
    mentioned = referred(dict(ledger.new.trailer)) - referred(dict(ledger.old.trailer))
    for number in ledger.differing:
        mentioned |= referred(ledger.new.value(number)) - referred(ledger.old.value(number))
    if mentioned and max(mentioned) > highest:
        raise Modified(f"an update refers to object {max(mentioned)}, which no table can hold")
    for number in mentioned:
        ledger.new.value(number)  # raises where something else stands at its place


def _met(ledger: Ledger, number: int) -> AbstractSet[int]:
    """Give the references of an object of the signed revision, none of them to what differs unexplained."""
    if number not in ledger.cut:
        mentioned = ledger.old.references(number)
        if not _unexplained(ledger, mentioned, number):
            return mentioned
        _explained(ledger, number)  # its array of annotations, or the tree it holds, may be what differs
    references = _judged_references(ledger, number)
    if found := _unexplained(ledger, references, number):
        raise Modified(f"object {found[0]}, which object {number} refers to, was changed")
    return references


def _explained(ledger: Ledger, number: int) -> bool:
    return compare_page(ledger, number) or compare_page_tree(ledger, number) or compare_tags(ledger, number)


def _judged_references(ledger: Ledger, number: int) -> set[int]:
    value = ledger.old.value(number)
    entries = ledger.cut.get(number)
    kept = {key: item for key, item in value.items() if key not in entries} if entries else value
    return referred(_without_data(kept))


def _without_data(value: Any, depth: int = 0) -> Any:
    """Leave out what the transforms of signatures are about: `/Data` names the catalog (ISO 32000-2, table 256).

    Nothing is drawn by way of it, so it is no second use of the catalog as if it were resources.
    """
    if depth > MAX_DEPTH:
        return value  # which `referred` refuses
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key != b"Data"} if b"TransformMethod" in value else value
        return {key: _without_data(item, depth + 1) for key, item in kept.items()}
    return [_without_data(item, depth + 1) for item in value] if isinstance(value, list) else value


def _unexplained(ledger: Ledger, numbers: AbstractSet[int], referrer: int | None = None) -> list[int]:
    """Name the objects that differ unexplained, or that only another object may refer to."""
    return sorted(
        number
        for number in numbers
        if (number in ledger.differing and number not in ledger.cut and not _explained(ledger, number))
        or ledger.owned.get(number, referrer) != referrer
        or number in ledger.held
    )
