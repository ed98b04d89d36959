"""Where a request comes from: the connecting address, or what a proxy that the settings name says of it."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from starlette.requests import Request

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

ONE_SUBSCRIBER: Final = 64
"""Leading bits of an IPv6 address that tell subscribers apart (RFC 6177): the rest anybody changes at will."""


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine and nobody else's."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Senders:
    """Names who sent a request, for limits: an IPv4 address, or the network of an IPv6 subscriber.

    ``X-Forwarded-For`` is read from the right, and only as far as proxies of ``trusted`` wrote it: what stands left of
    the first other address was written by whoever is at that address.
    """

    trusted: tuple[Network, ...] = ()

    def of(self, request: Request) -> str:
        """Give the sender's name; the empty one for a local socket without an address."""
        found = _read("" if request.client is None else request.client.host)
        for hop in _hops(request):
            if found is None or not self._is_trusted(found) or (further := _read(hop)) is None:
                break
            found = further
        return "" if found is None else _name(found)

    def _is_trusted(self, address: _Address) -> bool:
        return any(address in network for network in self.trusted)


NO_PROXIES: Final = Senders()
"""Nobody stands in front: whoever connects is the sender."""


def _hops(request: Request) -> Iterator[str]:
    """Give what the proxies say, the nearest first."""
    for line in reversed(request.headers.getlist("x-forwarded-for")):
        yield from reversed(line.split(","))


def _read(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _name(address: _Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address), ONE_SUBSCRIBER), strict=False))
