"""What was done with accounts of the pages is stated: by ids and hashes, against which the kept row can be held."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from docaxis.bus.port import Outgoing
from docaxis.router.problems import RejectedWork
from docaxis.router.timers import Timers
from docaxis.storage.clerk_accounts import ClerkAccount, ClerkAccountStore, ClerkRole
from docaxis.storage.clerk_administration import ClerkAdministration, Scope
from docaxis.storage.tables.directory import members
from docaxis.storage.timers import TimerStore
from docaxis_schemas.canonical import digest
from docaxis_schemas.codec import decode
from docaxis_schemas.events import ACCOUNT_ACT, Action
from docaxis_schemas.moments import to_text

ADMINISTRATOR, PERSON = "Quản trị Nguyễn Thị Mẫu", "Văn thư Trần Văn Mẫu"
ROWS = "SELECT * FROM clerk_account_acts WHERE member = :member ORDER BY at, act"


class Collecting:
    def __init__(self) -> None:
        self.actions: list[Action] = []

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        self.actions += [event for one in outgoing if isinstance(event := decode(one.value), Action)]


async def account(world: Any, full_name: str, *roles: ClerkRole) -> ClerkAccount:
    """Make an account as the operator does."""
    row = {"member": world.sender, "name": world.sender, "state": "active", "registered_at": world.now}
    async with world.engine.begin() as connection:
        await connection.execute(insert(members).values(row).on_conflict_do_nothing())
    made = ClerkAccount(
        uuid4(), f"ten.{uuid4().hex}", full_name, world.sender, (world.issuer,), frozenset(roles), "argon2", b"sealed"
    )
    await ClerkAccountStore(world.engine).add(made, at=world.now)
    return made


async def acts_of(world: Any) -> list[Action]:
    """Let the timers fire and give what concerns this world's member."""
    published = Collecting()
    await Timers(TimerStore(world.engine), published, world.envelopes, world.clock).fire_due()
    return [
        one for one in published.actions if one.kind == ACCOUNT_ACT and json.loads(one.body)["member"] == world.sender
    ]


async def test_each_act_is_stated_once_without_names_and_its_row_can_be_held_against_it(world: Any) -> None:
    administrator = await account(world, ADMINISTRATOR, ClerkRole.ADMINISTRATOR)
    person = await account(world, PERSON, ClerkRole.CLERK)
    scope, store = Scope(world.sender, (world.issuer,), administrator.name), ClerkAdministration(world.engine)
    await store.change_roles(scope, person.account_id, frozenset({ClerkRole.LEADER}), at=world.now)
    await store.disable(scope, person.account_id, at=world.now)

    actions = await acts_of(world)
    assert await acts_of(world) == [], "stated once"
    told = [await world.tell(action) for action in actions]
    assert [one.outgoing for one in told] == [(await world.tell(action)).outgoing for action in actions]
    records = [record for one in told for record in one.evidence]
    stated = {record.submission_id: json.loads(record.statement) for record in records}
    async with world.engine.connect() as connection:
        rows = [dict(row) for row in (await connection.execute(text(ROWS), {"member": world.sender})).mappings()]
    assert [row["act"] for row in rows] == ["disabled", "made", "made", "roles-changed"]
    for row in rows:
        statement = stated.pop(row["act_id"])
        done_by = str(administrator.account_id) if row["done_by"] else "operator"
        row |= {"act_id": str(row["act_id"]), "at": to_text(row["at"]), "account": str(row.pop("account_id"))}
        assert statement["type"] == "account.changed"
        assert statement["facts"] == {
            "act": row["act"],
            "account_id": row["account"],
            "done_by": done_by,
            "act_sha256": digest(row),
        }
        for name in (administrator.name, ADMINISTRATOR, person.name, PERSON):
            assert name not in json.dumps(statement, ensure_ascii=False)
    assert stated == {}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"member":"x"}', b'{"member":"x","act":"made","more":1}'])
async def test_an_action_that_is_no_act_is_refused(world: Any, body: bytes) -> None:
    with pytest.raises(RejectedWork):
        await world.tell(Action(UUID(int=1), UUID(int=1), ACCOUNT_ACT, "", None, world.now, body))
