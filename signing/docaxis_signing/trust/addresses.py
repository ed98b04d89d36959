"""Which addresses of a trust store may be contacted: those of public servers, and nothing that leads back inside.

The addresses are an operator's own, and the answers are signed; yet the machine that fetches stands in an inner
network, so a name that somebody else controls must not become a way in (server-side request forgery). A host is a name
in plain letters or an address in its one usual form; what it resolves to is checked again, every address of it
(`check_reached`). Addresses on loopback are let through for TEST authorities only.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

PORTS: Final = {"http": 80, "https": 443}
"""RFC 2585 and RFC 6960 use the usual ports; others lead to services that are no web servers."""
MAX_ADDRESS: Final = 2048
"""Characters of an address; real ones have about a hundred."""
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_INNER_NAMES: Final = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "onion")
"""Top labels that resolvers answer from inside (RFC 6761, RFC 6762, and what clouds and routers use)."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""What a public IPv4 address is called in a network that speaks IPv6 only (RFC 6052)."""
_EMBEDDING: Final = ((_NAT64, 0), (ipaddress.IPv6Network("2002::/16"), 80), (ipaddress.IPv6Network("::/96"), 0))
"""Networks of IPv6 that carry an IPv4 address, and how far from the right it stands: NAT64, 6to4, IPv4-compatible."""


class RejectedAddress(ValueError):
    """The address is not one that may be contacted."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A checked address: the form of its host is in order, what it resolves to has still to be checked."""

    url: str
    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, address: str, *, test: bool = False) -> "Destination":
        """Check an address.

        Args:
            address: As the trust store has it.
            test: Whether it is a TEST authority's, which may live on loopback and on any port.

        Raises:
            RejectedAddress: It has another scheme, a user, an odd port, or a host in another than its usual form.
        """
        if (
            len(address) > MAX_ADDRESS
            or not address.isascii()
            or not address.isprintable()
            or set(address) & set(" \\")
        ):
            raise RejectedAddress(f"not an address in plain letters: {address[:80]!r}")
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError as error:
            raise RejectedAddress(f"{address}: {error}") from error
        if parts.scheme not in PORTS:
            raise RejectedAddress(f"{address}: http or https is wanted")
        if "@" in parts.netloc or parts.fragment:
            raise RejectedAddress(f"{address}: a user or a fragment has no place here")
        host = _host(parts.netloc, parts.hostname or "", test=test)
        usual = PORTS[parts.scheme]
        if port not in {None, usual} and not test:
            raise RejectedAddress(f"{address}: only port {usual} is contacted by {parts.scheme}")
        return cls(address, parts.scheme, host, port or usual)


def _host(netloc: str, host: str, *, test: bool) -> str:
    literal = _literal(host)
    if literal is not None:
        if str(literal) != host or (literal.version == 6) != netloc.startswith("["):
            raise RejectedAddress(f"{host}: an address in another than its usual form")
        check_reached(literal, test=test)
        return host
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise RejectedAddress(f"{host or 'no host'}: not the name of a server")
    if labels[-1][0].isdigit() or re.fullmatch("0x[0-9a-f]*", labels[-1]):
        raise RejectedAddress(f"{host}: a number is no name of a server")
    if test and host == "localhost":
        return host
    if len(labels) < 2 or labels[-1] in _INNER_NAMES:
        raise RejectedAddress(f"{host}: a name of the inner network")
    return host


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def check_reached(address: IPAddress, *, test: bool = False) -> None:
    """Check an address that a host stands for, right before it is connected to.

    Raises:
        RejectedAddress: It is not a public one: loopback, private, link-local (cloud metadata), shared, multicast,
            reserved, or an IPv6 address that carries such a one.
    """
    if test and address.is_loopback:
        return
    for each in (address, *_carried(address)):
        if not _is_public(each):
            raise RejectedAddress(f"{address}: not a public address")


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_site_local or (address.is_reserved and address not in _NAT64):
            return False
    elif address.is_reserved:
        return False
    return address.is_global and not address.is_multicast


def _carried(address: IPAddress) -> list[IPAddress]:
    """Give the IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    carried: list[IPAddress] = [
        ipaddress.IPv4Address((int(address) >> shift) & 0xFFFFFFFF)
        for network, shift in _EMBEDDING
        if address in network
    ]
    if address.ipv4_mapped is not None:
        carried.append(address.ipv4_mapped)
    return carried + list(address.teredo or ())
