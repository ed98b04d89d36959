"""What changes the evidence key: of the registrar, and of the command that does it."""

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.registrar.rotation import KeyRotation
from docaxis.settings import Settings
from docaxis.storage.key_use import KeyUse
from docaxis.storage.log_order import LogOrder
from docaxis.storage.receipts import ReceiptStore
from docaxis_schemas.moments import Clock


def key_rotation(settings: Settings, engine: AsyncEngine, clock: Clock) -> KeyRotation:
    """Give what changes the evidence key of an axis, and knows which keys were retired."""
    order, use = LogOrder(engine, settings.log_origin), key_use(settings, engine)
    return KeyRotation(ReceiptStore(engine), order, use, clock, axis=settings.axis, environment=settings.environment)


def key_use(settings: Settings, engine: AsyncEngine) -> KeyUse:
    """Give the locks of an axis's evidence key."""
    return KeyUse(engine, axis=settings.axis, environment=settings.environment)
