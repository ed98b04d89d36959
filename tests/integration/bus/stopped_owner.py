"""Owns a slot, opens a transaction with one record in it, and says so; then tries to commit."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from docaxis.bus.kafka import KafkaBus, _KafkaSession, _send
from docaxis.bus.port import BusError, Outgoing, Partition
from docaxis.settings import BusSettings
from docaxis_schemas import topics


class Slow(_KafkaSession):
    async def _transact(self, outgoing: Sequence[Outgoing], offsets: Mapping[Any, tuple[int, str]]) -> None:
        await self._producer.begin_transaction()
        await asyncio.gather(*[await _send(self._producer, record) for record in outgoing])
        print("in a transaction", flush=True)  # noqa: T201 - the test waits for it
        await asyncio.sleep(2)
        await self._producer.send_offsets_to_transaction(dict(offsets), topics.stage_group(self._stage))
        await self._producer.commit_transaction()


async def main(stage: str, inputs: list[str], output: str, bus: dict[str, Any]) -> None:
    topics.STAGE_INPUTS[stage] = tuple(inputs)
    source = Partition(inputs[0], 0)
    async with KafkaBus(BusSettings.model_validate(bus)).slot(stage, 0) as session:
        session.__class__ = Slow
        await session.wait([source], 10)
        got = await session.poll(source, 1)
        try:
            await session.commit([Outgoing(Partition(output, 0), b"k", b"never seen", ())], got)
        except BusError as error:
            print(type(error).__name__, flush=True)  # noqa: T201 - the test reads it
        else:
            print("committed", flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
