"""What members and services may do, checked against the table of topics."""

import pytest

from docaxis.bus.access import (
    SERVICES,
    AclRule,
    BrokerAccess,
    Operation,
    Pattern,
    Resource,
    librdkafka_settings,
    member_group_prefix,
    member_rules,
    service_rules,
)
from docaxis_schemas.topics import STAGE_INPUTS


def allowed(service: str, operation: Operation) -> set[str]:
    return {
        rule.name for rule in service_rules(service) if rule.resource is Resource.TOPIC and rule.operation is operation
    }


def covers(rule: AclRule, name: str) -> bool:
    return name.startswith(rule.name) if rule.pattern is Pattern.PREFIXED else name == rule.name


def test_a_member_has_three_rights_and_no_more() -> None:
    assert {(rule.resource, rule.name, rule.pattern, rule.operation) for rule in member_rules("abc")} == {
        (Resource.TOPIC, "inbox.abc", Pattern.LITERAL, Operation.READ),
        (Resource.TOPIC, "inbox.abc", Pattern.LITERAL, Operation.DESCRIBE),
        (Resource.GROUP, "m.abc.", Pattern.PREFIXED, Operation.READ),
    }
    assert {rule.principal for rule in member_rules("abc")} == {"User:m.abc"}


@pytest.mark.parametrize("other", ["abcd", "abc-1", "ab", "bc-"])
def test_no_right_of_a_member_covers_a_similar_one(other: str) -> None:
    if other == "ab":
        with pytest.raises(ValueError, match="not a member id"):
            member_rules(other)
        return
    theirs = [f"inbox.{other}", f"{member_group_prefix(other)}reader"]
    assert not [name for rule in member_rules("abc") for name in theirs if covers(rule, name)]


@pytest.mark.parametrize("id_", ["abc.def", "ABC", "a*c", "", "x" * 33, "abc\n", "*"])
def test_an_id_that_could_widen_a_right_is_refused(id_: str) -> None:
    with pytest.raises(ValueError, match="not a member id"):
        member_rules(id_)


def test_only_the_router_writes_inboxes() -> None:
    writers = {
        service
        for service in SERVICES
        for rule in service_rules(service)
        if rule.resource is Resource.TOPIC and rule.operation is Operation.WRITE and covers(rule, "inbox.abc")
    }
    assert writers == {"router"}


def test_only_the_verifier_and_the_operator_write_judged() -> None:
    assert {service for service in SERVICES if "judged" in allowed(service, Operation.WRITE)} == {
        "verifier",
        "operator",
    }


def test_stages_and_the_operator_write_dead_letters() -> None:
    writers = {service for service in SERVICES if "dead-letters" in allowed(service, Operation.WRITE)}
    assert writers == {"verifier", "router", "registrar", "operator"}


def test_no_service_has_a_member_principal() -> None:
    for service in SERVICES:
        assert {rule.principal for rule in service_rules(service)} == {f"User:s.{service}"}


def test_the_gateway_reads_nothing() -> None:
    assert not allowed("gateway", Operation.READ)
    assert not [rule for rule in service_rules("gateway") if rule.resource is Resource.GROUP]


@pytest.mark.parametrize("stage", ["verifier", "router", "registrar"])
def test_a_stage_has_its_own_transactional_ids_and_group(stage: str) -> None:
    ids = {rule.name for rule in service_rules(stage) if rule.resource is Resource.TRANSACTIONAL_ID}
    groups = {rule.name for rule in service_rules(stage) if rule.resource is Resource.GROUP}
    assert (ids, groups) == ({f"{stage}-"}, {f"s.{stage}"})


def test_only_a_stage_deletes_and_only_of_its_own_inputs() -> None:
    deleting = {service: allowed(service, Operation.DELETE) for service in SERVICES}
    assert deleting == {service: set(STAGE_INPUTS.get(service, ())) for service in SERVICES}


def test_an_unknown_service_has_no_rules() -> None:
    with pytest.raises(KeyError):
        service_rules("admin")


def test_client_settings_name_a_ca_only_where_there_is_one() -> None:
    plain = librdkafka_settings(BrokerAccess("h:1", "u", "p", "SASL_PLAINTEXT"))
    assert plain["sasl.mechanism"] == "SCRAM-SHA-512"
    assert "ssl.ca.location" not in plain
