"""Asks witnesses to cosign, and believes what they show, not what they say (c2sp.org/tlog-witness).

A witness that refuses says either that it has seen more of the log, or that the log does not continue what it saw. Both
are true of a log that was set back or forked, and both cost a liar nothing. So it is asked for the checkpoint it saw:
one that this log's key signed and that the present tree does not continue is the proof, and stops the log. Without it
the witness is left out, an alarm names it, and the others decide by the policy's quorum.
"""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

import httpx
import structlog

from docaxis.registrar.asking import Answer, SilentWitness, WitnessAddress
from docaxis.registrar.problems import RefusedToSign
from docaxis_signing.transparency.checkpoint import Checkpoint, SignedCheckpoint
from docaxis_signing.transparency.note import Note, Signature, Verifier, parse_signatures
from docaxis_signing.transparency.policy import Policy, Witness
from docaxis_signing.transparency.problems import RejectedNote
from docaxis_signing.transparency.witnessing import AddCheckpoint

ANSWER_SECONDS: Final = 2.0
"""For all that is asked of one witness for one checkpoint. One that takes longer is left out of it: entries are to be
published within five seconds."""
REST_SECONDS: Final = 15.0
"""How long a witness that did not cosign is not asked again."""
ATTEMPTS: Final = 2
"""The second one begins at the size that the witness told after the first."""


class UnprovenClaim(SilentWitness):
    """A witness says that the log was set back or forked, and does not show the checkpoint that would prove it."""


class Past(Protocol):
    """What the log can prove of itself."""

    def proof_since(self, old: int) -> Sequence[bytes]:
        """Prove that the present tree continues the one of ``old`` leaves."""

    def root_of(self, size: int) -> bytes:
        """Give the root of the first ``size`` leaves of the present tree."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of asking: the cosignatures, whether they suffice, and why each other witness gave none.

    ``claims`` are those of ``causes`` that somebody has to look at.
    """

    cosignatures: tuple[Signature, ...]
    enough: bool
    causes: tuple[str, ...] = ()
    claims: int = 0


class Asked(Protocol):
    """What the keeper of the log wants of its witnesses."""

    async def cosign(self, signed: SignedCheckpoint, past: Past) -> Round:
        """Ask for cosignatures and give those that were to be had in time."""


