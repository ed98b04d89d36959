"""Who asks: a credential, looked up once in a while, with failures slowed down by address and by credential."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Final, Protocol

from starlette.requests import Request

from docaxis.addresses import NO_PROXIES, Senders
from docaxis.directory import DirectorySnapshot
from docaxis.directory.entries import MemberState, Principal, Role
from docaxis.directory.errors import RejectedCredential, UnavailableDirectory
from docaxis.gateway.refusals import Refused
from docaxis.limiting import FailureLimiter
from docaxis_schemas.problems import Code

REMEMBERED_SECONDS: Final = 10.0
"""How long a credential that was good is believed; a revoked one works no longer than this."""
TRACKED: Final = 20_000
"""Credentials remembered; beyond that the oldest are forgotten."""
PREFIX: Final = 12
"""Characters of a credential that name it to the limiter: its mark and 48 bits, too few to be of use to a thief."""


class Authenticator(Protocol):
    """The part of the directory that knows credentials."""

    async def authenticate(self, secret: str) -> Principal:
        """Say who bears this secret.

        Raises:
            RejectedCredential: Nobody, or no longer.
        """


class Directory(Protocol):
    """The part of the directory that knows who is suspended."""

    async def snapshot(self) -> DirectorySnapshot:
        """Give the directory as it stands.

        Raises:
            UnavailableDirectory: It cannot be reached.
        """


class Doorkeeper:
    """Lets requests in. The same answer for every wrong credential: nothing is told about which are close."""

    def __init__(
        self,
        authenticator: Authenticator,
        directory: Directory,
        *,
        senders: Senders = NO_PROXIES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authenticator = authenticator
        self._directory = directory
        self._senders = senders
        self._monotonic = monotonic
        self._known: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()
        self._limiter = FailureLimiter(monotonic)

    async def require(self, request: Request, roles: Collection[Role]) -> Principal:
        """Give who asks, if it may.

        Raises:
            Refused: No credential, a wrong one, too many wrong ones, one without the role, or of a suspended member.
        """
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        return await self.require_secret(request, secret if scheme.lower() == "bearer" else "", roles)

    async def require_secret(self, request: Request, secret: str, roles: Collection[Role]) -> Principal:
        """Give who asks with a secret that came in another header than the standard's.

        Raises:
            Refused: As `require`.
        """
        principal = await self._known_by(request, secret)
        if principal.role not in roles:
            raise Refused(Code.FORBIDDEN, f"Vai trò: {principal.role.value}", f"Role: {principal.role.value}")
        if principal.member is not None:
            await self._require_active(principal.member)
        return principal

    async def _require_active(self, member: str) -> None:
        """Refuse a suspended member whatever it asks for: it may be suspended because others hold its secrets."""
        try:
            found = (await self._directory.snapshot()).members.get(member)
        except UnavailableDirectory:
            return  # what was good a moment ago serves while the database is away
        if found is not None and found.state is MemberState.SUSPENDED:
            raise Refused(Code.MEMBER_SUSPENDED)

    async def _known_by(self, request: Request, secret: str) -> Principal:
        if not secret:
            raise _unauthenticated()
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(digest)
        if known is not None and self._monotonic() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        names = [f"address {self._senders.of(request)}", f"credential {secret[:PREFIX]}"]
        # What was good once is no guess: else who shares an address with a guesser (a proxy's, say) would be shut out.
        if known is None and (seconds := max(map(self._limiter.wait, names))) > 0:
            raise Refused(Code.TOO_MANY_ATTEMPTS, headers={"Retry-After": str(int(seconds) + 1)})
        try:
            principal = await self._authenticator.authenticate(secret)
        except RejectedCredential as error:
            for name in names:
                self._limiter.fail(name)
            self._known.pop(digest, None)
            raise _unauthenticated() from error
        except UnavailableDirectory as error:
            if known is None:
                raise Refused(Code.UNAVAILABLE, headers={"Retry-After": "5"}) from error
            return known[1]  # what was good a moment ago serves while the database is away
        self._known[digest] = (self._monotonic(), principal)
        self._known.move_to_end(digest)
        while len(self._known) > TRACKED:
            self._known.popitem(last=False)
        return principal


def _unauthenticated() -> Refused:
    return Refused(Code.UNAUTHENTICATED, headers={"WWW-Authenticate": 'Bearer realm="docaxis"'})


def member_of(principal: Principal) -> str:
    """Give the member for which somebody acts; operators and auditors act for none.

    Raises:
        Refused: It acts for none.
    """
    if principal.member is None:
        raise Refused(Code.FORBIDDEN)
    return principal.member
