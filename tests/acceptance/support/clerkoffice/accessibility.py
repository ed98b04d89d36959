"""What every page of the clerk's is checked for."""

from typing import Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from clerkoffice.walking import PATIENCE_MS

GRAVE: Final = {"serious", "critical"}


async def enlarged_page(browser: Browser) -> Page:
    """Open a page as 1280 px show it at 200 %; whoever asked closes its context."""
    context = await browser.new_context(locale="vi-VN", viewport={"width": 640, "height": 512})
    context.set_default_timeout(PATIENCE_MS)
    return await context.new_page()


async def check_by_axe(page: Page) -> None:
    """Look for what keeps people out: axe's grave faults, and scrolling sideways at 200 %."""
    await page.wait_for_load_state()
    # The pages' own policy forbids foreign scripts, so axe is put in by the browser itself.
    found = (await Axe().run(page)).response["violations"]
    grave = [(one["id"], [node["target"] for node in one["nodes"]]) for one in found if one["impact"] in GRAVE]
    assert not grave, (page.url, grave)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(overflow) <= 0, f"{page.url} scrolls sideways at 200 %"
