"""An OpenID Connect provider that keeps to the rules, strictly, and can be told to forge what it signs.

Honest: exact redirect address, PKCE (S256) asked for and checked, codes for one use, client secret by HTTP Basic. It
signs in whoever is its ``subject`` without asking. The process of others that tests run beside it shows that the pages
work with a provider we did not write; this one shows what they refuse.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from docaxis.serving import WebServer

CLIENT, SECRET = "docaxis-pages", "bí mật: của + trang"
Claims = dict[str, Any]
ALGORITHMS: Final = ["RS256", "ES256"]


class StrictProvider:
    """The provider; ``forge`` changes the token of every sign-in until it is None again."""

    def __init__(self, port: int, return_address: str) -> None:
        self.issuer = f"http://localhost:{port}"  # another site than the pages', which are at 127.0.0.1
        self.return_address = return_address
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.subject = "nguoi-1"
        self.forge: Callable[[Claims], str] | None = None
        self.discovery: Claims = {}
        self._codes: dict[str, dict[str, str]] = {}
        routes = [
            Route("/.well-known/openid-configuration", self._discover),
            Route("/keys", self._keys),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/moved", self._moved, methods=["POST"]),
        ]
        self._server = WebServer(Starlette(routes=routes), "127.0.0.1", port, name="provider")

    async def start(self) -> None:
        """Listen."""
        await self._server.start()

    async def stop(self) -> None:
        """Stop listening."""
        await self._server.stop()

    def sign(self, claims: Claims, key: Any = None, **header: Any) -> str:
        """Sign claims as an honest token is signed, but for what is given."""
        named = {"alg": "RS256", "kid": "first"} | header
        return jwt.encode(named, claims, key or self.key, algorithms=ALGORITHMS)

    async def _discover(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "end_session_endpoint": f"{self.issuer}/end?a=b",
                "authorization_response_iss_parameter_supported": True,
            }
            | self.discovery
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False) | {"use": "sig"}]})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        fits = (
            asked["client_id"] == CLIENT
            and asked["redirect_uri"] == self.return_address
            and asked["response_type"] == "code"
            and asked["code_challenge_method"] == "S256"
            and "openid" in asked["scope"].split()
        )
        if not fits or not all(len(asked[name]) >= 43 for name in ("state", "nonce", "code_challenge")):
            return PlainTextResponse("this is not how the client was registered", 400)
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        return RedirectResponse(f"{self.return_address}?{urlencode(back)}", 302)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        asked = self._codes.pop(str(form.get("code")), None)
        given = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        right = urlencode({"": CLIENT})[1:] + ":" + urlencode({"": SECRET})[1:]
        if asked is None or given != right or form.get("redirect_uri") != self.return_address:
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], "employee": f"so-{self.subject}"}
        token = self.sign(claims) if self.forge is None else self.forge(claims)
        return JSONResponse({"access_token": "none", "token_type": "Bearer", "id_token": token})

    async def _moved(self, _: Request) -> Response:
        return RedirectResponse(f"{self.issuer}/token", 307)
