from typing import Any, cast

import pytest

from docaxis.directory.errors import UnavailableDirectory
from docaxis.directory.following import DirectoryFollower
from docaxis.directory.repository import DirectoryRepository
from docaxis.runtime import Runtime
from docaxis.settings import Settings


class Repository:
    """Gives a snapshot, or none while it is away."""

    def __init__(self) -> None:
        self.away = False

    async def snapshot(self) -> Any:
        if self.away:
            raise UnavailableDirectory("the database is away")
        return "snapshot"


async def test_a_directory_that_was_never_read_is_unavailable_and_says_so() -> None:
    follower = DirectoryFollower(cast("DirectoryRepository", Repository()))
    with pytest.raises(UnavailableDirectory):
        follower.current()
    assert follower.causes == ("directory: not read yet",)


async def test_the_last_snapshot_stands_while_the_database_is_away() -> None:
    repository = Repository()
    follower = DirectoryFollower(cast("DirectoryRepository", repository))
    await follower.start()
    repository.away = True
    with pytest.raises(UnavailableDirectory):
        await follower.start()
    assert follower.current() == cast("Any", "snapshot")


async def test_a_process_is_not_ready_while_its_directory_is_not() -> None:
    runtime = Runtime(Settings(), ["router"])
    runtime._directory = DirectoryFollower(cast("DirectoryRepository", Repository()))
    assert runtime.causes() == ("directory: not read yet",)
    await runtime._directory.start()
    assert runtime.causes() == ()
