"""Passwords, kept as argon2id. Checking one costs 64 MiB and some 50 ms on purpose: few are checked at once."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE: Final = 2
"""Checks at the same time: more would let anybody who can reach the sign-in page fill the memory."""
MAX_PASSWORD: Final = 200
"""Characters; longer ones are wrong without being looked at."""


class Passwords:
    """Hashes and checks (RFC 9106, low-memory recommendation: t=3, 64 MiB, p=4)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._nobodys = self._hasher.hash("nobody's")

    def hash(self, password: str) -> str:
        """Give what is kept of a password."""
        return self._hasher.hash(password)

    async def matches(self, password: str, kept: str | None) -> bool:
        """Say whether this is the password; None (no such account) takes as long as a wrong one."""
        if len(password) > MAX_PASSWORD:
            return False
        async with self._gate:
            return await asyncio.to_thread(self._check, password, kept)

    def _check(self, password: str, kept: str | None) -> bool:
        try:
            self._hasher.verify(self._nobodys if kept is None else kept, password)
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None
