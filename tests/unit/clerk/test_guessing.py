"""Guessed passwords wait; the person whose account it is does not wait for the guesser."""

import pytest
from starlette.responses import Response

from docaxis.clerk.cookies import Cookie, Cookies
from docaxis.clerk.guessing import ACCOUNT_FAILURES, Guessing
from docaxis.limiting import FAILURES, RECOVERY_SECONDS
from docaxis.storage.contents import FileStoreKey

KEY = FileStoreKey(bytes(range(32)))


class Seconds:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def guessing(seconds: Seconds) -> Guessing:
    return Guessing(seconds, KEY)


def guess(guessing: Guessing, account: str, *, sender: str, mark: str = "", times: int = 1) -> int:
    """Guess, and say how many of the guesses were let through."""
    through = 0
    for _ in range(times):
        attempt = guessing.attempt(account, sender=sender, mark=mark)
        if attempt.wait() == 0:
            attempt.fail()
            through += 1
    return through


def test_one_sender_has_a_few_tries_whatever_the_accounts(guessing: Guessing) -> None:
    assert sum(guess(guessing, f"văn thư {n}", sender="a") for n in range(50)) == FAILURES
    assert guess(guessing, "văn thư 1", sender="b") == 1


def test_many_senders_together_have_not_many_more(guessing: Guessing, seconds: Seconds) -> None:
    assert sum(guess(guessing, "văn thư", sender=f"sender {n}") for n in range(500)) == ACCOUNT_FAILURES
    seconds.now += RECOVERY_SECONDS
    assert guess(guessing, "văn thư", sender="another", times=5) == 1


def test_a_known_browser_is_not_shut_out_by_guesses_from_elsewhere(guessing: Guessing) -> None:
    mark = guessing.mark("văn thư")
    for n in range(500):
        guess(guessing, "văn thư", sender=f"sender {n}")
    guess(guessing, "văn thư", sender="office", times=50)
    assert guessing.attempt("văn thư", sender="office", mark="").wait() > 0
    assert guessing.attempt("văn thư", sender="office", mark=mark).wait() == 0


def test_a_known_browser_has_a_few_tries_too(guessing: Guessing) -> None:
    mark = guessing.mark("văn thư")
    assert guess(guessing, "văn thư", sender="a", mark=mark, times=50) == FAILURES


@pytest.mark.parametrize("made_for", ["văn thư khác", "", "VĂN THƯ"])
def test_a_mark_for_one_account_is_worth_nothing_for_another(guessing: Guessing, made_for: str) -> None:
    mark = guessing.mark(made_for)
    assert guess(guessing, "văn thư", sender="a", mark=mark, times=50) == FAILURES
    assert guessing.attempt("văn thư", sender="a", mark=mark).wait() > 0
    assert guessing.attempt("văn thư", sender="b", mark="").wait() == 0, "it was counted by its sender"


@pytest.mark.parametrize("mark", ["", "a", "====", "đoán", "A" * 80, "\udc80", "A" * 100_000])
def test_what_is_no_mark_counts_as_none(guessing: Guessing, mark: str) -> None:
    guess(guessing, "văn thư", sender="a", mark=mark, times=50)
    assert guessing.attempt("khác", sender="a", mark="").wait() > 0


def test_a_mark_outlives_a_restart_and_not_its_key(guessing: Guessing, seconds: Seconds) -> None:
    mark = guessing.mark("văn thư")
    for fresh, known in ((Guessing(seconds, KEY), True), (Guessing(seconds, FileStoreKey(bytes(32))), False)):
        guess(fresh, "khác", sender="a", times=50)
        assert (fresh.attempt("văn thư", sender="a", mark=mark).wait() == 0) is known


@pytest.mark.parametrize("cookie", list(Cookie))
def test_behind_tls_every_cookie_bears_the_host_prefix_and_what_it_demands(cookie: Cookie) -> None:
    given, dropped = Response(), Response()
    cookies = Cookies(secure=True)
    cookies.give(given, cookie, "value")
    cookies.drop(dropped, cookie)
    for response in (given, dropped):
        head, *attributes = response.headers["set-cookie"].split("; ")
        assert head.startswith(f"__Host-docaxis-{cookie.value}=")
        # RFC 6265bis, 4.1.3.2: a browser refuses the prefix without Secure and Path=/, or with a Domain.
        across = "lax" if cookie is Cookie.TRIP else "strict"  # the provider's answer comes from another site
        assert {"Secure", "HttpOnly", "Path=/", f"SameSite={across}"} <= set(attributes)
        assert not [one for one in attributes if one.lower().startswith("domain")]
    assert "Max-Age=0" in dropped.headers["set-cookie"]


def test_on_this_machine_without_tls_cookies_have_plain_names() -> None:
    response = Response()
    Cookies(secure=False).give(response, Cookie.SESSION, "value")
    head, *attributes = response.headers["set-cookie"].split("; ")
    assert head == "docaxis-session=value"
    assert {"HttpOnly", "SameSite=strict"} <= set(attributes)
    assert "Secure" not in attributes
