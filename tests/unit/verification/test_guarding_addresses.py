"""No address of a trust store leads into the inner network, in whatever form it is written or resolved."""

import asyncio
import gzip
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from docaxis_signing.trust import fetching
from docaxis_signing.trust.addresses import MAX_ADDRESS, Destination, IPAddress, RejectedAddress, check_reached
from docaxis_signing.trust.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, CircuitBreaker
from docaxis_signing.trust.fetching import MAX_REDIRECTS, UnavailableRevocation, fetch, refresh
from docaxis_signing.trust.lists import MAX_LIST_BYTES
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import ConfiguredAuthority
from docaxis_signing.trust.transport import TEST_AUTHORITY, GuardedTransport

World = Any
NOW = datetime(2026, 11, 21, tzinfo=UTC)
PUBLIC = "93.184.216.34"

INNER_HOSTS = {
    "loopback": "127.0.0.1",
    "loopback-elsewhere": "127.8.9.10",
    "this-host": "0.0.0.0",
    "private-10": "10.1.2.3",
    "private-172": "172.16.0.1",
    "private-192": "192.168.1.1",
    "link-local-metadata": "169.254.169.254",
    "shared-carrier": "100.64.0.1",
    "alibaba-metadata": "100.100.100.200",
    "benchmark": "198.18.0.1",
    "documentation": "192.0.2.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "ipv6-loopback": "::1",
    "ipv6-unspecified": "::",
    "ipv6-unique-local": "fd00:ec2::254",
    "ipv6-link-local": "fe80::1",
    "ipv6-site-local": "fec0::1",
    "ipv6-multicast": "ff02::1",
    "ipv4-mapped-loopback": "::ffff:127.0.0.1",
    "ipv4-mapped-metadata": "::ffff:a9fe:a9fe",
    "ipv4-compatible": "::7f00:1",
    "nat64-private": "64:ff9b::a00:1",
    "nat64-local": "64:ff9b:1::7f00:1",
    "6to4-loopback": "2002:7f00:1::",
    "6to4-private": "2002:c0a8:101::1",
    "teredo": "2001:0:a00:1::1",
}


@pytest.mark.parametrize("host", INNER_HOSTS.values(), ids=INNER_HOSTS)
def test_an_inner_address_is_contacted_under_no_circumstances(host: str) -> None:
    """Neither written in the trust store nor as what a name resolves to."""
    address = ipaddress.ip_address(host)
    with pytest.raises(RejectedAddress):
        check_reached(address)
    with pytest.raises(RejectedAddress):
        Destination.of(f"http://[{address}]/list.crl" if address.version == 6 else f"http://{address}/list.crl")


