"""Fetching the revocation lists of configured authorities, ahead of need and from configured addresses only.

Nothing that a document or its certificates name is ever contacted. Addresses are guarded all the same (`addresses`,
`transport`), answers are limited in size, time and redirects, nothing is decompressed, and no proxy is read from the
environment. What fails leaves the list in force where it is until that goes stale.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urljoin

import httpx

from docaxis_signing.trust.addresses import Destination, RejectedAddress
from docaxis_signing.trust.breaker import CircuitBreaker
from docaxis_signing.trust.lists import MAX_LIST_BYTES, RejectedRevocationList, RevocationList, ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import ConfiguredAuthority, TrustStore
from docaxis_signing.trust.transport import TEST_AUTHORITY, GuardedTransport

SECONDS_PER_LIST: Final = 20.0
"""Time for one list, look-up of the name and redirects included; 10 MB need 4 s at 20 Mbit/s."""
AT_ONCE: Final = 4
"""Lists fetched at the same time."""
MAX_REDIRECTS: Final = 2
"""From http to https and to another path; never to another host, since the trust store did not name that one."""
HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "docaxis"}
"""Lists are not compressed: nothing can grow in memory after its size was counted."""


class UnavailableRevocation(Exception):
    """The address of a list did not answer, or with something else than a list. Try again later."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A snapshot, new only if a list changed, and what went wrong by authority."""

    snapshot: RevocationSnapshot
    unavailable: tuple[UnavailableRevocation, ...] = ()
    refused: tuple[RejectedRevocationList, ...] = ()


_Answer = RevocationList | UnavailableRevocation | RejectedRevocationList


def new_client() -> httpx.AsyncClient:
    """Make a client that reaches public servers only, follows no redirect by itself and reads no proxy."""
    return httpx.AsyncClient(
        transport=GuardedTransport(), follow_redirects=False, trust_env=False, timeout=SECONDS_PER_LIST
    )


async def refresh(
    trust: TrustStore,
    current: RevocationSnapshot,
    *,
    client: httpx.AsyncClient,
    now: datetime,
    breaker: CircuitBreaker | None = None,
) -> Refreshed:
    """Fetch every configured list once and take in what is good."""
    gate, lines = asyncio.Semaphore(AT_ONCE), breaker or CircuitBreaker()

    async def one(authority: ConfiguredAuthority, address: str) -> _Answer:
        async with gate:
            try:
                return ingest(trust, authority.name, await _ask(client, authority, address, lines, now), now=now)
            except (UnavailableRevocation, RejectedRevocationList) as error:
                return error

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(trust.named(name), address)) for name, address in trust.revocation_addresses()]
    return _take_in(current, [task.result() for task in tasks])


async def _ask(
    client: httpx.AsyncClient, authority: ConfiguredAuthority, address: str, lines: CircuitBreaker, now: datetime
) -> bytes:
    until = lines.open_until(address, now)
    if until is not None:
        raise UnavailableRevocation(
            f"{authority.name}: {address} keeps failing and is not asked before {until:%H:%M:%S}Z"
        )
    try:
        data = await fetch(client, authority, address)
    except UnavailableRevocation:
        lines.failed(address, now)
        raise
    lines.succeeded(address)
    return data


def _take_in(current: RevocationSnapshot, answers: Iterable[_Answer]) -> Refreshed:
    good: dict[object, RevocationList] = {}
    unavailable, refused = [], []
    for answer in answers:
        if isinstance(answer, UnavailableRevocation):
            unavailable.append(answer)
        elif isinstance(answer, RejectedRevocationList):
            refused.append(answer)
        elif answer.place not in good or good[answer.place].precedes(answer):
            good[answer.place] = answer
    accepted = []
    for item in good.values():
        try:
            current.advance(item)
        except RejectedRevocationList as error:
            refused.append(error)
        else:
            accepted.append(item)
    return Refreshed(current.advance(*accepted), tuple(unavailable), tuple(refused))


async def fetch(client: httpx.AsyncClient, authority: ConfiguredAuthority, address: str) -> bytes:
    """Get the bytes at one address of an authority, at most `MAX_LIST_BYTES` of them.

    Raises:
        UnavailableRevocation: No answer in time, an address or redirect that is not followed, an error, or too much.
    """
    try:
        async with asyncio.timeout(SECONDS_PER_LIST):
            return await _follow(client, authority, Destination.of(address, test=authority.is_test))
    except RejectedAddress as error:
        raise UnavailableRevocation(f"{authority.name}: not contacted: {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise UnavailableRevocation(f"{authority.name}: {address}: {type(error).__name__} {error}") from error


async def _follow(client: httpx.AsyncClient, authority: ConfiguredAuthority, first: Destination) -> bytes:
    destination = first
    for _ in range(MAX_REDIRECTS + 1):
        extensions = {TEST_AUTHORITY: authority.is_test}
        async with client.stream("GET", destination.url, headers=HEADERS, extensions=extensions) as response:
            if not response.is_redirect:
                return await _read(response, authority, destination)
            location = response.headers["location"]
        destination = Destination.of(urljoin(destination.url, location), test=authority.is_test)
        if destination.host != first.host or (first.scheme, destination.scheme) == ("https", "http"):
            raise UnavailableRevocation(
                f"{authority.name}: {first.url} leads to {destination.url}, which is not followed"
            )
    raise UnavailableRevocation(f"{authority.name}: {first.url} leads on and on")


async def _read(response: httpx.Response, authority: ConfiguredAuthority, destination: Destination) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise UnavailableRevocation(f"{authority.name}: {destination.url} answered {response.status_code}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UnavailableRevocation(f"{authority.name}: {destination.url} sends something compressed")
    received = bytearray()
    async for chunk in response.aiter_bytes():
        received += chunk
        if len(received) > MAX_LIST_BYTES:
            raise UnavailableRevocation(f"{authority.name}: {destination.url} sends more than {MAX_LIST_BYTES} bytes")
    return bytes(received)
