"""A folder of an older axis is completed, or one sentence says what to do."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from docaxis.embedded import identities
from docaxis.embedded.axis import ORIGIN, SERVICES
from docaxis.embedded.identities import MemberIdentity
from docaxis.embedded.problems import OldFolder
from docaxis_signing.statements import MemberSigner

MADE_ANEW: dict[str, Callable[[dict[str, Any]], Any]] = {
    "services.log": lambda value: value["services"].pop("log"),
    "services.directory": lambda value: value["services"].pop("directory"),
    "services.clerk": lambda value: value["services"].pop("clerk"),
    "auditor_password": lambda value: value.pop("auditor_password"),
    "slots": lambda value: value.pop("slots"),
    "a.clerk_password": lambda value: value["members"]["a"].pop("clerk_password"),
}


def saved() -> dict[str, Any]:
    member = MemberIdentity("a", MemberSigner.generate("a-1"), "secret", "clerk secret", "kafka", "clerk")
    keys = identities.new_service_keys(SERVICES, ORIGIN)
    return {
        "slots": 4,
        "services": identities.service_keys_to_json(keys),
        "members": {"a": identities.member_to_json(member)},
        "operator": "o",
        "auditor": "u",
        "auditor_password": "v",
    }


def lacking(value: dict[str, Any]) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """Give a way to take each thing away that is saved."""

    def popping(*path: str) -> Callable[[dict[str, Any]], Any]:
        def pop(value: dict[str, Any]) -> None:
            for name in path[:-1]:
                value = value[name]
            del value[path[-1]]

        return pop

    ways = {name: popping(name) for name in ("slots", "operator", "auditor", "auditor_password")}
    ways |= {f"services.{name}": popping("services", name) for name in value["services"]}
    ways |= {f"passwords.{name}": popping("services", "passwords", name) for name in value["services"]["passwords"]}
    return ways | {f"a.{name}": popping("members", "a", name) for name in value["members"]["a"]}


def test_a_whole_folder_stays_as_it_is() -> None:
    value = saved()
    assert identities.completed(value, SERVICES, ORIGIN) == value


def test_an_axis_from_before_the_number_of_slots_was_kept_goes_on_with_four() -> None:
    value = saved()
    del value["slots"]
    assert identities.completed(value, SERVICES, ORIGIN)["slots"] == 4


@pytest.mark.parametrize("name", lacking(saved()))
def test_whatever_is_missing_is_made_or_named(name: str) -> None:
    value = saved()
    lacking(value)[name](value)
    before = deepcopy(value)
    if name in MADE_ANEW:
        whole = identities.completed(value, SERVICES, ORIGIN)
        identities.service_keys_from_json(whole["services"])
        identities.member_from_json("a", whole["members"]["a"])
        assert value == before, "what was saved is not touched"
        MADE_ANEW[name](whole)
        assert whole == before, "and nothing else is new"
    else:
        with pytest.raises(OldFolder, match=rf"{name}.*move it away"):
            identities.completed(value, SERVICES, ORIGIN)
