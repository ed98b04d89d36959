"""One member's bulk holds up nobody else: judged by order, never by time."""

from collections.abc import Callable

from axisfaults import kafka
from axisfaults.kills import FULL, names
from axisfaults.scene import Scene

BULK = 500 if FULL else 200
SHARE = 0.25
"""Of the bulk, that may come before the single document: what was in hand or within the member's threshold."""
RECIPIENT, INBOX = "H97.01", "inbox.vi-du-1"


async def test_a_single_document_does_not_wait_behind_another_members_bulk(
    scene: Scene, tell: Callable[[str], None]
) -> None:
    bulk = await scene.drawer.plain(BULK, (RECIPIENT,), issuer="A98")
    single = await scene.drawer.plain(1, (RECIPIENT,), issuer="H99.09")
    await scene.services["verifier"].stop()
    await scene.load.hand_in(bulk)
    await scene.load.hand_in(single)
    await scene.services["verifier"].start()

    mine, last = names([*bulk, *single]), names(single)

    async def decided() -> bool:
        return mine <= await scene.decided()

    await scene.until(decided, "all routes are decided")
    records = await kafka.read_committed(scene.axis.cluster.access, [INBOX])
    order = [name for name in map(kafka.submission_of, records) if name in mine]
    before = order.index(last.pop())
    tell(f"fairness single document behind {before} of {BULK} in bulk")
    assert len(order) == len(mine)
    assert before <= SHARE * BULK
