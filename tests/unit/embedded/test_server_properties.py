"""What a node is told before it starts."""

from pathlib import Path

import pytest

from docaxis.embedded.problems import NotLoopback
from docaxis.embedded.properties import ClusterPlan, ListenerTls, Node, require_protected, server_properties

NODES = [Node(n, 9000 + n, 9100 + n, 9200 + n) for n in (1, 2, 3)]


def properties(plan: ClusterPlan) -> dict[str, str]:
    lines = server_properties(plan, plan.nodes[0], Path("/data"), "broker-word").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_no_listener_is_open_to_strangers_and_only_clients_may_leave_loopback() -> None:
    rows = properties(ClusterPlan(NODES[:1], "192.0.2.7", ListenerTls(Path("/key.pem"), Path("/ca.pem"))))
    protocols = dict(each.split(":") for each in rows["listener.security.protocol.map"].split(","))
    assert protocols == {"CLIENTS": "SASL_SSL", "REPLICATION": "SASL_PLAINTEXT", "CONTROLLER": "SASL_PLAINTEXT"}
    listeners = dict(each.split("://") for each in rows["listeners"].split(","))
    assert listeners["CLIENTS"] == "192.0.2.7:9001"
    assert listeners["REPLICATION"].startswith("127.0.0.1:")
    assert listeners["CONTROLLER"].startswith("127.0.0.1:")
    assert rows["allow.everyone.if.no.acl.found"] == "false"
    assert rows["authorizer.class.name"].endswith(".StandardAuthorizer")


def test_the_clients_listener_knows_scram_only() -> None:
    rows = properties(ClusterPlan(NODES[:1]))
    assert rows["listener.name.clients.sasl.enabled.mechanisms"] == "SCRAM-SHA-512"
    assert "broker-word" not in rows["listener.name.clients.scram-sha-512.sasl.jaas.config"]


def test_offsets_never_expire_and_time_is_the_brokers() -> None:
    rows = properties(ClusterPlan(NODES[:1]))
    assert rows["offsets.retention.minutes"] == "2147483647"
    assert rows["log.message.timestamp.type"] == "LogAppendTime"
    assert rows["auto.create.topics.enable"] == "false"
    assert rows["transaction.max.timeout.ms"] == "15000"


@pytest.mark.parametrize(("count", "factor", "in_sync"), [(1, "1", "1"), (3, "3", "2")])
def test_three_nodes_keep_three_copies_of_which_two_acknowledge(count: int, factor: str, in_sync: str) -> None:
    rows = properties(ClusterPlan(NODES[:count]))
    for topic in ("default", "offsets.topic", "transaction.state.log"):
        assert rows[f"{topic}.replication.factor"] == factor
    assert rows["min.insync.replicas"] == rows["transaction.state.log.min.isr"] == in_sync
    assert rows["controller.quorum.voters"].count("@") == count


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "axis.example.test"])
def test_a_listener_off_loopback_wants_tls(host: str) -> None:
    with pytest.raises(NotLoopback, match="give it a PEM keystore"):
        require_protected(host, None)
    require_protected(host, ListenerTls(Path("/key.pem"), Path("/ca.pem")))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.9"])
def test_loopback_needs_none(host: str) -> None:
    require_protected(host, None)
    assert ClusterPlan(NODES[:2], "::1").bootstrap == "[::1]:9001,[::1]:9002"


def test_a_folder_with_diacritics_is_written_as_java_reads_it() -> None:
    plan = ClusterPlan(NODES[:1])
    text = server_properties(plan, plan.nodes[0], Path("/srv/Thư mục 😀"), "broker-word")
    assert text.splitlines()[-1] == r"log.dirs=/srv/Th\u01b0 m\u1ee5c \ud83d\ude00"
