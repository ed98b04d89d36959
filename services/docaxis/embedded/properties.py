"""The server.properties of one node: pure text from what is known before it starts."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docaxis.embedded.problems import NotLoopback

ADMIN_USER: Final = "axis-admin"
"""Provisions topics, users and rights. Neither it nor the brokers' name can be a member's (m.) or a service's (s.)."""
BROKER_USER: Final = "axis-broker"
LOOPBACK: Final = "127.0.0.1"
_BEYOND_ASCII: Final = 0x80


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """TLS of the clients' listener: ``keystore`` is one PEM file with PKCS#8 key, certificate and chain."""

    keystore: Path
    ca_file: Path


@dataclass(frozen=True, slots=True)
class Node:
    """One combined broker and controller. Only the clients' listener may leave loopback."""

    number: int
    clients: int
    replication: int
    controller: int


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """Everything its nodes have in common."""

    nodes: Sequence[Node]
    host: str = LOOPBACK
    tls: ListenerTls | None = None

    @property
    def bootstrap(self) -> str:
        """The clients' addresses."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return ",".join(f"{host}:{node.clients}" for node in self.nodes)

    @property
    def security_protocol(self) -> str:
        """The protocol of the clients' listener."""
        return "SASL_SSL" if self.tls else "SASL_PLAINTEXT"


def require_protected(host: str, tls: ListenerTls | None) -> None:
    """Refuse a listener that would carry documents' metadata in the clear over a network.

    Raises:
        NotLoopback: The host is not on loopback and there is no TLS.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback and tls is None:
        raise NotLoopback(
            f"The broker would listen on {host}, which is not loopback: give it a PEM keystore and a CA file "
            f"(SASL_SSL), or let it listen on {LOOPBACK}."
        )


def server_properties(plan: ClusterPlan, node: Node, data: Path, broker_password: str) -> str:
    """Write the properties of one node."""
    rows = _COMMON | _roles(plan, node) | _access(plan, broker_password) | _replication(len(plan.nodes))
    return "".join(f"{key}={_escaped(str(value))}\n" for key, value in (rows | {"log.dirs": data}).items())


def _escaped(value: str) -> str:
    """Write a value so that Java, which reads properties as Latin-1, finds a folder with diacritics in its name."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if code < _BEYOND_ASCII else f"\\u{code:04x}" for code in codes)


_COMMON: Final[dict[str, object]] = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "REPLICATION",
    "auto.create.topics.enable": "false",
    # The one record of time nobody outside can forge.
    "log.message.timestamp.type": "LogAppendTime",
    # A slot's offset must outlive any pause: with the default of seven days an idle slot would lose its place.
    "offsets.retention.minutes": 2147483647,
    # A dead worker's open transaction hides later records of its partitions; 5 s + 1 s at most.
    "transaction.max.timeout.ms": 15000,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    "transaction.partition.verification.enable": "true",
    # A small machine: what a default broker spends on idle threads, buffers and partitions of internal topics.
    "offsets.topic.num.partitions": 8,
    "transaction.state.log.num.partitions": 8,
    "share.coordinator.state.topic.num.partitions": 4,
    "group.initial.rebalance.delay.ms": 0,
    "log.cleaner.dedupe.buffer.size": 16777216,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "controller.quorum.append.linger.ms": 5,
    # Records that only say that the controller lives: at twice a second a third of what an idle broker spends.
    "metadata.max.idle.interval.ms": 5000,
    "initial.broker.registration.timeout.ms": 60000,
    # A killed broker registers again only when its last session has ended (9 s by default); and while a dead node has
    # its session, acks=all waits for it: 4 s measured with these, 10 s with the defaults.
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
}


def _roles(plan: ClusterPlan, node: Node) -> dict[str, object]:
    host = f"[{plan.host}]" if ":" in plan.host else plan.host
    brokers = f"CLIENTS://{host}:{node.clients},REPLICATION://{LOOPBACK}:{node.replication}"
    voters = ",".join(f"{each.number}@{LOOPBACK}:{each.controller}" for each in plan.nodes)
    return {
        "node.id": node.number,
        "listeners": f"{brokers},CONTROLLER://{LOOPBACK}:{node.controller}",
        "advertised.listeners": brokers,
        # A quorum named here, not in the metadata log: then all ports may change between two starts.
        "controller.quorum.voters": voters,
    }


def _access(plan: ClusterPlan, broker_password: str) -> dict[str, object]:
    """No listener is open to strangers. SCRAM users live in the metadata log, so the quorum itself needs PLAIN."""
    protocols = f"CLIENTS:{plan.security_protocol},REPLICATION:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT"
    plain = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="{BROKER_USER}" password="{broker_password}" user_{BROKER_USER}="{broker_password}";'
    )
    rows: dict[str, object] = {
        "listener.security.protocol.map": protocols,
        "listener.name.clients.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{ADMIN_USER};User:{BROKER_USER}",
    }
    for listener in ("replication", "controller"):
        rows[f"listener.name.{listener}.sasl.enabled.mechanisms"] = "PLAIN"
        rows[f"listener.name.{listener}.plain.sasl.jaas.config"] = plain
    if plan.tls:
        rows |= {
            "listener.name.clients.ssl.keystore.type": "PEM",
            "listener.name.clients.ssl.keystore.location": plan.tls.keystore,
            "listener.name.clients.ssl.client.auth": "none",
            "listener.name.clients.ssl.enabled.protocols": "TLSv1.3",
        }
    return rows


def _replication(nodes: int) -> dict[str, object]:
    """Three copies, two of which acknowledge, where there are three nodes."""
    factor, in_sync = min(nodes, 3), 2 if nodes > 2 else 1
    rows: dict[str, object] = {
        "default.replication.factor": factor,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": factor,
        "transaction.state.log.replication.factor": factor,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": factor,
        "share.coordinator.state.topic.min.isr": in_sync,
    }
    if nodes > 1:
        rows |= {"controller.quorum.fetch.timeout.ms": 1000, "controller.quorum.election.timeout.ms": 500}
    return rows
