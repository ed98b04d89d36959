"""What was sent is updated and replaced at the pages; the other side answers there, and both sides see it."""

from uuid import UUID

from playwright.async_api import Browser, BrowserContext, Page, expect

from clerkoffice import RECIPIENT, SENDER, STRANGER, Office
from clerkoffice.accessibility import check_by_axe, enlarged_page
from clerkoffice.walking import (
    PATIENCE_MS,
    as_file,
    choose_recipients,
    picture,
    send_now,
    send_paper,
    sign_in,
    wait_for,
)
from docaxis.embedded.papers import Paper
from docaxis_schemas.identifiers import delivery_id

SUBJECT = "Về việc kiểm thử cập nhật và thay thế tại trang văn thư"
WHY_UPDATE, WHY_REPLACE, WHY_NOT = "Đính chính ngày họp", "Ban hành văn bản mới", "Đã thực hiện xong theo văn bản cũ"


async def update(page: Page, sent: str, corrected: Paper) -> str:
    """Correct the file, take one recipient away and add another; without a reason nothing goes on."""
    await page.goto(sent)
    await page.get_by_role("button", name="Cập nhật văn bản").click()
    await expect(page.get_by_label("Số", exact=True)).to_have_value(corrected.metadata.number or "")
    await expect(page.get_by_label("Trích yếu")).to_have_value(SUBJECT)
    await page.get_by_role("button", name="Tiếp tục").click()
    await expect(page.get_by_role("alert")).to_contain_text("Lý do (bắt buộc): Thiếu thông tin bắt buộc.")
    await page.get_by_label("Lý do").fill(WHY_UPDATE)
    await page.get_by_label("Văn bản chính (PDF đã ký)").set_input_files(as_file(corrected))
    await picture(page, "update")
    await page.get_by_role("button", name="Tiếp tục").click()
    await page.get_by_role("button", name="Bỏ: H98.44").click()
    await choose_recipients(page, ("H99.09",))
    await page.get_by_role("button", name="Tiếp tục").click()
    facts = page.get_by_role("main")
    for said in ("Cập nhật văn bản đã gửi", WHY_UPDATE, "Nơi nhận thêm", "Nơi bị bớt (được đề nghị trả lại)"):
        await expect(facts).to_contain_text(said)
    await expect(page.get_by_role("region", name="Số, ký hiệu này đã được gửi")).to_have_count(0)
    await picture(page, "update-check")
    return await send_now(page)


async def replace(page: Page, sent: str, other: str, new: Paper) -> str:
    """Put a new document in the place of two."""
    await page.goto(sent)
    await page.get_by_role("button", name="Thay thế văn bản").click()
    await page.get_by_role("link", name="Thêm hoặc bớt văn bản bị thay thế").click()
    await page.get_by_label("Tìm văn bản đi cần thay thế").fill("4722")
    await page.get_by_role("button", name="Tìm", exact=True).click()
    await page.get_by_role("button", name="Thêm: ").click()
    await expect(page.get_by_role("button", name="Bỏ: ")).to_have_count(2)
    await page.get_by_role("link", name="Quay lại").click()
    await expect(page.get_by_label("Số", exact=True)).to_have_value("")
    await page.get_by_label("Số", exact=True).fill(new.metadata.number or "")
    await page.get_by_label("Ngày ban hành").fill(new.metadata.promulgated_on.isoformat())
    await page.get_by_label("Lý do").fill(WHY_REPLACE)
    await page.get_by_label("Văn bản chính (PDF đã ký)").set_input_files(as_file(new))
    await page.get_by_role("button", name="Tiếp tục").click()
    await page.get_by_role("button", name="Tiếp tục").click()
    await expect(page.locator("#earlier").get_by_role("link")).to_have_count(2)
    assert other.rpartition("/")[2] in await page.locator("#earlier").inner_html()
    return await send_now(page)


def incoming(office: Office, sent: str, recipient: str) -> str:
    """Give where a recipient sees what was sent."""
    return f"{office.pages}/inbox/{delivery_id(UUID(sent.rpartition('/')[2]), recipient)}"


async def answer(reader: Page, address: str, reason: str, refusal: str | None = None) -> None:
    """Read why the sender asks, and agree, or refuse with a reason."""
    await wait_for(reader, address, reason)
    if refusal is None:
        await reader.get_by_role("button", name="Đồng ý (15)").click()
        return
    await reader.locator("#why-not").fill(refusal)
    await reader.get_by_role("button", name="Từ chối (16)").click()


