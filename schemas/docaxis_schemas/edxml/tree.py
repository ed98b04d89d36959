"""From bytes to a small tree, with attachments streamed past it.

expat without namespace processing, because packets of the field use the prefix ``edXML:`` outside the element that
declares it and ``xlink:`` without declaring it at all: a namespace-aware parser refuses them. Names are resolved here.
Nothing outside the packet is ever looked at: a document type, and with it every entity, is refused where it begins.
"""

from collections.abc import Callable
from typing import Final
from xml.parsers import expat

from docaxis_schemas.edxml.contents import Base64Content
from docaxis_schemas.edxml.faults import EdxmlFault, RejectedPacket, edxml_fault
from docaxis_schemas.edxml.limits import (
    CHUNK,
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_HELD,
    MAX_MARKUP,
    MAX_VALUE,
)
from docaxis_schemas.edxml.namespaces import Belonging, Namespaces
from docaxis_schemas.edxml.signature import SignatureWatch
from docaxis_schemas.submission import MAX_FILES

CONTAINERS: Final = frozenset({"edxml", "edxmlenvelope", "edxmlheader", "edxmlbody", "envelope", "header", "body"})
"""Elements that only hold others: the standard's own and those of SOAP."""

SINGLE: Final = frozenset({"messageheader", "status", "traceheaderlist", "edxmlmanifest", "manifest"})
"""Elements below containers that hold what a packet says; a second one could be read instead of the first."""

_CONTENT_PLACE: Final = ["attachmentencoded", "attachment"]
_IN_CONTAINERS: Final = SINGLE | {"attachmentencoded", "signature", "digitalsignature", "errorlist", "business"}
_NOWHERE_ELSE: Final = SINGLE - {"status", "manifest"} | {"edxmlenvelope", "edxmlheader", "attachmentencoded"}
"""Elements that never stand inside anything but containers: elsewhere they are a second packet inside the first."""


def lookup_name(tag: str) -> str:
    """Give the name an element is looked up by: vendors differ in case, and spell ``Bussiness`` right or as written."""
    return tag.lower().replace("bussiness", "business")


class Node:
    """One element: its name as written, the name it is looked up by, its text, its children."""

    __slots__ = ("children", "content", "href", "is_cut", "name", "tag", "text")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.name = lookup_name(tag)
        self.text = ""
        self.is_cut = False
        self.href = ""
        self.children: list[Node] = []
        self.content: Base64Content | None = None

    def all(self, *names: str) -> "list[Node]":
        """Give the children of any of these lookup names."""
        return [child for child in self.children if child.name in names]

    def value(self, name: str) -> str:
        """Give the text of the first child of this lookup name; empty if there is none."""
        return next((child.text.strip() for child in self.children if child.name == name), "")


