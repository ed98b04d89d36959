"""A document goes its way by the pages alone, in a real browser without JavaScript; every page is checked by axe."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, expect

from clerkoffice import RECIPIENT, SENDER, STRANGER, Office
from clerkoffice.accessibility import check_by_axe, enlarged_page
from clerkoffice.walking import PATIENCE_MS, picture, sign_in, wait_for
from docaxis_schemas.lifecycle import REPORT_NAMES, Report
from docaxis_schemas.moments import VIETNAM

SUBJECT = "Về việc kiểm thử trang văn thư của trục liên thông"


async def send(page: Page, office: Office, tmp_path: Path) -> str:
    """Send a document by the three steps and give its address."""
    paper = await office.papers.original("G98", 4711)
    file = tmp_path / paper.name
    file.write_bytes(paper.data)
    await page.get_by_role("button", name="Gửi văn bản").click()
    await page.get_by_label("Loại văn bản", exact=True).select_option(label="Công văn")
    await page.get_by_label("Số", exact=True).fill("4711")
    await page.get_by_label("Ký hiệu", exact=True).fill("BTN-VP")
    await page.get_by_role("button", name="Tiếp tục").click()
    # Nothing typed yet: every fault is named, and what was typed is still there.
    await expect(page.get_by_role("alert")).to_contain_text("Chọn tệp văn bản chính")
    await expect(page.get_by_role("alert")).to_contain_text("Trích yếu")
    await expect(page.get_by_label("Số", exact=True)).to_have_value("4711")
    await page.get_by_label("Trích yếu").fill(SUBJECT)
    await page.get_by_label("Địa danh").fill("Hà Nội")
    await page.get_by_label("Ngày ban hành").fill(paper.metadata.promulgated_on.isoformat())
    late = paper.metadata.promulgated_on - timedelta(days=3)
    await page.get_by_label("Hạn trả lời").fill(late.isoformat())
    await page.get_by_label("Văn bản chính (PDF đã ký)").set_input_files(file)
    await picture(page, "send")
    await page.get_by_role("button", name="Tiếp tục").click()
    await page.get_by_label("Tìm cơ quan theo tên hoặc mã").fill("H98.14")
    await page.get_by_role("button", name="Tìm", exact=True).click()
    await page.get_by_role("button", name="Thêm: ").first.click()
    await page.get_by_role("button", name="Tiếp tục").click()
    await expect(page.get_by_role("main")).to_contain_text(SUBJECT)
    await expect(page.get_by_role("main")).to_contain_text(paper.name)
    await page.get_by_role("button", name="Gửi", exact=True).click()
    await expect(page.get_by_role("status")).to_have_text("Đã gửi.")
    return page.url.partition("?")[0]


async def look_into_the_registers(page: Page, office: Office, register: str) -> None:
    """The document stands in the register of its side under the first number, and is found without diacritics."""
    await page.get_by_role("link", name="Sổ văn bản").click()
    organisation = "H98.14" if register == "incoming" else "G98"
    await page.goto(f"{office.pages}/registers/{register}?organisation={organisation}")
    row = page.get_by_role("row").filter(has_text=SUBJECT)
    await expect(row.get_by_role("cell").first).to_have_text("1")
    await expect(row).to_contain_text("4711/BTN-VP")
    await expect(row).to_contain_text(REPORT_NAMES[Report.ACCEPTED][0] if register == "incoming" else "đã chuyển")
    await picture(page, f"register-{register}")
    await page.get_by_role("link", name="Bản in").click()
    await expect(page.get_by_role("row").filter(has_text=SUBJECT)).to_be_visible()
    await page.goto(f"{office.pages}/search")
    await page.get_by_label("Số, ký hiệu, số đến").fill("kiem thu TRANG văn thư")
    await page.get_by_label("Cơ quan ban hành").fill("G98" if register == "incoming" else "H98.14")
    await page.get_by_role("button", name="Tìm", exact=True).click()
    await page.get_by_role("link", name=SUBJECT).click()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def view_the_file(page: Page, address: str) -> str:
    """The file's first page is a picture of ours with its text beside; gives where the picture is."""
    await page.goto(address)
    await page.get_by_role("link", name="Xem: ").click()
    await expect(page.get_by_role("img", name="Trang 1 trên 1")).to_be_visible()
    await page.get_by_text("Chữ trên trang này").click()
    await expect(page.get_by_role("group")).to_contain_text("4711")
    await picture(page, "view")
    shown = await page.get_by_role("img").get_attribute("src")
    assert shown is not None
    return shown


