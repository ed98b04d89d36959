"""What came is assigned by a leader, worked on, answered and passed on; each side sees its part, others nothing."""

from uuid import UUID

from playwright.async_api import Browser, BrowserContext, Page, expect

from clerkoffice import LEADER, LEADER_PASSWORD, RECIPIENT, SENDER, STRANGER, Office
from clerkoffice.accessibility import check_by_axe, enlarged_page
from clerkoffice.walking import (
    PATIENCE_MS,
    as_file,
    choose_recipients,
    picture,
    send_now,
    send_paper,
    sign_in,
    sign_in_as,
    wait_for,
)
from docaxis.embedded.papers import Paper
from docaxis_schemas.identifiers import delivery_id

SUBJECT = "Về việc phối hợp kiểm thử phân công và trả lời"
INSTRUCTION = "Chủ trì, trình dự thảo trước thứ Sáu"
UNIT = "Phòng Tổng hợp"


def incoming(office: Office, sent: str, recipient: str) -> str:
    return f"{office.pages}/inbox/{delivery_id(UUID(sent.rpartition('/')[2]), recipient)}"


async def a_page(browser: Browser) -> Page:
    context = await browser.new_context(locale="vi-VN", java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    return await context.new_page()


async def direct(leader: Page, office: Office, address: str) -> None:
    """A leader says who deals with it and how; what is to be sent and answered is the clerk's."""
    await sign_in_as(leader, office, LEADER, LEADER_PASSWORD)
    await leader.goto(address)
    for name in ("Ký nhận văn bản", "Trả lại", "Báo hoàn thành (06)", "Trả lời bằng văn bản", "Chuyển tiếp"):
        await expect(leader.get_by_role("button", name=name)).to_have_count(0)
    await leader.get_by_role("button", name="Phân công, chỉ đạo").click()
    await expect(leader.get_by_role("alert")).to_contain_text("Ghi người hoặc đơn vị được giao")
    await leader.get_by_label("Giao cho").fill(UNIT)
    await leader.get_by_label("Ý kiến chỉ đạo").fill(INSTRUCTION)
    await leader.get_by_label("Hạn xử lý").fill("2030-01-02")
    await leader.get_by_role("button", name="Phân công, chỉ đạo").click()
    await expect(leader.get_by_role("status")).to_have_text("Đã ghi nhận.")
    await wait_for(leader, address, "Phân công (xong)")
    await expect(leader.get_by_role("region", name="Xử lý văn bản")).to_contain_text(f"Giao cho: {UNIT}")
    await expect(leader.get_by_role("region", name="Xử lý văn bản")).to_contain_text("02/01/2030")
    await picture(leader, "assigned")


async def answer(clerk: Page, address: str, paper: Paper) -> str:
    """The answer goes to who issued the document, and names it."""
    await clerk.goto(address)
    await clerk.get_by_role("button", name="Trả lời bằng văn bản").click()
    metadata = paper.metadata
    await expect(clerk.get_by_role("region", name="Trả lời văn bản")).to_contain_text(SUBJECT)
    await clerk.get_by_label("Loại văn bản", exact=True).select_option(label=metadata.type.vietnamese)
    await clerk.get_by_label("Số", exact=True).fill(metadata.number or "")
    await clerk.get_by_label("Ký hiệu", exact=True).fill(metadata.notation or "")
    await clerk.get_by_label("Địa danh").fill("Hà Nội")
    await clerk.get_by_label("Ngày ban hành").fill(metadata.promulgated_on.isoformat())
    await clerk.get_by_label("Văn bản chính (PDF đã ký)").set_input_files(as_file(paper))
    await clerk.get_by_role("button", name="Tiếp tục").click()
    await expect(clerk.locator("#recipients")).to_contain_text("H98.14")
    await clerk.get_by_role("button", name="Tiếp tục").click()
    return await send_now(clerk)


async def pass_on(clerk: Page, address: str) -> str:
    """The document goes on as it is; nobody here changes it."""
    await clerk.goto(address)
    await clerk.get_by_role("button", name="Chuyển tiếp").click()
    await choose_recipients(clerk, ("H99",), "để biết")
    await clerk.get_by_role("button", name="Tiếp tục").click()
    await expect(clerk.get_by_role("main")).to_contain_text(SUBJECT)
    await expect(clerk.get_by_role("link", name="Sửa: Văn bản và tệp")).to_have_count(0)
    return await send_now(clerk)


async def test_what_came_is_assigned_finished_answered_and_passed_on(
    office: Office, plain: BrowserContext, browser: Browser
) -> None:
    sender = await plain.new_page()
    await sign_in(sender, office, RECIPIENT)
    paper = await office.papers.original("H98.14", 4731)
    sent = await send_paper(sender, paper, SUBJECT, to=("G98",))
    address = incoming(office, sent, "G98")

    clerk, leader, stranger = [await a_page(browser) for _ in range(3)]
    await sign_in(clerk, office, SENDER)
    await wait_for(clerk, address, "Ký nhận văn bản")
    await clerk.get_by_role("button", name="Ký nhận văn bản").click()
    await clerk.get_by_role("button", name="Tiếp nhận").click()
    await wait_for(clerk, address, "Đã tiếp nhận (xong)")

    await direct(leader, office, address)
    await wait_for(sender, sent, "Phân công")
    await expect(sender.get_by_text(INSTRUCTION)).to_have_count(0)
    await sign_in(stranger, office, STRANGER)
    token = await stranger.locator("input[name=form_token]").first.get_attribute("value")
    for what in ("assign", "reply", "forward"):
        refused = await stranger.request.post(f"{address}/{what}", form={"form_token": token or "", "assignee": "x"})
        assert refused.status == 404

    await clerk.goto(address)
    await clerk.get_by_role("button", name="Báo đang xử lý (05)").click()
    await wait_for(clerk, address, "Đang xử lý (xong)")
    replied = await answer(clerk, address, await office.papers.original("G98", 4732))
    passed_on = await pass_on(clerk, address)
    await clerk.goto(address)
    await clerk.get_by_role("button", name="Báo hoàn thành (06)").click()
    await wait_for(clerk, address, "Hoàn thành (xong)")
    await wait_for(sender, sent, "Hoàn thành")

    await wait_for(sender, incoming(office, replied, "H98.14"), "Văn bản được nêu")
    await sender.get_by_role("region", name="Văn bản được nêu").get_by_role("link").click()
    assert sender.url == sent
    await expect(sender.get_by_role("region", name="Văn bản nêu văn bản này")).to_contain_text("Được trả lời bằng")
    await wait_for(clerk, address, "Được trả lời bằng")
    await expect(clerk.get_by_role("region", name="Văn bản nêu văn bản này")).to_contain_text("được chuyển tiếp")

    await wait_for(stranger, incoming(office, passed_on, "H99"), "Ký nhận văn bản")
    await expect(stranger.get_by_role("main")).to_contain_text("(để biết)")
    await expect(stranger.get_by_text(INSTRUCTION)).to_have_count(0)
    await stranger.goto(f"{office.pages}/inbox")
    await expect(stranger.get_by_role("row").filter(has_text=SUBJECT)).to_contain_text("(để biết)")
    await check_accessibility(browser, office, address)
    for page in (clerk, leader, stranger):
        await page.context.close()


async def check_accessibility(browser: Browser, office: Office, address: str) -> None:
    page = await enlarged_page(browser)
    await sign_in(page, office, SENDER)
    await page.goto(address)
    await check_by_axe(page)
    await page.context.close()
