"""What every place for sealed bytes promises: the directory and the object store pass the same tests."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from docaxis.storage.contents import DamagedContent, SealedStore, StoreFull, WrongOffset
from docaxis.storage.contents.directory import DirectoryStore
from docaxis.storage.contents.sealing import SEALED_SEGMENT
from docaxis.storage.decisions import UnavailableStorage

FULL = b"f" * SEALED_SEGMENT
SHORT = b"s" * 77


def test_a_finished_content_is_read_back_by_segment(sealed: SealedStore) -> None:
    location = uuid4().hex
    with sealed.upload(location) as upload:
        upload.append(FULL)
        upload.append(SHORT)
        upload.finish()
    sealed.settle(location)
    assert [sealed.read(location, number) for number in range(2)] == [FULL, SHORT]


def test_an_upload_goes_on_in_another_process(reopen: Callable[[], SealedStore]) -> None:
    location = uuid4().hex
    with reopen().upload(location) as upload:
        upload.append(FULL)
    with reopen().upload(location) as upload:
        assert upload.count() == 1
        assert upload.read(0) == FULL
        upload.append(SHORT)
        upload.finish()
        upload.finish()
    assert reopen().read(location, 1) == SHORT


def test_a_segment_is_never_written_by_two(sealed: SealedStore) -> None:
    location = uuid4().hex
    with ExitStack() as stack:
        first = stack.enter_context(sealed.upload(location))
        try:
            second = stack.enter_context(sealed.upload(location))
        except WrongOffset:
            return  # the directory lets no second writer in
        first.append(FULL)
        with pytest.raises(WrongOffset):
            second.append(SHORT)
        assert (first.count(), first.read(0)) == (1, FULL)


def test_a_torn_end_can_be_cut_off(sealed: SealedStore) -> None:
    location = uuid4().hex
    with sealed.upload(location) as upload:
        upload.append(FULL)
        upload.append(SHORT)
        upload.truncate(1)
        assert upload.count() == 1
        upload.append(FULL)
        upload.finish()
    assert sealed.read(location, 1) == FULL


def test_what_was_deleted_is_gone_and_deleting_twice_is_fine(sealed: SealedStore) -> None:
    location = uuid4().hex
    with sealed.upload(location) as upload:
        upload.append(SHORT)
        upload.finish()
    sealed.delete(location)
    sealed.delete(location)
    with pytest.raises(DamagedContent):
        sealed.read(location, 0)


def test_everything_older_than_a_moment_is_named(sealed: SealedStore) -> None:
    finished, begun = uuid4().hex, uuid4().hex
    with sealed.upload(finished) as upload:
        upload.append(SHORT)
        upload.finish()
    sealed.settle(finished)
    with sealed.upload(begun) as upload:
        upload.append(SHORT)
    now = datetime.now(UTC)
    assert set(sealed.older_than(now + timedelta(minutes=1))) == {finished, begun}
    assert list(sealed.older_than(now - timedelta(minutes=1))) == []


def test_a_place_that_works_passes_its_probe(sealed: SealedStore) -> None:
    sealed.probe()
    assert list(sealed.older_than(datetime.now(UTC) + timedelta(minutes=1))) == []


def test_a_full_disk_leaves_whole_segments_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory only: the limit on the size of files stands in for a full disk, the system answers both alike."""
    import resource  # noqa: PLC0415 - POSIX only, as the directory store is
    import signal  # noqa: PLC0415

    store, location = DirectoryStore(tmp_path), uuid4().hex
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with store.upload(location) as upload:
            upload.append(FULL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (SEALED_SEGMENT + 1000, before[1]))
            with pytest.raises(StoreFull):
                upload.append(FULL)
            assert (upload.count(), upload.read(0)) == (1, FULL)
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            upload.append(SHORT)
            upload.finish()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert store.read(location, 1) == SHORT


def test_a_directory_that_went_away_is_unavailable(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    (tmp_path / "store" / "unfinished").rmdir()
    with pytest.raises(UnavailableStorage):
        store.probe()
