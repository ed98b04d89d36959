"""What a witness is sent and what it answers, over HTTP, within bounds: it may be hostile, or somebody in its place."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import httpx

from docaxis_signing.transparency.checkpoint import decode_number
from docaxis_signing.transparency.problems import RejectedNote
from docaxis_signing.transparency.witnessing import ADD_CHECKPOINT, AddCheckpoint, latest_path

MAX_ANSWER: Final = 64 * 1024
"""Bytes of an answer that are read: a cosignature has 200, a checkpoint with 100 signatures less than this."""


class SilentWitness(Exception):
    """A witness did not answer, or not with what it was asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` is at most `MAX_ANSWER` bytes that nobody vouches for."""

    status: int
    body: bytes

    def text(self) -> str:
        """Give the body as text.

        Raises:
            SilentWitness: It is none.
        """
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise SilentWitness("an answer that is no text") from error

    def size(self) -> int:
        """Give the size that a conflict names.

        Raises:
            SilentWitness: It names none; a size is never negative.
        """
        try:
            return decode_number(self.text().removesuffix("\n"))
        except RejectedNote as error:
            raise SilentWitness(f"a conflict without a size: {error}") from error


class WitnessAddress:
    """One witness on HTTP. Neither redirects nor compression are taken from it."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url.rstrip("/")

    async def add(self, request: AddCheckpoint) -> Answer:
        """Ask it to cosign.

        Raises:
            SilentWitness: It cannot be reached, or answers more than it should.
        """
        return await self._exchange("POST", ADD_CHECKPOINT, request.to_bytes())

    async def latest(self, origin: str) -> bytes | None:
        """Give what it says to be the latest checkpoint it cosigned of a log; None if it has none to show.

        Raises:
            SilentWitness: As of `add`.
        """
        answer = await self._exchange("GET", latest_path(origin), None)
        return answer.body if answer.status == HTTPStatus.OK else None

    async def _exchange(self, method: str, path: str, content: bytes | None) -> Answer:
        body = bytearray()
        try:
            async with self._client.stream(
                method,
                self._url + path,
                content=content,
                headers={"Accept-Encoding": "identity"},
                follow_redirects=False,
            ) as answer:
                if "content-encoding" in answer.headers:
                    raise SilentWitness("a compressed answer, which was not asked for")
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise SilentWitness(f"an answer of more than {MAX_ANSWER} bytes")
                return Answer(answer.status_code, bytes(body))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise SilentWitness(str(error) or repr(error)) from error
