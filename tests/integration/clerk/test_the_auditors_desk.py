"""An auditor finds a document by what the log knows of it and reads its whole story, without JavaScript."""

import asyncio
import hashlib
import io
import re
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Download, Page, expect

from clerkoffice import LEADER, LEADER_PASSWORD, RECIPIENT, SENDER, Office
from clerkoffice.accessibility import check_by_axe, enlarged_page
from clerkoffice.walking import picture, sign_in_as, wait_for
from docaxis.clerk.pages import auditing
from docaxis.client import AxisClient
from docaxis.embedded.axis import AXIS, ENVIRONMENT
from docaxis.embedded.identities import AUDITOR_NAME
from docaxis_signing.transparency.policy import NONE, Policy
from docaxis_signing.transparency.proof import LogProof

HOSTILE = 'V/v <script>alert(1)</script> & "nháy" <img src=x onerror=alert(2)>'
PLACE: dict[str, Any] = {"axis": AXIS, "environment": ENVIRONMENT}
NUMBER = "8101/BTN-KT"
DESK = "Tra cứu sổ minh bạch"
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


@pytest.fixture(scope="session")
async def sent(office: Office, tmp_path_factory: pytest.TempPathFactory) -> UUID:
    """A document with a subject that would be mark-up, judged, delivered, signed for and accepted, all of it logged."""
    paper = await office.papers.original("G98", 8101)
    file = tmp_path_factory.mktemp("sent") / paper.name
    file.write_bytes(paper.data)
    document = paper.metadata.to_json() | {"subject": HOSTILE, "number": "8101", "notation": "BTN-KT"}
    identity, other = office.clerk(SENDER), office.clerk(RECIPIENT)
    async with AxisClient(office.gateway, identity.credential, identity.signer, **PLACE, member=SENDER) as axis:
        handed_in = await axis.send(document, [file], ["H98.14"], wait=30)
    async with AxisClient(office.gateway, other.credential, other.signer, **PLACE, member=RECIPIENT) as axis:
        async for delivery in axis.inbox(stream="auditors-desk"):
            if delivery.submission_id == handed_in.submission_id:
                async with delivery:
                    pass
                await delivery.accept(register_number="1")
                break
    secret = office.axis.auditor_credential
    async with AxisClient(office.gateway, secret, None, **PLACE, member="auditor") as auditor:
        for _ in range(300):
            if is_logged(await auditor.audit.story(handed_in.submission_id)):
                return handed_in.submission_id
            await asyncio.sleep(0.5)
    raise AssertionError("it was never logged whole")


def is_logged(told: Mapping[str, Any]) -> bool:
    leaves = [one["leaf_index"] for one in told["evidence"] if one["file"]["proof"] is not None]
    reported = any(event["type"] == "status.reported" for event in told["submission"]["timeline"])
    return reported and len(leaves) == len(told["submission"]["timeline"]) and max(leaves) < told["indexed"]


async def come_in(page: Page, office: Office) -> None:
    await sign_in_as(page, office, AUDITOR_NAME, office.axis.auditor_password, DESK)


def policy_of(office: Office) -> Policy:
    return Policy((office.axis.keys.log.verifier,), {}, {}, NONE)


async def taken(download: Download) -> bytes:
    return await asyncio.to_thread(Path(await download.path()).read_bytes)


async def follow(page: Page, name: str) -> bytes:
    """Click a link to a file and give its bytes."""
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name=name, exact=True).first.click()
    return await taken(await waiting.value)


async def search(page: Page, office: Office) -> str:
    """Find the verdict by number, signer and result; each row is shown by the log, and its proof holds elsewhere."""
    await page.goto(f"{office.pages}/audit?ask=1&submission=khong-phai")
    await expect(page.get_by_role("alert")).to_contain_text("Mã lượt gửi không đúng dạng")
    await page.get_by_label("Mã lượt gửi").fill("")
    await page.get_by_label("Số văn bản").fill(NUMBER.lower())
    await page.get_by_label("Kết quả kiểm tra").select_option("TOTAL-PASSED")
    await page.get_by_role("button", name="Tìm", exact=True).click()
    row = page.get_by_role("row").filter(has_text="Có kết quả kiểm tra chữ ký")
    await expect(row).to_contain_text("Sổ chứng minh mục này")
    await expect(page.get_by_role("row")).to_have_count(2)
    await picture(page, "audit-search")
    index = (await row.get_by_role("cell").first.inner_text()).strip()
    proof = LogProof.parse(await follow(page, f"Tải chứng minh {index}"))
    assert b"verdict.given" in proof.check_itself(policy_of(office))
    assert str(proof.index) == index
    address = await row.get_by_role("link").first.get_attribute("href")
    assert address is not None
    return f"{office.pages}{address}"


