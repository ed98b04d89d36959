"""A browser's way to the provider and back: what was asked is sealed in a cookie of that very browser.

State, nonce and code verifier are known to this browser alone; an answer that another browser brings, or that comes
late, finds no trip. Each is used once (`ClerkIdentities.use`).
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from docaxis.storage.contents.port import DamagedContent
from docaxis.storage.contents.sealing import StoreKey

TRIP_LIFE: Final = timedelta(minutes=10)
"""Typing a password and a second factor at the provider."""
SECRET_BYTES: Final = 32
_PLACE: Final = "sign-in at a provider"


class NoTrip(Exception):
    """The answer belongs to no sign-in that this browser began, or to one too long ago."""


@dataclass(frozen=True, slots=True)
class Trip:
    """One sign-in under way."""

    state: str
    nonce: str
    verifier: str
    begun_at: datetime

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (RFC 7636, S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @property
    def state_digest(self) -> bytes:
        """Under what it is remembered that this trip is over."""
        return hashlib.sha256(self.state.encode()).digest()


def begin_trip(at: datetime) -> Trip:
    """Begin a sign-in."""
    state, nonce, verifier = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(3))
    return Trip(state, nonce, verifier, at)


def seal_trip(trip: Trip, key: StoreKey) -> str:
    """Give what the browser keeps."""
    held = json.dumps([trip.state, trip.nonce, trip.verifier, trip.begun_at.timestamp()]).encode()
    return base64.urlsafe_b64encode(key.wrap(held, _PLACE)).decode()


def open_trip(cookie: str, state: str, key: StoreKey, now: datetime) -> Trip:
    """Give the trip that a browser kept and the provider's answer belongs to.

    Raises:
        NoTrip: None.
    """
    try:
        held = json.loads(key.unwrap(base64.b64decode(cookie, altchars=b"-_", validate=True), _PLACE))
    except (DamagedContent, binascii.Error, ValueError) as error:
        raise NoTrip from error
    trip = Trip(held[0], held[1], held[2], datetime.fromtimestamp(held[3], now.tzinfo))
    if not hmac.compare_digest(trip.state.encode(), state.encode("utf-8", "surrogatepass")):
        raise NoTrip
    if not timedelta(0) <= now - trip.begun_at < TRIP_LIFE:
        raise NoTrip
    return trip
