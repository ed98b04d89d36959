"""What the pages leave in a browser. Behind TLS under ``__Host-`` names, which no neighbouring host can set or read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

DAY: Final = 24 * 3600


class Cookie(StrEnum):
    """The cookies there are."""

    SESSION = "session"
    LANGUAGE = "language"
    BROWSER = "browser"
    """Says that somebody signed in to an account here before (`docaxis.clerk.guessing`)."""
    TRIP = "trip"
    """A sign-in at a provider that is under way (`docaxis.clerk.oidc.trips`)."""


LIVES: Final = {Cookie.SESSION: None, Cookie.LANGUAGE: 365 * DAY, Cookie.BROWSER: 180 * DAY, Cookie.TRIP: 600}
"""Seconds; the session ends with the browser, and with its row."""
ACROSS_SITES: Final = frozenset({Cookie.TRIP})
"""Come along when another site sends the browser here by a link (SameSite=Lax), as a provider does."""


@dataclass(frozen=True, slots=True)
class Cookies:
    """Sets and reads cookies; ``secure`` where browsers come through TLS, plain only on this machine itself."""

    secure: bool

    def name(self, cookie: Cookie) -> str:
        """Give the name. With ``__Host-`` a browser takes it only with Secure, with Path=/ and without a Domain."""
        return f"{'__Host-' if self.secure else ''}docaxis-{cookie.value}"

    def read(self, request: Request, cookie: Cookie) -> str:
        """Give what a browser sent, empty if nothing."""
        return request.cookies.get(self.name(cookie), "")

    def give(self, response: Response, cookie: Cookie, value: str) -> None:
        """Leave a value in the browser, out of reach of scripts and of other sites."""
        self._set(response, cookie, value, LIVES[cookie])

    def drop(self, response: Response, cookie: Cookie) -> None:
        """Take it away: with the same attributes, else a browser keeps a ``__Host-`` cookie."""
        self._set(response, cookie, "", 0)

    def _set(self, response: Response, cookie: Cookie, value: str, max_age: int | None) -> None:
        response.set_cookie(
            self.name(cookie),
            value,
            max_age=max_age,
            httponly=True,
            samesite="lax" if cookie in ACROSS_SITES else "strict",
            secure=self.secure,
            path="/",
        )
