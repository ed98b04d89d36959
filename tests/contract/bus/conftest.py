"""Both buses behind one harness, so that one class of tests holds them to the same promises."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import pytest
import pytest_asyncio
from pydantic import SecretStr

from docaxis.bus.kafka import KafkaBus
from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.bus.port import Bus
from docaxis.bus.provisioning import Provisioner, TopicPlan
from docaxis.embedded import BrokerAccess, EmbeddedCluster
from docaxis.settings import BusSettings
from docaxis_schemas import topics

DAY_MS = 86_400_000


class World(Protocol):
    """A broker of either kind with a stage of its own: two inputs of two partitions, and topics to write to."""

    stage: str
    inputs: tuple[str, str]
    output: str

    def bus(self) -> Bus: ...
    async def create_topic(self, name: str) -> None: ...
    async def without_offsets(self) -> str: ...


@dataclass
class MemoryWorld:
    broker: MemoryBroker
    stage: str
    inputs: tuple[str, str]
    output: str

    def bus(self) -> Bus:
        return MemoryBus(self.broker)

    async def create_topic(self, name: str) -> None:
        self.broker.create_topic(name, 2)

    async def without_offsets(self) -> str:
        self.broker.forget_offsets(self.stage)
        return self.stage


@dataclass
class KafkaWorld:
    access: BrokerAccess
    stage: str
    inputs: tuple[str, str]
    output: str
    patch: pytest.MonkeyPatch

    def bus(self) -> Bus:
        return KafkaBus(settings_of(self.access))

    async def create_topic(self, name: str) -> None:
        await Provisioner(self.access, replication=1).create_topics([TopicPlan(name, 2, DAY_MS)])

    async def without_offsets(self) -> str:
        other = f"never-{uuid.uuid4().hex[:8]}"
        self.patch.setitem(topics.STAGE_INPUTS, other, self.inputs)
        return other


def settings_of(access: BrokerAccess) -> BusSettings:
    return BusSettings.model_validate(
        {
            "bootstrap": access.bootstrap,
            "username": access.username,
            "password": SecretStr(access.password),
            "security_protocol": access.security_protocol,
            "slots": 2,
        }
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster_access(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BrokerAccess]:
    async with EmbeddedCluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster.access


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> tuple[str, tuple[str, str], str]:
    """A stage of a test's own, known to the table of stages while the test runs."""
    name = uuid.uuid4().hex[:8]
    stage, inputs, output = f"test-{name}", (f"in-{name}", f"also-in-{name}"), f"out-{name}"
    monkeypatch.setitem(topics.STAGE_INPUTS, stage, inputs)
    return stage, inputs, output


@pytest.fixture
def memory_world(names: tuple[str, tuple[str, str], str]) -> World:
    stage, inputs, output = names
    broker = MemoryBroker()
    for topic in (*inputs, output):
        broker.create_topic(topic, 2)
    return MemoryWorld(broker, stage, inputs, output)


@pytest_asyncio.fixture(loop_scope="session")
async def kafka_world(
    cluster_access: BrokerAccess, names: tuple[str, tuple[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> World:
    stage, inputs, output = names
    provisioner = Provisioner(cluster_access, replication=1)
    await provisioner.create_topics([TopicPlan(topic, 2, DAY_MS) for topic in (*inputs, output)])
    for topic in inputs:
        await provisioner.commit_first_offsets(topics.stage_group(stage), topic, 2)
    return KafkaWorld(cluster_access, stage, inputs, output, monkeypatch)


@pytest.fixture(params=["memory", "kafka"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found
