"""Asks witnesses to cosign, and listens when one has seen another log (c2sp.org/tlog-witness)."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final, Protocol

import httpx
import structlog

from docaxis.registrar.problems import RefusedToSign
from docaxis_signing.transparency.checkpoint import SignedCheckpoint
from docaxis_signing.transparency.note import Note, Signature, parse_signatures
from docaxis_signing.transparency.policy import Policy, Witness
from docaxis_signing.transparency.problems import RejectedNote
from docaxis_signing.transparency.witnessing import ADD_CHECKPOINT, AddCheckpoint

ANSWER_SECONDS: Final = 2.0
"""A witness that takes longer is left out of this checkpoint: entries are to be published within five seconds."""
REST_SECONDS: Final = 15.0
"""How long a witness that did not answer is not asked again."""
ATTEMPTS: Final = 2
"""The second one begins at the size that the witness told after the first."""

ProofSince = Callable[[int], Sequence[bytes]]
"""Proves that the present tree continues one of an earlier size."""


class SilentWitness(Exception):
    """A witness did not answer, or not with what it was asked for."""


class Asked(Protocol):
    """What the keeper of the log wants of its witnesses."""

    async def cosign(self, signed: SignedCheckpoint, proof_since: ProofSince) -> Sequence[Signature]:
        """Give the cosignatures that were to be had in time."""


class Witnesses:
    """The witnesses of a policy that have an address."""

    def __init__(self, policy: Policy, client: httpx.AsyncClient) -> None:
        self._witnesses = [one for one in policy.witnesses.values() if one.url]
        self._client = client
        self._seen: dict[str, int] = {}
        self._resting: dict[str, float] = {}
        self._log = structlog.get_logger("docaxis.registrar")

    async def cosign(self, signed: SignedCheckpoint, proof_since: ProofSince) -> Sequence[Signature]:
        """Give the cosignatures that were to be had in time.

        Raises:
            RefusedToSign: A witness has seen a log that this one does not continue.
        """
        now = asyncio.get_running_loop().time()
        asked = [one for one in self._witnesses if self._resting.get(one.name, 0) <= now]
        answers = await asyncio.gather(*(self._ask(one, signed, proof_since) for one in asked), return_exceptions=True)
        found: list[Signature] = []
        for witness, answer in zip(asked, answers, strict=True):
            if isinstance(answer, SilentWitness | httpx.HTTPError):
                self._resting[witness.name] = now + REST_SECONDS
                self._log.warning("witness did not cosign", witness=witness.name, cause=str(answer) or repr(answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.append(answer)
        return found

    async def _ask(self, witness: Witness, signed: SignedCheckpoint, proof_since: ProofSince) -> Signature:
        size = signed.checkpoint.size
        old = self._seen.get(witness.name, size)
        for _ in range(ATTEMPTS):
            hashes = tuple(await asyncio.to_thread(proof_since, old))
            request = AddCheckpoint(old, hashes, signed.note.to_bytes())
            answer = await self._client.post(
                witness.url.rstrip("/") + ADD_CHECKPOINT, content=request.to_bytes(), timeout=ANSWER_SECONDS
            )
            if answer.status_code == HTTPStatus.OK:
                self._seen[witness.name] = size
                return _cosignature(witness, signed, answer.text)
            if answer.status_code != HTTPStatus.CONFLICT:
                break
            old = _size(answer.text)
            if old > size:
                raise RefusedToSign(
                    f"the witness {witness.name} has cosigned a checkpoint of {old} leaves, and this log knows only "
                    f"{size}: an old copy of it was restored, or there is another one"
                )
        if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise RefusedToSign(
                f"the witness {witness.name} says that {size} leaves do not continue the {old} it cosigned: a fork"
            )
        raise SilentWitness(f"answered {answer.status_code}")


def _cosignature(witness: Witness, signed: SignedCheckpoint, lines: str) -> Signature:
    try:
        return Note(signed.note.text, parse_signatures(lines)).open((witness.verifier,))[0]
    except RejectedNote as error:
        raise SilentWitness(f"its cosignature does not hold: {error}") from error


def _size(text: str) -> int:
    try:
        return int(text.strip())
    except ValueError as error:
        raise SilentWitness("a conflict without a size") from error
