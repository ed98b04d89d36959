"""The provider over HTTP: what it says of itself (discovery), its keys, and the token that a code is handed in for."""

import asyncio
import json
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx

from docaxis.addresses import is_loopback
from docaxis.clerk.oidc.tokens import Expected, RejectedToken, read_id_token, read_keys
from docaxis.clerk.oidc.trips import Trip
from docaxis.settings import OidcSettings
from docaxis_schemas.moments import Clock

RETURN_PATH: Final = "/sign-in/provider/return"
TIMEOUT_SECONDS: Final = 8.0
"""A person waits at the page."""
MAX_ANSWER: Final = 256 * 1024
KNOWN_SECONDS: Final = 600.0
"""How long discovery and keys are believed; a key that the provider withdrew is good for no longer."""


class UnreachableProvider(Exception):
    """The provider is away or gives no usable answer: its own business; passwords here still work."""


class UnfitProvider(Exception):
    """The settings name a provider that cannot be used safely; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself (OpenID Connect Discovery 1.0), as far as it is used."""

    authorization: str
    token: str
    jwks: str
    end_session: str
    says_issuer: bool
    basic: bool


class Provider:
    """One provider, named by the settings; nothing of what an answer says makes us ask elsewhere."""

    def __init__(
        self,
        settings: OidcSettings,
        *,
        production: bool,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the settings; nothing is asked of the provider yet.

        Raises:
            UnfitProvider: They are not whole, or would send a code or a secret in clear over a network.
        """
        self._settings = settings
        self._production = production
        self._clock = clock
        self._monotonic = monotonic
        for name, url in (("ISSUER", settings.issuer), ("PUBLIC_URL", settings.public_url)):
            if not self._is_safe(url):
                raise UnfitProvider(f"DOCAXIS_CLERK__OIDC__{name} must be an https address, not {url!r}")
        if not settings.client_id:
            raise UnfitProvider("DOCAXIS_CLERK__OIDC__CLIENT_ID is missing")
        self._secret = _read_secret(settings.client_secret_file)
        self._http = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=settings.ca_file), timeout=TIMEOUT_SECONDS, trust_env=False
        )
        self._lock = asyncio.Lock()
        self._known: dict[str, tuple[float, Any]] = {}

    @property
    def issuer(self) -> str:
        """Who answers for the identities."""
        return self._settings.issuer

    @property
    def name(self) -> str:
        """What people call it."""
        return self._settings.name

    @property
    def return_address(self) -> str:
        """Where the provider sends browsers back to: exactly this address is registered there."""
        return self._settings.public_url.rstrip("/") + RETURN_PATH

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def address_for(self, trip: Trip) -> str:
        """Give where a browser is sent to sign in.

        Raises:
            UnreachableProvider: It is away.
        """
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self.return_address,
            "scope": " ".join(self._settings.scopes),
            "state": trip.state,
            "nonce": trip.nonce,
            "code_challenge": trip.challenge,
            "code_challenge_method": "S256",
        }
        return _with_query((await self._metadata()).authorization, asked)

    async def sign_out_address(self) -> str:
        """Give where a person ends the session at the provider; empty: it has no such place, or is away."""
        try:
            end_session = (await self._metadata()).end_session
        except UnreachableProvider:
            return ""
        back = {"client_id": self._settings.client_id, "post_logout_redirect_uri": self._settings.public_url}
        return _with_query(end_session, back) if end_session else ""

    async def identify(self, trip: Trip, code: str, issuer: str | None) -> str:
        """Hand in a code and give who signed in, as the accounts are linked.

        Raises:
            RejectedToken: The answer proves nobody's identity.
            UnreachableProvider: It is away.
        """
        metadata = await self._metadata()
        if issuer != self.issuer and (issuer is not None or metadata.says_issuer):
            raise RejectedToken("the answer is another issuer's (RFC 9207)")
        token = await self._exchange(metadata, trip, code)
        expected = Expected(self.issuer, self._settings.client_id, trip.nonce, self._settings.claim)
        try:
            return read_id_token(token, read_keys(await self._fetched(metadata.jwks)), expected, self._clock())
        except RejectedToken:
            self._known.pop(metadata.jwks, None)  # its keys may have changed since
            return read_id_token(token, read_keys(await self._fetched(metadata.jwks)), expected, self._clock())

    async def _exchange(self, metadata: Metadata, trip: Trip, code: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.return_address,
            "code_verifier": trip.verifier,
        }
        headers = {}
        if self._secret and metadata.basic:
            pair = f"{quote_plus(self._settings.client_id)}:{quote_plus(self._secret)}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self._settings.client_id} | ({"client_secret": self._secret} if self._secret else {})
        status, answer = await self._asked("POST", metadata.token, data=form, headers=headers)
        if status >= 500:
            raise UnreachableProvider(f"the token endpoint answers {status}")
        token = answer.get("id_token") if status == 200 and isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise RejectedToken(f"no ID token for this code (status {status})")
        return token

    async def _metadata(self) -> Metadata:
        address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        given = await self._fetched(address)
        if not isinstance(given, dict) or given.get("issuer") != self.issuer:
            self._known.pop(address, None)
            raise UnreachableProvider("its discovery document is not that of the issuer in the settings")
        methods = given.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Metadata(
            authorization=self._endpoint(given, "authorization_endpoint"),
            token=self._endpoint(given, "token_endpoint"),
            jwks=self._endpoint(given, "jwks_uri"),
            end_session=self._endpoint(given, "end_session_endpoint") if given.get("end_session_endpoint") else "",
            says_issuer=given.get("authorization_response_iss_parameter_supported") is True,
            basic=isinstance(methods, list) and "client_secret_basic" in methods,
        )

    def _endpoint(self, given: Mapping[str, Any], name: str) -> str:
        url = given.get(name)
        if not isinstance(url, str) or not self._is_safe(url):
            raise UnreachableProvider(f"its {name} is no https address")
        return url

    def _is_safe(self, url: str) -> bool:
        """Say whether nobody on the way reads what is sent there; on this machine itself TLS is not asked for."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        if parts.fragment or parts.username or not host:
            return False
        return parts.scheme == "https" or (parts.scheme == "http" and not self._production and is_loopback(host))

    async def _fetched(self, url: str) -> Any:
        async with self._lock:
            known = self._known.get(url)
            if known is not None and self._monotonic() - known[0] < KNOWN_SECONDS:
                return known[1]
            status, answer = await self._asked("GET", url)
            if status != 200:
                raise UnreachableProvider(f"{url} answers {status}")
            self._known[url] = (self._monotonic(), answer)
            return answer

    async def _asked(self, method: str, url: str, **given: Any) -> tuple[int, Any]:
        """Ask, following no redirect and reading no more than an answer may have."""
        data = bytearray()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._http.stream(method, url, **given) as answer:
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > MAX_ANSWER:
                        raise UnreachableProvider(f"{url} answers with more than {MAX_ANSWER} bytes")
            return answer.status_code, _json(bytes(data))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            raise UnreachableProvider(f"{url}: {type(error).__name__}") from error


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"


def _read_secret(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        secret = file.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise UnfitProvider(f"the client secret cannot be read from {file}") from error
    if not secret:
        raise UnfitProvider(f"{file} holds no client secret")
    return secret
