"""What must hold after every bad input, whatever it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from badinputs.house import Draft, House
from badinputs.table import NATURAL_KEY_TAKEN, Case, Problem, Refusal
from docaxis_schemas.problems import PROBLEMS
from docaxis_signing.causes import EXPLANATIONS
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import Cause


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back to whoever sent something bad, and the draft of it, if nothing of it may have been taken."""

    status: int
    value: dict[str, Any]
    draft: Draft | None = None

    @classmethod
    def of(cls, response: httpx.Response, draft: Draft | None = None) -> "Answered":
        """Take an answer; a refusal is a problem in the form of RFC 9457."""
        if response.status_code >= 400:
            assert response.headers["content-type"] == "application/problem+json"
        return cls(response.status_code, response.json(), draft)


def parametrised(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """Make one test of each case."""
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def played(acts: Mapping[str, object], cases: Sequence[Case]) -> None:
    """Assert that exactly the cases of the table are played."""
    assert sorted(acts) == sorted(case.name for case in cases)


async def told(house: House, case: Case, answered: Answered) -> None:
    """Assert that the sender was told what the table says, and that nobody else noticed anything."""
    if isinstance(case.told, Problem):
        _problem(case.told, answered)
        if answered.draft is not None:
            assert not await house.claimed(answered.draft.submission)
            assert await house.reached(answered.draft.submission) == []
    else:
        assert isinstance(case.told, Refusal)
        assert answered.draft is not None
        await refused(house, answered.draft, answered.value, case.told.cause)


def _problem(wanted: Problem, answered: Answered) -> None:
    problem, value = PROBLEMS[wanted.code], answered.value
    assert (answered.status, value["status"], value["code"]) == (problem.status, problem.status, wanted.code.value)
    assert (value["title_vi"], value["title"]) == (problem.title_vi, problem.title_en)
    assert (value["action_vi"], value["action"]) == (problem.action_vi, problem.action_en)
    assert value["detail_vi"]
    assert value["detail"]


async def refused(house: House, draft: Draft, value: Mapping[str, Any], cause: str) -> None:
    """Assert that a document was judged, refused for this cause, told to its sender, and seen by nobody else."""
    if cause != NATURAL_KEY_TAKEN:
        verdict = value["verdict"]
        assert (value["disposition"], verdict["cause"]) == ("refuse", cause), verdict
        assert verdict["indication"] != "TOTAL-PASSED"
    news = await house.news(draft, "rejected")
    assert news["cause"] == cause
    assert news["sentence"]["vi"]
    assert news["sentence"]["en"]
    if cause != NATURAL_KEY_TAKEN:
        explanation = EXPLANATIONS[Cause(cause)]
        assert news["sentence"] == {"vi": explanation.vi, "en": explanation.en}
    assert await house.reached(draft.submission) == []
    states = {
        row.state
        for row in await house.rows("SELECT state FROM deliveries WHERE submission_id = :id", id=draft.submission)
    }
    assert states == {"refused"}
    for recipient in draft.payload["recipients"]:
        member = house.member_of(recipient["organisation"])
        seen = await house.http.get(f"/v1/submissions/{draft.submission}", headers=house.bearer(member))
        assert seen.status_code == (200 if member == draft.member else 404)


async def nothing_else(house: House) -> None:
    """Assert that nothing named in a document was contacted, and that the axis goes on as before."""
    await house.goes_on()
    assert house.listener.connections == 0
    authorities = TrustStore.load(house.axis.settings().trust).authorities
    own = [address for one in authorities for address in (*one.crl, *one.ocsp)] + [house.axis.settings().log.tsa]
    asked = set(house.axis.responder._requests)
    assert asked <= {urlsplit(address).path for address in own}, "the axis asks where it is set to, and nowhere else"


async def once(house: House, submission: UUID, *recipients: str) -> None:
    """Assert that each of these recipients, and nobody else, has a submission, once in every view."""
    rows = await house.rows(
        "SELECT recipient FROM inbox_items WHERE submission_id = :id AND kind = 'delivery'", id=submission
    )
    assert sorted(row.recipient for row in rows) == sorted(recipients)
    assert await house.reached(submission) == sorted(recipients)
    assert all(house.kafka.deliveries[submission, recipient] <= 1 for recipient in recipients)
