"""The gateway's own keys: one that signs acknowledgements, and one for each member whose clerks have no key.

A key for a member is registered in the directory under an id that marks it, so that whoever reads evidence sees that
the gateway acted in the member's place.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from docaxis.directory.entries import GATEWAY_KEY
from docaxis_signing.durable import write_private
from docaxis_signing.statements import MemberSigner, StatementError


class Registers(Protocol):
    """The part of the directory that takes keys."""

    async def add_member_key(self, member: str, jwk: Mapping[str, Any], *, by: str) -> object:
        """Add a public key under which a member signs."""


class GatewayKeys:
    """Holds the gateway's private keys; new ones are kept before they are used."""

    def __init__(
        self, service: MemberSigner, members: Mapping[str, MemberSigner], keep: Callable[[dict[str, Any]], None]
    ) -> None:
        self.service = service
        self._members = dict(members)
        self._keep = keep
        self._registered: set[str] = set()
        self._lock = asyncio.Lock()

    @classmethod
    def in_memory(cls) -> "GatewayKeys":
        """Make keys that end with the process, for tests."""
        return cls(MemberSigner.generate("gateway-test"), {}, lambda _: None)

    @classmethod
    def open(cls, path: Path) -> "GatewayKeys":
        """Read the file with the service's key (a private JWK), made if it is missing, and beside it those for members.

        Raises:
            StatementError: A file is not of its form.
        """
        if not path.exists():
            _write(path, MemberSigner.generate(f"gateway-{secrets.token_hex(4)}").private_jwk())
        beside = path.with_name(f"{path.stem}-members.json")
        try:
            service = MemberSigner.from_jwk(json.loads(path.read_text("utf-8")))
            kept = json.loads(beside.read_text("utf-8")) if beside.exists() else {}
            members = {name: MemberSigner.from_jwk(jwk) for name, jwk in kept.items()}
        except (AttributeError, TypeError, ValueError) as error:
            raise StatementError(f"the gateway's key file {path} is not of its form") from error
        return cls(service, members, lambda keys: _write(beside, keys))

    async def for_member(self, member: str, directory: Registers) -> MemberSigner:
        """Give the key for a member's clerks, made and registered when it is first wanted."""
        async with self._lock:
            signer = self._members.get(member)
            if signer is None:
                signer = MemberSigner.generate(f"{GATEWAY_KEY}{member}.{secrets.token_hex(4)}")
                self._members[member] = signer
                await asyncio.to_thread(self._keep, self._to_json())
            if member not in self._registered:
                await directory.add_member_key(member, signer.public_jwk(), by="gateway")
                self._registered.add(member)
            return signer

    def _to_json(self) -> dict[str, Any]:
        return {name: signer.private_jwk() for name, signer in self._members.items()}


def _write(path: Path, value: dict[str, Any]) -> None:
    write_private(path, json.dumps(value).encode())
