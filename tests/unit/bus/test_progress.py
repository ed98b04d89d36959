"""Progress of a partition whose records finish out of order."""

import logging

from hypothesis import given
from hypothesis import strategies as st

from docaxis.bus.clientlogs import OncePerWhile
from docaxis.bus.progress import MAX_RANGES, METADATA_LIMIT, Progress


def test_without_anything_finished_it_stands_still() -> None:
    progress = Progress(7)
    assert [progress.give(offset) for offset in (7, 8)] == [True, True]
    assert (progress.position, progress.metadata) == (7, "")


def test_a_finished_prefix_moves_the_offset() -> None:
    progress = Progress(0)
    for offset in (0, 1, 2):
        progress.give(offset)
    progress.finish(0)
    progress.finish(1)
    assert (progress.position, progress.metadata) == (2, "")


def test_offsets_that_were_never_given_do_not_hold_it_up() -> None:
    progress = Progress(0)
    progress.give(0)
    progress.give(5)
    progress.finish(0)
    assert progress.position == 5


def test_metadata_of_another_tool_finishes_nothing() -> None:
    assert Progress(3, "committed by hand").give(4)


@given(
    gaps=st.lists(st.integers(1, 5), min_size=1, max_size=80),
    done=st.data(),
    restarts=st.integers(1, 4),
)
def test_each_record_is_done_once_through_any_restarts(gaps: list[int], done: st.DataObject, restarts: int) -> None:
    offsets = [sum(gaps[: index + 1]) for index in range(len(gaps))]
    finished: list[int] = []
    position, metadata = 0, ""
    for _ in range(restarts):
        progress = Progress(position, metadata)
        # An owner may die before it has read again as far as its predecessor had.
        limit = done.draw(st.integers(0, offsets[-1]))
        given_now = [offset for offset in offsets if position <= offset <= limit and progress.give(offset)]
        assert not set(given_now) & set(finished)
        for offset in done.draw(st.lists(st.sampled_from(given_now), unique=True)) if given_now else []:
            progress.finish(offset)
            finished.append(offset)
        position, metadata = progress.position, progress.metadata
        assert len(metadata) <= METADATA_LIMIT
    progress = Progress(position, metadata)
    rest = [offset for offset in offsets if offset >= position and progress.give(offset)]
    assert sorted(rest + finished) == offsets


def test_logs_say_once_in_a_while_what_repeats() -> None:

    now = [0.0]
    calm = OncePerWhile(10.0, lambda: now[0])
    records = [logging.makeLogRecord({"msg": "fetch failed from %s", "args": (n,)}) for n in range(4)]
    assert [calm.filter(record) for record in records[:3]] == [True, False, False]
    now[0] = 10.0
    assert calm.filter(records[3])
    assert records[3].getMessage() == "fetch failed from 3 (2 more like it left out)"


def test_there_is_room_only_for_what_can_be_written_beside_the_offset() -> None:
    progress, taken = Progress(0), 0
    while progress.room:  # gaps on both sides of each: offsets that were never given count as finished
        progress.give(1_000_000 * taken)
        taken += 1
    assert taken == MAX_RANGES
    assert METADATA_LIMIT / 2 < len(progress.metadata) <= METADATA_LIMIT
    progress.finish(0)
    assert [progress.room] == [1]


def test_what_an_earlier_owner_finished_takes_room_until_it_is_read_again() -> None:
    earlier = Progress(0)
    for offset in range(101):
        earlier.give(offset)
    for offset in range(1, 101, 2):
        earlier.finish(offset)
    progress = Progress(earlier.position, earlier.metadata)
    assert progress.room == MAX_RANGES - 50
    for offset in range(101):
        if progress.give(offset):
            progress.finish(offset)
    assert progress.room == MAX_RANGES
