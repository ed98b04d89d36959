"""Earlier revisions as pyHanko's difference analysis sees them: cloned and searched without asking every number.

The analysis clones each object of a revision and walks all of them to learn who refers to what. Most of what it touches
are numbers and names, which need neither; here they are passed over. The clones and the paths found are the same.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
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

from docaxis_signing.pdf.speed.patching import Patch, Pin

_LEAVES: Final = frozenset(
    {NumberObject, NameObject, FloatObject, TextStringObject, ByteStringObject, BooleanObject, NullObject}
)

Stock = Callable[..., Any]
Path = tuple[str | int, ...]


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
            made = ArrayObject([_subsume_object(self, item) for item in obj])
        elif kind is DictionaryObject or kind is StreamObject:
            entries = {key: _subsume_object(self, item) for key, item in obj.items()}
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
            for item in obj.values() if isinstance(obj, DictionaryObject) else obj:
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
        root = self.root
        if "/StructTreeRoot" in root or self.reader.encrypted:
            stock(self)
            return
        pages = root.raw_get("/Pages")
        start: Path = ("/Root", "/Pages")
        nodes: dict[Any, Path] = {pages.reference: start} if isinstance(pages, IndirectObject) else {}
        for reference, path in _page_tree(pages.get_object(), start):
            if reference in nodes:
                raise misc.PdfReadError("Circular reference in page tree in mapping stage")
            nodes[reference] = path
        walk = _Walk(self, nodes)
        walk.visit(self.trailer_view, (), ())
        self._indirect_object_access_cache = {
            reference: {RawPdfPath(*path) for path in paths} for reference, paths in walk.collected.items()
        }

    return _load_reverse_xref_cache


def _page_tree(node: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    for index, kid in enumerate(node["/Kids"]):
        below = (*path, "/Kids", index)
        if isinstance(kid, IndirectObject):
            yield kid.reference, below
        child = kid.get_object()
        if child.get("/Type", None) == "/Pages":
            yield from _page_tree(child, below)


class _Walk:
    """One walk over all objects of a revision, from its trailer."""

    def __init__(self, resolver: HistoricalResolver, pages: dict[Any, Path]) -> None:
        self._resolver = resolver
        self._pages = pages
        self.collected: dict[Any, set[Path]] = defaultdict(set)

    def visit(self, obj: Any, path: Path, above: tuple[Any, ...]) -> None:
        """Note the path to each reference below an object; `above` are the references that lead to it."""
        if isinstance(obj, IndirectObject):
            reference = obj.reference
            if reference in above:
                return
            self.collected[reference].add(path)
            above = (*above, reference)
            obj = self._resolver(reference)
            if self._pages.get(reference, path) != path:
                return  # a page is entered on its way through the tree only
        if isinstance(obj, DictionaryObject):
            for key, item in obj.items():
                if type(item) not in _LEAVES and key != "/Parent":
                    self.visit(item, (*path, key), above)
        elif isinstance(obj, ArrayObject):
            for index, item in enumerate(obj):
                if type(item) not in _LEAVES:
                    self.visit(item, (*path, index), above)


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
