"""The page that checks receipts in the reader's own browser: saved to a disk, opened from there, with no network."""

import base64
import copy
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Page, async_playwright

from chromium import CHROMIUM, SWITCHES
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_signing.receipts import EvidenceKey, EvidenceSigner, PinnedKeys, check_evidence, evidence_file
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.leaves import leaf, openings
from docaxis_signing.transparency.merkle import inclusion_proof, leaf_hash
from docaxis_signing.transparency.note import Algorithm, Note, Signer
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.proof import LogProof
from docaxis_signing.transparency.tiles import TileReader

PAGE = files("docaxis.gateway").joinpath("check.html").read_text("utf-8")
NOW = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
LOG = Signer.generate("docaxis/test")
WITNESSES = [Signer.generate(f"w{number}.example", Algorithm.COSIGNATURE) for number in range(3)]
AXIS = EvidenceSigner.generate("evidence-1")
DOCUMENT = "Quyết định số 71".encode()
SECRET = bytes(range(32))
COUNT, PLACE = 300, 270
POLICY = "\n".join(
    [
        f"log {LOG.verifier.to_vkey()}",
        *(f"witness w{number} {one.verifier.to_vkey()}" for number, one in enumerate(WITNESSES)),
        "group two 2 w0 w1 w2",
        "quorum two",
        "",
    ]
)
PINNED = PinnedKeys("docaxis", "test", (EvidenceKey("evidence-1", AXIS.public_jwk(), NOW, None),), Policy.parse(POLICY))


def _receipt(*, cosigned: int = 2, at: datetime = NOW) -> dict[str, Any]:
    facts = {"contents_sha256": [hashlib.sha256(DOCUMENT).hexdigest()], "version": 1, "disposition": "deliver"}
    statement = Statement(UUID(int=1), EvidenceType.CONTENT_CONSIGNMENT, UUID(int=2), at, "so-nv", "H37.02", facts)
    data = statement.to_bytes(axis="docaxis", environment="test")
    salts = openings(SECRET, data)
    entry = leaf(data, salts)
    growth = grow(Tree(), [leaf_hash(entry if number == PLACE else b"%d" % number) for number in range(COUNT)])
    note = Checkpoint("docaxis/test", COUNT, growth.tree.root).sign(LOG)
    more = [one.sign(note.text, seconds=1_700_000_000) for one in WITNESSES[:cosigned]]
    checkpoint = Note(note.text, (*note.signatures, *more)).to_bytes()
    hashes = inclusion_proof(TileReader(dict(growth.tiles).__getitem__, COUNT), PLACE, COUNT)
    proof = LogProof(PLACE, hashes, checkpoint, entry)
    return evidence_file(AXIS.sign(data, at), record=None, record_key=None, proof=proof, salts=salts)


GOOD = _receipt()
PINS = json.dumps(PINNED.to_json())
VKEY = LOG.verifier.to_vkey() + "\n"


def _replaced(path: str, old: str, new: str) -> dict[str, Any]:
    changed = copy.deepcopy(GOOD)
    assert old in changed[path]
    changed[path] = changed[path].replace(old, new, 1)
    return changed


def _line(number: int) -> str:
    """Give a line of the proof."""
    return str(GOOD["proof"]).split("\n")[number]


def _flipped(text: str, at: int) -> str:
    """Change one character of base64 into another one."""
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def _opened(field: str) -> dict[str, Any]:
    changed = copy.deepcopy(GOOD)
    changed["openings"][field] = "00" * 32
    return changed


def _restated(change: Callable[[dict[str, Any]], None], signer: EvidenceSigner = AXIS) -> dict[str, Any]:
    payload = str(GOOD["receipt"]).split(".")[1]
    statement = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    change(statement)
    data = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return copy.deepcopy(GOOD) | {"receipt": signer.sign(data, NOW)}


SIGNATURES = str(GOOD["proof"]).split("\n\n")[2].split("\n")
TAMPERED: dict[str, dict[str, Any]] = {
    "entry": _replaced("proof", _line(1), "extra " + _flipped(_line(1)[6:], 40)),
    "place": _replaced("proof", f"index {PLACE}", f"index {PLACE + 1}"),
    "place spelt otherwise": _replaced("proof", f"index {PLACE}", f"index 0{PLACE}"),
    "a hash": _replaced("proof", _line(4), _flipped(_line(4), 3)),
    "a hash less": _replaced("proof", _line(4) + "\n", ""),
    "a hash more": _replaced("proof", _line(4) + "\n", f"{_line(4)}\n{_line(4)}\n"),
    "size": _replaced("proof", f"\n{COUNT}\n", f"\n{COUNT + 1}\n"),
    "origin": _replaced("proof", "\ndocaxis/test\n", "\ndocaxis/prod\n"),
    "the log's signature": _replaced("proof", SIGNATURES[0], _flipped(SIGNATURES[0], 40)),
    "a cosignature": _replaced("proof", SIGNATURES[1], _flipped(SIGNATURES[1], 40)),
    "one witness of two": _receipt(cosigned=1),
    "an opening": _opened("member"),
    "an opening missing": copy.deepcopy(GOOD) | {"openings": {}},
    "the receipt's signature": copy.deepcopy(GOOD) | {"receipt": _flipped(GOOD["receipt"], len(GOOD["receipt"]) - 9)},
    "the recipient": _restated(lambda one: one.update(recipient="H37.03")),
    "a shown code": _restated(lambda one: one["facts"].update(disposition="hold")),
    "a hidden fact": _restated(lambda one: one["facts"].update(contents_sha256=["00" * 32])),
    "a fact more": _restated(lambda one: one["facts"].update(more=1)),
    "another key": _restated(lambda _: None, EvidenceSigner.generate("evidence-1")),
    "before the key's life": _receipt(at=NOW - timedelta(seconds=1)),
    "no proof": copy.deepcopy(GOOD) | {"proof": None},
    "no receipt": {"v": 1, "format": "docaxis-evidence"},
}


