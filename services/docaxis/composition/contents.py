"""Opens the content store for the services that read or write contents."""

from docaxis.composition.parts import Context, MisconfiguredService, key_file
from docaxis.storage.contents import ContentStore, FileStoreKey, Unclaimed, open_sealed_store


def open_contents(context: Context) -> ContentStore:
    """Open the content store with its key; closed with the process.

    Raises:
        MisconfiguredService: The settings name no store or no key.
    """
    settings = context.settings
    if not settings.contents:
        raise MisconfiguredService("the settings name no content store (DOCAXIS_CONTENTS)")
    key = FileStoreKey.load(key_file(settings.keys.store_key, "store key"))
    gateway = settings.gateway
    contents = ContentStore(
        context.engine,
        open_sealed_store(settings.contents),
        key,
        clock=context.clock,
        lease=gateway.upload_lease,
        quota=Unclaimed(gateway.unclaimed_contents, gateway.unclaimed_bytes),
    )
    context.stack.callback(contents.close)
    return contents
