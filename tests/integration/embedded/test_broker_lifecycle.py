"""Brokers that stop, crash and start again, alone and as three."""

import shutil
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, PartitionMetadata
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from docaxis.bus.access import BrokerAccess, librdkafka_settings
from docaxis.bus.provisioning import Provisioner, TopicPlan
from docaxis.embedded import EmbeddedCluster, ListenerTls, jars
from docaxis.embedded.places import cache_directory
from docaxis.embedded.problems import DirectoryInUse, OtherVersion, StartFailed, TamperedJar

PLAN = TopicPlan("kept", 1, -1)


def write(access: BrokerAccess, value: bytes) -> None:
    failures = []
    producer = Producer({**librdkafka_settings(access), "acks": "all", "enable.idempotence": True, "log_level": 0})
    producer.produce("kept", value, partition=0, on_delivery=lambda error, _: failures.append(error))
    assert producer.flush(30) == 0
    assert failures == [None]


def values(access: BrokerAccess, count: int) -> list[bytes | None]:
    consumer = Consumer({**librdkafka_settings(access), "group.id": "test", "log_level": 0})
    try:
        consumer.assign([TopicPartition("kept", 0, 0)])
        return [message.value() for message in consumer.consume(count, 30)]
    finally:
        consumer.close()


def gone(pids: list[int]) -> bool:
    return not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


async def test_a_broker_finds_its_data_after_a_stop_a_crash_and_a_taken_port(tmp_path: Path) -> None:
    cluster = EmbeddedCluster(tmp_path / "kafka")
    access = await cluster.start()
    await Provisioner(access, replication=1).create_topics([PLAN])
    write(access, b"before the crash")
    before = cluster.pids
    await cluster.kill()
    assert gone(before)
    assert cluster.broker_pid() is None
    assert await cluster.restart_killed() == access
    write(access, b"before the stop")
    before = cluster.pids
    await cluster.stop()
    assert gone(before)

    again = EmbeddedCluster(tmp_path / "kafka")
    host, port = access.bootstrap.split(":")
    with socket.socket() as rival:
        rival.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        rival.bind((host, int(port)))
        rival.listen()
        moved = await again.start()
        try:
            assert moved.bootstrap != access.bootstrap
            assert moved.password == access.password
            assert values(moved, 2) == [b"before the crash", b"before the stop"]
        finally:
            await again.stop()


async def test_a_directory_belongs_to_one_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docaxis.embedded.places.LOCK_PATIENCE_SECONDS", 0)
    async with EmbeddedCluster(tmp_path / "kafka") as cluster:
        with pytest.raises(DirectoryInUse, match="Another axis is running on"):
            await EmbeddedCluster(tmp_path / "kafka").start()
        assert cluster.pids
    with pytest.raises(OtherVersion, match=r"holds the data of 1 broker\(s\) of Kafka 4\.3\.1, not of 3"):
        await EmbeddedCluster(tmp_path / "kafka", brokers=3).start()


async def test_a_broker_that_cannot_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    cluster = EmbeddedCluster(tmp_path / "kafka")
    await cluster.start()
    await cluster.stop()
    meta = tmp_path / "kafka" / "broker-1" / "data" / "meta.properties"
    meta.write_text(meta.read_text("utf-8").replace("node.id=1", "node.id=7"), "utf-8")
    with pytest.raises(StartFailed, match=r"Kafka broker 1 ended with code 1: .*node") as caught:
        await cluster.start()
    assert "\n" not in str(caught.value)
    assert cluster.pids == []


async def test_a_tampered_jar_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = jars.resolve_jars()[0].parent.name
    copy = tmp_path / "cache" / name
    shutil.copytree(cache_directory() / name, copy)
    victim = copy / "kafka-clients-4.3.1.jar"
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    monkeypatch.setenv("DOCAXIS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(TamperedJar, match=r"kafka-clients-4\.3\.1\.jar"):
        await EmbeddedCluster(tmp_path / "kafka").start()


def pem_identity(folder: Path) -> ListenerTls:
    """Make a self-signed TEST certificate for loopback."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST")])
    start = datetime.now(UTC) - timedelta(hours=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    tls = ListenerTls(folder / "broker.pem", folder / "ca.pem")
    tls.keystore.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate)
    tls.ca_file.write_bytes(certificate)
    return tls


async def test_the_clients_listener_speaks_tls_where_it_is_given_a_key(tmp_path: Path) -> None:
    async with EmbeddedCluster(tmp_path / "kafka", tls=pem_identity(tmp_path)) as cluster:
        access = cluster.access
        assert access.security_protocol == "SASL_SSL"
        await Provisioner(access, replication=1).provision_member("abc", "word")
        plain = AdminClient(
            {**librdkafka_settings(replace(access, security_protocol="SASL_PLAINTEXT")), "log_level": 0}
        )
        with pytest.raises(KafkaException):
            plain.list_topics(timeout=2)


def first_partition(provisioner: Provisioner, copies: int) -> PartitionMetadata:
    """Give the partition as soon as whichever broker answers has heard of it and this many copies are in step."""
    deadline = time.monotonic() + 30
    while True:
        found = provisioner._admin.list_topics("kept", timeout=10).topics["kept"].partitions
        if 0 in found and len(found[0].isrs) >= copies:
            return found[0]
        assert time.monotonic() < deadline


async def test_three_brokers_keep_three_copies_and_survive_the_loss_of_one(tmp_path: Path) -> None:
    cluster = EmbeddedCluster(tmp_path / "kafka", brokers=3)
    access = await cluster.start()
    try:
        assert len(access.bootstrap.split(",")) == 3
        provisioner = Provisioner(access, replication=3)
        await provisioner.create_topics([PLAN])
        partition = first_partition(provisioner, copies=3)
        assert len(partition.replicas) == 3
        write(access, b"with three")
        await cluster.kill(partition.leader)
        assert len(cluster.pids) == 4
        write(access, b"with two")
        assert await cluster.restart_killed() == access
        assert len(cluster.pids) == 6
        assert values(access, 2) == [b"with three", b"with two"]
        assert len(first_partition(provisioner, copies=3).replicas) == 3
    finally:
        await cluster.stop()
    # All ports may be other ones next time: the quorum is named in the properties, not in the metadata.
    (tmp_path / "kafka" / "ports-clients.json").unlink()
    (tmp_path / "kafka" / "ports-inner.json").unlink()
    moved = await cluster.start()
    try:
        assert moved.bootstrap != access.bootstrap
        assert values(moved, 2) == [b"with three", b"with two"]
    finally:
        await cluster.stop()
