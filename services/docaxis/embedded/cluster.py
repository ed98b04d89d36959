"""The embedded Kafka: one combined node, or three with three copies of everything."""

import asyncio
import json
import secrets
import socket
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from docaxis.bus.access import BrokerAccess
from docaxis.embedded.broker import Broker, Runtime, new_cluster_id
from docaxis.embedded.jars import KAFKA_VERSION, resolve_jars
from docaxis.embedded.jvm import class_archive, find_jvm
from docaxis.embedded.places import DirectoryLock, cache_directory, require_free_space
from docaxis.embedded.ports import kept_ports
from docaxis.embedded.problems import OtherVersion, StartFailed
from docaxis.embedded.properties import ADMIN_USER, LOOPBACK, ClusterPlan, ListenerTls, Node, require_protected
from docaxis.embedded.readiness import prove_ready
from docaxis_signing.durable import write_private

START_ALLOWANCE_SECONDS: Final = 60.0
"""1.5 to 7 s on a quiet machine; 10 to 30 s were seen at a load of 20."""
SPACE_MEBIBYTES: Final = 300
PORT_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Identity:
    """What a data directory keeps for ever: ``cluster.json``, readable by its owner only."""

    cluster_id: str
    admin_password: str
    broker_password: str
    brokers: int
    kafka: str


class EmbeddedCluster:
    """Real Kafka brokers below one directory, found again by the next start. Also an async context manager.

    Args:
        directory: Data, logs, ports and passwords; made if missing. One cluster at a time.
        brokers: 1, or 3 (three copies, two of which acknowledge); fixed once the directory is made.
        heap_mb: Heap of each JVM.
        host: Where clients are served; off loopback only with ``tls``, and then as SASL_SSL.
        tls: Key, certificate and CA of the clients' listener.
    """

    def __init__(
        self,
        directory: Path,
        *,
        brokers: int = 1,
        heap_mb: int = 256,
        host: str = LOOPBACK,
        tls: ListenerTls | None = None,
    ) -> None:
        if brokers not in {1, 3}:
            raise ValueError("a cluster has one broker or three")
        require_protected(host, tls)
        self._directory = directory.absolute()
        self._count = brokers
        self._heap_mb = heap_mb
        self._host = host
        self._tls = tls
        self._lock = DirectoryLock(self._directory)
        self._brokers: list[Broker] = []
        self._access: BrokerAccess | None = None

    @property
    def pids(self) -> list[int]:
        """All processes: JVMs and their launchers."""
        return [pid for broker in self._brokers for pid in broker.pids]

    def broker_pid(self, broker: int = 1) -> int | None:
        """Give the JVM of one broker; None while it is down."""
        return self._brokers[broker - 1].pid

    @property
    def access(self) -> BrokerAccess:
        """The administrator's access, from the first start on."""
        if self._access is None:
            raise RuntimeError("the cluster was never started")
        return self._access

    async def start(self) -> BrokerAccess:
        """Start all brokers that do not run, and return once the cluster truly produces and consumes.

        Raises:
            EmbeddedProblem: It cannot; nothing is left running.
        """
        await self._lock.acquire()
        try:
            if not self._brokers:
                await self._prepare()
            await self._start_stopped()
        except BaseException:
            await self._kill_all()
            self._lock.release()
            raise
        return self.access

    async def stop(self) -> None:
        """Stop all brokers: SIGTERM, and kill after a bound."""
        async with asyncio.TaskGroup() as group:
            for broker in self._brokers:
                group.create_task(broker.stop())
        self._brokers = []
        self._lock.release()

    async def kill(self, broker: int = 1) -> None:
        """Kill -9 one broker."""
        await self._brokers[broker - 1].kill()

    async def restart_killed(self) -> BrokerAccess:
        """Start what was killed, on the same data and ports."""
        return await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _prepare(self) -> None:
        require_free_space(self._directory, SPACE_MEBIBYTES)
        cache = cache_directory()
        jvm = await asyncio.to_thread(find_jvm)
        class_path = await asyncio.to_thread(resolve_jars)
        runtime = Runtime(jvm, class_path, await class_archive(jvm, class_path, cache), self._heap_mb)
        identity = self._identity()
        plan = ClusterPlan(self._nodes(), self._host, self._tls)
        brokers = [Broker(self._directory / f"broker-{node.number}", node, plan, runtime) for node in plan.nodes]
        for broker in brokers:
            await asyncio.to_thread(
                broker.format, identity.cluster_id, identity.admin_password, identity.broker_password
            )
        self._brokers = brokers
        self._access = BrokerAccess(
            bootstrap=plan.bootstrap,
            username=ADMIN_USER,
            password=identity.admin_password,
            security_protocol=plan.security_protocol,
            ca_file=self._tls.ca_file if self._tls else None,
        )

    def _identity(self) -> Identity:
        path = self._directory / "cluster.json"
        if path.exists():
            found = Identity(**json.loads(path.read_text("utf-8")))
            if (found.kafka, found.brokers) != (KAFKA_VERSION, self._count):
                raise OtherVersion(
                    f"{self._directory} holds the data of {found.brokers} broker(s) of Kafka {found.kafka}, not of "
                    f"{self._count} of {KAFKA_VERSION}: choose another directory, or remove it if it may be lost."
                )
            return found
        identity = Identity(new_cluster_id(), secrets.token_hex(24), secrets.token_hex(24), self._count, KAFKA_VERSION)
        write_private(path, json.dumps(asdict(identity)).encode())
        return identity

    def _nodes(self) -> list[Node]:
        numbers = range(1, self._count + 1)
        clients = kept_ports(self._directory / "ports-clients.json", [str(n) for n in numbers], self._host)
        inner = [f"{n}-{role}" for n in numbers for role in ("replication", "controller")]
        others = kept_ports(self._directory / "ports-inner.json", inner, LOOPBACK)
        return [Node(n, clients[str(n)], others[f"{n}-replication"], others[f"{n}-controller"]) for n in numbers]

    async def _start_stopped(self) -> None:
        deadline = time.monotonic() + START_ALLOWANCE_SECONDS
        for broker in self._brokers:
            if broker.pid is None:
                await broker.start(self._lock.descriptor)
        for broker in self._brokers:
            await self._answers(broker, deadline)
        abandoned = threading.Event()
        try:
            await asyncio.to_thread(prove_ready, self.access, self._count, deadline, abandoned)
        except TimeoutError as error:
            for broker in self._brokers:
                broker.require_running()
            raise StartFailed(
                f"The Kafka broker did not become ready in {START_ALLOWANCE_SECONDS:.0f} s ({error}): "
                f"the machine may be too busy; its logs are under {self._directory}."
            ) from error
        finally:
            abandoned.set()  # a thread cannot be cancelled, and the interpreter would wait for it

    async def _answers(self, broker: Broker, deadline: float) -> None:
        while not await asyncio.to_thread(_open, self._host, broker.node.clients):
            broker.require_running()
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"Kafka broker {broker.node.number} opened no port in {START_ALLOWANCE_SECONDS:.0f} s: "
                    f"its log is under {self._directory}."
                )
            await asyncio.sleep(PORT_POLL_SECONDS)

    async def _kill_all(self) -> None:
        for broker in self._brokers:
            await broker.kill()
        self._brokers = []


def _open(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
