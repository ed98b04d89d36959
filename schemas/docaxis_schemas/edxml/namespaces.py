"""Which element is one of edXML's, whatever namespace its vendor wrote for it.

Vendors bind the prefix ``edXML`` to the standard's URI, to that of SOAP, to one of their own, or not at all; what they
agree on is the prefix and the local names. So any URI is taken, but one packet has one: an element that carries a name
of ours under a second URI would be read by some programs and not by others, and is refused.
"""

from enum import Enum, auto
from typing import Final

from docaxis_schemas.edxml.elements import HEADER, NAMESPACE, STATUS, TRACE, Branch, Part

_SOAP: Final = frozenset({"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"})
_SIGNATURES: Final = "http://www.w3.org/2000/09/xmldsig#"
_INCLUDES: Final = frozenset({"http://www.w3.org/2001/XInclude", "http://www.w3.org/2003/XInclude"})


def _names_in(parts: tuple[Part, ...]) -> set[str]:
    found = {part.name.lower() for part in parts}
    for part in parts:
        if isinstance(part, Branch):
            found |= _names_in(part.parts)
    return found


OUR_NAMES: Final = (
    _names_in(HEADER)
    | _names_in(TRACE)
    | _names_in(STATUS)
    | {"edxml", "edxmlenvelope", "edxmlheader", "edxmlbody", "messageheader", "traceheaderlist", "edxmlmanifest"}
    | {"attachmentencoded", "attachment", "contentid", "contenttype", "attachmentname", "contenttransferencoded"}
)
"""Local names, lower case, that another namespace must not use in a packet."""


class Belonging(Enum):
    """What an element is to the packet."""

    OWN = auto()
    SIGNATURE = auto()
    FOREIGN = auto()
    INCLUDE = auto()
    CONFUSED = auto()


class Namespaces:
    """Follows the declarations of one packet."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, str]] = [{}]
        self._own: set[str] = {"", NAMESPACE, *_SOAP}
        self._prefixed: str | None = None
        self._is_root = True
        self.uri = ""

    def enter(self, name: str, attributes: dict[str, str]) -> tuple[Belonging, str]:
        """Enter an element; give what it is and its local name."""
        scope = self._scopes[-1]
        for attribute, uri in attributes.items():
            if attribute == "xmlns" or attribute.startswith("xmlns:"):
                scope = scope | {attribute[6:]: uri}
        self._scopes.append(scope)
        prefix, _, local = name.rpartition(":")
        self.uri = scope.get(prefix, "")
        if self._is_root:
            self._is_root = False
            self._own.add(self.uri)
        return self._judge(prefix, local), local

    def leave(self) -> None:
        """Leave the element entered last."""
        self._scopes.pop()

    def _judge(self, prefix: str, local: str) -> Belonging:
        uri = self.uri
        if uri == _SIGNATURES:
            return Belonging.SIGNATURE
        if uri in _INCLUDES:
            return Belonging.INCLUDE
        if prefix.lower() == "edxml" and uri:
            if self._prefixed is None:
                self._prefixed = uri
                self._own.add(uri)
            return Belonging.OWN if uri == self._prefixed else Belonging.CONFUSED
        if uri in self._own:
            return Belonging.OWN
        return Belonging.CONFUSED if local.lower() in OUR_NAMES else Belonging.FOREIGN
