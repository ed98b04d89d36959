"""What we sign and extend, judged by others: EU DSS, poppler's pdfsig, stock pyHanko strict; and by our own rules."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature

from docaxis.embedded.documents import handwriting, render_document, sample, seal
from docaxis.embedded.jars import JarSet, committed_jars, resolve
from docaxis_signing.pdf.appearance import Picture, TopRightText, seal_box
from docaxis_signing.pdf.extending import extend_pdf
from docaxis_signing.pdf.signing import LEVELS, SigningRequest, sign_pdf
from docaxis_signing.pdf.verification import examine
from docaxis_signing.trust.lists import ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import Indication, Integrity

World = Any  # the fixture's class lives in conftest.py, which tests do not import
JUDGE = Path(__file__).parents[2] / "judges" / "dss"
SEALED_OVER = {"BT-pair", "BLT-extended", "BLTA-extended"}
"""Files whose seal lies over a third of the handwriting, as it should, and over the edges of the lines beside it."""
SIGNERS = {"rsa": "H98.14-seal", "ecdsa": "H98.14-leader"}


async def signed_files(world: World) -> dict[str, bytes]:
    """One file of each kind that we make, by name; the level is what stands before the first dash of the name."""
    page = render_document(sample(3, world.authorities.organisation("H98.14"), ["Bộ Thử nghiệm"]))
    validation, files = world.validation(), dict[str, bytes]()

    async def sign(data: bytes, signer: str, request: SigningRequest) -> bytes:
        key = world.key(world.authorities.credential(signer))
        stamper = world.timestamper()
        return await sign_pdf(data, key, request, timestamper=stamper, validation=validation, now=world.now)

    for level in LEVELS:
        for kind, signer in SIGNERS.items():
            files[f"{level.replace('-', '')}-{kind}"] = await sign(page.data, signer, SigningRequest(level, "S"))
    padded = SigningRequest("B-T", "S", rsa_padding="pkcs1v15")
    files["BT-pkcs1v15"] = await sign(page.data, SIGNERS["rsa"], padded)
    text = TopRightText(("CỤC THỬ NGHIỆM",), 0)
    files["BT-text"] = await sign(page.data, SIGNERS["rsa"], SigningRequest("B-T", "S", text))
    spec = sample(3, world.authorities.organisation("H98.14"), ["Bộ Thử nghiệm"])
    person = Picture(handwriting(spec.signer), page.signature_page, page.handwriting_box)
    agency = Picture(seal(spec.organisation), page.signature_page, seal_box(page.handwriting_box))
    first = await sign(page.data, SIGNERS["ecdsa"], SigningRequest("B-T", "Person", person))
    files["BT-pair"] = await sign(first, SIGNERS["rsa"], SigningRequest("B-T", "Agency", agency))
    files["BLT-extended"] = await extend_pdf(files["BT-pair"], "B-LT", validation=validation, now=world.now)
    for name, before in (("BLTA-extended", files["BLT-extended"]), ("BLTA-renewed", files["BLTA-rsa"])):
        stamper = world.timestamper()
        files[name] = await extend_pdf(before, "B-LTA", timestamper=stamper, validation=validation, now=world.now)
    return files


@pytest.fixture(scope="module")
def files(world: World) -> dict[str, bytes]:
    return asyncio.run(signed_files(world))


@pytest.fixture(scope="module")
def paths(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    directory = tmp_path_factory.mktemp("signed")
    found = {}
    for name, data in files.items():
        found[name] = directory / f"{name}.pdf"
        found[name].write_bytes(data)
    yield found
    shutil.rmtree(directory)


@dataclass(frozen=True)
class Said:
    """What DSS said about one signature or time-stamp."""

    kind: str
    indication: str
    level: str
    intact: bool


@pytest.fixture(scope="module")
def dss(world: World, paths: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Said]]:
    """Ask EU DSS about every file, and about one with a byte changed, in one process without a network."""
    known = tmp_path_factory.mktemp("known")
    authorities = world.authorities.authorities
    for folder in ("roots", "authorities", "crls"):
        (known / folder).mkdir()
    for name, authority in authorities.items():
        folder = "roots" if authority.certificate.issuer == authority.certificate.subject else "authorities"
        (known / folder / f"{name}.cer").write_bytes(authority.certificate.public_bytes(Encoding.DER))
        issued = world.now - timedelta(minutes=1)
        (known / "crls" / f"{name}.crl").write_bytes(world.authorities.crl(name, now=issued))
    forged = bytearray(paths["BT-rsa"].read_bytes())
    forged[forged.index(b"stream") + 20] ^= 1
    (known / "forged.pdf").write_bytes(forged)
    jars = resolve(JarSet("dss-6.4", JUDGE / "pom.xml", committed_jars((JUDGE / "jars.sha256").read_text("ascii"))))
    asked = [*paths.values(), known / "forged.pdf"]
    class_path = ":".join(map(str, jars))
    java = shutil.which("java")
    assert java is not None
    ran = subprocess.run(
        [java, "-cp", class_path, JUDGE / "Dss.java", known, *asked],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said: dict[str, list[Said]] = {path.stem: [] for path in asked}
    for line in ran.stdout.splitlines():
        name, kind, indication, _, level, intact = line.split("\t")
        said[Path(name).stem].append(Said(kind, indication, level, intact == "true"))
    return said


def test_eu_dss_passes_every_signature_at_the_level_it_was_made_for(dss: dict[str, list[Said]]) -> None:
    assert [item.indication for item in dss["forged"]] == ["TOTAL_FAILED", "PASSED"]
    judged = {name: found for name, found in dss.items() if name != "forged"}
    assert len(judged) == 14
    for name, found in judged.items():
        signatures = [item for item in found if item.kind == "signature"]
        level = name.partition("-")[0].removeprefix("B")
        assert len(signatures) == (2 if name in {"BT-pair", "BLT-extended", "BLTA-extended"} else 1)
        assert {(item.indication, item.level, item.intact) for item in signatures} == {
            ("TOTAL_PASSED", f"PAdES-BASELINE-{level}", True)
        }, name
        stamps = [item for item in found if item.kind != "signature"]
        assert all((item.indication, item.intact) == ("PASSED", True) for item in stamps), name
        assert bool(stamps) == (level != "B")


async def test_stock_pyhanko_passes_them_in_strict_mode(world: World, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        reader = PdfFileReader(BytesIO(data), strict=True)
        for item in reader.embedded_regular_signatures:
            status = await async_validate_pdf_signature(item, world.context())
            assert status.bottom_line, (name, status.summary())


def test_our_own_rules_pass_them_at_the_level_they_were_made_for(
    world: World, files: dict[str, bytes], tmp_path: Path
) -> None:
    world.authorities.write_trust(tmp_path)
    trust = TrustStore.load(tmp_path)
    issued = world.now - timedelta(minutes=1)
    lists = [ingest(trust, a.name, world.authorities.crl(a.name, now=issued), now=world.now) for a in trust.authorities]
    for name, data in files.items():
        findings = examine(data, trust=trust, revocation=RevocationSnapshot().advance(*lists), at=world.now)
        covers = {field for item in findings.signatures for field in item.covered_by}
        assert covers == ({"Agency"} if name in SEALED_OVER else set()), name
        assert findings.integrity is Integrity.INTACT, name
        assert {item.indication for item in findings.signatures} == {Indication.TOTAL_PASSED}, (name, findings)
        levels = {item.level.value.replace("-", "") for item in findings.approvals if item.level}
        assert levels == {name.partition("-")[0]}, name


def test_poppler_finds_every_signature_valid(paths: dict[str, Path]) -> None:
    pdfsig = shutil.which("pdfsig")
    assert pdfsig is not None, "pdfsig (poppler-utils) is not installed"
    for name, path in paths.items():
        ran = subprocess.run([pdfsig, "-nocert", path], capture_output=True, text=True, timeout=60, check=False)
        found = [line for line in ran.stdout.splitlines() if "Signature Validation:" in line]
        # Poppler 22 knows no document time-stamps and says so; those DSS judges.
        judged = [line for line in found if "has not yet been verified" not in line]
        assert judged, name
        assert all("Signature is Valid." in line for line in judged), (name, ran.stdout)
