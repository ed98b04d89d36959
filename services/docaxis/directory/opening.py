"""The directory as the settings of a process name it."""

import json

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.directory.repository import DirectoryRepository
from docaxis.settings import Settings
from docaxis_schemas.moments import Clock


def open_directory(settings: Settings, engine: AsyncEngine, clock: Clock) -> DirectoryRepository:
    """Open the directory; where the settings name its keeper, only as that signed it."""
    keeper = settings.directory_key
    return DirectoryRepository(engine, keeper=json.loads(keeper.read_bytes()) if keeper else None, clock=clock)
