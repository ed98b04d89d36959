"""Going through the pages as a person does: signing in, sending, waiting, and a picture of what is seen."""

import os
from datetime import timedelta
from pathlib import Path

from playwright.async_api import FilePayload, Page, expect

from clerkoffice import Office
from docaxis.embedded.papers import Paper

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


async def sign_in(page: Page, office: Office, member: str) -> None:
    clerk = office.clerk(member)
    await sign_in_as(page, office, clerk.clerk_name, clerk.clerk_password)


async def sign_in_as(page: Page, office: Office, name: str, password: str, heading: str = "Văn bản đến") -> None:
    await page.goto(f"{office.pages}/sign-in")
    await page.get_by_label("Tài khoản").fill(name)
    await page.get_by_label("Mật khẩu").fill(password)
    await page.get_by_role("button", name="Đăng nhập").click()
    await expect(page.get_by_role("heading", name=heading)).to_be_visible()


async def picture(page: Page, name: str) -> None:
    """Keep a picture of a page where the caller of the tests asks for them (DOCAXIS_PICTURES)."""
    if folder := os.environ.get("DOCAXIS_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def send_paper(page: Page, paper: Paper, subject: str, *, to: tuple[str, ...]) -> str:
    """Send a document by the three steps and give its address."""
    metadata = paper.metadata
    await page.get_by_role("button", name="Gửi văn bản").click()
    await page.get_by_label("Cơ quan ban hành", exact=True).select_option(metadata.issuer.code)
    await page.get_by_label("Loại văn bản", exact=True).select_option(label=metadata.type.vietnamese)
    await page.get_by_label("Số", exact=True).fill(metadata.number or "")
    await page.get_by_label("Ký hiệu", exact=True).fill(metadata.notation or "")
    await page.get_by_label("Trích yếu").fill(subject)
    await page.get_by_label("Địa danh").fill("Hà Nội")
    await page.get_by_label("Ngày ban hành").fill(metadata.promulgated_on.isoformat())
    await page.get_by_label("Hạn trả lời").fill((metadata.promulgated_on + timedelta(days=9)).isoformat())
    await page.get_by_label("Văn bản chính (PDF đã ký)").set_input_files(as_file(paper))
    await page.get_by_role("button", name="Tiếp tục").click()
    await choose_recipients(page, to)
    await page.get_by_role("button", name="Tiếp tục").click()
    return await send_now(page)


def as_file(paper: Paper) -> FilePayload:
    """Give a paper as what a person picks from a disk."""
    return {"name": paper.name, "mimeType": "application/pdf", "buffer": paper.data}


async def choose_recipients(page: Page, codes: tuple[str, ...], role: str = "xử lý chính") -> None:
    for code in codes:
        await page.get_by_label("Tìm cơ quan theo tên hoặc mã").fill(code)
        await page.get_by_role("button", name="Tìm", exact=True).click()
        await page.get_by_label("Nhận để").select_option(label=role)
        await page.get_by_role("button", name="Thêm: ").first.click()


async def send_now(page: Page) -> str:
    """Send what is checked, and give its address."""
    await page.get_by_role("button", name="Gửi", exact=True).click()
    await expect(page.get_by_role("status")).to_have_text("Đã gửi.")
    return page.url.partition("?")[0]


async def wait_for(page: Page, address: str, text: str) -> None:
    """Look again until the page says so: without scripts it does not change by itself."""
    for _ in range(120):
        await page.goto(address)
        if await page.get_by_text(text).count():
            return
        await page.wait_for_timeout(250)
    raise AssertionError(f"{address} never said {text!r}: {await page.content()}")
