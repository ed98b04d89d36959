"""The certificates of registered signers, for asking their authorities about them."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.reaching import reaching_database

_STANDING: Final = text("SELECT certificate FROM registered_certificates WHERE valid_to IS NULL ORDER BY registered_at")


class RegisteredSigners:
    """Reads the register; nothing here changes it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def standing(self) -> list[bytes]:
        """Give each certificate whose registration stands, as DER.

        Raises:
            UnavailableStorage: The database is away.
        """
        with reaching_database():
            async with self._engine.connect() as connection:
                return [bytes(row.certificate) for row in await connection.execute(_STANDING)]
