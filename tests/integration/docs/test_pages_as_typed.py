"""What the tutorial and the guide for integrators tell people to type works on a running axis, in its order."""

import ast
import asyncio
import hashlib
import inspect
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from docaxis.clerk.enrolling import ACCOUNTS
from docaxis.directory import DirectoryRepository
from docaxis.embedded.authorities.authorities import Credential
from docaxis.embedded.axis import AxisPlan, LocalAxis
from docaxis.embedded.papers import PaperDesk
from docaxis.runtime import Runtime
from docaxis.storage.clerk_identities import ClerkIdentities
from docaxis.storage.database import open_database
from docaxis_schemas.identifiers import submission_id
from docaxis_schemas.moments import VIETNAM, system_clock

ISSUER = "https://dang-nhap.example"
DOCS = Path(__file__).parents[3] / "docs"
_BLOCK = re.compile(
    r"(?P<mark><!-- not run[^\n]*-->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class ReadersAxis:
    """The axis, its address, and the folder the reader works in."""

    axis: LocalAxis
    url: str
    folder: Path

    @property
    def profiles(self) -> Path:
        return self.folder / "profiles"


@pytest.fixture(scope="module")
async def readers_axis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ReadersAxis]:
    folder = tmp_path_factory.mktemp("reader") / "first-axis"
    async with LocalAxis(AxisPlan(folder / "axis-1")) as axis, Runtime(axis.settings()) as runtime:
        axis.write_profiles(runtime.url, folder / "profiles")
        yield ReadersAxis(axis, runtime.url, folder)


def blocks(page: str, *languages: str) -> Iterator[tuple[str, str]]:
    """Give the fenced blocks of a page that are to be run, in order."""
    for found in _BLOCK.finditer((DOCS / page).read_text("utf-8")):
        if found["language"] in languages and not found["mark"]:
            yield found["language"], found["text"]


async def run_shell(script: str, folder: Path, **environment: str) -> str:
    """Run a script as a careful reader would, and give what it printed.

    Raises:
        AssertionError: A command of it failed; the text says what it said.
    """
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script,
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "XDG_CONFIG_HOME": str(folder),
        }
        | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    return told.decode()


async def run_python(source: str, names: dict[str, Any]) -> None:
    """Run a block that awaits at its top, with and for the names of the blocks before it."""
    code = compile(source, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)
    if inspect.isawaitable(result):
        await result


async def test_the_first_document_goes_its_way_as_the_tutorial_says(readers_axis: ReadersAxis) -> None:
    script = "".join(text for _, text in blocks("tutorials/first-document.md", "sh"))
    script = script.replace("cd first-axis\n", "")

    told = await run_shell(script, readers_axis.folder)

    assert "TOTAL-PASSED" in told
    assert "exit code 1" in told
    assert len(list((readers_axis.folder / "evidence").glob("*.json"))) == 7
    incoming = next((readers_axis.folder / "incoming").glob("*.pdf"))
    assert incoming.read_bytes() == (readers_axis.folder / "decision.pdf").read_bytes()

    profile = f'url = "{readers_axis.url}"\nmember = "auditor"\naxis = "docaxis-local"\nenvironment = "test"\n'
    auditor = readers_axis.folder / "auditor.toml"
    auditor.write_text(f'{profile}credential = "{readers_axis.axis.auditor_credential}"\n', "utf-8")
    submission = submission_id("tinh-thu-nghiem", "first-document")
    seen = await run_shell(
        f"docaxis trace {submission} --profile ./auditor.toml --evidence audited\n"
        "docaxis verify-evidence audited/*.json --keys axis-1/keys/pinned.json\n"
        "docaxis dead-letters --profile ./auditor.toml",
        readers_axis.folder,
    )
    assert "handed_over" in seen
    assert len(list((readers_axis.folder / "audited").glob("*.json"))) == 7


