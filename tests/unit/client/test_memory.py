"""What a subscriber remembers: both memories keep the same promises."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis.client import FileMemory, InboxMemory, TransientMemory
from docaxis.client.prefix import FinishedPrefix
from docaxis.client.sqlitefile import SqliteFile


@pytest.fixture(params=["transient", "file"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> InboxMemory:
    made: dict[str, Callable[[], InboxMemory]] = {
        "transient": TransientMemory,
        "file": lambda: FileMemory(tmp_path / "memory.sqlite"),
    }
    return made[request.param]()


async def test_cursors_and_finished_entries_are_kept_apart_by_stream(memory: InboxMemory) -> None:
    event = uuid4()
    assert await memory.cursor("a") is None
    await memory.move("a", "1.5")
    await memory.move("a", "1.6")
    await memory.finish("a", event)
    await memory.finish("a", event)
    assert (await memory.cursor("a"), await memory.cursor("b")) == ("1.6", None)
    assert await memory.is_finished("a", event)
    assert not await memory.is_finished("b", event)


async def test_only_the_oldest_finished_entries_are_forgotten(
    memory: InboxMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docaxis.client.remembering.MAX_REMEMBERED", 2)
    events = [uuid4() for _ in range(4)]
    for event in events:
        await memory.finish("a", event)
    assert [await memory.is_finished("a", event) for event in events] == [False, False, True, True]


async def test_a_file_remembers_for_the_next_process(tmp_path: Path) -> None:
    event = uuid4()
    before = FileMemory(tmp_path / "memory.sqlite")
    await before.move("a", "1.5")
    await before.finish("a", event)
    after = FileMemory(tmp_path / "memory.sqlite")
    assert (await after.cursor("a"), await after.is_finished("a", event)) == ("1.5", True)


def test_changes_of_one_call_are_all_made_or_none(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "a.sqlite", "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY)")
    file.change(("INSERT INTO kept VALUES (?)", ("one",)))
    with pytest.raises(sqlite3.IntegrityError):
        file.change(("INSERT INTO kept VALUES (?)", ("two",)), ("INSERT INTO kept VALUES (?)", ("one",)))
    again = SqliteFile(tmp_path / "a.sqlite", "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY)")
    assert again.rows("SELECT name FROM kept") == file.rows("SELECT name FROM kept") == [("one",)]


@given(st.permutations(range(8)))
def test_the_finished_prefix_never_passes_what_is_open(order: list[int]) -> None:
    prefix: FinishedPrefix[int] = FinishedPrefix()
    for position in range(8):
        prefix.take(position)
    done: set[int] = set()
    end = -1
    for position in order:
        done.add(position)
        moved = prefix.finish(position)
        end = end if moved is None else moved
        assert end == next((n - 1 for n in range(8) if n not in done), 7)
