"""The tree shows every body once, below what stands above it, and a page of it is bounded."""

from datetime import date, timedelta

import pytest

from docaxis.clerk.tree import PAGE, Tree, below
from docaxis.directory.organisations import OrganisationIndex
from docaxis_schemas.organisation import Organisation

DAY = date(2026, 3, 4)


def body(code: str, parent: str | None = None, **given: object) -> Organisation:
    named = {"name": f"Cơ quan {code}", "level": 1 + code.count("."), "valid_from": date(2020, 1, 1)}
    return Organisation(code=code, parent=parent, **(named | given))  # type: ignore[arg-type]


INDEX = OrganisationIndex.of(
    [
        body("G98", name="Bộ Thử nghiệm"),
        body("H98", name="Ủy ban nhân dân tỉnh Thử Nghiệm"),
        body("H98.14", "H98", name="Sở Nội vụ"),
        body("H98.09", "H98", name="Ban Quản lý"),
        body("H98.90", "H98", valid_to=DAY - timedelta(days=1)),
        body("H98.14.01", "H98.14"),
        body("H77.01", "H77", name="Xã không còn cấp trên"),
        *(body(f"H97.{number:03d}", "H97") for number in range(PAGE + 20)),
        body("H97", name="An Ví Dụ"),
    ]
)


def walk(tree: Tree, code: str = "") -> list[str]:
    """Go through all pages of all levels."""
    found: list[str] = []
    for page in range(1, tree.level(INDEX, code, DAY, 1).pages + 1):
        for one in tree.level(INDEX, code, DAY, page).branches:
            found += [one.code, *(walk(tree, one.code) if one.has_below else [])]
    return found


def test_every_body_that_exists_is_found_once() -> None:
    found = walk(Tree())
    assert sorted(found) == sorted(code for code in INDEX.periods if INDEX.on(code, DAY))


def test_a_level_is_by_name_and_knows_the_way_to_it() -> None:
    level = Tree().level(INDEX, "H98", DAY, 1)
    assert [(one.code, one.has_below) for one in level.branches] == [("H98.09", False), ("H98.14", True)]
    assert [one.code for one in Tree().level(INDEX, "H98.14", DAY, 1).way] == ["H98", "H98.14"]
    assert [one.name for one in Tree().level(INDEX, "", DAY, 1).branches][:2] == ["An Ví Dụ", "Bộ Thử nghiệm"]


@pytest.mark.parametrize(("page", "shown"), [(-1, PAGE), (0, PAGE), (1, PAGE), (2, 20), (99, 20)])
def test_a_page_of_a_level_is_bounded_whatever_is_asked(page: int, shown: int) -> None:
    level = Tree().level(INDEX, "H97", DAY, page)
    assert (len(level.branches), level.total, level.pages) == (shown, PAGE + 20, 2)


@pytest.mark.parametrize("code", ["", "X99", "' OR 1=1", "H98.90"])
def test_a_code_that_nobody_bears_is_the_top(code: str) -> None:
    assert not Tree().level(INDEX, code, DAY, 1).way


def test_a_new_list_or_day_is_seen() -> None:
    tree, later = Tree(), OrganisationIndex.of([body("G98")])
    assert tree.level(INDEX, "", DAY, 1).total == 4
    assert tree.level(later, "", DAY, 1).total == 1
    assert tree.level(later, "", date(2019, 1, 1), 1).total == 0
    assert below(INDEX, "H98", DAY) == ("H98.09", "H98.14")