async def read_the_story(page: Page, office: Office, address: str) -> None:
    """Every event in order, the verdict in its layers, each recipient, nothing missing, and the files behind it."""
    await page.goto(address)
    await expect(page.get_by_text("Không thấy thiếu gì")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE)
    leaves = page.get_by_role("region", name="Từng sự kiện, theo thời gian").get_by_role("list").first
    told = await leaves.locator("> li strong").all_inner_texts()
    first, last = "Trục đã nhận lượt gửi", "Bên nhận báo trạng thái"
    assert (told[0], told[-1]) == (first, last)
    assert set(told) >= {"Có kết quả kiểm tra chữ ký", "Đã tới hộp thư bên nhận", "Bên nhận đã ký nhận"}
    await expect(leaves.get_by_text("sổ chứng minh")).to_have_count(len(told))
    await leaves.get_by_text("Nội dung và khóa mở").first.click()
    await expect(leaves.get_by_role("group").first).to_contain_text(SENDER)
    verdicts = page.get_by_role("region", name="Kết quả kiểm tra chữ ký")
    await expect(verdicts.get_by_role("row").filter(has_text="Tính toàn vẹn của văn bản").first).to_contain_text("✓ có")
    await expect(page.get_by_role("region", name="Tình hình từng nơi nhận").first).to_contain_text("Đã tiếp nhận")
    await picture(page, "audit-story")
    report = await follow(page, await the_name(page, "Báo cáo ETSI TS 119 102-2 (XML): "))
    assert b"ValidationReport" in report
    await verdicts.get_by_text("Bằng chứng gốc").first.click()
    sha256 = (await verdicts.get_by_role("group").first.get_by_role("link").first.inner_text()).strip()
    assert hashlib.sha256(await follow(page, sha256)).hexdigest() == sha256
    with zipfile.ZipFile(io.BytesIO(await follow(page, "Tải hồ sơ bằng chứng (ZIP)"))) as packed:
        assert packed.testzip() is None
        assert [name for name in packed.namelist() if name.startswith("documents/")]
    assert b"docaxis-evidence" in await follow(page, "Biên nhận có chữ ký của trục")


async def the_name(page: Page, prefix: str) -> str:
    found = await page.get_by_role("link", name=prefix).first.get_attribute("aria-label")
    assert found is not None
    return found


async def look_at_the_log(page: Page, office: Office) -> None:
    await page.get_by_role("link", name="Tình trạng sổ").first.click()
    await expect(page.get_by_text("Khóa của sổ đã ký")).to_be_visible()
    await expect(page.get_by_text("Đầu sổ này chưa có nhân chứng nào ký.")).to_be_visible()
    await picture(page, "audit-log")
    policy_of(office).require(await follow(page, "Tải đầu sổ để giữ"))
    await wait_for(page, f"{office.pages}/audit/log", "Kiểm tra bằng docaxis verify-anchor")
    assert (await follow(page, await the_name(page, "Dấu thời gian ")))[:1] == b"\x30"


async def test_an_auditor_searches_and_reads_a_documents_story_without_javascript(
    office: Office, sent: UUID, plain: BrowserContext, browser: Browser
) -> None:
    page = await plain.new_page()
    await come_in(page, office)
    address = await search(page, office)
    assert address.endswith(str(sent))
    await read_the_story(page, office, address)
    await look_at_the_log(page, office)
    await page.get_by_role("link", name="Ai đã xem").click()
    looks = page.get_by_role("row").filter(has_text=str(sent))
    for what in ("story", "export", "package-file", "evidence"):
        await expect(looks.filter(has=page.get_by_role("cell", name=what, exact=True)).first).to_be_visible()
    for _ in range(60):  # what was looked at is in the log itself
        await page.goto(f"{office.pages}/audit?ask=1&type=evidence.exported")
        if await page.get_by_role("row").count() > 1:
            break
        await page.wait_for_timeout(500)
    await expect(page.get_by_role("row").nth(1)).to_contain_text("Sổ chứng minh mục này")
    await expect(page.get_by_role("row").nth(1).get_by_role("link")).to_have_count(1)  # its proof: no story is told
    await check_at_200_percent(browser, office, address)


async def check_at_200_percent(browser: Browser, office: Office, address: str) -> None:
    """Each page at 200 %, by axe; the search by keys alone; English says the same."""
    page = await enlarged_page(browser)
    await come_in(page, office)
    found = f"{office.pages}/audit?ask=1&number={quote(NUMBER)}"
    for one in (f"{office.pages}/audit", found, address, f"{office.pages}/audit/log", f"{office.pages}/audit/looks"):
        await page.goto(one)
        await check_by_axe(page)
    await page.goto(f"{office.pages}/audit")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Bỏ qua, tới nội dung chính")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Số văn bản")).to_be_focused()
    await page.keyboard.type(NUMBER)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("row").nth(1)).to_be_visible()
    await page.wait_for_load_state()
    await page.get_by_role("row").nth(1).get_by_role("link").first.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Toàn bộ diễn biến")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Full story")
    await page.context.close()


