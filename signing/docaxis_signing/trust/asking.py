"""Asking OCSP responders about known signers, ahead of need and at configured addresses only.

A list may be a day old; a responder knows at once that a signer's key was lost. So each registered signer whose
authority has a responder in the trust store is asked about again when half of the last answer's time has passed. What a
good answer says is on the authority's list too, so only those are kept that decide something: every revocation, and
good ones of authorities that keep no list.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from docaxis_signing.trust.addresses import Destination, RejectedAddress
from docaxis_signing.trust.breaker import CircuitBreaker
from docaxis_signing.trust.fetching import HEADERS
from docaxis_signing.trust.ocsp import MAX_ANSWER_BYTES, AnswerStatus, OcspAnswer, RejectedAnswer, ingest_answer
from docaxis_signing.trust.revocation import Listed, RevocationSnapshot
from docaxis_signing.trust.store import SIGNER, ConfiguredAuthority, TrustStore
from docaxis_signing.trust.transport import TEST_AUTHORITY

SECONDS_PER_ANSWER: Final = 10.0
"""Time for one answer, look-up of the name included; responders answer in a fraction of a second."""
AT_ONCE: Final = 4
"""Questions asked at the same time."""
A_TURN: Final = 500
"""Questions of one turn; at five minutes a turn 10,000 signers are through in less than two hours."""
ASK_AGAIN: Final = timedelta(minutes=10)
"""After a question that got no usable answer."""
NONCE_BYTES: Final = 16
"""RFC 9654: 32 at most, 16 at least for those who ask."""


class UnavailableResponder(Exception):
    """A responder did not answer, or with something else than an answer. Asked again later."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A snapshot, new only if an answer changes something, and what went wrong."""

    snapshot: RevocationSnapshot
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Asking:
    """Remembers when whom to ask about again."""

    trust: TrustStore
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    nonces: Callable[[], bytes] = lambda: secrets.token_bytes(NONCE_BYTES)
    _due: dict[tuple[str, int], datetime] = field(default_factory=dict)

    async def turn(
        self,
        snapshot: RevocationSnapshot,
        signers: Iterable[x509.Certificate],
        *,
        client: httpx.AsyncClient,
        now: datetime,
    ) -> Asked:
        """Ask about the signers that are due, those that waited longest first."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(issuer: ConfiguredAuthority, certificate: x509.Certificate) -> OcspAnswer | str:
            async with gate:
                return await self._one(issuer, certificate, snapshot, client, now)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(*pair)) for pair in self._questions(signers, now)]
        found = [task.result() for task in tasks]
        problems = tuple(dict.fromkeys(item for item in found if isinstance(item, str)))
        counting = (item for item in found if isinstance(item, OcspAnswer) and self._counts(item))
        return Asked(snapshot.answered(*counting), problems)

    def _questions(
        self, signers: Iterable[x509.Certificate], now: datetime
    ) -> list[tuple[ConfiguredAuthority, x509.Certificate]]:
        pairs = []
        for certificate in signers:
            issuer = self.trust.issuer_of(certificate, SIGNER)
            if issuer is not None and issuer.ocsp and certificate.not_valid_after_utc > now:
                due = self._due.get((issuer.name, certificate.serial_number), datetime.min.replace(tzinfo=now.tzinfo))
                if due <= now:
                    pairs.append((due, issuer, certificate))
        pairs.sort(key=lambda pair: pair[0])
        return [(issuer, certificate) for _, issuer, certificate in pairs[:A_TURN]]

    def _counts(self, answer: OcspAnswer) -> bool:
        return answer.status is AnswerStatus.REVOKED or not self.trust.named(answer.authority).crl

    async def _one(
        self,
        issuer: ConfiguredAuthority,
        certificate: x509.Certificate,
        snapshot: RevocationSnapshot,
        client: httpx.AsyncClient,
        now: datetime,
    ) -> OcspAnswer | str:
        key, problem = (issuer.name, certificate.serial_number), ""
        for address in issuer.ocsp:
            if self.breaker.open_until(address, now) is not None:
                problem = f"{issuer.name}: {address} keeps failing and is left alone"
                continue
            nonce = self.nonces()
            try:
                der = await ask(client, issuer, certificate, address, nonce)
                self.breaker.succeeded(address)
                answer = ingest_answer(
                    issuer,
                    der,
                    now=now,
                    serial=certificate.serial_number,
                    nonce=nonce,
                    responder_good=Listed(issuer, snapshot, now),
                )
            except UnavailableResponder as error:
                self.breaker.failed(address, now)
                problem = str(error)
            except RejectedAnswer as error:
                problem = str(error)
            else:
                self._due[key] = now + max((answer.next_update - now) / 2, ASK_AGAIN)
                return answer
        self._due[key] = now + ASK_AGAIN
        return problem


async def ask(
    client: httpx.AsyncClient,
    issuer: ConfiguredAuthority,
    certificate: x509.Certificate,
    address: str,
    nonce: bytes,
) -> bytes:
    """Ask one responder about one certificate, and give what it sends; redirects are not followed.

    Raises:
        UnavailableResponder: No answer in time, an address that is not contacted, an error, or too much.
    """
    question = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer.certificate, hashes.SHA1())  # noqa: S303 - RFC 6960 identifies by it
    body = question.add_extension(x509.OCSPNonce(nonce), critical=False).build().public_bytes(Encoding.DER)
    headers = HEADERS | {"Content-Type": "application/ocsp-request"}
    try:
        destination = Destination.of(address, test=issuer.is_test)
        async with (
            asyncio.timeout(SECONDS_PER_ANSWER),
            client.stream(
                "POST",
                destination.url,
                content=body,
                headers=headers,
                extensions={TEST_AUTHORITY: issuer.is_test},
            ) as response,
        ):
            return await _read(response, issuer, address)
    except RejectedAddress as error:
        raise UnavailableResponder(f"{issuer.name}: not contacted: {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise UnavailableResponder(f"{issuer.name}: {address}: {type(error).__name__} {error}") from error


async def _read(response: httpx.Response, issuer: ConfiguredAuthority, address: str) -> bytes:
    if response.status_code != httpx.codes.OK or response.headers.get("content-encoding", "identity") != "identity":
        raise UnavailableResponder(f"{issuer.name}: {address} answered {response.status_code}")
    received = bytearray()
    async for chunk in response.aiter_bytes():
        received += chunk
        if len(received) > MAX_ANSWER_BYTES:
            raise UnavailableResponder(f"{issuer.name}: {address} sends more than {MAX_ANSWER_BYTES} bytes")
    return bytes(received)
