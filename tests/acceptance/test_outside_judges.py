"""The log that the story wrote, and tampered copies of it, before programs that nobody here wrote."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from docaxis_signing.transparency.note import Signer
from logjudges.copies import COPIES, older_checkpoint
from logjudges.judges import IN_PROCESS, Case, build_fsck, build_sumdb

YES: Final = "yes"
NO: Final = "no"
CANNOT_SEE: Final = "cannot see"
"""It says yes to a tampered copy: what was tampered with is not what it looks at."""
JUDGES: Final = ("openssl", "sumdb", "fsck", "pymerkle", "metamorphic-log")
TABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "good": (YES, YES, YES, YES, YES),
    "leaf byte flipped": (CANNOT_SEE, NO, NO, NO, NO),
    "leaf dropped": (CANNOT_SEE, NO, NO, NO, NO),
    "leaves swapped": (CANNOT_SEE, NO, NO, NO, NO),
    "leaf inserted": (CANNOT_SEE, NO, NO, NO, NO),
    "tree truncated": (CANNOT_SEE, NO, NO, NO, NO),
    "shorter tree re-signed": (CANNOT_SEE, NO, NO, NO, NO),
    "fork": (CANNOT_SEE, NO, NO, NO, NO),
    "wrong origin": (CANNOT_SEE, NO, NO, CANNOT_SEE, NO),
    "forged without the key": (NO, NO, NO, NO, NO),
}


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Callable[[Case], bool]]:
    directory = tmp_path_factory.mktemp("judges")
    return {**IN_PROCESS, "sumdb": build_sumdb(directory), "fsck": build_fsck(directory)}


@pytest.fixture(scope="module")
def signer(told: dict[str, Any]) -> Signer:
    return Signer.from_skey((Path(told["folder"]) / "axis" / "keys" / "log.skey").read_text())


@pytest.fixture(scope="module")
def older(told: dict[str, Any], signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return older_checkpoint(Path(told["folder"]) / "log", signer, tmp_path_factory.mktemp("older"))


@pytest.mark.parametrize("name", COPIES)
def test_each_judge_says_of_each_copy_what_it_can_see(
    name: str,
    told: dict[str, Any],
    judges: Mapping[str, Callable[[Case], bool]],
    signer: Signer,
    older: bytes,
    tmp_path: Path,
) -> None:
    copy = tmp_path / "copy"
    COPIES[name](Path(told["folder"]) / "log", copy, signer)
    case = Case(copy, signer.verifier.to_vkey(), older)
    accepted = YES if name == "good" else CANNOT_SEE
    assert tuple(accepted if judges[judge](case) else NO for judge in JUDGES) == TABLE[name]


def test_the_table_rejects_each_tampered_copy_by_two_judges_at_least() -> None:
    assert TABLE.keys() == COPIES.keys()
    for name, row in TABLE.items():
        assert row.count(NO) >= 2 or name == "good"
