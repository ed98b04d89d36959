"""Numbers and paths that strangers choose: what is beyond any real one never reaches disk or database."""

from typing import cast

import pytest

from docaxis.directory.entries import Principal
from docaxis.gateway import transparency
from docaxis.gateway.refusals import Refused
from docaxis.gateway.vxp.asking import Asked


@pytest.mark.parametrize("text", ["0000001" + "9" * 30, "1" * 5000, "1000000", "0", "-1", "1.0", "١"])
@pytest.mark.parametrize("name", ["pageindex", "pagesize"])
def test_a_page_beyond_counting_is_refused(name: str, text: str) -> None:
    with pytest.raises(Refused):
        Asked(cast("Principal", None), "H37.02", {name: text}).window()


def test_the_last_page_that_is_counted() -> None:
    window = Asked(cast("Principal", None), "H37.02", {"pageindex": "999999", "pagesize": "999999"}).window()
    assert (window.limit, window.skip) == (500, 999_998 * 500)


def test_a_tile_has_at_most_the_groups_of_a_64_bit_index() -> None:
    assert transparency._TILE.fullmatch("0/" + "x000/" * 6 + "000.p/255")
    assert not transparency._TILE.fullmatch("0/" + "x000/" * 7 + "000")
    assert not transparency._BUNDLE.fullmatch("entries/" + "x000/" * 1000 + "000")