@pytest.mark.parametrize("host", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_a_public_address_may_be_contacted(host: str) -> None:
    check_reached(ipaddress.ip_address(host))


ODD_ADDRESSES = {
    "decimal": "http://2130706433/list.crl",
    "octal": "http://0177.0.0.1/list.crl",
    "octal-short": "http://0177.1/list.crl",
    "hexadecimal": "http://0x7f000001/list.crl",
    "hexadecimal-parts": "http://0x7f.0x0.0x0.0x1/list.crl",
    "short": "http://127.1/list.crl",
    "zero": "http://0/list.crl",
    "public-decimal": "http://1572395042/list.crl",
    "leading-zeros": "http://093.184.216.034/list.crl",
    "number-as-last-label": "http://ca.example.1/list.crl",
    "zone": "http://[fe80::1%25eth0]/list.crl",
    "ipv6-long-form": "http://[0:0:0:0:0:0:0:1]/list.crl",
    "ipv6-public-long-form": "http://[2606:2800:0220:1:248:1893:25c8:1946]/list.crl",
    "ipv6-without-brackets": "http://::1/list.crl",
    "trailing-dot": "http://ca.example.com./list.crl",
    "empty-label": "http://ca..example.com/list.crl",
    "no-host": "http:///list.crl",
    "localhost": "http://localhost/list.crl",
    "localhost-below": "http://ca.localhost/list.crl",
    "one-label": "http://intranet/list.crl",
    "internal": "http://metadata.google.internal/list.crl",
    "mdns": "http://printer.local/list.crl",
    "reverse": "http://1.0.0.127.in-addr.arpa/list.crl",
    "user": "http://user@ca.example.com/list.crl",
    "user-that-looks-like-a-host": "http://ca.example.com@127.0.0.1/list.crl",
    "backslash": "http://ca.example.com\\@127.0.0.1/list.crl",
    "fragment": "http://ca.example.com/list.crl#x",
    "unicode-dot": "http://127。0。0。1/list.crl",
    "full-width": "http://１２７.0.0.1/list.crl",
    "percent": "http://%31%32%37.0.0.1/list.crl",
    "line-break": "http://ca.example.com/a\r\nHost: inner/list.crl",
    "tab": "http://ca.exam\tple.com/list.crl",
    "space": "http://ca.example.com/li st.crl",
    "too-long": "http://ca.example.com/" + "a" * MAX_ADDRESS,
    "file": "file:///etc/passwd",
    "ftp": "ftp://ca.example.com/list.crl",
    "ldap": "ldap://ca.example.com/cn=list",
    "gopher": "gopher://ca.example.com/list.crl",
    "data": "data:application/pkix-crl;base64,AAAA",
    "no-scheme": "//ca.example.com/list.crl",
    "ssh-port": "http://ca.example.com:22/list.crl",
    "redis-port": "http://ca.example.com:6379/list.crl",
    "other-web-port": "http://ca.example.com:8080/list.crl",
    "tls-port-in-the-clear": "http://ca.example.com:443/list.crl",
    "port-zero": "http://ca.example.com:0/list.crl",
    "port-too-large": "http://ca.example.com:99999/list.crl",
    "port-no-number": "http://ca.example.com:http/list.crl",
}


@pytest.mark.parametrize("address", ODD_ADDRESSES.values(), ids=ODD_ADDRESSES)
def test_an_address_in_an_odd_form_is_refused(address: str) -> None:
    with pytest.raises(RejectedAddress):
        Destination.of(address)


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("http://ca.gov.vn/pki/pub/crl/cp.crl", 80),
        ("https://ca.gov.vn:443/cp.crl", 443),
        ("http://CA.GOV.VN/cp.crl", 80),
        (f"http://{PUBLIC}/cp.crl", 80),
        ("http://[2606:2800:220:1:248:1893:25c8:1946]/cp.crl", 80),
        ("http://xn--bn-cja.vn/cp.crl", 80),
    ],
)
def test_an_address_of_a_public_server_is_in_order(address: str, port: int) -> None:
    assert Destination.of(address).port == port


@pytest.mark.parametrize("address", ["http://127.0.0.1:40123/a.crl", "http://localhost:8080/a", "http://[::1]:9/a"])
def test_loopback_is_for_test_authorities_only(address: str) -> None:
    assert Destination.of(address, test=True).url == address
    with pytest.raises(RejectedAddress):
        Destination.of(address)


@pytest.mark.parametrize("host", ["10.1.2.3", "169.254.169.254", "0.0.0.0", "::ffff:127.0.0.1"])
def test_a_test_authority_reaches_loopback_and_no_other_inner_address(host: str) -> None:
    with pytest.raises(RejectedAddress):
        check_reached(ipaddress.ip_address(host), test=True)


# --- what a name resolves to, and what is connected to ---------------------------------------------------------------


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """Stands where connections are made, and remembers them."""

    answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200, content=b"list")
    requests: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request)


@dataclass
class Names:
    """A resolver that answers from a table, each name with its answers in turn."""

    answers: dict[str, list[list[str]]]
    asked: int = 0

    async def __call__(self, host: str, port: int) -> list[IPAddress]:
        self.asked += 1
        turns = self.answers[host]
        found = turns.pop(0) if len(turns) > 1 else turns[0]
        return [ipaddress.ip_address(item) for item in found]


def guarded(wire: Wire, names: Names) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=GuardedTransport(wire, names), follow_redirects=False, trust_env=False)


@pytest.fixture
def authority(world: World) -> ConfiguredAuthority:
    """An authority as in production: without the mark of a TEST one."""
    found: ConfiguredAuthority = world.trust.named("gov-local")
    unmarked = _without_mark(world)
    return replace(found, der=unmarked)


