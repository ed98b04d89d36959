"""From the path of a field to that of its element, so that a fault of the model names what the sender can see."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from docaxis_schemas.edxml.elements import HEADER, TRACE, Branch, Part
from docaxis_schemas.edxml.faults import EdxmlFault, edxml_fault, of_model
from docaxis_schemas.faults import Fault

_INDEX: Final = re.compile(r"\[(\d+)\]")


def _places(parts: tuple[Part, ...], path: str, field: str = "") -> Iterator[tuple[str, str]]:
    for part in parts:
        here = f"{path}/{part.name}"
        if part.field is not None:
            yield field + part.field, here
        if isinstance(part, Branch):
            yield from _places(part.parts, here, f"{field}{part.field}." if part.field else field)


_ELEMENTS: Final = {
    **dict(_places(HEADER, "MessageHeader")),
    **dict(_places(TRACE, "TraceHeaderList")),
    "type_name": "MessageHeader/DocumentType/TypeName",
}


def element_of(field: str) -> str:
    """Give the element of a field: ``recipients[2].organisation`` is ``MessageHeader/To[3]/OrganId``."""
    element = _ELEMENTS.get(_INDEX.sub("", field), field)
    for match in reversed(list(_INDEX.finditer(field))):
        above = _ELEMENTS.get(_INDEX.sub("", field[: match.start()]))
        if above and element.startswith(above):
            element = f"{above}[{int(match[1]) + 1}]{element[len(above) :]}"
    return element


def translate(faults: Iterable[Fault], failed: AbstractSet[str]) -> Iterator[EdxmlFault]:
    """Tell faults of the model as faults of elements, but for fields in ``failed``, which are told already."""
    for found in faults:
        if _INDEX.sub("", found.field) in failed:
            continue
        if found.rule == "code-or-group":  # edXML has no groups: it is the code that is missing
            yield edxml_fault(f"{element_of(found.field)}/OrganId", "required")
        else:
            yield of_model(element_of(found.field), found)