class Witnesses:
    """The witnesses of a policy that have an address.

    Raises:
        RefusedToSign: From `cosign`: a witness has shown that this log contradicts what it signed.
    """

    def __init__(self, policy: Policy, log: Verifier, client: httpx.AsyncClient) -> None:
        self._policy = policy
        self._log_key = log
        self._witnesses = [one for one in policy.witnesses.values() if one.url]
        self._addresses = {one.name: WitnessAddress(client, one.url) for one in self._witnesses}
        self._seen: dict[str, int] = {}
        self._resting: dict[str, tuple[float, SilentWitness]] = {}
        self._log = structlog.get_logger("docaxis.registrar")

    @property
    def can_suffice(self) -> bool:
        """Whether the quorum is to be had at all from the witnesses that have an address."""
        return self._enough(frozenset(self._addresses))

    async def cosign(self, signed: SignedCheckpoint, past: Past) -> Round:
        """Ask for cosignatures and give those that were to be had in time.

        Raises:
            RefusedToSign: A witness has shown a checkpoint of this log that the present tree does not continue.
        """
        now = asyncio.get_running_loop().time()
        self._resting = {name: rest for name, rest in self._resting.items() if rest[0] > now}
        asked = [one for one in self._witnesses if one.name not in self._resting]
        answers = await asyncio.gather(*(self._in_time(one, signed, past) for one in asked), return_exceptions=True)
        found: dict[str, Signature] = {}
        for witness, answer in zip(asked, answers, strict=True):
            if isinstance(answer, SilentWitness):
                self._resting[witness.name] = (now + REST_SECONDS, answer)
                self._tell(witness, answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[witness.name] = answer
        return self._round(found)

    def _round(self, found: dict[str, Signature]) -> Round:
        silent = {name: why for name, (_, why) in self._resting.items()}
        return Round(
            tuple(found.values()),
            self._enough(frozenset(found)),
            tuple(f"{name}: {why}" for name, why in silent.items()),
            sum(isinstance(why, UnprovenClaim) for why in silent.values()),
        )

    def _enough(self, names: frozenset[str]) -> bool:
        return bool(names) and self._policy.satisfied(names)

    def _tell(self, witness: Witness, why: SilentWitness) -> None:
        if isinstance(why, UnprovenClaim):
            self._log.error("a witness accuses the log and shows nothing", witness=witness.name, cause=str(why))
        else:
            self._log.warning("witness did not cosign", witness=witness.name, cause=str(why))

    async def _in_time(self, witness: Witness, signed: SignedCheckpoint, past: Past) -> Signature:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._ask(witness, signed, past)
        except TimeoutError as error:
            raise SilentWitness(f"no answer within {ANSWER_SECONDS:.0f} s") from error

    async def _ask(self, witness: Witness, signed: SignedCheckpoint, past: Past) -> Signature:
        size = signed.checkpoint.size
        old = min(self._seen.get(witness.name, size), size)
        for _ in range(ATTEMPTS):
            hashes = tuple(await asyncio.to_thread(past.proof_since, old))
            request = AddCheckpoint(old, hashes, signed.note.to_bytes())
            answer = await self._addresses[witness.name].add(request)
            if answer.status == HTTPStatus.OK:
                cosignature = _cosignature(witness, signed, answer)
                self._seen[witness.name] = size
                return cosignature
            if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
                await self._hear(witness, signed.checkpoint, past)
                raise UnprovenClaim(f"says that {size} leaves do not continue the {old} it cosigned")
            if answer.status != HTTPStatus.CONFLICT:
                break
            old = answer.size()
            if old > size:
                await self._hear(witness, signed.checkpoint, past)
                raise UnprovenClaim(f"says that it cosigned {old} leaves, of a log that has {size}")
        raise SilentWitness(f"answered {answer.status}")

    async def _hear(self, witness: Witness, present: Checkpoint, past: Past) -> None:
        """Ask for the checkpoint that a witness means, and stop the log if it is one, and not of its past."""
        shown = await self._addresses[witness.name].latest(present.origin)
        try:
            seen = None if shown is None else SignedCheckpoint.open(shown, self._log_key)
        except RejectedNote as error:
            raise UnprovenClaim(f"accuses the log with what the log did not sign: {error}") from error
        if seen is None:
            return
        found = seen.checkpoint
        if found.size > present.size:
            raise _refusal(
                witness,
                seen,
                f"the witness {witness.name} has a checkpoint of {found.size} leaves that this log signed, and this "
                f"log knows only {present.size}: an old copy of it was restored, or there is another one",
            )
        if await asyncio.to_thread(past.root_of, found.size) != found.root:
            raise _refusal(
                witness,
                seen,
                f"the witness {witness.name} has a checkpoint of {found.size} leaves that this log signed, and the "
                f"present {present.size} leaves do not continue it: a fork",
            )


def _refusal(witness: Witness, seen: SignedCheckpoint, why: str) -> RefusedToSign:
    """Refuse, and keep the proof in the log line: it is evidence."""
    shown = seen.note.to_bytes().decode()
    structlog.get_logger("docaxis.registrar").critical(
        "a witness shows a checkpoint that contradicts the log", witness=witness.name, checkpoint=shown
    )
    return RefusedToSign(f"{why} (root {base64.b64encode(seen.checkpoint.root).decode()})")


def _cosignature(witness: Witness, signed: SignedCheckpoint, answer: Answer) -> Signature:
    try:
        return Note(signed.note.text, parse_signatures(answer.text())).open((witness.verifier,))[0]
    except RejectedNote as error:
        raise SilentWitness(f"its cosignature does not hold: {error}") from error