def _without_mark(world: World) -> bytes:
    from cryptography import x509  # noqa: PLC0415 - beside what it serves
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - same
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - same

    real = world.authorities.authorities["gov-local"].certificate
    root = world.authorities.authorities["gov-root"]
    builder = (
        x509.CertificateBuilder()
        .subject_name(real.subject)
        .issuer_name(real.issuer)
        .public_key(real.public_key())
        .serial_number(real.serial_number)
        .not_valid_before(real.not_valid_before_utc)
        .not_valid_after(real.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    return builder.sign(root.private_key, hashes.SHA256()).public_bytes(Encoding.DER)


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to(authority: ConfiguredAuthority) -> None:
    wire, names = Wire(), Names({"ca.example.com": [[PUBLIC, "93.184.216.35"]]})
    async with guarded(wire, names) as http:
        assert await fetch(http, authority, "https://ca.example.com/list.crl") == b"list"
    (sent,) = wire.requests
    assert (sent.url.host, sent.headers["host"]) == (PUBLIC, "ca.example.com")
    assert sent.extensions["sni_hostname"] == "ca.example.com"
    assert names.asked == 1


async def test_a_name_that_changes_its_mind_is_asked_once(authority: ConfiguredAuthority) -> None:
    """DNS rebinding: the second answer would be an inner address."""
    wire, names = Wire(), Names({"ca.example.com": [[PUBLIC], ["127.0.0.1"]]})
    async with guarded(wire, names) as http:
        await fetch(http, authority, "http://ca.example.com/list.crl")
        assert [str(item.url.host) for item in wire.requests] == [PUBLIC]
        with pytest.raises(UnavailableRevocation, match="not a public address"):
            await fetch(http, authority, "http://ca.example.com/list.crl")
    assert len(wire.requests) == 1


@pytest.mark.parametrize("found", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::ffff:169.254.169.254"], []])
async def test_a_name_with_any_inner_address_is_not_contacted(authority: ConfiguredAuthority, found: list[str]) -> None:
    wire = Wire()
    async with guarded(wire, Names({"ca.example.com": [found]})) as http:
        with pytest.raises(UnavailableRevocation):
            await fetch(http, authority, "http://ca.example.com/list.crl")
    assert wire.requests == []


async def test_a_test_authoritys_name_may_be_on_loopback(world: World) -> None:
    wire = Wire()
    async with guarded(wire, Names({"127.0.0.1": [["127.0.0.1"]]})) as http:
        await fetch(http, world.trust.named("gov-local"), "http://127.0.0.1:9/list.crl")
    assert wire.requests[0].extensions[TEST_AUTHORITY] is True


async def test_a_name_that_does_not_resolve_is_unavailable(authority: ConfiguredAuthority) -> None:
    async def nowhere(host: str, port: int) -> list[IPAddress]:
        raise OSError("no such name")

    async with httpx.AsyncClient(transport=GuardedTransport(Wire(), nowhere)) as http:
        with pytest.raises(UnavailableRevocation, match="has no address"):
            await fetch(http, authority, "http://ca.example.com/list.crl")


def test_connections_are_not_kept_and_certificates_of_servers_are_checked() -> None:
    """A kept connection to an address that two names share would skip the second name's certificate."""
    pool = GuardedTransport()._inner._pool  # type: ignore[attr-defined]
    assert pool._max_keepalive_connections == 0
    assert pool._ssl_context.verify_mode is ssl.CERT_REQUIRED
    assert pool._ssl_context.check_hostname


# --- redirects and limits --------------------------------------------------------------------------------------------


def redirecting(*locations: str) -> Wire:
    turns: Iterator[str] = iter(locations)

    def answer(_: httpx.Request) -> httpx.Response:
        location = next(turns, None)
        return httpx.Response(302, headers={"location": location}) if location else httpx.Response(200, content=b"list")

    return Wire(answer)


async def following(wire: Wire, authority: ConfiguredAuthority, address: str) -> bytes:
    names = Names({"ca.example.com": [[PUBLIC]], "other.example.com": [[PUBLIC]]})
    async with guarded(wire, names) as http:
        return await fetch(http, authority, address)


@pytest.mark.parametrize(
    ("address", "location"),
    [
        ("http://ca.example.com/a.crl", "https://ca.example.com/a.crl"),
        ("http://ca.example.com/a.crl", "/b.crl"),
        ("https://ca.example.com/a.crl", "c/b.crl"),
    ],
)
async def test_a_redirect_on_the_same_server_is_followed(
    authority: ConfiguredAuthority, address: str, location: str
) -> None:
    assert await following(redirecting(location), authority, address) == b"list"


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:6379/",
        "http://[::1]/",
        "http://2130706433/",
        "http://other.example.com/a.crl",
        "http://ca.example.com:8080/a.crl",
        "http://user@ca.example.com/a.crl",
        "file:///etc/passwd",
        "gopher://ca.example.com/",
    ],
)
async def test_a_redirect_elsewhere_is_not_followed(authority: ConfiguredAuthority, location: str) -> None:
    wire = redirecting(location)
    with pytest.raises(UnavailableRevocation):
        await following(wire, authority, "https://ca.example.com/a.crl")
    assert len(wire.requests) == 1


async def test_a_redirect_into_the_clear_is_not_followed(authority: ConfiguredAuthority) -> None:
    with pytest.raises(UnavailableRevocation, match="not followed"):
        await following(redirecting("http://ca.example.com/a.crl"), authority, "https://ca.example.com/a.crl")


async def test_redirects_end(authority: ConfiguredAuthority) -> None:
    wire = redirecting(*["/again.crl"] * 9)
    with pytest.raises(UnavailableRevocation, match="on and on"):
        await following(wire, authority, "http://ca.example.com/a.crl")
    assert len(wire.requests) == MAX_REDIRECTS + 1


async def test_a_list_of_the_largest_size_is_taken_and_a_byte_more_is_not(authority: ConfiguredAuthority) -> None:
    for size, taken in ((MAX_LIST_BYTES, True), (MAX_LIST_BYTES + 1, False)):
        wire = Wire(lambda _, size=size: httpx.Response(200, content=b"x" * size))  # type: ignore[misc]
        if taken:
            assert len(await following(wire, authority, "http://ca.example.com/a.crl")) == size
        else:
            with pytest.raises(UnavailableRevocation, match="more than"):
                await following(wire, authority, "http://ca.example.com/a.crl")


async def test_nothing_is_decompressed(authority: ConfiguredAuthority) -> None:
    """A few kilobytes would become gigabytes before anybody could count them."""
    packed: dict[str, Any] = {
        "headers": {"content-encoding": "gzip"},
        "stream": httpx.ByteStream(gzip.compress(b"x" * 9999)),
    }
    wire = Wire(lambda _: httpx.Response(200, **packed))
    with pytest.raises(UnavailableRevocation, match="compressed"):
        await following(wire, authority, "http://ca.example.com/a.crl")
    assert wire.requests[0].headers["accept-encoding"] == "identity"


async def test_the_time_limit_holds_for_the_name_too(
    authority: ConfiguredAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(host: str, port: int) -> list[IPAddress]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(fetching, "SECONDS_PER_LIST", 0.01)
    async with httpx.AsyncClient(transport=GuardedTransport(Wire(), silent)) as http:
        with pytest.raises(UnavailableRevocation, match="TimeoutError"):
            await fetch(http, authority, "http://ca.example.com/a.crl")


# --- the circuit breaker ---------------------------------------------------------------------------------------------


def test_an_address_that_keeps_failing_is_left_alone_longer_and_longer() -> None:
    breaker = CircuitBreaker()
    for _ in range(FAILURES - 1):
        breaker.failed("a", NOW)
        assert breaker.open_until("a", NOW) is None
    breaker.failed("a", NOW)
    assert breaker.open_until("a", NOW) == NOW + FIRST_PAUSE
    assert breaker.open_until("b", NOW) is None
    assert breaker.open_until("a", NOW + FIRST_PAUSE) is None
    breaker.failed("a", NOW)
    assert breaker.open_until("a", NOW) == NOW + 2 * FIRST_PAUSE
    for _ in range(99):
        breaker.failed("a", NOW)
    assert breaker.open_until("a", NOW) == NOW + LONGEST_PAUSE
    breaker.succeeded("a")
    assert breaker.open_until("a", NOW) is None


async def test_the_fetcher_leaves_a_failing_address_alone_and_comes_back(world: World) -> None:
    wire, breaker = Wire(lambda _: httpx.Response(503)), CircuitBreaker()
    names = Names({"127.0.0.1": [["127.0.0.1"]]})
    async with guarded(wire, names) as http:

        async def turn(now: datetime) -> int:
            before = len(wire.requests)
            got = await refresh(world.trust, RevocationSnapshot(), client=http, now=now, breaker=breaker)
            assert len(got.unavailable) == len(world.trust.authorities)
            return len(wire.requests) - before

        every = len(world.trust.authorities)
        assert [await turn(NOW) for _ in range(FAILURES + 1)] == [every] * FAILURES + [0]
        assert await turn(NOW + FIRST_PAUSE + timedelta(seconds=1)) == every


async def test_a_server_that_refuses_its_list_is_not_failing(world: World) -> None:
    """A list that is no good is an alarm, not a fault of the line: it is asked for again each time."""
    wire, breaker = Wire(lambda _: httpx.Response(200, content=b"no list")), CircuitBreaker()
    async with guarded(wire, Names({"127.0.0.1": [["127.0.0.1"]]})) as http:
        for _ in range(FAILURES + 1):
            await refresh(world.trust, RevocationSnapshot(), client=http, now=NOW, breaker=breaker)
    assert len(wire.requests) == (FAILURES + 1) * len(world.trust.authorities)
