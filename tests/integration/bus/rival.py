"""A process that wants all slots of a stage for itself, run beside another of its kind and killed at random.

Modes: ``right`` is the product; ``offsets-before-fencing`` and ``id-per-instance`` are wrong on purpose, so that the
test is known to see what they break.
"""

import asyncio
import json
import os
import random
import sys
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

import docaxis.bus.kafka as product
from docaxis.bus.connection import require_partitions, topic_partition
from docaxis.bus.port import Outgoing, Partition, Received
from docaxis.bus.progress import Progress
from docaxis.bus.stage import Outcome, StagePlan, Work, run_stage
from docaxis.bus.work import Pace
from docaxis.settings import BusSettings
from docaxis_schemas import topics
from docaxis_schemas.events import Action, Event

STALE_SECONDS = 0.5
WORK_SECONDS = 0.3


class OffsetsBeforeFencing(product._KafkaSession):
    async def begin(self, inputs: Sequence[Partition]) -> None:
        assigned = [topic_partition(partition) for partition in inputs]
        await self._consumer.start()
        self._consumer.assign(assigned)
        await require_partitions(self._consumer._client, frozenset(inputs))
        found = await self._consumer._coordinator.fetch_committed_offsets(assigned)
        await asyncio.sleep(STALE_SECONDS)
        await self._producer.start()
        for partition in inputs:
            position = found[topic_partition(partition)]
            self._progress[partition] = Progress(position.offset, position.metadata)
            self._waiting[partition] = deque()
            self._consumer.seek(topic_partition(partition), position.offset)


class OwnIds(AIOKafkaProducer):  # type: ignore[misc]
    def __init__(self, *, transactional_id: str, **options: Any) -> None:
        super().__init__(transactional_id=f"{transactional_id}-{os.getpid()}", **options)


class Repeat:
    """Answers each record with where it lay and what it said."""

    def __init__(self, name: str, output: str) -> None:
        self.name = name
        self._output = output

    async def handle(self, work: Work) -> Outcome:
        assert isinstance(work.event, Action)
        await asyncio.sleep(random.random() * WORK_SECONDS)
        record = work.record
        said = f"{record.partition.topic}:{record.partition.number}:{record.offset}:{work.event.body.decode()}"
        target = Partition(self._output, record.partition.number)
        return Outcome((Outgoing(target, record.key or b"", said.encode(), ()),))

    async def give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:
        sys.stderr.write(f"given up {record.offset} {event} {cause}\n")
        return Outcome()


class Silence:
    """Says only, by an empty file, that this process has owned a slot."""

    def __init__(self, ready: str) -> None:
        self._ready = Path(ready)

    def owned(self, slot: int) -> None:
        self._ready.write_text(str(slot))

    def lost(self, slot: int, cause: str) -> None:
        sys.stderr.write(f"{os.getpid()} lost {slot}: {cause}\n")

    def waiting(self, slot: int, where: str, cause: str) -> None: ...
    def dead_letter(self, slot: int, where: str, cause: str) -> None: ...
    def committed(self, slot: int, records: int, seconds: float) -> None: ...
    def in_hand(self, slot: int, records: int) -> None: ...


async def main(*, mode: str, stage: str, inputs: list[str], output: str, ready: str, bus: dict[str, Any]) -> None:
    topics.STAGE_INPUTS[stage] = tuple(inputs)
    if mode == "offsets-before-fencing":
        product._KafkaSession = OffsetsBeforeFencing  # type: ignore[misc]
    elif mode == "id-per-instance":
        setattr(product, "AIOKafkaProducer", OwnIds)  # noqa: B010 - the module does not export it
    settings = BusSettings.model_validate(bus)
    pace = Pace(linger=timedelta(milliseconds=100), pause=timedelta(milliseconds=200), pause_limit=timedelta(seconds=1))
    plan = StagePlan.of(settings, pace=pace)
    kafka = product.KafkaBus(settings)
    await run_stage(kafka, Repeat(stage, output), plan, report=Silence(ready), stopping=asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