async def check_what_came(browser: Browser, office: Office, address: str) -> None:
    """A delivery's own pages are accessible too."""
    page = await enlarged_page(browser)
    await sign_in(page, office, RECIPIENT)
    await page.goto(address)
    file = await page.get_by_role("link", name="Xem: ").get_attribute("href")
    for part in (address, f"{office.pages}{file}", f"{address.partition('?')[0]}/apology"):
        await page.goto(part)
        await check_by_axe(page)
    await page.context.close()


async def begin_the_same_again(page: Page) -> None:
    """A second document under the number of the first: warned of before it is sent."""
    await page.get_by_role("button", name="Gửi văn bản").click()
    await page.get_by_label("Số", exact=True).fill("4711")
    await page.get_by_label("Ký hiệu", exact=True).fill("btn-vp")
    await page.get_by_label("Ngày ban hành").fill(f"{datetime.now(VIETNAM):%Y-%m-%d}")
    await page.get_by_role("button", name="Lưu bản nháp").click()
    await page.goto(page.url.replace("/document", "/check"))
    await expect(page.get_by_role("region", name="Số, ký hiệu này đã được gửi")).to_be_visible()


async def look_at_the_deadlines(reader: Page, sender: Page, office: Office) -> None:
    """The document was due before it came: both sides see it, and a letter of apology is drafted."""
    await reader.goto(f"{office.pages}/inbox")
    await expect(reader.get_by_role("row").filter(has_text=SUBJECT)).to_contain_text("quá hạn")
    await sender.goto(f"{office.pages}/deadlines")
    overdue = sender.get_by_role("region", name="Nơi nhận đang quá hạn")
    await expect(overdue.get_by_role("row").filter(has_text=SUBJECT)).to_contain_text("quá hạn")
    await reader.goto(f"{office.pages}/deadlines")
    await picture(reader, "deadlines")
    await reader.get_by_role("link", name="Thư xin lỗi").click()
    await expect(reader.get_by_role("article")).to_contain_text("THƯ XIN LỖI")
    await expect(reader.get_by_role("article")).to_contain_text("4711/BTN-VP")
    await reader.goto(f"{office.pages}/deadlines/kept")
    kept = reader.get_by_role("row").filter(has_text="H98.14").filter(has_text="thông báo đã nhận")
    await expect(kept.get_by_role("cell").nth(3)).to_have_text("1")


async def have_it_back(sender: Page, sent: str, reader: Page, address: str) -> None:
    """The sender recalls, for a reason; the recipient is asked and agrees; both pages say so."""
    await sender.goto(sent)
    await sender.get_by_role("button", name="Thu hồi văn bản").click()
    await expect(sender.get_by_role("alert")).to_contain_text("Ghi lý do")
    await sender.get_by_label("Lý do").fill("Gửi nhầm nơi nhận")
    await sender.get_by_role("button", name="Thu hồi văn bản").click()
    await expect(sender.get_by_role("status")).to_have_text("Đã gửi yêu cầu thu hồi.")
    await wait_for(sender, sent, "chờ trả lời")
    await wait_for(reader, address, "Gửi nhầm nơi nhận")
    await reader.get_by_role("button", name="Đồng ý (15)").click()
    await wait_for(sender, sent, "bên nhận đồng ý")
    await wait_for(reader, address, "bên nhận đồng ý")


