"""One real broker for the tests of the bus, and what they need on it."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from pydantic import SecretStr

from docaxis.bus.provisioning import Provisioner, TopicPlan
from docaxis.embedded import BrokerAccess, EmbeddedCluster
from docaxis.settings import BusSettings
from docaxis_schemas import topics

DAY_MS = 86_400_000
MakeStage = Callable[..., Awaitable[tuple[str, tuple[str, str], str]]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture
def access(cluster: EmbeddedCluster) -> BrokerAccess:
    return cluster.access


@pytest.fixture
def settings(access: BrokerAccess) -> BusSettings:
    return BusSettings(
        bootstrap=access.bootstrap,
        username=access.username,
        password=SecretStr(access.password),
        security_protocol="SASL_PLAINTEXT",
        slots=4,
    )


@pytest_asyncio.fixture(loop_scope="session")
async def make_stage(access: BrokerAccess, monkeypatch: pytest.MonkeyPatch) -> MakeStage:
    """Makes a stage of a test's own: two inputs and one output, and its first offsets unless told otherwise."""

    async def make(slots: int = 1, *, offsets: bool = True) -> tuple[str, tuple[str, str], str]:
        name = uuid.uuid4().hex[:8]
        stage, inputs, output = f"test-{name}", (f"in-{name}", f"also-in-{name}"), f"out-{name}"
        monkeypatch.setitem(topics.STAGE_INPUTS, stage, inputs)
        provisioner = Provisioner(access, replication=1)
        plans = [TopicPlan(topic, slots, DAY_MS) for topic in (*inputs, output)]
        dead = TopicPlan(topics.DEAD_LETTERS, 1, DAY_MS)
        await provisioner.create_topics([*plans, dead])
        for topic in inputs if offsets else ():
            await provisioner.commit_first_offsets(topics.stage_group(stage), topic, slots)
        return stage, inputs, output

    return make
