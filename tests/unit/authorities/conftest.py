"""One set of TEST authorities for the tests of this folder; making the keys takes two seconds."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from docaxis.embedded.authorities import TestAuthorities

NOW = datetime(2026, 10, 9, 1, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> TestAuthorities:
    directory: Path = tmp_path_factory.mktemp("authorities")
    return TestAuthorities.create(directory, base_url="http://127.0.0.1:9", now=NOW)
