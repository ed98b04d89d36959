"""Who a submission goes to, as the gateway resolved it and the claim keeps it, found again by any code given."""

from collections.abc import Iterable, Mapping
from typing import Any

from docaxis_schemas.organisation import RejectedCode, normalise_code


def recipients_named(resolution: Mapping[str, Any], given: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the canonical codes of the recipients named, and what names none of them; nothing given names them all.

    A recipient is named by its canonical code, or as the sender named it: an old code, or one that was merged since.
    """
    names: dict[str, str] = {}
    for item in resolution["recipients"]:
        names[item["organisation"]] = item["organisation"]
    for item in resolution["recipients"]:
        if asked := item.get("asked"):
            names.setdefault(_plain(asked), item["organisation"])
    wanted = tuple(dict.fromkeys(given))
    if not wanted:
        return tuple(item["organisation"] for item in resolution["recipients"]), ()
    found = {names[_plain(code)]: None for code in wanted if _plain(code) in names}
    return tuple(found), tuple(code for code in wanted if _plain(code) not in names)


def _plain(code: str) -> str:
    try:
        return normalise_code(code)
    except RejectedCode:
        return code
