"""kill -9 of every part at its worst moments, among documents: nothing lost, nothing twice, nothing contradictory."""

from collections.abc import Callable

import pytest

from axisfaults.kills import FULL, INSIDE, POINTS, run
from axisfaults.scene import Scene

KILLS = 20 if FULL else 1
DOCUMENTS = 2000 if FULL else 300
"""In CI 2,100 over the seven targets, and one kill each."""


@pytest.mark.timeout(7200 if FULL else 900)
@pytest.mark.parametrize("target", sorted(POINTS))
async def test_a_kill_loses_doubles_and_contradicts_nothing(
    scene: Scene, target: str, tell: Callable[[str], None]
) -> None:
    done = await run(scene, target, documents=DOCUMENTS, kills=KILLS)

    for line in done.lines():
        tell(line)
    assert len(done.observation.acknowledged) == DOCUMENTS
    assert min(len(one.inside) for one in done.struck) >= INSIDE
    assert done.findings.all == []