class TreeBuilder:
    """Builds the tree of one packet from its bytes, fed in pieces of any size."""

    def __init__(self, open_content: Callable[[], Base64Content]) -> None:
        self.root: Node | None = None
        self.faults: list[EdxmlFault] = []
        self._open_content = open_content
        self._stack: list[Node] = []
        self._skipped = 0
        self._singles: set[str] = set()
        self._elements = self._held = self._fed = self._contents = 0
        self._begin = b""
        self._content: Base64Content | None = None
        self._names = Namespaces()
        self._signature = SignatureWatch()
        self._parser = parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        parser.buffer_size = CHUNK
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, data: bytes) -> None:
        """Take the next piece.

        Raises:
            RejectedPacket: It cannot be read on.
        """
        if self._fed < 4:
            self._begin += data[:4]
            if self._begin[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\x00" in self._begin:
                raise RejectedPacket([edxml_fault("edXML", "not-utf8")])
        for at in range(0, len(data), CHUNK):
            self._parse(data[at : at + CHUNK], last=False)

    def close(self) -> Node:
        """Take the end, and give the tree.

        Raises:
            RejectedPacket: It is no whole packet.
        """
        self._parse(b"", last=True)
        if self.root is None:
            raise RejectedPacket([edxml_fault("edXML", "not-edxml")])
        if found := self._signature.judge():
            raise RejectedPacket([edxml_fault("Signature", found)])
        return self.root

    def _parse(self, data: bytes, *, last: bool) -> None:
        self._fed += len(data)
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            reason = f"{expat.ErrorString(error.code)}, line {error.lineno}, column {error.offset}"
            raise RejectedPacket([edxml_fault("edXML", "not-xml", reason=reason)]) from error
        if self._fed - max(self._parser.CurrentByteIndex, 0) > MAX_MARKUP:
            raise RejectedPacket([edxml_fault("edXML", "markup-too-large")])

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in {"utf-8", "utf8", "us-ascii", "ascii"}:
            raise RejectedPacket([edxml_fault("edXML", "not-utf8", encoding)])

    def _doctype(self, name: str, *_: object) -> None:
        raise RejectedPacket([edxml_fault("edXML", "doctype", name)])

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        depth = len(self._stack) + self._skipped
        if depth >= MAX_DEPTH:
            raise RejectedPacket([edxml_fault(name, "too-deep", limit=MAX_DEPTH)])
        if self._elements > MAX_ELEMENTS:
            raise RejectedPacket([edxml_fault(name, "too-many-elements", limit=MAX_ELEMENTS)])
        if len(attributes) > MAX_ATTRIBUTES:
            raise RejectedPacket([edxml_fault(name, "markup-too-large")])
        belonging, local = self._names.enter(name, attributes)
        if belonging is Belonging.INCLUDE:
            raise RejectedPacket([edxml_fault(name, "include")])
        if self._skipped:
            self._enter_skipped(local, attributes)
            return
        if belonging is Belonging.CONFUSED:
            raise RejectedPacket([edxml_fault(name, "namespace-confusion", self._names.uri)])
        parent = self._stack[-1] if self._stack else None
        if belonging is not Belonging.OWN or not _has_place(local, parent):
            self._skip(local, belonging, attributes, parent)
            return
        self._signature.identify(attributes, signed=True)
        self._push(local, attributes, parent)

    def _push(self, local: str, attributes: dict[str, str], parent: Node | None) -> None:
        node = Node(local)
        is_in_container = parent is None or parent.name in CONTAINERS
        if node.name in _NOWHERE_ELSE and not is_in_container:
            raise RejectedPacket([edxml_fault(local, "signature-wrapped")])
        if node.name in SINGLE and is_in_container and self._stood_before(node.name):
            raise RejectedPacket([edxml_fault(local, "element-twice")])
        if parent is None:
            self.root = node
        else:
            parent.children.append(node)
            if node.name == "reference":
                node.href = next((value for name, value in attributes.items() if name.rpartition(":")[2] == "href"), "")
            elif node.name == "contenttransferencoded" and [n.name for n in self._stack[-2:]] == _CONTENT_PLACE:
                self._contents += 1
                if self._contents > MAX_FILES:
                    raise RejectedPacket(
                        [edxml_fault("AttachmentEncoded", "too-many", self._contents, limit=MAX_FILES)]
                    )
                node.content = self._content = self._open_content()
        self._stack.append(node)

    def _stood_before(self, name: str) -> bool:
        """Note that one of the single elements stands there, and say whether it did already."""
        name = {"status": "messageheader", "manifest": "edxmlmanifest"}.get(name, name)
        before = name in self._singles
        self._singles.add(name)
        return before

    def _skip(self, local: str, belonging: Belonging, attributes: dict[str, str], parent: Node | None) -> None:
        """Pass over a signature, an extension of another namespace, or an element that has no place here."""
        self._skipped = 1
        is_signature = belonging is Belonging.SIGNATURE or local.lower() == "signature"
        if is_signature:
            self._signature.open(parent is not None and parent.name in CONTAINERS)
        elif belonging is Belonging.OWN:
            self.faults.append(edxml_fault(self._path(local), "unknown-element"))
        self._signature.identify(attributes, signed=False)

    def _enter_skipped(self, local: str, attributes: dict[str, str]) -> None:
        self._skipped += 1
        if lookup_name(local) in _NOWHERE_ELSE:
            raise RejectedPacket([edxml_fault(local, "signature-wrapped")])
        self._signature.enter(local, attributes)

    def _end(self, _name: str) -> None:
        self._names.leave()
        if self._skipped:
            self._skipped -= 1
            if not self._skipped:
                self._signature.shut()
            return
        self._stack.pop()
        self._content = None

    def _text(self, data: str) -> None:
        if self._skipped or not self._stack:
            return
        if self._content is not None:
            self._content.feed(data)
            return
        node = self._stack[-1]
        if node.is_cut:
            return
        self._held += len(data)
        if self._held > MAX_HELD:
            raise RejectedPacket([edxml_fault(self._path(), "too-many-elements", limit=MAX_ELEMENTS)])
        if len(node.text) + len(data) > MAX_VALUE:
            node.is_cut = True
            self.faults.append(edxml_fault(self._path(), "too-long", node.text or data, limit=MAX_VALUE))
            return
        node.text += data

    def _path(self, *further: str) -> str:
        return "/".join([*(node.tag for node in self._stack if node.name not in CONTAINERS), *further])


def _has_place(local: str, parent: Node | None) -> bool:
    name = lookup_name(local)
    if parent is None or parent.name in CONTAINERS:
        return name in CONTAINERS or (name in _IN_CONTAINERS and name != "signature")
    return True
