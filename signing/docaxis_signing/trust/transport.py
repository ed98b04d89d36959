"""The way to a server: its name is resolved once, what it stands for is checked, and that very address is connected to.

A name that answers with a public address when it is checked and with an inner one when it is connected to (DNS
rebinding) gets nothing out of it: between check and connection nobody is asked again. The certificate of the server is
checked against the name all the same.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from docaxis_signing.trust.addresses import IPAddress, RejectedAddress, check_reached

TEST_AUTHORITY: Final = "docaxis.test_authority"
"""Extension of a request that asks a TEST authority, which may be on loopback."""

Resolve = Callable[[str, int], Awaitable[list[IPAddress]]]


async def resolve(host: str, port: int) -> list[IPAddress]:
    """Ask the system's resolver for the addresses of a host.

    Raises:
        OSError: There are none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(item[4][0]).partition("%")[0]) for item in found]


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to public addresses only, each request to the address that was checked."""

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None, resolver: Resolve = resolve) -> None:
        # No connection is kept: one to an address that two names share would skip the second name's certificate.
        self._inner = inner or httpx.AsyncHTTPTransport(
            trust_env=False, retries=0, limits=httpx.Limits(max_keepalive_connections=0)
        )
        self._resolve = resolver

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the checked address of its host.

        Raises:
            httpx.ConnectError: The host has no address, or one that may not be contacted.
        """
        host, url = request.url.host, request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        pinned = await self._pin(request, host, port)
        return await self._inner.handle_async_request(
            httpx.Request(
                request.method,
                url.copy_with(host=str(pinned)),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
        )

    async def _pin(self, request: httpx.Request, host: str, port: int) -> IPAddress:
        test = bool(request.extensions.get(TEST_AUTHORITY, False))
        try:
            found = await self._resolve(host, port)
            for address in found:
                check_reached(address, test=test)
        except RejectedAddress as error:
            raise httpx.ConnectError(f"{host}: {error}", request=request) from error
        except (OSError, UnicodeError, ValueError) as error:
            raise httpx.ConnectError(f"{host} has no address: {error}", request=request) from error
        if not found:
            raise httpx.ConnectError(f"{host} has no address", request=request)
        return found[0]

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()
