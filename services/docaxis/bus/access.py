"""Who may do what on the bus, as data. Deny is the default; nothing here talks to a broker.

A member's rights are three: read and describe its own inbox topic (literally, so that ``abc`` never covers ``abc-1``)
and read with groups of its own prefix (which ends in a dot, that no member id contains). Members write nothing.
An idempotent producer needs no right of its own: WRITE on any topic implies it since Kafka 2.8 (KIP-679).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from docaxis_schemas.topics import (
    ACTIONS,
    DEAD_LETTERS,
    EVIDENCE,
    INBOX_PREFIX,
    JUDGED,
    LANES,
    MEMBER_ID,
    RETRIES,
    STAGE_INPUTS,
    inbox_topic,
    stage_group,
)


class Resource(StrEnum):
    """What a rule is about."""

    TOPIC = "TOPIC"
    GROUP = "GROUP"
    TRANSACTIONAL_ID = "TRANSACTIONAL_ID"


class Pattern(StrEnum):
    """How its name is meant."""

    LITERAL = "LITERAL"
    PREFIXED = "PREFIXED"


class Operation(StrEnum):
    """What is allowed."""

    READ = "READ"
    WRITE = "WRITE"
    DESCRIBE = "DESCRIBE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class AclRule:
    """One thing one principal is allowed."""

    principal: str
    resource: Resource
    name: str
    pattern: Pattern
    operation: Operation


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """How one principal reaches the brokers."""

    bootstrap: str
    username: str
    password: str
    security_protocol: str
    ca_file: Path | None = None


def librdkafka_settings(access: BrokerAccess) -> dict[str, str]:
    """Give the settings of confluent-kafka's clients."""
    settings = {
        "bootstrap.servers": access.bootstrap,
        "security.protocol": access.security_protocol,
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": access.username,
        "sasl.password": access.password,
    }
    return settings | ({"ssl.ca.location": str(access.ca_file)} if access.ca_file else {})


def member_user(member: str) -> str:
    """Name the SCRAM user of a member.

    Raises:
        ValueError: The id is none.
    """
    if not MEMBER_ID.fullmatch(member):
        raise ValueError(f"not a member id: {member!r}")
    return f"m.{member}"


def member_group_prefix(member: str) -> str:
    """Give the prefix of every consumer group a member may use."""
    return f"{member_user(member)}."


def member_rules(member: str) -> tuple[AclRule, ...]:
    """Give all a member may do."""
    principal, inbox = f"User:{member_user(member)}", inbox_topic(member)
    return (
        AclRule(principal, Resource.TOPIC, inbox, Pattern.LITERAL, Operation.READ),
        AclRule(principal, Resource.TOPIC, inbox, Pattern.LITERAL, Operation.DESCRIBE),
        AclRule(principal, Resource.GROUP, member_group_prefix(member), Pattern.PREFIXED, Operation.READ),
    )


@dataclass(frozen=True, slots=True)
class ServiceNeeds:
    """What a service reads and writes; ``*_prefixes`` are topic prefixes.

    A stage also has a transactional id, may delete of its inputs what it has finished (who may commit an offset could
    pass over records anyhow), and sees which records dead letters refer to.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    read_prefixes: tuple[str, ...] = ()
    write_prefixes: tuple[str, ...] = ()
    stage: bool = False


SERVICES: Final[Mapping[str, ServiceNeeds]] = MappingProxyType(
    {
        "gateway": ServiceNeeds(writes=(*LANES, ACTIONS)),
        "verifier": ServiceNeeds(
            reads=(*LANES, *RETRIES), writes=(JUDGED, *RETRIES, ACTIONS, EVIDENCE, DEAD_LETTERS), stage=True
        ),
        "router": ServiceNeeds(
            # It reads evidence to put back, on an operator's order, what the registrar gave up.
            reads=(JUDGED, ACTIONS, EVIDENCE),
            # It writes actions too: it serves the timer table, and news made by time go through actions.
            writes=(ACTIONS, EVIDENCE, DEAD_LETTERS),
            write_prefixes=(INBOX_PREFIX,),
            stage=True,
        ),
        "registrar": ServiceNeeds(reads=(EVIDENCE,), writes=(DEAD_LETTERS,), stage=True),
        "projector": ServiceNeeds(reads=(EVIDENCE, DEAD_LETTERS), read_prefixes=(INBOX_PREFIX,)),
        # No process of the axis: an auditor compares what stages committed with the log.
        "auditor": ServiceNeeds(reads=(EVIDENCE,)),
        # Dead letters are coordinates: the operator reads the record where it lies and replays it there.
        "operator": ServiceNeeds(
            reads=(DEAD_LETTERS, *LANES, *RETRIES, ACTIONS, JUDGED, EVIDENCE),
            writes=(DEAD_LETTERS, *LANES, *RETRIES, ACTIONS, JUDGED, EVIDENCE),
        ),
    }
)


def service_user(service: str) -> str:
    """Name the SCRAM user of a service."""
    return f"s.{service}"


def service_rules(service: str) -> tuple[AclRule, ...]:
    """Give all a service may do.

    Raises:
        KeyError: There is no such service.
    """
    needs, principal = SERVICES[service], f"User:{service_user(service)}"

    def allow(resource: Resource, names: Iterable[str], pattern: Pattern, *operations: Operation) -> Iterable[AclRule]:
        return (AclRule(principal, resource, name, pattern, operation) for name in names for operation in operations)

    reading, writing = (Operation.READ, Operation.DESCRIBE), (Operation.WRITE, Operation.DESCRIBE)
    rules = [
        *allow(Resource.TOPIC, needs.reads, Pattern.LITERAL, *reading),
        *allow(Resource.TOPIC, needs.writes, Pattern.LITERAL, *writing),
        *allow(Resource.TOPIC, needs.read_prefixes, Pattern.PREFIXED, *reading),
        *allow(Resource.TOPIC, needs.write_prefixes, Pattern.PREFIXED, *writing),
    ]
    if needs.reads or needs.read_prefixes:
        rules += allow(Resource.GROUP, [stage_group(service)], Pattern.LITERAL, Operation.READ)
    if needs.stage:
        rules += allow(Resource.TOPIC, STAGE_INPUTS[service], Pattern.LITERAL, Operation.DELETE)
        rules += allow(Resource.TOPIC, [DEAD_LETTERS], Pattern.LITERAL, *reading)
        rules += allow(Resource.TRANSACTIONAL_ID, [f"{service}-"], Pattern.PREFIXED, *writing)
    return tuple(dict.fromkeys(rules))
