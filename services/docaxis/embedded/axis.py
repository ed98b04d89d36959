"""The local axis: broker, database, TEST authorities, a populated directory and the services, from one folder.

Everything it starts ends with it. What it makes is found again by the next start in the same folder.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, Self

from docaxis.bus.provisioning import Provisioner
from docaxis.client.profile import Profile, write_profile
from docaxis.directory import DirectoryRepository
from docaxis.embedded import identities
from docaxis.embedded.authorities import Responder, TestAuthorities, open_authorities
from docaxis.embedded.cluster import EmbeddedCluster
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.embedded.enrolment import (
    certificate_sha256,
    enrol_at_the_pages,
    enrol_member,
    fill_directory,
    register_signers,
)
from docaxis.embedded.identities import MemberIdentity, ServiceKeys
from docaxis.embedded.population import MEMBERS, members
from docaxis.settings import (
    BusSettings,
    FairnessSettings,
    GatewaySettings,
    KeySettings,
    LogSettings,
    RetrySettings,
    Settings,
)
from docaxis.storage.clerk_accounts import ClerkAccountStore
from docaxis.storage.database import open_database
from docaxis.storage.migrate import upgrade
from docaxis_schemas.moments import Clock, system_clock, to_text
from docaxis_signing.durable import write_private, write_whole
from docaxis_signing.receipts import EvidenceKey, PinnedKeys
from docaxis_signing.transparency.policy import NONE, Policy

SERVICES: Final = ("gateway", "verifier", "router", "registrar", "projector")
SLOTS: Final = 2
"""Of a new axis. Each slot fetches and commits on its own, and one alone has records enough in hand for the workers of
such a machine; two keep the division of work in use."""
ENVIRONMENT: Final = "test"
AXIS: Final = "docaxis-local"
ORIGIN: Final = f"{AXIS}/{ENVIRONMENT}"
KEYS_VALID_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AxisPlan:
    """What a local axis is made with. ``extra_inboxes`` adds members for load runs; ``crowd`` signers in bulk."""

    directory: Path
    brokers: Literal[1, 3] = 1
    port: int = 0
    extra_inboxes: int = 0
    crowd: int = 0
    retry: RetrySettings = field(default_factory=RetrySettings)
    fairness: FairnessSettings = field(default_factory=FairnessSettings)
    crl_refresh: timedelta = timedelta(seconds=30)
    log: Path | None = None
    """Where the transparency log lies; by default with the rest."""


class LocalAxis:
    """The parts below the services, started together. Use as an async context manager."""

    def __init__(self, plan: AxisPlan, *, clock: Clock = system_clock) -> None:
        self._plan = plan
        self._clock = clock
        self._cluster = EmbeddedCluster(plan.directory / "kafka", brokers=plan.brokers)
        self._database = EmbeddedDatabase(plan.directory / "database")
        self._responder: Responder | None = None
        self._authorities: TestAuthorities | None = None
        self._keys: ServiceKeys | None = None
        self._slots = SLOTS
        self.members: dict[str, MemberIdentity] = {}
        self.operator_credential = ""
        self.auditor_credential = ""
        self.auditor_password = ""

    @property
    def cluster(self) -> EmbeddedCluster:
        """The brokers, for tests that kill them."""
        return self._cluster

    @property
    def database(self) -> EmbeddedDatabase:
        """The database server, for tests that kill it."""
        return self._database

    @property
    def authorities(self) -> TestAuthorities:
        """The TEST authorities."""
        assert self._authorities is not None, "not started"
        return self._authorities

    @property
    def responder(self) -> Responder:
        """The authorities' face on HTTP."""
        assert self._responder is not None, "not started"
        return self._responder

    @property
    def keys(self) -> ServiceKeys:
        """The axis's own keys."""
        assert self._keys is not None, "not started"
        return self._keys

    @property
    def pids(self) -> list[int]:
        """Every process of the broker and the database."""
        return [*self._cluster.pids, *self._database.pids]

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the parts side by side, then fill a new axis.

        Raises:
            EmbeddedProblem: One sentence says what is missing and how to mend it.
        """
        self._plan.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._cluster.start())
            group.create_task(self._start_database())
            group.create_task(asyncio.to_thread(self._open_authorities))
        await self._find_or_fill()

    async def stop(self) -> None:
        """Stop everything, each part whatever becomes of the others."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._database.stop)
            stack.push_async_callback(self._cluster.stop)
            if self._responder is not None:
                stack.callback(self._responder.stop)
                self._responder = None

    async def _start_database(self) -> None:
        await upgrade(await self._database.start())

    def _open_authorities(self) -> None:
        directory = self._plan.directory
        self._authorities, self._responder = open_authorities(
            directory / "authorities", directory / "trust", clock=self._clock
        )
        if self._plan.crowd:
            self._authorities.crowd(self._plan.crowd)

    async def _find_or_fill(self) -> None:
        found = await asyncio.to_thread(identities.load, self._plan.directory)
        if found is None:
            found = await self._fill()
            await asyncio.to_thread(identities.save, self._plan.directory, found)
        whole = identities.completed(found, SERVICES, ORIGIN)
        self._keys = identities.service_keys_from_json(whole["services"])
        self._slots = int(whole["slots"])
        self.members = {name: identities.member_from_json(name, value) for name, value in whole["members"].items()}
        self.operator_credential, self.auditor_credential = whole["operator"], whole["auditor"]
        self.auditor_password = whole["auditor_password"]
        if whole != found:
            await self._bring_up_to_date()
            await asyncio.to_thread(identities.save, self._plan.directory, whole)
        await asyncio.to_thread(self._write_key_files)

    async def _bring_up_to_date(self) -> None:
        """Make the accounts at the pages, and attest the directory, in a folder that is older than they are."""
        engine = open_database(self._database.url, application="enrolment")
        try:
            clerks = [(plan, self.members[plan.id]) for plan in MEMBERS if plan.id in self.members]
            auditor = (self.auditor_password, self.auditor_credential)
            store = ClerkAccountStore(engine)
            await enrol_at_the_pages(store, self.keys.clerk_key, clerks, auditor, clock=self._clock)
            await DirectoryRepository(engine, clock=self._clock).attest(self.keys.directory)
        finally:
            await engine.dispose()

    async def _fill(self) -> dict[str, Any]:
        keys = identities.new_service_keys(SERVICES, ORIGIN)
        provisioner = Provisioner(self._cluster.access, replication=1 if self._plan.brokers == 1 else 3)
        engine = open_database(self._database.url, application="enrolment")
        try:
            repository = DirectoryRepository(engine, clock=self._clock)
            extra = self._plan.extra_inboxes
            operator, operator_secret, auditor_secret = await fill_directory(
                repository, extra_inboxes=extra, clock=self._clock
            )
            enrolled = [await enrol_member(repository, plan, clock=self._clock) for plan in members(extra)]
            clerks = zip(MEMBERS, enrolled, strict=False)  # those of a load run have no clerks
            auditor = (identities.new_password(), auditor_secret)
            await enrol_at_the_pages(ClerkAccountStore(engine), keys.clerk_key, clerks, auditor, clock=self._clock)
            await register_signers(repository, operator, self._registrable())
            await repository.attest(keys.directory)
        finally:
            await engine.dispose()
        await provisioner.provision_services(SLOTS, keys.passwords)
        for identity in enrolled:
            await provisioner.provision_member(identity.member, identity.kafka_password)
        return {
            "slots": SLOTS,
            "services": identities.service_keys_to_json(keys),
            "members": {identity.member: identities.member_to_json(identity) for identity in enrolled},
            "operator": operator_secret,
            "auditor": auditor_secret,
            "auditor_password": auditor[0],
        }

    def _registrable(self) -> Iterable[Any]:
        """Every signer whose organisation the directory knows; the crowd belongs to the communes."""
        return self.authorities.credentials()

    def _write_key_files(self) -> None:
        keys = self._plan.directory / "keys"
        keys.mkdir(exist_ok=True, mode=0o700)
        write_private(keys / "store.key", self.keys.store_key)
        write_private(keys / "clerk.key", self.keys.clerk_key)
        write_private(keys / "gateway.json", json.dumps(self.keys.gateway.private_jwk()).encode())
        write_private(keys / "evidence.json", json.dumps(self.keys.evidence.private_jwk()).encode())
        write_private(keys / "log.skey", (self.keys.log.to_skey() + "\n").encode())
        write_whole(keys / "directory.public.json", json.dumps(self.keys.directory.public_jwk()).encode())
        write_whole(keys / "pinned.json", json.dumps(self.pinned_keys().to_json(), indent=2).encode())

    def pinned_keys(self) -> PinnedKeys:
        """Give what anybody who checks evidence of this axis pins."""
        key = EvidenceKey(self.keys.evidence.kid, self.keys.evidence.public_jwk(), KEYS_VALID_FROM, None)
        log = Policy((self.keys.log.verifier,), {}, {}, NONE)
        return PinnedKeys(AXIS, ENVIRONMENT, (key,), log, (certificate_sha256(self.authorities.of_axis()),))

    @property
    def log_directory(self) -> Path:
        """Where the transparency log lies."""
        return self._plan.log or self._plan.directory / "log"

    def settings(self, *services: str) -> Settings:
        """Give the settings of a process that runs these services; it gets no other service's keys or password."""
        directory = self._plan.directory
        access = self._cluster.access
        has = set(services or (*SERVICES, "clerk"))
        return Settings(
            axis=AXIS,
            environment=ENVIRONMENT,
            database=self._database.url,
            contents=(directory / "contents").absolute().as_uri(),
            trust=directory / "trust",
            directory_key=directory / "keys" / "directory.public.json",
            bus=BusSettings(
                bootstrap=access.bootstrap,
                security_protocol=access.security_protocol,
                ca_file=access.ca_file,
                slots=self._slots,
                replication=1 if self._plan.brokers == 1 else 3,
                passwords={name: self.keys.passwords[name] for name in has & set(SERVICES)},
            ),
            retry=self._plan.retry,
            fairness=self._plan.fairness,
            gateway=GatewaySettings(port=self._plan.port),
            keys=KeySettings(
                store_key=directory / "keys" / "store.key" if has & {"gateway", "verifier"} else None,
                clerk_key=directory / "keys" / "clerk.key" if "clerk" in has else None,
                gateway_key=directory / "keys" / "gateway.json" if "gateway" in has else None,
                evidence_key=directory / "keys" / "evidence.json" if "registrar" in has else None,
                log_key=directory / "keys" / "log.skey" if "registrar" in has else None,
                organisation_key=self.authorities.of_axis().pkcs12_path.absolute().as_uri()
                if "registrar" in has
                else "",
                organisation_passphrase=self.authorities.passphrase_path if "registrar" in has else None,
                evidence_public_keys=directory / "keys" / "pinned.json",
            ),
            log=LogSettings(
                directory=self.log_directory if has & {"registrar", "gateway", "alerter"} else None,
                tsa=f"{self.responder.base_url}/tsa" if "registrar" in has else "",
            ),
            crl_refresh=self._plan.crl_refresh,
        )

    def write_profiles(self, url: str, directory: Path) -> dict[str, Path]:
        """Write a connection profile for each member, with its key file beside it; give the profiles by member."""
        directory = directory.absolute()
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        paths = {}
        for member, identity in self.members.items():
            key = directory / f"{member}.key.json"
            write_private(key, json.dumps(identity.signer.private_jwk()).encode())
            path = directory / f"{member}.toml"
            profile = Profile(
                url=url,
                credential=identity.credential,
                member=member,
                axis=AXIS,
                environment=ENVIRONMENT,
                signing_key=key,
                keys=self._plan.directory.absolute() / "keys" / "pinned.json",
                memory=directory / f"{member}.memory",
            )
            write_profile(path, profile)
            paths[member] = path
        return paths

    def described(self, url: str) -> dict[str, Any]:
        """Give addresses and credentials, for a person or a script to use."""
        return {
            "gateway": url,
            "kafka": self._cluster.access.bootstrap,
            "database": self._database.url,
            "authorities": self.responder.base_url,
            "operator": self.operator_credential,
            "auditor": self.auditor_credential,
            "members": {name: identity.credential for name, identity in self.members.items()},
            "clerks": {identity.clerk_name: identity.clerk_password for identity in self.members.values()},
            "auditors": {identities.AUDITOR_NAME: self.auditor_password},
            "started_at": to_text(self._clock()),
        }
