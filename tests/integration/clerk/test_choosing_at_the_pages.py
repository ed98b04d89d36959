"""Recipients are chosen from the tree, and files dropped where they are chosen; both have a way by keyboard alone."""

import re

from playwright.async_api import Browser, BrowserContext, Locator, expect

from clerkoffice import SENDER, Office
from clerkoffice.accessibility import check_by_axe, enlarged_page
from clerkoffice.walking import picture, sign_in
from docaxis.embedded.population import COMMUNES, PROVINCE

DROP = """(place, names) => {
  const data = new DataTransfer();
  for (const name of names) data.items.add(new File(["%PDF-1.7 mẫu"], name, {type: "application/pdf"}));
  place.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


async def press(target: Locator, key: str) -> None:
    """Press a key on something of a page that has loaded: a page that goes to its fragment takes the focus away."""
    await target.page.wait_for_load_state()
    await target.press(key)


async def test_recipients_are_chosen_from_the_tree_without_scripts_by_keyboard(
    office: Office, plain: BrowserContext
) -> None:
    page = await plain.new_page()
    await sign_in(page, office, SENDER)
    await page.get_by_role("button", name="Gửi văn bản").click()
    await page.goto(page.url.replace("/document", "/recipients"))
    await page.get_by_role("link", name="Mở cây cơ quan").click()
    tree = page.get_by_role("region", name="Chọn theo cây cơ quan")
    await press(tree.get_by_role("link", name="Đơn vị trực thuộc: Ủy ban nhân dân tỉnh Ví Dụ"), "Enter")
    await expect(tree.get_by_role("checkbox")).to_have_count(COMMUNES)
    for number in (3, 4):
        await press(tree.get_by_label(f"({PROVINCE}.{number:02d})"), "Space")
    await press(tree.get_by_role("button", name="Thêm các cơ quan đã chọn"), "Enter")
    chosen = page.locator("#recipients > li")
    await expect(chosen).to_have_count(2)
    await expect(tree.get_by_role("checkbox")).to_have_count(COMMUNES)
    await press(tree.get_by_role("button", name=re.compile("Thêm tất cả đơn vị trực thuộc")), "Enter")
    await expect(chosen).to_have_count(COMMUNES)
    await press(tree.get_by_role("link", name="Cả nước"), "Enter")
    await expect(tree.get_by_text("Bộ Thử nghiệm (G98)")).to_be_visible()


async def test_files_are_dropped_where_they_are_chosen_and_no_policy_is_broken(
    office: Office, browser: Browser
) -> None:
    page = await enlarged_page(browser)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await sign_in(page, office, SENDER)
    await page.get_by_role("button", name="Gửi văn bản").click()
    places = page.locator(".drop")
    await expect(places).to_have_count(3)
    await places.nth(1).evaluate(DROP, ["phu-luc-1.pdf"])
    await places.nth(1).evaluate(DROP, ["phu-luc-2.pdf"])
    await places.nth(0).evaluate(DROP, ["chinh.pdf", "kem-theo.pdf"])
    for index, told in enumerate(("chinh.pdf", "phu-luc-1.pdf, phu-luc-2.pdf", "kem-theo.pdf")):
        await expect(places.nth(index).get_by_role("status")).to_have_text(told)
    await picture(page, "dropped")
    await check_by_axe(page)
    await page.get_by_role("button", name="Lưu bản nháp").click()
    roles = {"chinh": "văn bản chính", "phu-luc-1": "phụ lục", "phu-luc-2": "phụ lục", "kem-theo": "kèm theo"}
    for name, role in roles.items():
        await expect(page.get_by_role("listitem").filter(has_text=f"{name}.pdf")).to_contain_text(role)
    await page.goto(f"{page.url.replace('/document', '/recipients')}?at={PROVINCE}#tree")
    await check_by_axe(page)
    await picture(page, "tree")
    assert not complaints
    await page.context.close()