async def test_every_block_of_the_guide_for_integrators_runs(
    readers_axis: ReadersAxis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    axis = readers_axis.axis
    paper = await PaperDesk(axis.authorities, system_clock).original("H98.14", 15)
    signed, table = tmp_path / "16-QĐ-SNV.pdf", tmp_path / "danh-sach.csv"
    signed.write_bytes(paper.data)
    table.write_text("xã,số văn bản\nBình Mẫu,15\n", "utf-8")
    sender, folder = axis.members["tinh-thu-nghiem"], tmp_path / "incoming"
    names: dict[str, Any] = {
        "TODAY": datetime.now(VIETNAM).date().isoformat(),
        "SENDER_PROFILE": readers_axis.profiles / "tinh-thu-nghiem.toml",
        "RECIPIENT_PROFILE": readers_axis.profiles / "tinh-mo-phong.toml",
        "KAFKA_PROFILE": readers_axis.profiles / "tinh-uy.toml",
        "SIGNED_PDF": signed,
        "TABLE": table,
        "FOLDER": folder,
        "AXIS": "docaxis-local",
        "ENVIRONMENT": "test",
        "MEMBER": sender.member,
        "KEY": sender.signer.private_jwk(),
        "CREDENTIAL": sender.credential,
        "URL": readers_axis.url,
        "BOOTSTRAP": axis.cluster.access.bootstrap,
        "KAFKA_PASSWORD": axis.members["tinh-uy"].kafka_password,
        "PROTOCOL": axis.cluster.access.security_protocol,
        "CA_FILE": axis.cluster.access.ca_file,
        "PINNED_KEYS": readers_axis.folder / "axis-1" / "keys" / "pinned.json",
    }

    for language, text in blocks("guides/integrators.md", "python", "sh"):
        if language == "sh":
            told = await run_shell(text, tmp_path, URL=readers_axis.url, CREDENTIAL=sender.credential)
            assert json.loads(told)["items"]
        else:
            await run_python(text, names)

    assert names["submission"].disposition == "deliver"
    assert names["answer"].json()["disposition"] == "deliver"
    received = sorted(path.name for path in folder.rglob("*") if path.is_file())
    assert received.count("16-QĐ-SNV.pdf") == 2
    assert "danh-sach.csv" in received
    said = capsys.readouterr().out
    assert "accepted vb-2026-000016" in said
    assert "H99.09 handed_over 03" in said
    assert "SubmissionAcceptance" in said


async def test_an_operator_prepares_and_suspends_by_the_script(readers_axis: ReadersAxis, tmp_path: Path) -> None:
    axis, access = readers_axis.axis, readers_axis.axis.cluster.access
    member = axis.members["tinh-uy"]
    credential = axis.authorities.seal("A98")
    der = credential.certificate.public_bytes(Encoding.DER)
    (tmp_path / "member.jwk.json").write_text(json.dumps(member.signer.public_jwk()), "utf-8")
    (tmp_path / "keeper.json").write_text(json.dumps(axis.keys.directory.private_jwk()), "utf-8")
    (tmp_path / "member.password").write_text(member.kafka_password, "utf-8")
    (tmp_path / "passwords.json").write_text(json.dumps(dict(axis.keys.passwords)), "utf-8")
    (tmp_path / "seal.der").write_bytes(der)
    script = Path(__file__).parents[3] / "deploy" / "provisioning" / "axis_admin.py"
    slots = axis.settings().bus.slots

    async def admin(step: str) -> dict[str, Any]:
        told = await run_shell(
            f"python {script} {step}",
            tmp_path,
            DOCAXIS_AXIS="docaxis-local",
            DOCAXIS_DATABASE=axis.database.url,
            DOCAXIS_BUS__SLOTS=str(slots),
            DOCAXIS_BUS__BOOTSTRAP=access.bootstrap,
            DOCAXIS_BUS__USERNAME=access.username,
            DOCAXIS_BUS__PASSWORD=access.password,
            DOCAXIS_BUS__SECURITY_PROTOCOL=access.security_protocol,
            DOCAXIS_KEEPER_KEY="keeper.json",
            DOCAXIS_OPERATOR_CREDENTIAL=axis.operator_credential,
            DOCAXIS_KEYS__CLERK_KEY="made/clerk.key",
            DOCAXIS_CLERK__OIDC__ISSUER=ISSUER,
        )
        value: dict[str, Any] = json.loads(told.splitlines()[-1])
        return value

    made = (await admin("keys made"))["made"]
    assert made == ["clerk.key", "evidence.json", "gateway.json", "pinned.json", "store.key"]
    assert await admin("keeper-key keeper-2.json") == {"private": "keeper-2.json", "public": "keeper-2.public.json"}
    assert await admin("migrate") == {"migrated": True}
    assert (await admin("services passwords.json"))["slots"] == slots
    enrolled = "member tinh-uy 'Văn phòng Tỉnh ủy' --key member.jwk.json --organisation A98 --by tester"
    assert (await admin(f"{enrolled} --password member.password"))["member"] == "tinh-uy"
    issued = await admin("credential clerk 'văn thư hai' --member tinh-uy --organisation A98")
    assert issued["secret"].startswith("dax_")
    account = await admin("clerk-account VanThu.A98 'Văn thư TEST' --member tinh-uy --organisation A98")
    assert account["account"] == "vanthu.a98"
    assert len(account["password"]) == 16
    assert (await admin("link-clerk-account VanThu.A98 cccd-001")) == {
        "account": "vanthu.a98",
        "issuer": ISSUER,
        "subject": "cccd-001",
    }
    assert await _account_of(axis.database.url, "cccd-001") == uuid5(ACCOUNTS, "vanthu.a98")
    assert (await admin("unlink-clerk-account vanthu.a98"))["unlinked"]
    assert await _account_of(axis.database.url, "cccd-001") is None
    await admin("challenge seal.der A98 --out message")
    (tmp_path / "answer").write_bytes(_signed(credential, (tmp_path / "message").read_bytes()))
    registered = await admin("register seal.der A98 seal --answer answer")
    assert registered["certificate_sha256"] == hashlib.sha256(der).hexdigest()

    async def inbox_status() -> int:
        headers = {"Authorization": f"Bearer {issued['secret']}"}
        async with httpx.AsyncClient(base_url=readers_axis.url, headers=headers) as http:
            return (await http.get("/v1/inbox")).status_code

    assert await inbox_status() == 200
    await admin(f"revoke-credential {issued['credential_id']}")
    await admin("suspend tinh-uy --by tester")
    snapshot = await _members(axis.database.url)
    assert snapshot["tinh-uy"] == "suspended"
    await admin("reinstate tinh-uy --by tester")
    assert (await _members(axis.database.url))["tinh-uy"] == "active"
    await _make_suspended(axis.database.url, "tinh-uy")
    with pytest.raises(AssertionError, match="changed since its keeper attested"):
        await admin("mandate tinh-uy A98 --by tester")
    assert (await admin("attest"))["attested"] > 0
    await admin("reinstate tinh-uy --by tester")


def _signed(credential: Credential, message: bytes) -> bytes:
    key = credential.private_key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hashes.SHA256()))
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


async def _account_of(url: str, subject: str) -> UUID | None:
    """Say who signs in when the provider says this subject."""
    engine = open_database(url, application="tests", pool=1)
    try:
        return await ClerkIdentities(engine).find(ISSUER, subject)
    finally:
        await engine.dispose()


async def _make_suspended(url: str, member: str) -> None:
    """Change the directory as nobody may: with the database's password and without the keeper's key."""
    engine = open_database(url, application="tests", pool=1)
    try:
        await DirectoryRepository(engine).suspend_member(member, by="nobody")
    finally:
        await engine.dispose()


async def _members(url: str) -> dict[str, str]:
    engine = open_database(url, application="tests", pool=1)
    try:
        snapshot = await DirectoryRepository(engine).snapshot()
        return {name: member.state.value for name, member in snapshot.members.items()}
    finally:
        await engine.dispose()
