"""The axis on which every bad input is tried: one for the whole folder."""

from collections.abc import AsyncIterator

import pytest

from badinputs.house import House, open_house


@pytest.fixture(scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async for opened in open_house(tmp_path_factory.mktemp("bad-inputs")):
        yield opened
