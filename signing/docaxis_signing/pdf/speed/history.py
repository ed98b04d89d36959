"""Earlier revisions as pyHanko's difference analysis sees them: cloned and searched without asking every number.

The analysis clones each object of a revision and walks all of them to learn who refers to what. Most of what it touches
are numbers and names, which need neither; here they are passed over. The clones and the paths found are the same.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from operator import attrgetter
from typing import Any, Final

from pyhanko.pdf_utils import misc, reader
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    BooleanObject,
    ByteStringObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    Reference,
    StreamObject,
    TextStringObject,
)
from pyhanko.pdf_utils.reader import HistoricalResolver, RawPdfPath

from docaxis_signing.patching import Patch, Pin
from docaxis_signing.pdf.hashing import IN_MEMORY
from docaxis_signing.pdf.speed.branches import Branches, Path, plain_branches

_LEAVES: Final = frozenset(
    {NumberObject, NameObject, FloatObject, TextStringObject, ByteStringObject, BooleanObject, NullObject}
)

_STRUCTURE: Final = ("/Root", "/StructTreeRoot", "/K")
"""How the elements of a tagged document are come to."""
_UP: Final = "/P"
"""The way back from an element, which pyHanko does not follow."""
_BRANCHES: Final = "_docaxis_branches"
_CONTAINER: Final = attrgetter("container_ref")

Stock = Callable[..., Any]


def _all_leaves(items: Iterable[Any]) -> bool:
    """Tell whether an array holds nothing but leaves; widths and boxes do, and are passed over in one step."""
    return _LEAVES.issuperset(map(type, items))


def _subsume(stock: Stock) -> Stock:
    """Clone an object for a revision: leaves are shared, as pyHanko shares them."""

    def _subsume_object(self: HistoricalResolver, obj: Any) -> Any:
        kind, container = type(obj), obj.container_ref
        if container is None:
            return stock(self, obj)
        if kind in _LEAVES:
            return obj
        if kind is IndirectObject:
            return IndirectObject(idnum=obj.idnum, generation=obj.generation, pdf=self)  # type: ignore[no-untyped-call]
        made: Any
        if kind is ArrayObject:
            shared = _all_leaves(obj) and all(map(_CONTAINER, obj))
            made = ArrayObject(obj if shared else [_subsume_object(self, item) for item in obj])
        elif kind is DictionaryObject or kind is StreamObject:
            entries = {
                key: item if type(item) in _LEAVES and item.container_ref is not None else _subsume_object(self, item)
                for key, item in obj.items()
            }
            made = DictionaryObject() if kind is DictionaryObject else StreamObject(encoded_data=obj.encoded_data)  # type: ignore[no-untyped-call]
            dict.update(made, entries)
        else:
            return stock(self, obj)
        made.container_ref = Reference(idnum=container.idnum, generation=container.generation, pdf=self)
        return made

    return _subsume_object


def _collect(stock: Stock) -> Stock:
    """Collect the references in an object and its descendants; leaves have none."""

    def _collect_indirect_references(
        self: HistoricalResolver, obj: Any, seen: set[Any], since_revision: int | None = None
    ) -> None:
        if type(obj) in _LEAVES:
            return
        if type(obj) is IndirectObject:
            reference = obj.reference
            xrefs = self.reader.xrefs
            if reference in seen:
                return
            if since_revision is not None and xrefs.get_introducing_revision(reference) < since_revision:
                return
            seen.add(reference)
            obj = self(reference)
        if isinstance(obj, DictionaryObject | ArrayObject):
            items = obj.values() if isinstance(obj, DictionaryObject) else obj
            for item in () if _all_leaves(items) else items:
                if type(item) not in _LEAVES:
                    _collect_indirect_references(self, item, seen, since_revision)
        elif type(obj) not in _LEAVES:
            stock(self, obj, seen, since_revision)

    return _collect_indirect_references


def _reverse_map(stock: Stock) -> Stock:
    """Find all paths to each reference of a revision, as the function it stands for finds them."""

    def _load_reverse_xref_cache(self: HistoricalResolver) -> None:
        if self._indirect_object_access_cache is not None:
            return
        if self.reader.encrypted:
            stock(self)
            return
        try:
            self._indirect_object_access_cache = _Usages(_all_paths(self))
        except RecursionError:
            stock(self)

    return _load_reverse_xref_cache


def _all_paths(resolver: HistoricalResolver) -> dict[Any, set[Path]]:
    pages = resolver.root.raw_get("/Pages")
    start: Path = ("/Root", "/Pages")
    nodes: dict[Any, Path] = {pages.reference: start} if isinstance(pages, IndirectObject) else {}
    for reference, path in _page_tree(pages.get_object(), start):
        if reference in nodes:
            raise misc.PdfReadError("Circular reference in page tree in mapping stage")
        nodes[reference] = path
    walk = _Walk(resolver, nodes, _tagged(resolver.root))
    walk.visit(_below(resolver.trailer_view), (), ())
    return walk.collected


class _Usages(dict[Any, Any]):
    """The paths to each reference, made into pyHanko's when they are asked for: of a few of hundreds they are."""

    def __getitem__(self, reference: Any) -> set[RawPdfPath]:
        return {RawPdfPath(*path) for path in super().__getitem__(reference)}


