"""Whatever stands in an ID token or a set of keys, it is read or refused; no other exception comes out."""

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey

from docaxis.clerk.oidc.tokens import CLOCK_SKEW, FRESH, Expected, RejectedToken, read_id_token, read_keys
from docaxis.clerk.oidc.trips import TRIP_LIFE, NoTrip, begin_trip, open_trip, seal_trip
from docaxis.storage.contents import FileStoreKey

NOW = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
KEY = ECKey.generate_key("P-256", {"kid": "k"})
KEYS = read_keys({"keys": [KEY.as_dict(private=False)]})
EXPECTED = Expected("https://sso.example", "pages", "nonce")
CLAIMS = {
    "iss": "https://sso.example",
    "sub": "nguoi-1",
    "aud": ["pages"],
    "nonce": "nonce",
    "iat": NOW.timestamp(),
    "exp": NOW.timestamp() + 60,
}
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def signed(claims: dict[str, Any], **header: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": "k"} | header, claims, KEY, algorithms=["ES256"])


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_an_honest_token_is_read() -> None:
    assert read_id_token(signed(CLAIMS), KEYS, EXPECTED, NOW) == "nguoi-1"
    assert read_id_token(signed(CLAIMS | {"azp": "pages"}, typ="jwt"), KEYS, EXPECTED, NOW) == "nguoi-1"


@given(header=ANYTHING, claims=ANYTHING, signature=st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_any_three_parts_are_refused(header: Any, claims: Any, signature: str) -> None:
    for first in (header, {"alg": header}, {"alg": "ES256", "kid": header}, {"alg": "ES256", "crit": header}):
        with pytest.raises(RejectedToken):
            read_id_token(f"{part(first)}.{part(claims)}.{signature}", KEYS, EXPECTED, NOW)


@given(name=st.sampled_from(sorted(CLAIMS)), value=ANYTHING)
@settings(max_examples=200, deadline=None)
def test_any_claim_is_read_or_refused(name: str, value: Any) -> None:
    token = signed(CLAIMS | {name: value})
    with contextlib.suppress(RejectedToken):
        assert read_id_token(token, KEYS, EXPECTED, NOW) == (value if name == "sub" else "nguoi-1")


@given(keys=st.lists(ANYTHING | st.fixed_dictionaries({"kty": st.sampled_from(["RSA", "EC", "oct"]), "n": ANYTHING})))
@settings(max_examples=100, deadline=None)
def test_any_keys_are_read_or_refused(keys: list[Any]) -> None:
    with pytest.raises(RejectedToken):
        read_keys({"keys": keys})


def test_keys_that_prove_nothing_are_left_out() -> None:
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024).as_dict(private=False)
    shared = OctKey.generate_key(256).as_dict()
    sealing = RSAKey.generate_key(2048).as_dict(private=False) | {"use": "enc"}
    for keys in ([weak], [shared], [sealing], [], None, [weak, shared, sealing]):
        with pytest.raises(RejectedToken):
            read_keys({"keys": keys})


@pytest.mark.parametrize(("off", "stands"), [(CLOCK_SKEW, True), (CLOCK_SKEW + timedelta(seconds=1), False)])
def test_clocks_may_differ_so_much_and_no_more(off: timedelta, *, stands: bool) -> None:
    early = CLAIMS | {"iat": (NOW + off).timestamp()}
    late = CLAIMS | {"iat": (NOW - FRESH - off).timestamp()}
    ended = CLAIMS | {"exp": (NOW - off + timedelta(milliseconds=500)).timestamp()}
    for claims in (early, late, ended):
        if stands:
            assert read_id_token(signed(claims), KEYS, EXPECTED, NOW)
        else:
            with pytest.raises(RejectedToken):
                read_id_token(signed(claims), KEYS, EXPECTED, NOW)


def test_a_trip_ends_by_itself_and_opens_under_its_own_key_only() -> None:
    key, trip = FileStoreKey(b"k" * 32), begin_trip(NOW)
    cookie = seal_trip(trip, key)
    assert open_trip(cookie, trip.state, key, NOW + TRIP_LIFE - timedelta(seconds=1)) == trip
    for now in (NOW + TRIP_LIFE, NOW - timedelta(seconds=1)):
        with pytest.raises(NoTrip):
            open_trip(cookie, trip.state, key, now)
    with pytest.raises(NoTrip):
        open_trip(cookie, trip.state, FileStoreKey(b"o" * 32), NOW)
    with pytest.raises(NoTrip):
        open_trip(cookie, begin_trip(NOW).state, key, NOW)
