"""What must hold before an ID token says who somebody is (OpenID Connect Core 1.0, 3.1.3.7). Pure.

The issuer, the client and the algorithms come from our settings, never from the token. Nothing here gives a bool:
`read_id_token` gives the subject or raises.
"""

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""Signatures with a public key, in use today: never ``none``, never a MAC whose key we would share."""
MAX_TOKEN: Final = 16 * 1024
MAX_SUBJECT: Final = 255
"""OpenID Connect Core 1.0, section 2."""
LEAST_RSA_BITS: Final = 2048
MAX_KEYS: Final = 50
CLOCK_SKEW: Final = timedelta(seconds=60)
"""How far the provider's clock may be from ours."""
FRESH: Final = timedelta(minutes=10)
"""How old a token may be when it comes back: it is made in the moment in which its code is handed in."""


class RejectedToken(Exception):
    """The provider's answer proves nobody's identity; the text says what is wrong with it, for the log."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say. ``claim`` names what the accounts are linked by."""

    issuer: str
    client_id: str
    nonce: str
    claim: str = "sub"


def read_keys(given: object) -> KeySet:
    """Read the provider's keys (RFC 7517), leaving out what signs nothing for us.

    Raises:
        RejectedToken: None is left.
    """
    listed = given.get("keys") if isinstance(given, dict) else None
    keys: list[Key] = [
        key for one in (listed if isinstance(listed, list) else ())[:MAX_KEYS] if (key := _key(one)) is not None
    ]
    if not keys:
        raise RejectedToken("the provider names no key that signs")
    return KeySet(keys)


def _key(given: object) -> RSAKey | ECKey | None:
    if not isinstance(given, dict) or given.get("use", "sig") != "sig":
        return None
    public: dict[str, Any] = {str(name): value for name, value in given.items()}
    try:
        if public.get("kty") == "RSA":
            return RSAKey.import_key(public) if _bits(public) >= LEAST_RSA_BITS else None
        return ECKey.import_key(public) if public.get("kty") == "EC" else None
    except (JoseError, ValueError, TypeError):
        return None


def _bits(public: Mapping[str, Any]) -> int:
    """Give the size of an RSA key; a number that is none has no bits."""
    modulus = public.get("n")
    return 0 if not isinstance(modulus, str) else int.from_bytes(urlsafe_b64decode(f"{modulus}==")).bit_length()


def read_id_token(token: str, keys: KeySet, expected: Expected, now: datetime) -> str:
    """Give who the token says signed in.

    Raises:
        RejectedToken: Not signed by these keys, for somebody else, of another sign-in, or not of now.
    """
    if len(token) > MAX_TOKEN:
        raise RejectedToken("the token is too large")
    try:
        decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise RejectedToken(f"the token's signature: {type(error).__name__}") from error
    if str(decoded.header.get("typ", "JWT")).upper() != "JWT":
        raise RejectedToken("a token of another type")
    claims = decoded.claims
    _check_parties(claims, expected)
    _check_times(claims, now)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise RejectedToken("the token answers another sign-in (nonce)")
    subject = claims.get(expected.claim)
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not isinstance(claims.get("sub"), str):
        raise RejectedToken(f"the token names nobody ({expected.claim})")
    return subject


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise RejectedToken("the token is another issuer's")
    audience = claims.get("aud")
    named: Sequence[Any] = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in named:
        raise RejectedToken("the token is for another client")
    if (len(named) > 1 or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise RejectedToken("the token was issued to another client (azp)")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    at, skew = now.timestamp(), CLOCK_SKEW.total_seconds()
    if _seconds(claims, "exp") <= at - skew:
        raise RejectedToken("the token has expired")
    issued = _seconds(claims, "iat")
    if issued > at + skew or issued < at - skew - FRESH.total_seconds():
        raise RejectedToken("the token was not issued now (are the clocks right?)")
    if "nbf" in claims and _seconds(claims, "nbf") > at + skew:
        raise RejectedToken("the token is not valid yet")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RejectedToken(f"the token has no {name}")
    return float(value)
