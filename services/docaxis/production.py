"""What the production mode refuses: whatever is there for development, or was left as it came.

Checked once, before anything is opened. A process that starts with TEST authorities in its trust store would deliver
TEST documents as valid; one that speaks in the clear would give its password to whoever listens.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from docaxis.addresses import is_loopback
from docaxis.bus.access import SERVICES
from docaxis.composition.parts import MisconfiguredService
from docaxis.settings import BusSettings, Settings
from docaxis_signing.trust.store import RejectedTrustStore, TrustStore

LEAST_SECRET: Final = 12
"""Characters of a password; ours are made by a generator, not by people."""
PLACEHOLDERS: Final = frozenset({"password", "changeme", "changeit", "change-me", "secret", "docaxis", "postgres"})
ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})
"""Values of ``ssl`` under which asyncpg never falls back to the clear."""


def require_production(settings: Settings, services: Sequence[str]) -> None:
    """Check the settings of a process in production mode; in development anything goes.

    Raises:
        MisconfiguredService: With everything that is wrong, so that one round mends it.
    """
    if settings.mode != "production":
        return
    faults = [*_of_axis(settings), *_of_directory(settings), *_of_bus(settings.bus, services), *_of_database(settings)]
    if "verifier" in services:
        faults += _of_trust(settings)
    if faults:
        raise MisconfiguredService("not fit for production: " + "; ".join(faults))


def _of_axis(settings: Settings) -> Iterator[str]:
    if settings.environment == "test":
        yield "the environment is still 'test', and what members sign names it"


def _of_directory(settings: Settings) -> Iterator[str]:
    if settings.directory_key is None:
        yield "no DOCAXIS_DIRECTORY_KEY: whoever can write the database could make any key a member's"


def _of_bus(bus: BusSettings, services: Sequence[str]) -> Iterator[str]:
    hosts = [_host(item) for item in bus.bootstrap.split(",")]
    if bus.security_protocol == "SASL_PLAINTEXT" and not all(map(is_loopback, hosts)):
        yield "SASL_PLAINTEXT leaves this machine"
    for service in set(services) & set(SERVICES):
        secret = bus.passwords.get(service, bus.password).get_secret_value()
        if _is_weak(secret):
            yield f"the broker's password of {service} is missing, a placeholder, or short"


def _of_database(settings: Settings) -> Iterator[str]:
    try:
        url = make_url(settings.database.get_secret_value())
    except ArgumentError:
        yield "the database's URL cannot be read"
        return
    host = str(url.host or url.query.get("host", ""))
    if host.startswith("/"):
        return  # a Unix socket: the system says who asks
    if _is_weak(str(url.password or "")):
        yield "the database's password is missing, a placeholder, or short"
    if not is_loopback(host) and url.query.get("ssl") not in ENCRYPTED:
        yield "the database is reached over a network without ssl=verify-full"


def _of_trust(settings: Settings) -> Iterator[str]:
    if settings.trust_key is None:
        yield "no DOCAXIS_TRUST_KEY: whoever can write the trust directory could add an authority"
    try:
        trust = TrustStore.load(settings.trust)
    except RejectedTrustStore as error:
        yield f"trust store: {error}"
        return
    for authority in trust.authorities:
        if authority.is_test:
            yield f"the trust store names a TEST authority, {authority.name}"


def _host(address: str) -> str:
    return address.strip().rpartition(":")[0].strip("[]") or address.strip()


def _is_weak(secret: str) -> bool:
    return len(secret) < LEAST_SECRET or secret.lower() in PLACEHOLDERS
