"""One connection to the axis: requests, what their answers mean, and patience with an axis that is away.

Every request of the SDK is safe to repeat: submissions, reports and hand-overs carry the member's own key, uploads name
their content by hash. So patience is one loop around whole attempts.
"""

import asyncio
import ipaddress
import json
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import httpx

from docaxis.client.errors import ClientError, ProblemReport, RejectedAnswer, RejectedByAxis, UnavailableAxis
from docaxis_schemas.problems import Code

T = TypeVar("T")

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 60.0
"""Longer than the axis takes for anything but a wait that was asked for."""
MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of a JSON answer that is read; pages of the inbox stay far below."""
TEMPORARY: Final = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses after which the same request may succeed (RFC 9110, RFC 6585)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an attempt is repeated, and how the pauses between attempts grow. Seconds; None: for ever."""

    seconds: float | None = 120.0
    first_pause: float = 0.2
    longest_pause: float = 10.0


ENDLESS: Final = Patience(seconds=None, longest_pause=30.0)
"""For subscribers: an axis that is away for a weekend is waited for."""


class InsecureAddress(ClientError):
    """The address would carry the credential in clear over a network."""


def is_loopback(url: httpx.URL) -> bool:
    """Say whether the address stays on this machine."""
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return url.host == "localhost"


class Connection:
    """Speaks HTTP with one axis as one principal."""

    def __init__(
        self,
        url: str,
        credential: str,
        *,
        patience: Patience,
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        base = httpx.URL(url)
        if base.scheme != "https" and not (base.scheme == "http" and is_loopback(base)):
            raise InsecureAddress(f"{url}: an axis that is not on this machine is reached by https only")
        self.patience = patience
        self._pause, self._jitter, self._monotonic = pause, jitter, monotonic
        self._http = httpx.AsyncClient(
            base_url=base,
            headers={"Authorization": f"Bearer {credential}", "Accept": "application/json"},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            verify=tls if tls is not None else True,
            transport=transport,
            follow_redirects=False,  # a redirect would carry the credential to a place nobody configured
            trust_env=not is_loopback(base),  # a proxy of the environment cannot reach this machine's loopback
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def once(self, method: str, path: str, *, wait: float = 0.0, **parts: Any) -> httpx.Response:
        """Send one request and read its answer; ``wait`` is how long the axis was asked to hold it.

        Raises:
            RejectedByAxis: The axis refused.
            UnavailableAxis: It could not be reached, or cannot work now.
        """
        async with self.open(method, path, wait=wait, **parts) as response:
            await _read(response)
            return response

    @asynccontextmanager
    async def open(self, method: str, path: str, *, wait: float = 0.0, **parts: Any) -> AsyncIterator[httpx.Response]:
        """Send one request and leave the body of a good answer to the caller."""
        timeout = httpx.Timeout(ANSWER_SECONDS + wait, connect=CONNECT_SECONDS)
        try:
            async with self._http.stream(method, path, timeout=timeout, **parts) as response:
                if not response.is_success:
                    await _read(response)
                    raise _refusal(response)
                yield response
        except httpx.TransportError as error:
            changes = method not in {"GET", "HEAD"} and not isinstance(error, httpx.ConnectError)
            raise UnavailableAxis(f"{type(error).__name__}: {error}".rstrip(": "), outcome_unknown=changes) from error

    async def ask(self, method: str, path: str, *, patience: Patience | None = None, **parts: Any) -> httpx.Response:
        """Send a request until it is answered or patience ends; ``parts`` must be fit for repeating."""
        return await self.persist(lambda: self.once(method, path, **parts), patience)

    async def persist(self, attempt: Callable[[], Awaitable[T]], patience: Patience | None = None) -> T:
        """Repeat an attempt while the axis is unavailable.

        Raises:
            UnavailableAxis: The last one, when patience has ended.
        """
        limits = patience or self.patience
        began, step = self._monotonic(), limits.first_pause
        while True:
            try:
                return await attempt()
            except UnavailableAxis as error:
                seconds = error.retry_after if error.retry_after is not None else step * (0.5 + self._jitter())
                if limits.seconds is not None and self._monotonic() - began + seconds > limits.seconds:
                    raise
            await self._pause(seconds)
            step = min(step * 2, limits.longest_pause)


async def _read(response: httpx.Response) -> None:
    declared = response.headers.get("Content-Length", "0")
    if declared.isdecimal() and int(declared) > MAX_ANSWER:
        raise RejectedAnswer(f"an answer of {declared} bytes")
    await response.aread()


def _refusal(response: httpx.Response) -> ClientError:
    try:
        value = json.loads(response.content) if response.content else {}
    except ValueError:
        value = {}  # an intermediary's page
    return problem_error(response.status_code, value if isinstance(value, dict) else {}, _seconds(response.headers))


def problem_error(status: int, value: Mapping[str, Any], retry_after: float | None = None) -> ClientError:
    """Give the error that a problem means: for good, or for now. ``retry_after`` is in seconds."""
    problem = ProblemReport.from_json(status, value)
    if status not in TEMPORARY:
        return RejectedByAxis(problem)
    return UnavailableAxis(
        f"{problem.code}: {problem.sentence('en')}",
        problem=problem,
        retry_after=retry_after,
        outcome_unknown=problem.code == Code.OUTCOME_UNKNOWN or status in {502, 504},
    )


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After in seconds; its date form depends on two clocks and is treated as absent."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isdecimal() and len(text) < 7 else None


def json_object(response: httpx.Response) -> dict[str, Any]:
    """Read the answer's JSON object.

    Raises:
        RejectedAnswer: It is none.
    """
    try:
        value = response.json()
    except ValueError as error:
        raise RejectedAnswer(f"{response.request.url.path}: the answer is not JSON") from error
    if not isinstance(value, dict):
        raise RejectedAnswer(f"{response.request.url.path}: the answer is no JSON object")
    return value
