"""Every route that a guide names is there, with the method and the query that it is named with."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

GUIDES = sorted((Path(__file__).parents[3] / "docs" / "guides").glob("*.md"))
_ROUTE = re.compile(r"`(GET|POST|PUT|HEAD|DELETE) (/v1/[^\s`]*)`")


def unknown(text: str, paths: dict[str, Any]) -> Iterator[str]:
    """Name the routes of a text that the description does not know, and the queries that they do not take."""
    for method, address in _ROUTE.findall(text):
        given = urlsplit(address)
        operation = next(
            (
                operations[method.lower()]
                for path, operations in paths.items()
                if method.lower() in operations and re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", path), given.path)
            ),
            None,
        )
        if operation is None:
            yield f"{method} {given.path}"
        else:
            taken = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
            yield from sorted(parse_qs(given.query).keys() - taken)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_route_named_is_there(world: Any, guide: Path) -> None:
    assert list(unknown(guide.read_text("utf-8"), world.gateway.app.openapi()["paths"])) == []


def test_the_guide_for_integrators_names_what_an_integrator_needs(world: Any) -> None:
    named = {urlsplit(address).path.split("/")[2] for _, address in _ROUTE.findall(
        next(guide for guide in GUIDES if guide.name == "integrators.md").read_text("utf-8")
    )}  # fmt: skip
    assert {"submissions", "inbox", "deliveries", "registers", "deadlines", "reconciliations"} <= named


def test_a_route_a_method_and_a_query_that_are_not_there_would_be_found(world: Any) -> None:
    text = "`GET /v1/deadline` `PUT /v1/deadlines` `GET /v1/deadlines?limit=1&late=1` `GET /v1/submissions/{id}`"
    assert list(unknown(text, world.gateway.app.openapi()["paths"])) == [
        "GET /v1/deadline",
        "PUT /v1/deadlines",
        "late",
    ]
