"""Sending: one submission whatever is lost on the way, large contents resumed, refusals told with their faults."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from docaxis.client import (
    FileRole,
    OutgoingFile,
    Patience,
    RejectedAnswer,
    RejectedByAxis,
    RejectedFile,
    UnavailableAxis,
)
from docaxis_schemas.identifiers import submission_id
from docaxis_schemas.submission import read_manifest

LARGE = 5 * 1024 * 1024


async def test_a_document_is_sent_with_a_manifest_the_axis_can_read(
    fake: Any, connect: Any, metadata: dict[str, Any], pdf: Path
) -> None:
    async with connect() as axis:
        found = await axis.send(metadata, [pdf], ["H38", "group:tinh"], own_id="k-1", wait=5)
    manifest = read_manifest(fake.manifests[0])
    assert found.submission_id == submission_id("so-thu-nghiem", "k-1")
    assert [(one.organisation, one.group) for one in manifest.recipients] == [("H38", None), (None, "tinh")]
    assert manifest.contents[0].name == "công văn.pdf"
    assert manifest.document["recipients"] == [
        {"organisation": "H38", "role": "action"},
        {"group": "tinh", "role": "action"},
    ]
    assert (found.disposition, found.recipients["unknown"]) == ("deliver", ["H99"])


async def test_a_lost_answer_and_an_axis_that_is_away_make_one_submission(
    fake: Any, connect: Any, metadata: dict[str, Any], pdf: Path
) -> None:
    fake.unavailable = 2
    async with connect(lost=2) as axis:
        await axis.send(metadata, [pdf], ["H38"], own_id="k-1")
    assert fake.submissions_posted == 3
    assert len(fake.manifests) == 1


async def test_the_same_key_gives_the_same_submission_and_another_content_is_refused(
    fake: Any, connect: Any, metadata: dict[str, Any], pdf: Path
) -> None:
    async with connect() as axis:
        first = await axis.send(metadata, [pdf], ["H38"], own_id="k-1")
        again = await axis.send(metadata, [pdf], ["H38"], own_id="k-1")
        assert again == first
        with pytest.raises(RejectedByAxis) as caught:
            await axis.send(metadata, [pdf], ["H39"], own_id="k-1")
    assert caught.value.code == "idempotency-conflict"


async def test_large_contents_go_first_and_resume_where_they_stopped(
    fake: Any, connect: Any, metadata: dict[str, Any], pdf: Path, tmp_path: Path
) -> None:
    large = tmp_path / "phu-luc.zip"
    large.write_bytes(bytes(range(256)) * (LARGE // 256))
    fake.stop_upload_after = 3 * 1024 * 1024 + 17
    seen: list[tuple[str, int, int]] = []
    files = [OutgoingFile(pdf), OutgoingFile(large, FileRole.ENCLOSURE)]
    async with connect() as axis:
        await axis.send(metadata, files, ["H38"], progress=lambda *step: seen.append(step))
    assert fake.offsets_asked == [0, 3 * 1024 * 1024 + 17]
    assert fake.contents[hashlib.sha256(large.read_bytes()).hexdigest()] == large.read_bytes()
    assert seen[-1] == ("phu-luc.zip", LARGE, LARGE)


async def test_an_upload_beforehand_is_not_sent_twice(fake: Any, connect: Any, tmp_path: Path) -> None:
    large = tmp_path / "a.zip"
    large.write_bytes(b"x" * 1000)
    async with connect() as axis:
        sha256 = await axis.upload(large)
        assert await axis.upload(large) == sha256
    assert fake.offsets_asked == [0]


async def test_a_refusal_brings_its_faults_in_both_languages(connect: Any, metadata: dict[str, Any], pdf: Path) -> None:
    async with connect() as axis:
        with pytest.raises(RejectedByAxis) as caught:
            await axis.send(metadata | {"subject": "bad"}, [pdf], ["H38"])
    assert caught.value.code == "metadata-invalid"
    assert caught.value.faults[0]["field"] == "subject"
    assert caught.value.problem.sentence("vi").startswith("Thông tin văn bản chưa đúng.")


async def test_patience_ends_with_unavailable(fake: Any, connect: Any, metadata: dict[str, Any], pdf: Path) -> None:
    fake.unavailable = 10_000
    async with connect(patience=Patience(seconds=0.1, first_pause=0.01, longest_pause=0.02)) as axis:
        with pytest.raises(UnavailableAxis) as caught:
            await axis.send(metadata, [pdf], ["H38"])
    assert caught.value.problem is not None
    assert caught.value.problem.code == "unavailable"


async def test_a_wrong_credential_is_refused_at_once(
    fake: Any, connect: Any, metadata: dict[str, Any], pdf: Path
) -> None:
    async with connect(credential="wrong") as axis:
        with pytest.raises(RejectedByAxis) as caught:
            await axis.send(metadata, [pdf], ["H38"])
    assert caught.value.problem.status == 401
    assert fake.submissions_posted == 0


@pytest.mark.parametrize("name", ["manifest_sha256", "submission_id", "id", "member", "kind"])
async def test_an_acknowledgement_of_something_else_is_not_taken(
    fake: Any, connect: Any, metadata: dict[str, Any], pdf: Path, name: str
) -> None:
    fake.acknowledge = lambda value: value | {name: "other"}
    async with connect(pinned=False) as axis:
        with pytest.raises(RejectedAnswer, match=name):
            await axis.send(metadata, [pdf], ["H38"])


async def test_an_acknowledgement_by_another_key_is_not_taken(
    fake: Any, connect: Any, metadata: dict[str, Any], pdf: Path
) -> None:
    async with connect() as axis:
        fake.gateway = type(fake.gateway).generate("gateway-1")
        with pytest.raises(RejectedAnswer, match="signature"):
            await axis.send(metadata, [pdf], ["H38"])


async def test_a_missing_file_is_told_before_anything_is_sent(
    fake: Any, connect: Any, metadata: dict[str, Any], tmp_path: Path
) -> None:
    async with connect() as axis:
        with pytest.raises(RejectedFile, match=r"none\.pdf"):
            await axis.send(metadata, [tmp_path / "none.pdf"], ["H38"])
    assert fake.submissions_posted == 0
