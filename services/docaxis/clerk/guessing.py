"""Slows down who guesses passwords, and nobody else.

Wrong tries are counted by who sends them and by account. Counting by account alone would let anybody shut a person out;
so a browser in which that person signed in before bears a sealed mark for this account and has a count of its own
(OWASP, "Slow down online guessing attacks with device cookies"). A mark is no credential: the password is still asked.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from docaxis.limiting import FailureLimiter
from docaxis.storage.contents.port import DamagedContent
from docaxis.storage.contents.sealing import StoreKey

ACCOUNT_FAILURES: Final = 100
"""Wrong tries on one account from everywhere: who has many addresses gets no more, and who has one never gets here."""


@dataclass(frozen=True, slots=True)
class Try:
    """One try to sign in, and under which names it is counted."""

    counted: tuple[tuple[FailureLimiter, str], ...]

    def wait(self) -> float:
        """Give the seconds until it is allowed; 0 now."""
        return max(limiter.wait(name) for limiter, name in self.counted)

    def fail(self) -> None:
        """Count it as wrong."""
        for limiter, name in self.counted:
            limiter.fail(name)

    def forgive(self) -> None:
        """Take back what was counted beforehand."""
        for limiter, name in self.counted:
            limiter.forgive(name)


class Guessing:
    """Counts tries; ``key`` seals the marks of browsers, so that they outlive a restart."""

    def __init__(self, monotonic: Callable[[], float], key: StoreKey) -> None:
        self._few = FailureLimiter(monotonic)
        self._many = FailureLimiter(monotonic, failures=ACCOUNT_FAILURES)
        self._key = key

    def attempt(self, account: str, *, sender: str, mark: str) -> Try:
        """Say how a try is counted."""
        if self._is_marked(mark, account):
            return Try(((self._few, f"browser {_digest(mark)}"),))
        return Try(((self._few, f"address {sender}"), (self._many, f"account {_digest(account)}")))

    def mark(self, account: str) -> str:
        """Give what a browser keeps after somebody signed in to an account there."""
        return base64.urlsafe_b64encode(self._key.wrap(b"browser", _place(account))).decode()

    def _is_marked(self, mark: str, account: str) -> bool:
        try:
            self._key.unwrap(base64.b64decode(mark, altchars=b"-_", validate=True), _place(account))
        except (DamagedContent, binascii.Error, ValueError):
            return False
        return True


def account_named(text: str) -> str:
    """Give an account's name as it is kept and counted."""
    return text.strip().lower()


def _digest(text: str) -> str:
    """Names are as long as whoever types them likes; what is remembered of them is not."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _place(account: str) -> str:
    return f"browser of clerk {account}"
