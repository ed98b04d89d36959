"""Builds the clerk's pages and opens their port."""

from docaxis.clerk import OpenPages, UnfitProvider, build_clerk_pages
from docaxis.composition.parts import Context, MisconfiguredService, Part, key_file, witness_policy
from docaxis.storage.contents import FileStoreKey


async def build(context: Context) -> Part:
    """Build the clerk's pages and open their port.

    Raises:
        MisconfiguredService: The settings name no key, or no gateway where this process runs none, or the policy of
            witnesses cannot be read.
    """
    settings = context.settings
    gateway = settings.clerk.gateway or context.urls.get("gateway", "")
    if not gateway:
        raise MisconfiguredService("the settings name no gateway for the clerk's pages (DOCAXIS_CLERK__GATEWAY)")
    try:
        pages = build_clerk_pages(
            settings,
            engine=context.engine,
            directory=context.directory.current,
            key=FileStoreKey.load(key_file(settings.keys.clerk_key, "key of the clerk's pages")),
            gateway=gateway,
            clock=context.clock,
            witnesses=await witness_policy(settings),
        )
    except (OpenPages, UnfitProvider) as error:
        raise MisconfiguredService(str(error)) from error
    url = await pages.start()
    context.stack.push_async_callback(pages.stop)
    return Part(
        "clerk",
        {"ledger": pages.ledger.serve, "reminding": pages.reminding.serve, "conditions": pages.conditions.serve},
        tuple,
        url,
    )