@pytest.fixture(scope="module")
async def page(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    saved = tmp_path_factory.mktemp("saved") / "kiem-tra.html"
    saved.write_text(PAGE, "utf-8")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        context = await browser.new_context(offline=True)
        opened = await context.new_page()
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        await opened.goto(saved.as_uri())
        yield opened
        assert set(asked) == {saved.as_uri()}, "the page asks nobody for anything"
        await browser.close()


async def _judge(page: Page, keys: str, named: dict[str, bytes]) -> list[str]:
    """Give what the page says of each file."""
    await page.reload()
    await page.fill("#keys", keys)
    listed: list[Any] = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in named.items()
    ]
    await page.set_input_files("#files", listed)
    await page.wait_for_function("count => document.querySelectorAll('.file').length >= count", arg=len(listed))
    return await page.locator(".file").all_inner_texts()


async def test_a_receipt_a_proof_and_the_document_hold_with_the_pinned_keys(page: Page) -> None:
    receipt, proof = json.dumps(GOOD).encode(), str(GOOD["proof"]).encode()
    assert check_evidence(GOOD, PINNED).logged is not None, "and docaxis verify-evidence says the same"
    dropped = {"c.pdf": DOCUMENT, "a.json": receipt, "b.tlog-proof": proof, "d.pdf": b"another"}
    said = await _judge(page, PINS, dropped)
    by_name = {text.split(": ", 1)[1].split("\n")[0]: text for text in said}
    assert "✓" in by_name["a.json"]
    for words in ("ContentConsignment", f"Mục {PLACE} trên {COUNT}", "w0, w1", "evidence-1"):
        assert words in by_name["a.json"]
    assert "✓" in by_name["b.tlog-proof"]
    assert "✓" in by_name["c.pdf"]
    assert hashlib.sha256(DOCUMENT).hexdigest() in by_name["c.pdf"]
    assert "✗" in by_name["d.pdf"]


async def test_the_log_s_key_alone_is_enough_for_a_proof(page: Page) -> None:
    files = {"a.json": json.dumps(GOOD).encode(), "b.tlog-proof": str(GOOD["proof"]).encode()}
    receipt, proof = sorted(await _judge(page, VKEY, files), key=lambda text: "b.tlog-proof" in text)
    assert "✓" in proof
    assert "✓" in receipt
    assert "chưa kiểm tra" in receipt, "the receipt's own signature wants its key"


async def test_every_tampered_copy_is_refused(page: Page) -> None:
    named = {f"{number}.json": json.dumps(value).encode() for number, value in enumerate(TAMPERED.values())}
    said = await _judge(page, PINS, named)
    assert len(said) == len(TAMPERED)
    held = [list(TAMPERED)[number] for number, text in enumerate(said) if "✗ KHÔNG ĐÚNG" not in text]
    assert held == []
    reasons = {text.split("\n", 1)[1] for text in said}
    assert len(reasons) > len(TAMPERED) // 2, "each is refused for a reason of its own"


@pytest.mark.parametrize("keys", [
    "",
    "nonsense",
    VKEY.replace("docaxis/test", "docaxis/other"),
    Signer.generate("docaxis/test").verifier.to_vkey(),
    WITNESSES[0].verifier.to_vkey(),
    json.dumps(PINNED.to_json() | {"log_policy": None}),
    json.dumps(PINNED.to_json() | {"log_policy": POLICY.replace("quorum two", "quorum three")}),
    json.dumps(PINNED.to_json() | {"axis": "another"}),
    json.dumps(PINNED.to_json() | {"keys": []}),
])  # fmt: skip
async def test_with_other_keys_nothing_holds(page: Page, keys: str) -> None:
    (said,) = await _judge(page, keys, {"a.json": json.dumps(GOOD).encode()})
    assert "✗" in said


def test_the_page_may_run_only_what_is_in_it() -> None:
    def digest(kind: str) -> str:
        (inside,) = re.findall(rf"<{kind}>(.*?)</{kind}>", PAGE, re.DOTALL)
        return "sha256-" + base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()

    wanted = f"default-src 'none'; script-src '{digest('script')}'; style-src '{digest('style')}'"
    assert f'http-equiv="Content-Security-Policy" content="{wanted}"' in PAGE
    assert not re.search(r"\b(?:src|href|action)=|innerHTML|eval\(|fetch\(", PAGE)


async def test_the_gateway_hands_it_out(world: Any) -> None:
    answer = await world.client.get("/log/check")
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
