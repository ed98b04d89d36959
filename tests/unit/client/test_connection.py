"""What answers mean, and how long an axis that is away is waited for; no sockets, no sleeping."""

import httpx
import pytest

from docaxis.client.connection import Connection, InsecureAddress, Patience, json_object
from docaxis.client.errors import RejectedAnswer, RejectedByAxis, UnavailableAxis


class Clock:
    """Time that passes only by pausing."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def connection(answers: list[httpx.Response | Exception], clock: Clock, patience: Patience) -> Connection:
    def answer(request: httpx.Request) -> httpx.Response:
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    return Connection(
        "https://axis.test",
        "credential",
        patience=patience,
        transport=httpx.MockTransport(answer),
        pause=clock.pause,
        jitter=lambda: 0.5,
        monotonic=lambda: clock.now,
    )


async def test_pauses_grow_to_their_longest_and_retry_after_is_obeyed() -> None:
    clock = Clock()
    away = [httpx.Response(503) for _ in range(4)] + [httpx.Response(429, headers={"Retry-After": "7"})]
    axis = connection([*away, httpx.Response(200, json={})], clock, Patience(60, first_pause=1, longest_pause=4))
    assert json_object(await axis.ask("GET", "/v1/inbox")) == {}
    assert clock.pauses == [1, 2, 4, 4, 7]
    await axis.close()


async def test_patience_is_never_exceeded() -> None:
    clock = Clock()
    axis = connection([httpx.Response(503) for _ in range(9)], clock, Patience(5, first_pause=1, longest_pause=4))
    with pytest.raises(UnavailableAxis):
        await axis.ask("GET", "/v1/inbox")
    assert clock.now <= 5
    await axis.close()


@pytest.mark.parametrize(
    ("method", "failure", "unknown"),
    [
        ("POST", httpx.ReadTimeout("slow"), True),
        ("POST", httpx.RemoteProtocolError("closed"), True),
        ("POST", httpx.ConnectError("refused"), False),
        ("GET", httpx.ReadTimeout("slow"), False),
    ],
)
async def test_an_outcome_is_unknown_only_if_something_may_have_happened(
    method: str, failure: Exception, *, unknown: bool
) -> None:
    axis = connection([failure], Clock(), Patience())
    with pytest.raises(UnavailableAxis) as caught:
        await axis.once(method, "/v1/submissions")
    assert caught.value.outcome_unknown is unknown
    await axis.close()


async def test_a_refusal_is_not_repeated() -> None:
    clock = Clock()
    body = {"code": "idempotency-conflict", "title": "x", "title_vi": "y"}
    axis = connection([httpx.Response(409, json=body)], clock, Patience())
    with pytest.raises(RejectedByAxis) as caught:
        await axis.ask("POST", "/v1/submissions")
    assert (caught.value.code, clock.pauses) == ("idempotency-conflict", [])
    await axis.close()


async def test_an_intermediarys_page_is_still_told_as_a_problem() -> None:
    axis = connection([httpx.Response(404, text="<html>")], Clock(), Patience())
    with pytest.raises(RejectedByAxis) as caught:
        await axis.ask("GET", "/v1/inbox")
    assert caught.value.code == "http-404"
    await axis.close()


@pytest.mark.parametrize("body", ["[]", "x", "1"])
async def test_an_answer_that_is_no_object_is_refused(body: str) -> None:
    axis = connection([httpx.Response(200, text=body)], Clock(), Patience())
    with pytest.raises(RejectedAnswer):
        json_object(await axis.ask("GET", "/v1/inbox"))
    await axis.close()


@pytest.mark.parametrize("url", ["http://axis.test", "http://10.0.0.1", "ftp://127.0.0.1", "http://localhost.test"])
def test_credentials_do_not_travel_in_clear(url: str) -> None:
    with pytest.raises(InsecureAddress):
        Connection(url, "credential", patience=Patience())


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://axis.test"])
async def test_loopback_and_tls_are_let_pass(url: str) -> None:
    await Connection(url, "credential", patience=Patience()).close()
