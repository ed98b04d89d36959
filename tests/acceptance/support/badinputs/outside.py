"""Eyes outside: a listener that notes who connects, and signers whose certificates name it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Self

from docaxis.embedded.authorities import Credential, TestAuthorities
from docaxis.embedded.authorities.cast import Role
from docaxis.embedded.authorities.certificates import Issuer, new_key, signer
from docaxis_schemas.moments import system_clock


class Listener:
    """Accepts on loopback, answers nothing, and counts."""

    def __init__(self) -> None:
        self.connections = 0
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._note, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _note(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


def signer_with_addresses(authorities: TestAuthorities, url: str, directory: Path) -> dict[str, Credential]:
    """Make a person of H98.14 whose certificate sends whoever follows it to ``url``, by a trusted and another CA."""
    made = {}
    for name, authority in (("trusted", "gov-local"), ("untrusted", "unlisted-issuing")):
        above = authorities.authorities[authority]
        issuer = Issuer(above.certificate, above.private_key, f"{url}/{name}.crl", f"{url}/ocsp", f"{url}/{name}.cer")
        key, now = new_key("p-256"), system_clock().replace(microsecond=0)
        validity = (now - timedelta(days=10), now + timedelta(days=100))
        like = authorities.credential("H98.14-leader" if name == "trusted" else "untrusted")
        certificate = signer("Đinh Thử Nghiệm", "Sở Nội vụ tỉnh Thử Nghiệm", key, issuer, validity)
        role: Role = "leader"
        made[name] = replace(
            like,
            name=f"addressed-{name}",
            role=role,
            certificate=certificate,
            private_key=key,
            pkcs12_path=directory / "none",
        )
    return made
