"""One running axis, and the doors at which a client or an attacker stands: HTTP, the broker, the database for looking.

Nothing here goes through the SDK: it would refuse most of what these tests send.
"""

import asyncio
import hashlib
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from badinputs.outside import Listener, signer_with_addresses
from docaxis.bus.access import BrokerAccess, member_user, service_user
from docaxis.directory import DirectoryRepository
from docaxis.directory.entries import Role
from docaxis.embedded.authorities.authorities import Credential
from docaxis.embedded.axis import AXIS, ENVIRONMENT, AxisPlan, LocalAxis
from docaxis.embedded.enrolment import CREDENTIAL_LIFE, register_signers
from docaxis.embedded.papers import Paper, PaperDesk
from docaxis.embedded.population import member_of
from docaxis.embedded.story.witness import KafkaWitness
from docaxis.runtime import Runtime
from docaxis.settings import GatewaySettings, RetrySettings, VerifierSettings
from docaxis.storage.database import open_database
from docaxis_schemas.identifiers import submission_id
from docaxis_schemas.moments import system_clock, to_text
from docaxis_signing.statements import MemberSigner

ISSUER: Final = "H98.14"
SENDER: Final = member_of(ISSUER)
RECIPIENT: Final = "G98"
RECEIVER: Final = member_of(RECIPIENT)
STRANGER: Final = member_of("A98")
"""A member that has nothing to do with most documents here."""
PDF: Final = "application/pdf"
PATIENCE_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.05
EXAMINATION_SECONDS: Final = 8.0
"""Long beside what a good document takes, even on a busy machine, so that others are seen to go on meanwhile."""
STALL: Final = timedelta(seconds=1)
MINIMUM_RATE: Final = 64 * 1024
RETRY: Final = RetrySettings(
    short=timedelta(seconds=1),
    medium=timedelta(seconds=1),
    long=timedelta(seconds=1),
    deadline=timedelta(seconds=20),
    urgent_deadline=timedelta(seconds=3),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A manifest with its files, to be sent as it is or in any wrong way."""

    payload: dict[str, Any]
    files: dict[str, bytes]

    @property
    def own_id(self) -> str:
        return str(self.payload["id"])

    @property
    def member(self) -> str:
        return str(self.payload["member"])

    @property
    def submission(self) -> UUID:
        return submission_id(self.member, self.own_id)

    def renamed(self) -> "Draft":
        """Give the same under a key of its own."""
        return replace(self, payload=self.payload | {"id": str(uuid4())})


@dataclass(slots=True)
class House:
    """The axis and its doors. Use `open_house`."""

    axis: LocalAxis
    runtime: Runtime
    url: str
    http: httpx.AsyncClient
    papers: PaperDesk
    kafka: KafkaWitness
    listener: Listener
    addressed: Mapping[str, Credential]
    _engine: Any
    _numbers: Any = field(default_factory=lambda: itertools.count(1001))

    # --- making ---------------------------------------------------------------------------------------------------

    async def paper(self, code: str = ISSUER, **options: Any) -> Paper:
        """Make a good signed document with a number of its own."""
        return await self.papers.original(code, next(self._numbers), **({"level": "B-B"} | options))

    def spec(self, code: str = ISSUER, **changes: Any) -> Any:
        """Draft a document with a number of its own."""
        return self.papers.draft(code, next(self._numbers), **changes)

    def draft(
        self,
        paper: Paper,
        recipients: Sequence[str] = (RECIPIENT,),
        *,
        data: bytes | None = None,
        member: str = SENDER,
        own_id: str | None = None,
        document: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> Draft:
        """Write the manifest of a paper; ``data`` is what goes instead of its bytes."""
        body = paper.data if data is None else data
        name = hashlib.sha256(body).hexdigest()
        entry = {"role": "main", "name": "văn bản.pdf", "media_type": PDF, "size": len(body), "sha256": name}
        to = [
            {"group": one[6:], "role": "action"}
            if one.startswith("group:")
            else {"organisation": one, "role": "action"}
            for one in recipients
        ]
        payload = {
            "v": 1,
            "kind": "submission",
            "axis": AXIS,
            "environment": ENVIRONMENT,
            "member": member,
            "id": own_id or str(uuid4()),
            "time": to_text(system_clock()),
            "document": paper.metadata.to_json() | {"recipients": to[:1]} | dict(document or {}),
            "contents": [entry],
            "recipients": to,
            "forwarded": False,
        }
        return Draft(payload | changes, {name: body})

    def sign(self, payload: Mapping[str, Any], by: str | None = None) -> str:
        """Sign a record with the key of a member, by default of the one it names."""
        return self.axis.members[by or payload["member"]].signer.sign(payload)

    # --- the door for documents -----------------------------------------------------------------------------------

    def bearer(self, member: str = SENDER, *, clerk: bool = False) -> dict[str, str]:
        identity = self.axis.members[member]
        return {"Authorization": f"Bearer {identity.clerk_credential if clerk else identity.credential}"}

    async def send(
        self,
        draft: Draft,
        *,
        token: str | None = None,
        media_type: str = "application/jose",
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        wait: int = 0,
    ) -> httpx.Response:
        """Hand a draft in."""
        manifest = (self.sign(draft.payload) if token is None else token).encode()
        parts: list[tuple[str, Any]] = [("manifest", (None, manifest, media_type))]
        parts += [(name, (name, body, PDF)) for name, body in (draft.files if files is None else files).items()]
        given = {"Idempotency-Key": draft.own_id} | self.bearer(draft.member) | dict(headers or {})
        return await self.http.post(
            "/v1/submissions", files=parts, headers=given | ({"Prefer": f"wait={wait}"} if wait else {})
        )

    async def stream(self, draft: Draft, pieces: AsyncIterator[bytes], length: int) -> httpx.Response:
        """Hand a draft in whose only file is made while it is sent."""
        token = self.sign(draft.payload)
        [name] = draft.files
        head = (
            "--x\r\nContent-Disposition: form-data; name=manifest\r\nContent-Type: application/jose\r\n\r\n"
            f"{token}\r\n--x\r\nContent-Disposition: form-data; name={name}\r\nContent-Type: {PDF}\r\n\r\n"
        ).encode()
        end = b"\r\n--x--\r\n"

        async def body() -> AsyncIterator[bytes]:
            yield head
            async for piece in pieces:
                yield piece
            yield end

        headers = {
            "Idempotency-Key": draft.own_id,
            "Content-Type": "multipart/form-data; boundary=x",
            "Content-Length": str(len(head) + length + len(end)),
        } | self.bearer(draft.member)
        return await self.http.post("/v1/submissions", content=body(), headers=headers)

    async def judged(self, draft: Draft) -> dict[str, Any]:
        """Hand a draft in and wait for its verdict."""
        response = await self.send(draft, wait=int(PATIENCE_SECONDS))
        assert response.status_code == 202, response.text
        value: dict[str, Any] = response.json()
        assert "disposition" in value, f"not decided: {value}"
        return value

    async def delivered(self, draft: Draft, recipient: str = RECIPIENT) -> UUID:
        """Hand a good draft in, wait until its recipient sees it, and give the delivery's id."""
        value = await self.judged(draft)
        assert value["disposition"] == "deliver", value["verdict"]
        return await self.consigned(draft, recipient)

    async def consigned(self, draft: Draft, recipient: str = RECIPIENT) -> UUID:
        """Wait until a recipient sees its delivery, and give the id."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for one in await self.rows(
                    "SELECT delivery_id FROM inbox_items "
                    "WHERE submission_id = :id AND kind = 'delivery' AND recipient = :recipient",
                    id=draft.submission,
                    recipient=recipient,
                ):
                    return UUID(str(one.delivery_id))
                await asyncio.sleep(LOOK_SECONDS)

    async def news(self, draft: Draft, news: str) -> dict[str, Any]:
        """Wait for what the sender of a draft is told in its own inbox."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for one in await self.rows(
                    "SELECT body FROM inbox_items WHERE submission_id = :id AND kind = 'news' AND member = :member",
                    id=draft.submission,
                    member=draft.member,
                ):
                    body: dict[str, Any] = json.loads(bytes(one.body))
                    if body["news"] == news:
                        return body
                await asyncio.sleep(LOOK_SECONDS)

    async def until(self, held: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something holds, as long as anything may take."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if await held():
                    return
                await asyncio.sleep(LOOK_SECONDS)

    async def goes_on(self) -> None:
        """Show that every part is alive: a good document is taken, judged and seen by its recipient."""
        assert not self.runtime.failed.is_set()
        await self.delivered(self.draft(await self.paper()))

    # --- looking --------------------------------------------------------------------------------------------------

    async def rows(self, statement: str, **values: object) -> list[Any]:
        """Ask the database."""
        async with self._engine.connect() as connection:
            return list((await connection.execute(text(statement), values)).all())

    async def reached(self, submission: UUID) -> list[str]:
        """Name who can see a submission in an inbox, in the read models or on the broker."""
        found = await self.rows(
            "SELECT recipient FROM inbox_items WHERE submission_id = :id AND kind = 'delivery'", id=submission
        )
        live = await self.rows(
            "SELECT recipient FROM deliveries WHERE submission_id = :id AND state NOT IN ('refused', 'unroutable')",
            id=submission,
        )
        on_broker = [recipient for (name, recipient) in self.kafka.deliveries if name == submission]
        return sorted({row.recipient for row in (*found, *live)} | set(on_broker))

    async def claimed(self, submission: UUID) -> bool:
        """Say whether there is a claim of this submission."""
        return bool(await self.rows("SELECT 1 FROM claims WHERE submission_id = :id", id=submission))

    def service(self, name: str) -> BrokerAccess:
        """Give what a service holds for the broker."""
        password = self.axis.keys.passwords[name]
        return replace(self.axis.cluster.access, username=service_user(name), password=password)

    def member(self, name: str) -> BrokerAccess:
        """Give what a member holds for the broker."""
        password = self.axis.members[name].kafka_password
        return replace(self.axis.cluster.access, username=member_user(name), password=password)

    @staticmethod
    def member_of(code: str) -> str:
        """Name the member that serves an organisation."""
        return member_of(code)

    @property
    def operator(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.axis.operator_credential}"}


async def open_house(directory: Path) -> AsyncIterator[House]:
    """Run an axis for the length of the tests."""
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(Listener())
        axis = await stack.enter_async_context(LocalAxis(AxisPlan(directory / "axis", retry=RETRY)))
        engine = open_database(axis.database.url, application="outside", pool=4)
        stack.push_async_callback(engine.dispose)
        addressed = signer_with_addresses(axis.authorities, listener.url, directory)
        await _register(engine, [addressed["trusted"]], axis.keys.directory)
        settings = axis.settings().model_copy(
            update={
                "verifier": VerifierSettings(seconds=EXAMINATION_SECONDS),
                "gateway": GatewaySettings(stall_allowance=STALL, minimum_bytes_per_second=MINIMUM_RATE),
            }
        )
        runtime = await stack.enter_async_context(Runtime(settings))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=runtime.url, trust_env=False, timeout=PATIENCE_SECONDS * 2)
        )
        kafka = await stack.enter_async_context(KafkaWitness(axis.cluster.access, axis.members.values()))
        house = House(
            axis,
            runtime,
            runtime.url,
            http,
            PaperDesk(axis.authorities, system_clock),
            kafka,
            listener,
            addressed,
            engine,
        )
        for member in axis.members:  # as in a running axis, everybody has been here before anybody guesses
            (await http.get("/v1/inbox", headers=house.bearer(member))).raise_for_status()
        yield house


async def _register(engine: Any, signers: Sequence[Credential], keeper: MemberSigner) -> None:
    repository = DirectoryRepository(engine, clock=system_clock)
    expires = system_clock() + CREDENTIAL_LIFE
    operator, _ = await repository.issue_credential(role=Role.OPERATOR, holder="test", expires_at=expires)
    await register_signers(repository, operator, signers)
    await repository.attest(keeper)
