"""How far the signed trust directory went that verifiers worked under, kept over restarts.

An older directory bears a good signature too: put back, it would trust an authority again that was removed since.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.reaching import reaching_database
from docaxis_signing.trust.sealing import Standing

_READ: Final = text("SELECT key_sha256, serial, change FROM trust_in_force WHERE key_sha256 = :key_sha256")
_KEEP: Final = text("""
    INSERT INTO trust_in_force (key_sha256, serial, change, at) VALUES (:key_sha256, :serial, :change, :at)
    ON CONFLICT (key_sha256) DO UPDATE SET serial = excluded.serial, change = excluded.change, at = excluded.at
    WHERE trust_in_force.serial < excluded.serial
""")


class TrustInForce:
    """Keeps for each signing key how far its directory went; processes that share the database share it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def read(self, key_sha256: str) -> Standing | None:
        """Give how far it went; None where none of this key was in force.

        Raises:
            UnavailableStorage: The database is away.
        """
        with reaching_database():
            async with self._engine.connect() as connection:
                found = (await connection.execute(_READ, {"key_sha256": key_sha256})).mappings().one_or_none()
                return Standing(**found) if found else None

    async def keep(self, now: Standing, *, at: datetime) -> None:
        """Remember how far it goes; what goes less far replaces nothing.

        Raises:
            UnavailableStorage: The database is away.
        """
        values = {"key_sha256": now.key_sha256, "serial": now.serial, "change": now.change, "at": at}
        with reaching_database():
            async with self._engine.connect() as connection:
                await connection.execute(_KEEP, values)
