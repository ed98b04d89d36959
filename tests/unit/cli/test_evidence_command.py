"""``docaxis verify-evidence`` never says yes to nothing."""

from pathlib import Path

import pytest

from docaxis.cli import evidence
from docaxis.cli.exit_codes import Exit
from docaxis_signing.receipts import PinnedKeys


@pytest.mark.parametrize("logged", [False, True])
@pytest.mark.parametrize("body", ["[]", '{"evidence": []}'])
def test_a_file_without_evidence_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, *, logged: bool
) -> None:
    def pinned(_: Path) -> PinnedKeys:
        return PinnedKeys("axis.example", "test", ())

    monkeypatch.setattr(evidence, "read_pinned", pinned)
    file = tmp_path / "receipts.json"
    file.write_text(body)
    assert evidence.verify_evidence([file], keys=tmp_path / "pinned.json", logged=logged) == Exit.REFUSED
