"""An agency whose clerk works at the pages, in a browser."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

from playwright.async_api import Page, expect

from clerkoffice.walking import picture
from docaxis.embedded.identities import MemberIdentity
from docaxis_schemas.identifiers import delivery_id
from docaxis_schemas.lifecycle import Report
from threeagencies.letters import Answer, Letter

LOOKS: Final = 120
BUTTONS: Final = {
    Report.ACCEPTED: "Tiếp nhận",
    Report.REJECTED: "Trả lại",
    Report.CHANGE_AGREED: "Đồng ý (15)",
    Report.CHANGE_REFUSED: "Từ chối (16)",
}


class DeskAgency:
    """Works with the pages alone, as a clerk does."""

    def __init__(self, code: str, page: Page, pages: str, clerk: MemberIdentity, files: Path) -> None:
        self.code = code
        self._page = page
        self._pages = pages
        self._clerk = clerk
        self._files = files

    async def sign_in(self) -> None:
        page = self._page
        await page.goto(f"{self._pages}/sign-in")
        await page.get_by_label("Tài khoản").fill(self._clerk.clerk_name)
        await page.get_by_label("Mật khẩu").fill(self._clerk.clerk_password)
        await page.get_by_role("button", name="Đăng nhập").click()
        await expect(page.get_by_role("heading", name="Văn bản đến")).to_be_visible()

    async def send(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            await self._send(letter)

    async def _send(self, letter: Letter) -> None:
        page, document = self._page, letter.document
        file = self._files / letter.paper.name
        file.write_bytes(letter.paper.data)
        await page.goto(f"{self._pages}/inbox")
        await page.get_by_role("button", name="Gửi văn bản").click()
        await page.get_by_label("Loại văn bản", exact=True).select_option(value=document.type.value)
        await page.get_by_label("Số", exact=True).fill(document.number or "")
        await page.get_by_label("Ký hiệu", exact=True).fill(document.notation or "")
        await page.get_by_label("Trích yếu").fill(document.subject)
        await page.get_by_label("Địa danh").fill(document.place)
        await page.get_by_label("Ngày ban hành").fill(document.promulgated_on.isoformat())
        if document.due_on is not None:
            await page.get_by_label("Hạn trả lời").fill(document.due_on.isoformat())
        await page.get_by_label("Văn bản chính (PDF đã ký)").set_input_files(file)
        await page.get_by_role("button", name="Tiếp tục").click()
        await page.get_by_label("Tìm cơ quan theo tên hoặc mã").fill(letter.to)
        await page.get_by_role("button", name="Tìm", exact=True).click()
        await page.locator(f"button[name='add'][value='{letter.to}']").click()
        await page.get_by_role("button", name="Tiếp tục").click()
        await expect(page.get_by_role("main")).to_contain_text(document.subject)
        await page.get_by_role("button", name="Gửi", exact=True).click()
        await expect(page.get_by_role("status")).to_have_text("Đã gửi.")
        letter.submission_id = UUID(page.url.partition("?")[0].rpartition("/")[2])

    async def take(self, letters: Sequence[Letter]) -> None:
        """Open and sign for documents."""
        for letter in letters:
            await self._open(letter, letter.label)
            await self._page.get_by_role("button", name="Ký nhận văn bản").click()
            await expect(self._page.get_by_role("status")).to_have_text("Đã ghi nhận.")
            letter.becomes(state="handed_over")

    async def answer(self, answers: Sequence[Answer]) -> None:
        page = self._page
        for told in answers:
            name = BUTTONS[Report(told.code)]
            await self._open(told.letter, name)
            form = page.locator("form").filter(has=page.get_by_role("button", name=name, exact=True))
            if told.reason is not None:
                await form.get_by_label("Lý do").fill(told.reason)
            await form.get_by_role("button", name=name, exact=True).click()
            await expect(page.get_by_role("status")).to_have_text("Đã ghi nhận.")

    async def recall(self, letter: Letter, reason: str) -> None:
        page = self._page
        await page.goto(f"{self._pages}/outbox/{letter.id}")
        button = page.get_by_role("button", name="Thu hồi văn bản", exact=True)
        await page.locator("form").filter(has=button).get_by_label("Lý do").fill(reason)
        await button.click()
        await expect(page.get_by_role("status")).to_have_text("Đã gửi yêu cầu thu hồi.")

    async def _open(self, letter: Letter, text: str) -> None:
        """Open what came, again until the page says so: without scripts it does not change by itself."""
        address = f"{self._pages}/inbox/{delivery_id(letter.id, self.code)}"
        for _ in range(LOOKS):
            await self._page.goto(address)
            if await self._page.get_by_text(text).count():
                return
            await self._page.wait_for_timeout(100)
        raise AssertionError(f"{address} never said {text!r}: {await self._page.content()}")

    async def table(self, register: str) -> list[dict[str, str]]:
        """Take a register away as a table file."""
        answer = await self._page.request.get(f"{self._pages}/registers/{register}/table.csv?organisation={self.code}")
        assert answer.ok, answer.status
        return list(csv.DictReader(io.StringIO((await answer.body()).decode("utf-8-sig"))))

    async def overdue(self, register: str) -> set[str]:
        """Name the documents that the page of deadlines shows as overdue."""
        await self._page.goto(f"{self._pages}/deadlines")
        rows = self._page.locator(f"section[aria-labelledby='due-{register}'] tbody tr").filter(has_text="quá hạn")
        return {await row.get_by_role("cell").nth(3).inner_text() for row in await rows.all()}

    async def reconcile(self, member: str, since: date, until: date) -> set[tuple[str, str]]:
        """Reconcile with a member, and give what is lacking of which submission."""
        page = self._page
        await page.goto(f"{self._pages}/reconcile")
        await page.get_by_label("Đối soát với").select_option(value=member)
        await page.get_by_label("Từ ngày").fill(since.isoformat())
        await page.get_by_label("Đến hết ngày").fill(until.isoformat())
        await page.get_by_role("main").get_by_role("button", name="Đối soát").click()
        await expect(page.get_by_role("heading", level=2)).to_contain_text("Những điểm chưa khớp")
        cells = [await row.get_by_role("cell").all_inner_texts() for row in await page.locator("tbody tr").all()]
        if cells:
            await picture(page, "reconcile")
        else:
            await expect(page.get_by_role("status")).to_have_text("Hai bên khớp nhau, không thiếu gì.")
        return {(submission, lack) for submission, _, lack, _ in cells}