def _page_tree(node: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    for index, kid in enumerate(node["/Kids"]):
        below = (*path, "/Kids", index)
        if isinstance(kid, IndirectObject):
            yield kid.reference, below
        child = kid.get_object()
        if child.get("/Type", None) == "/Pages":
            yield from _page_tree(child, below)


def _tagged(root: Any) -> set[Any]:
    """Name the elements of a document's structure; a key that is missing somewhere ends the search, as pyHanko's."""
    found: set[Any] = set()
    with suppress(KeyError):
        for reference in _elements(root.raw_get("/StructTreeRoot").get_object()):
            if reference in found:
                raise misc.PdfReadError("Circular reference in structure tree in mapping stage")
            found.add(reference)
    return found


def _elements(element: Any) -> Iterator[Any]:
    try:
        children = element["/K"]
    except KeyError:
        return
    for item in children if isinstance(children, ArrayObject) else (children,):
        child: Any = item.get_object() if isinstance(item, IndirectObject) else item  # type: ignore[no-untyped-call]
        if not isinstance(child, DictionaryObject) or not _is_element(child):
            continue
        if isinstance(item, IndirectObject):
            yield item.reference
        yield from _elements(child)


def _is_element(found: Any) -> bool:
    try:
        return bool(found["/Type"] == "/StructElem")
    except KeyError:
        return True  # what does not say is one (ISO 32000-1, 14.7.2)


class _Walk:
    """One walk over all objects of a revision, from its trailer."""

    def __init__(self, resolver: HistoricalResolver, pages: dict[Any, Path], tagged: set[Any]) -> None:
        self._resolver = resolver
        self._pages = pages
        self._tagged = tagged
        self._known: dict[Any, Branches] = vars(resolver.reader).setdefault(_BRANCHES, {})
        self.collected: dict[Any, set[Path]] = defaultdict(set)

    def visit(self, branches: Branches, path: Path, above: tuple[Any, ...]) -> None:
        """Note the path to each reference below an object; `above` are the references that lead to it."""
        for below, reference in branches:
            if reference in above:
                continue
            place = path + below
            tagged = place[: len(_STRUCTURE)] == _STRUCTURE
            if tagged and _UP in place:
                continue
            self.collected[reference].add(place)
            found = self._branches(reference)
            if self._pages.get(reference, place) != place:  # a page is entered on its way through the tree only
                continue
            if tagged or reference not in self._tagged:  # and so is an element of the structure
                self.visit(found, place, (*above, reference))

    def _branches(self, reference: Any) -> Branches:
        """Give the references in an object as the revision has it.

        An object that several revisions see at one place is read for the first of them. It is looked through as the
        reader has it: the clone that the revision would make of it refers to the same.
        """
        resolver = self._resolver
        try:
            last = resolver.reader.xrefs.get_last_change(reference)
        except KeyError:
            return branches_of(resolver(reference))
        revision = None if last <= resolver.revision else resolver.revision
        marker = None if revision is None else resolver.reader.xrefs.get_historical_ref(reference, revision)
        kept = revision is None or type(marker) is int
        if kept and (reference, marker) in self._known:
            return self._known[reference, marker]
        found = self._read(reference, revision, marker)
        if kept:
            self._known[reference, marker] = found
        return found

    def _read(self, reference: Any, revision: int | None, marker: Any) -> Branches:
        reader: Any = self._resolver.reader
        place = reader.xrefs[reference] if revision is None else marker
        if type(place) is int and type(reader.stream) in IN_MEMORY:
            found = plain_branches(
                reader.stream.getvalue(), place, Reference(reference.idnum, reference.generation, reader)
            )
            if found is not None:
                return found
        return branches_of(reader.get_object(reference, revision, transparent_decrypt=False))


def branches_of(obj: Any) -> Branches:
    """Give the references in an object, each with the path to it, as pyHanko's walk meets them.

    Raises:
        PdfReadError: A part of it does not say where it stands: no revision can clone it.
    """
    _placed(obj)
    return _below(obj)


def _placed(obj: Any) -> None:
    obj.get_container_ref()
    if isinstance(obj, DictionaryObject | ArrayObject):
        items = obj.values() if isinstance(obj, DictionaryObject) else obj
        if not (_all_leaves(items) and all(map(_CONTAINER, items))):
            for item in items:
                _placed(item)


def _below(obj: Any) -> Branches:
    """Look through an object that is not cloned, as trailers are not."""
    found: list[tuple[Path, Any]] = []
    if isinstance(obj, DictionaryObject | ArrayObject):
        _look_through(obj, (), found)
    return tuple(found)


def _look_through(obj: Any, path: Path, found: list[tuple[Path, Any]]) -> None:
    if isinstance(obj, IndirectObject):
        found.append((path, obj.reference))
    elif isinstance(obj, DictionaryObject):
        for key, item in obj.items():
            if type(item) not in _LEAVES and key != "/Parent":
                _look_through(item, (*path, key), found)
    elif isinstance(obj, ArrayObject) and not _all_leaves(obj):
        for index, item in enumerate(obj):
            if type(item) not in _LEAVES:
                _look_through(item, (*path, index), found)


PATCHES: Final = (
    Patch(
        Pin(HistoricalResolver, "_subsume_object"),
        _subsume,
    ),
    Patch(
        Pin(HistoricalResolver, "_collect_indirect_references"),
        _collect,
    ),
    Patch(
        Pin(HistoricalResolver, "_load_reverse_xref_cache"),
        _reverse_map,
    ),
)

RELIED_ON: Final = (
    Pin(HistoricalResolver, "get_object"),
    Pin(HistoricalResolver, "_get_usages_of_ref"),
    Pin(StreamObject, "__init__"),
    Pin(reader.RawPdfPath, "__hash__"),
)