async def test_what_was_sent_is_updated_and_replaced_and_the_other_side_answers(
    office: Office, plain: BrowserContext, browser: Browser
) -> None:
    sender = await plain.new_page()
    await sign_in(sender, office, SENDER)
    first, second, third = [await office.papers.original("G98", number) for number in (4721, 4722, 4723)]
    sent = await send_paper(sender, first, SUBJECT, to=("H98.14", "H98.44"))
    other = await send_paper(sender, second, f"{SUBJECT} (2)", to=("H98.14",))
    context = await browser.new_context(java_script_enabled=False, locale="vi-VN")
    context.set_default_timeout(PATIENCE_MS)
    reader = await context.new_page()
    await sign_in(reader, office, RECIPIENT)
    for address, code in ((sent, "H98.14"), (sent, "H98.44"), (other, "H98.14")):
        await wait_for(reader, incoming(office, address, code), "Ký nhận văn bản")

    await reader.get_by_role("button", name="Tiếp nhận").click()  # the last of them: it stands in the register

    corrected = await office.papers.original("G98", 4721, spec=first.spec)
    updated = await update(sender, sent, corrected)
    await answer(reader, incoming(office, sent, "H98.14"), WHY_UPDATE)
    await answer(reader, incoming(office, sent, "H98.44"), WHY_UPDATE, WHY_NOT)
    await wait_for(sender, sent, "cập nhật: bên nhận đồng ý")
    await wait_for(sender, sent, "thu hồi: bên nhận từ chối")
    await wait_for(sender, sent, "Được cập nhật bằng")
    await picture(sender, "updated")
    await wait_for(reader, incoming(office, updated, "H98.14"), "Văn bản được nêu")
    await reader.get_by_role("region", name="Văn bản được nêu").get_by_role("link").click()
    assert reader.url in {incoming(office, sent, code) for code in ("H98.14", "H98.44")}
    await wait_for(reader, incoming(office, sent, "H98.14"), "Được cập nhật bằng")

    replacing = await replace(sender, updated, other, third)
    await answer(reader, incoming(office, updated, "H98.14"), WHY_REPLACE)
    await answer(reader, incoming(office, other, "H98.14"), WHY_REPLACE, WHY_NOT)
    await wait_for(sender, updated, "thay thế: bên nhận đồng ý")
    await wait_for(sender, other, "thay thế: bên nhận từ chối")
    await wait_for(sender, other, "Bị thay thế bằng")
    await wait_for(reader, incoming(office, updated, "H98.14"), "Bị thay thế bằng")
    await reader.get_by_role("region", name="Văn bản nêu văn bản này").get_by_role("link", name="4723").click()
    assert reader.url == incoming(office, replacing, "H98.14")
    await look_into_the_registers(sender, reader, office)
    await stay_a_stranger(browser, office, (updated, replacing))
    await check_accessibility(browser, office, sent)
    await context.close()


async def look_into_the_registers(sender: Page, reader: Page, office: Office) -> None:
    """Both registers say what was asked and answered."""
    await sender.goto(f"{office.pages}/registers/outgoing?organisation=G98")
    row = sender.get_by_role("row").filter(has_text=SUBJECT).last
    await expect(row).to_contain_text("yêu cầu cập nhật: bên nhận đồng ý (1)")
    await expect(row).to_contain_text("yêu cầu thu hồi: bên nhận từ chối (1)")
    await reader.goto(f"{office.pages}/registers/incoming?organisation=H98.14")
    await expect(reader.get_by_role("row").filter(has_text=f"{SUBJECT} (2)")).to_contain_text(
        "yêu cầu thay thế: bên nhận từ chối"
    )


async def stay_a_stranger(browser: Browser, office: Office, addresses: tuple[str, ...]) -> None:
    """Nobody else may change what was sent, nor learn that it was."""
    stranger = await (await browser.new_context(java_script_enabled=False)).new_page()
    await sign_in(stranger, office, STRANGER)
    token = await stranger.locator("input[name=form_token]").first.get_attribute("value")
    for address in addresses:
        for kind in ("update", "replace"):
            answered = await stranger.request.post(f"{address}/{kind}", form={"form_token": token or ""})
            assert answered.status == 404
            assert SUBJECT not in await answered.text()
    await stranger.context.close()


async def check_accessibility(browser: Browser, office: Office, sent: str) -> None:
    """The pages of changing are for everybody, at 200 % too."""
    page = await enlarged_page(browser)
    await sign_in(page, office, SENDER)
    await page.goto(sent)
    await check_by_axe(page)
    await page.get_by_role("button", name="Thay thế văn bản").click()
    await check_by_axe(page)
    draft = page.url.rpartition("/")[0]
    for address in (f"{draft}/replaced?q=4722", f"{draft}/check"):
        await page.goto(address)
        await check_by_axe(page)
    await page.context.close()