async def test_a_document_is_sent_read_and_accepted_without_javascript(
    office: Office, plain: BrowserContext, browser: Browser, tmp_path: Path
) -> None:
    sender = await plain.new_page()
    await sign_in(sender, office, SENDER)
    sent = await send(sender, office, tmp_path)
    await wait_for(sender, sent, "đã tới hộp thư")

    other = await browser.new_context(java_script_enabled=False, locale="vi-VN", accept_downloads=True)
    other.set_default_timeout(PATIENCE_MS)
    reader = await other.new_page()
    await sign_in(reader, office, RECIPIENT)
    await wait_for(reader, f"{office.pages}/inbox?waiting=1", SUBJECT)
    await picture(reader, "inbox")
    await reader.get_by_role("link", name=SUBJECT).first.click()
    await expect(reader.get_by_text("Hợp lệ")).to_be_visible()
    await expect(reader.get_by_text("Việc cần làm: tiếp nhận.")).to_be_visible()
    await picture(reader, "delivery")
    address = reader.url

    async with reader.expect_download() as started:
        await reader.locator("a[download]").first.click()
    paper = await office.papers.original("G98", 4711)
    saved = await (await started.value).path()
    assert saved.read_bytes().startswith(b"%PDF-")
    assert len(saved.read_bytes()) > len(paper.data) / 2

    await reader.get_by_role("button", name="Ký nhận văn bản").click()
    await expect(reader.get_by_role("status")).to_have_text("Đã ghi nhận.")
    await reader.get_by_role("button", name="Trả lại").click()
    await expect(reader.get_by_role("alert")).to_contain_text("Ghi lý do trả lại")
    await reader.get_by_role("button", name="Tiếp nhận").click()
    await wait_for(reader, address, f"{REPORT_NAMES[Report.ACCEPTED][0]} (xong)")
    await wait_for(sender, sent, REPORT_NAMES[Report.ACCEPTED][0])
    await picture(sender, "submission")
    shown = await view_the_file(reader, address)
    await look_at_the_deadlines(reader, sender, office)
    await check_what_came(browser, office, address)
    await look_into_the_registers(reader, office, "incoming")
    await look_into_the_registers(sender, office, "outgoing")

    await begin_the_same_again(sender)
    await have_it_back(sender, sent, reader, address)

    stranger = await (await browser.new_context(java_script_enabled=False)).new_page()
    await sign_in(stranger, office, STRANGER)
    for secret in (address, sent, f"{office.pages}{shown}"):
        answer = await stranger.goto(secret)
        assert answer is not None
        assert answer.status == 404
        assert SUBJECT not in await stranger.content()
    for query in ("q=truc+lien+thong", "q=4711", "agency=H98"):
        await stranger.goto(f"{office.pages}/search?{query}")
        assert SUBJECT not in await stranger.content()
    answer = await stranger.goto(f"{office.pages}/registers/incoming?organisation=H98.14")
    assert answer is not None
    assert answer.status == 404
    await other.close()


async def test_every_page_is_accessible(office: Office, browser: Browser, tmp_path: Path) -> None:
    page = await enlarged_page(browser)
    check = partial(check_by_axe, page)

    await page.goto(f"{office.pages}/sign-in")
    await check()
    await sign_in(page, office, SENDER)
    await check()
    await page.get_by_role("button", name="Gửi văn bản").click()
    await check()
    await page.get_by_role("button", name="Tiếp tục").click()
    await check()
    draft = page.url.rpartition("/")[0]
    for address in (f"{draft}/recipients?q=H98", f"{draft}/check", f"{office.pages}/drafts", f"{office.pages}/outbox"):
        await page.goto(address)
        await check()
    for address in (f"{office.pages}/inbox", f"{office.pages}/nothing"):
        await page.goto(address)
        await page.get_by_role("button", name="English").click()
        await expect(page.locator("html[lang=en]")).to_be_visible()
        await check()
        await page.get_by_role("button", name="Tiếng Việt").click()
    for address in (
        "registers/incoming",
        "registers/outgoing",
        "registers/outgoing/print",
        "search",
        "search?q=a",
        "deadlines",
        "deadlines/kept",
        "account",
        "reconcile",
    ):
        await page.goto(f"{office.pages}/{address}")
        await check()
    await page.goto(f"{office.pages}/registers/incoming")
    await page.get_by_text("Tiếp tục từ sổ giấy").click()
    await page.get_by_role("button", name="Ghi vào sổ").click()
    await expect(page.get_by_role("alert")).to_contain_text("Ghi một số nguyên dương")
    await check()
    await page.goto(f"{office.pages}/outbox")
    if await page.locator("tbody a").count():
        await page.locator("tbody a").first.click()
        await check()
    await page.context.close()


async def test_signing_in_works_by_keyboard_alone(office: Office, browser: Browser) -> None:
    page = await browser.new_page(locale="vi-VN")
    clerk = office.clerk(SENDER)
    await page.goto(f"{office.pages}/sign-in")
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Bỏ qua, tới nội dung chính")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type(clerk.clerk_name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(clerk.clerk_password)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Văn bản đến")).to_be_visible()
    await page.close()
