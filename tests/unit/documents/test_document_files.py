"""What files a document may have, judged by name and numbers alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.document import RejectedDocument
from docaxis_schemas.files import MAX_CARRIED, MAX_JUDGED, MAX_NAME, judge_files
from docaxis_schemas.submission import MAX_FILES, ContentEntry, FileRole

PDF = "application/pdf"
MAIN = ContentEntry(FileRole.MAIN, "Quyết định 15.pdf", PDF, 1000, "a" * 64)
APPENDIX = ContentEntry(FileRole.APPENDIX, "Phụ lục I.pdf", PDF, 1000, "b" * 64)


def rules_of(*files: ContentEntry) -> set[tuple[str, str]]:
    with pytest.raises(RejectedDocument) as caught:
        judge_files(files)
    return {(fault.field, fault.rule) for fault in caught.value.faults}


@pytest.mark.parametrize("name", ["a", "Văn bản số 15 (bản ký).pdf", "ă" * 127, ".ẩn", "a..b", "mục 1:2"])
def test_names_that_people_give_are_accepted(name: str) -> None:
    judge_files([replace(MAIN, name=name), APPENDIX])


@pytest.mark.parametrize(
    "name",
    ["", "  ", ".", "..", "a/b.pdf", "..\\b.pdf", "/etc/passwd", "C:b.pdf", "a\x00.pdf", "a\nb", "a\x85b", "\ud800"]
    + [f"hóa đơn{mark}fdp.exe" for mark in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"],
)
def test_names_that_lead_elsewhere_or_deceive_are_refused(name: str) -> None:
    assert rules_of(replace(MAIN, name=name)) == {("contents[0].name", "not-a-file-name")}


def test_a_name_is_counted_in_bytes() -> None:
    judge_files([replace(MAIN, name="ệ" * (MAX_NAME // 3))])
    assert rules_of(replace(MAIN, name="ệ" * (MAX_NAME // 3) + "a")) == {("contents[0].name", "file-name-too-long")}


def test_there_is_exactly_one_main_file() -> None:
    assert rules_of(APPENDIX) == {("contents", "one-main-file")}
    assert rules_of(MAIN, replace(MAIN, name="b.pdf")) == {("contents", "one-main-file")}


def test_two_files_may_not_share_a_name_on_any_file_system() -> None:
    decomposed = replace(APPENDIX, name="QUYE\u0302\u0301T đi\u0323nh 15.pdf")
    assert rules_of(MAIN, decomposed) == {("contents[1].name", "file-name-twice")}


def test_sizes_have_bounds_by_kind() -> None:
    video = replace(APPENDIX, role=FileRole.ENCLOSURE, media_type="video/mp4", size=MAX_CARRIED)
    judge_files([replace(MAIN, size=MAX_JUDGED), video])
    assert rules_of(replace(MAIN, size=MAX_JUDGED + 1)) == {("contents[0].size", "file-too-large")}
    assert rules_of(MAIN, replace(video, size=MAX_CARRIED + 1)) == {("contents[1].size", "file-too-large")}
    assert rules_of(replace(MAIN, size=0)) == {("contents[0].size", "empty-file")}


def test_hash_and_media_type_have_their_form_and_the_list_an_end() -> None:
    bad = replace(MAIN, sha256="A" * 64, media_type="pdf")
    assert rules_of(bad) == {("contents[0].sha256", "not-a-sha256"), ("contents[0].media_type", "not-a-media-type")}
    many = [replace(APPENDIX, name=f"{number}.pdf") for number in range(MAX_FILES)]
    assert rules_of(MAIN, *many) == {("contents", "too-many")}


@given(st.text(max_size=300))
def test_an_accepted_name_is_one_component_of_a_path(name: str) -> None:
    try:
        judge_files([replace(MAIN, name=name)])
    except RejectedDocument:
        return
    assert "/" not in name
    assert "\\" not in name
    assert name not in {"", ".", ".."}
    assert len(name.encode()) <= MAX_NAME