async def test_nobody_else_comes_to_the_desk_and_auditors_come_nowhere_else(office: Office, sent: UUID) -> None:
    desk = ("/audit", f"/audit/submissions/{sent}", f"/audit/submissions/{sent}/package", "/audit/log", "/audit/looks")
    async with office.visitor() as nobody:
        for path in desk:
            assert (await nobody.get(path)).headers["location"] == "/sign-in"
        nobody.cookies.set("docaxis-session", "forged")
        assert (await nobody.get("/audit")).headers["location"] == "/sign-in"
    async with office.signed_in(SENDER) as clerk, office.visitor() as leader:
        await leader.post("/sign-in", data={"name": LEADER, "password": LEADER_PASSWORD})
        for path in desk:
            assert (await clerk.get(path)).status_code == 404, path
            assert (await leader.get(path)).status_code == 404, path
    async with signed_in(office) as auditor:
        assert (await auditor.get("/")).headers["location"] == "/audit"
        for path in ("/inbox", "/outbox", "/search", "/registers/incoming", "/deadlines", "/accounts", "/drafts"):
            assert (await auditor.get(path)).status_code == 404, path
        assert "Kiểm toán" in (await auditor.get("/account")).text
        await strange_addresses(auditor, sent)
        await foreign_forms(auditor)


async def test_what_is_long_goes_on_on_further_pages(
    office: Office, sent: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "ROWS", 2)
    monkeypatch.setattr(auditing, "SHOWN", 4)
    async with signed_in(office) as auditor:
        seen: list[int] = []
        address: str | None = f"/audit?ask=1&submission={sent}"
        while address:
            told = (await auditor.get(address)).text
            seen += map(int, re.findall(r"/audit/leaves/(\d+)/proof", told))
            further = re.search(r'href="([^"]+)" rel="next"', told)
            address = unescape(further[1]) if further else None
        assert len(seen) == len(set(seen)) >= 6
        assert seen == sorted(seen, reverse=True)
        one = f"/audit/submissions/{sent}"
        first, second = (await auditor.get(one)).text, (await auditor.get(f"{one}?first=4")).text
        assert f"{one}?first=4#leaves" in first
        assert 'rel="next"' not in second
        assert sorted(map(int, re.findall(r"/audit/leaves/(\d+)/proof", first + second))) == sorted(seen)


@asynccontextmanager
async def signed_in(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    """Give a visitor who signed in as the auditor."""
    async with office.visitor() as auditor:
        await auditor.post("/sign-in", data={"name": AUDITOR_NAME, "password": office.axis.auditor_password})
        yield auditor


async def strange_addresses(auditor: httpx.AsyncClient, sent: UUID) -> None:
    """What the pages do not lead to is not there, however it is asked for; mark-up stays text."""
    one = f"/audit/submissions/{sent}"
    for path in (
        *(f"/audit/submissions/{uuid4()}", "/audit/submissions/x", f"/audit/leaves/{10**12}/proof"),
        *("/audit/leaves/-1/proof", f"/audit/leaves/{'9' * 5000}/proof", f"{one}/package/documents/{'a' * 64}.pdf"),
        *(f"{one}/package/reports/..%2Fkeys.json", f"{one}/package/objects/{'0' * 64}", f"{one}/package/keys.json"),
        *("/audit/log/files/..%2F..%2Fv1%2Fkeys", "/audit/log/files/tile/entries/000", "/audit/log/files/check"),
    ):
        assert (await auditor.get(path)).status_code == 404, path
    told = await auditor.get("/audit", params={"ask": "1", "signer": HOSTILE, "type": "verdict.given"})
    assert (told.status_code, "<script>" in told.text, "&lt;script&gt;" in told.text) == (200, False, True)
    assert "default-src 'none'" in told.headers["content-security-policy"]
    assert "<script>" not in (await auditor.get(one)).text
    for wrong in ({"verdict": "x"}, {"from": "hôm qua"}, {"submission": "x"}):
        assert (await auditor.get("/audit", params={"ask": "1", **wrong})).status_code == 422


async def foreign_forms(auditor: httpx.AsyncClient) -> None:
    token = _TOKEN.search((await auditor.get("/audit")).text)
    assert token
    elsewhere = {"Origin": "https://other.example"}
    assert (await auditor.post("/sign-out", data={"form_token": "0" * 64})).status_code == 403
    assert (await auditor.post("/sign-out", data={"form_token": token[1]}, headers=elsewhere)).status_code == 403
    assert (await auditor.post("/inbox/recall", data={"form_token": token[1]})).status_code == 404
    assert (await auditor.get("/audit")).status_code == 200, "still signed in"
    await auditor.post("/sign-out", data={"form_token": token[1]})
    assert (await auditor.get("/audit")).status_code == 303
