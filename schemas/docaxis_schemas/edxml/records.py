"""From the tree of a packet to the fields of our model, by the table of elements; every fault is noted on the way."""

from collections.abc import Callable
from typing import Any, Final

from docaxis_schemas.edxml.elements import Branch, Codec, Leaf, Part
from docaxis_schemas.edxml.faults import EdxmlFault, edxml_fault
from docaxis_schemas.edxml.tree import Node, lookup_name
from docaxis_schemas.edxml.values import is_filling, read_date, read_flag, read_moment, read_number
from docaxis_schemas.moments import to_text
from docaxis_schemas.terms import comparable

_RULES: Final = {
    Codec.DATE: "not-a-date",
    Codec.MOMENT: "not-a-moment",
    Codec.NUMBER: "not-a-number",
    Codec.WORD_FLAG: "not-true-or-false",
    Codec.BIT_FLAG: "not-true-or-false",
    Codec.ORDINAL: "not-a-choice",
}
_READERS: Final[dict[Codec, Callable[[str], Any]]] = {
    Codec.DATE: lambda text: read_date(text).isoformat(),
    Codec.MOMENT: lambda text: to_text(read_moment(text)),
    Codec.NUMBER: read_number,
    Codec.WORD_FLAG: read_flag,
    Codec.BIT_FLAG: read_flag,
}
_TEXTS: Final = {Codec.TEXT, Codec.TYPE_NAME}


class RecordReader:
    """Reads records of one packet. ``failed`` are the paths of fields whose value was there and could not be read."""

    def __init__(self, faults: list[EdxmlFault]) -> None:
        self._faults = faults
        self.failed: set[str] = set()

    def read(self, node: Node, parts: tuple[Part, ...], path: str, field: str = "") -> dict[str, Any]:
        """Read the children of an element as the table has them; what it does not have is told."""
        found: dict[str, Any] = {}
        left = {id(child): child for child in node.children}
        for part in parts:
            children = node.all(lookup_name(part.name))
            for child in children:
                del left[id(child)]
            if len(children) > 1 and not part.many:
                self._faults.append(edxml_fault(f"{path}/{children[1].tag}", "element-twice"))
            if isinstance(part, Branch):
                self._read_branch(children, part, path, field, found)
            else:
                self._read_leaf(children, part, path, field, found)
        self._faults.extend(edxml_fault(f"{path}/{child.tag}", "unknown-element") for child in left.values())
        return found

    def _read_branch(self, children: list[Node], part: Branch, path: str, field: str, found: dict[str, Any]) -> None:
        for index, child in enumerate(children):
            here = f"{path}/{child.tag}" + (f"[{index + 1}]" if part.many else "")
            below = f"{field}{part.field}." if part.field else field
            record = self.read(child, part.parts, here, below)
            if part.field is None:
                _merge(found, record)
            elif not record:
                continue
            elif part.many:
                found.setdefault(part.field, []).append(record)
            else:
                found.setdefault(part.field, record)

    def _read_leaf(self, children: list[Node], part: Leaf, path: str, field: str, found: dict[str, Any]) -> None:
        for child in children:
            here = f"{path}/{child.tag}"
            if child.is_cut:
                self.failed.add(field + part.field)
            for text in self._texts(child, part, here):
                value = self._value(text, part, here, field + part.field)
                if value is None:
                    continue
                if part.many:
                    found.setdefault(part.field, []).append(value)
                else:
                    found.setdefault(part.field, value)

    def _texts(self, child: Node, part: Leaf, path: str) -> list[str]:
        """Give the values of an element: one, or those inside it where vendors put lists or a divided number."""
        if not child.children:
            text = child.text.strip()
            return [text] if text else []
        inner = [text for item in child.children for text in self._texts(item, part, path)]
        if part.many:
            return inner
        if part.name == "Code":
            return ["/".join(inner)] if inner else []
        self._faults.append(edxml_fault(path, "not-text", child.children[0].tag))
        return []

    def _value(self, text: str, part: Leaf, path: str, field: str) -> Any:
        if part.codec in _TEXTS:
            return text
        if is_filling(text):
            return None
        try:
            return _ordinal(text, part) if part.codec is Codec.ORDINAL else _READERS[part.codec](text)
        except (ValueError, OverflowError):
            self.failed.add(field)
            allowed = ", ".join(map(str, range(len(part.terms)))) if part.terms else ""
            rule = "no-business-type" if part.name == "BussinessDocType" else _RULES[part.codec]
            self._faults.append(edxml_fault(path, rule, text, allowed=allowed))
            return None


def _ordinal(text: str, part: Leaf) -> str:
    """Read a term by its number, or by its name."""
    assert part.terms is not None, "an ordinal has its list of terms"
    if text.isascii() and text.isdecimal():
        terms = list(part.terms)
        place = int(text[:9])
        if place >= len(terms):
            raise ValueError(text)
        return terms[place].value
    wanted = comparable(text)
    for term in part.terms:
        if wanted in map(comparable, term.names()):
            return term.value
    raise ValueError(text)


def _merge(found: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, list):
            found.setdefault(name, []).extend(value)
        else:
            found.setdefault(name, value)
