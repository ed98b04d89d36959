"""Hand-overs on their way: one goes by itself; those that come while it is under way go together in the next request.

So nothing waits for company, and the busier a member is, the fewer requests a hand-over costs both sides.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from docaxis.client.connection import Connection, json_object, problem_error
from docaxis.client.errors import ClientError, RejectedAnswer, RejectedByAxis, UnavailableAxis
from docaxis.client.records import SIGNED, Sealed

TOGETHER: Final = 32
"""Hand-overs in one request: as many as an axis takes."""
OLDER: Final = frozenset({404, 405})
"""How an axis answers that takes hand-overs one by one only."""


@dataclass(frozen=True, slots=True)
class SealedHandover:
    """A hand-over ready to travel, with the key that it is bound to."""

    delivery_id: UUID
    own_id: str
    sealed: Sealed


_Entry = tuple[SealedHandover, "asyncio.Future[None]"]


class HandoverQueue:
    """Sends the hand-overs of one member; one of those who wait works for all, so that no task of its own is needed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[_Entry] = []
        self._sending = asyncio.Lock()
        self._one_by_one = False

    async def send(self, handover: SealedHandover) -> None:
        """Have one hand-over taken, once; what is wrong with another is not its concern.

        Raises:
            RejectedByAxis: The axis refused this one.
            UnavailableAxis: It could not be reached, or cannot work now; the outcome may be unknown.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (handover, answer)
        self._waiting.append(entry)
        try:
            async with self._sending:
                while not answer.done():
                    group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                    await self._round(group)
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            raise
        answer.result()

    @property
    def _most(self) -> int:
        together = self._waiting[0][0].sealed.media_type == SIGNED and not self._one_by_one
        return TOGETHER if together else 1

    async def _round(self, group: Sequence[_Entry]) -> None:
        failure: Exception = UnavailableAxis("who sent for the others was interrupted", outcome_unknown=True)
        try:
            if len(group) == 1:
                await self._alone(group[0][0])
                group[0][1].set_result(None)
            else:
                await self._together(group)
        except Exception as error:  # noqa: BLE001 - handed to everybody who waits, each raises it
            failure = error
        finally:
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(failure)
                    answer.exception()  # its caller may be gone: asyncio need not tell that nobody asked

    async def _alone(self, handover: SealedHandover) -> None:
        headers = {"Content-Type": handover.sealed.media_type, "Idempotency-Key": handover.own_id}
        path = f"/v1/deliveries/{handover.delivery_id}/handover"
        await self._connection.once("POST", path, headers=headers, content=handover.sealed.data)

    async def _together(self, group: Sequence[_Entry]) -> None:
        records = [handover.sealed.data.decode("ascii") for handover, _ in group]
        body, headers = json.dumps({"records": records}).encode(), {"Content-Type": "application/json"}
        try:
            answer = json_object(await self._connection.once("POST", "/v1/handovers", headers=headers, content=body))
        except RejectedByAxis as error:
            self._one_by_one = self._one_by_one or error.problem.status in OLDER
            for entry in group:  # whatever it was: what one says alone is its own
                await self._round([entry])
            return
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != len(group):
            raise RejectedAnswer("results that are not those of the hand-overs")
        for (handover, waiting), result in zip(group, results, strict=True):
            problem = _error_of(handover, result)
            if problem is None:
                waiting.set_result(None)
            else:
                waiting.set_exception(problem)
                waiting.exception()


def _error_of(handover: SealedHandover, result: object) -> ClientError | None:
    """Say why one of several was not taken; None if it was."""
    value: Mapping[str, Any] = result if isinstance(result, Mapping) else {}
    status, taken, problem = value.get("status"), value.get("taken"), value.get("problem")
    if status == 202 and isinstance(taken, Mapping) and taken.get("delivery_id") == str(handover.delivery_id):
        return None
    if isinstance(status, int) and status >= 400 and isinstance(problem, Mapping):
        return problem_error(status, problem)
    return RejectedAnswer("a result that is not that of the hand-over")
