"""Signing and verifying by command, with the TEST authorities on a loopback port."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from docaxis.cli import main
from docaxis.embedded.authorities import TestAuthorities, open_authorities
from docaxis.embedded.documents import render, sample, seal
from docaxis_schemas.moments import system_clock
from docaxis_signing.pdf.placing import shown_at


class Bench:
    """Authorities, a document to sign, and the passphrase of all keys."""

    def __init__(self, directory: Path, authorities: TestAuthorities, base_url: str) -> None:
        self.authorities = authorities
        self.trust = directory / "trust"
        self.tsa = f"{base_url}/tsa"
        self.passphrase = directory / "passphrase"
        self.passphrase.write_bytes(authorities.passphrase + b"\n")
        self.organisation = authorities.organisations[0]
        self.person = authorities.person(self.organisation.code).pkcs12_path
        self.seal = authorities.seal(self.organisation.code).pkcs12_path
        self.document = directory / "văn bản.pdf"
        self.document.write_bytes(render(sample(1, self.organisation)))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    directory = tmp_path_factory.mktemp("bench")
    authorities, responder = open_authorities(directory / "pki", directory / "trust", clock=system_clock)
    with responder:
        yield Bench(directory, authorities, responder.base_url)


Run = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("DOCAXIS_TRUST", raising=False)

    def call(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
        code = main([*map(str, arguments), "--json"])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


@pytest.fixture
def signed(bench: Bench, run: Run, tmp_path: Path) -> Path:
    """Sign by person, then with the seal as a picture."""
    first, second = tmp_path / "first.pdf", tmp_path / "signed.pdf"
    common = ("--passphrase-file", bench.passphrase, "--tsa", bench.tsa)
    code, lines = run("sign", bench.document, "--key", f"file:{bench.person}", *common, "--out", first)
    assert (code, lines[0]["level"]) == (0, "B-T")
    picture = tmp_path / "seal.png"
    picture.write_bytes(seal(bench.organisation.name))
    shown = ("--field", "Seal", "--picture", picture, "--box", 100, 100, 200, 200)
    code, lines = run("sign", first, "--key", f"file:{bench.seal}", *common, *shown, "--out", second)
    assert (code, lines[0]["out"]) == (0, str(second))
    return second


def test_what_was_signed_verifies_with_all_that_was_promised(bench: Bench, run: Run, signed: Path) -> None:
    code, (line,) = run("verify", signed, "--trust", bench.trust)
    assert (code, line["verdict"], line["cause"], line["integrity"]) == (0, "TOTAL-PASSED", None, "intact")
    assert [found["field"] for found in line["signatures"]] == ["Signature1", "Seal"]
    for found in line["signatures"]:
        assert (found["verdict"], found["level"], found["sub_indication"]) == ("TOTAL-PASSED", "B-T", None)
        assert found["signer"]
        assert found["signed_at"].endswith("Z")
    assert {"file", "sha256", "sub_indication", "reasons"} <= line.keys()
    assert {"coverage", "modification"} <= line["signatures"][0].keys()


def test_lists_beside_the_trust_file_need_no_network(bench: Bench, run: Run, signed: Path, tmp_path: Path) -> None:
    trust = tmp_path / "offline"
    shutil.copytree(bench.trust, trust)
    text = (trust / "trust.toml").read_text("utf-8").replace("127.0.0.1", "127.255.255.254")
    (trust / "trust.toml").write_text(text, "utf-8")
    assert run("verify", signed, "--trust", trust)[0] == 2
    (trust / "crls").mkdir()
    for name in bench.authorities.authorities:
        (trust / "crls" / f"{name}.crl").write_bytes(bench.authorities.crl(name, now=system_clock()))
    assert run("verify", signed, "--trust", trust)[0] == 0


def test_each_verdict_has_its_exit_code_and_the_gravest_decides(
    bench: Bench, run: Run, signed: Path, tmp_path: Path
) -> None:
    tampered, text, revoked = tmp_path / "tampered.pdf", tmp_path / "text.pdf", tmp_path / "revoked.pdf"
    data = bytearray(signed.read_bytes())
    data[data.index(b"stream") + 20] ^= 1
    tampered.write_bytes(data)
    text.write_text("không phải PDF", "utf-8")
    key = bench.authorities.special("revoked").pkcs12_path
    common = ("--passphrase-file", bench.passphrase, "--level", "B-B", "--out", revoked)
    assert run("sign", bench.document, "--key", f"file:{key}", *common)[0] == 0
    trust = ("--trust", bench.trust)

    code, (line,) = run("verify", tampered, *trust)
    assert (code, line["verdict"]) == (1, "TOTAL-FAILED")
    code, (line,) = run("verify", bench.document, *trust)
    assert (code, line["verdict"], line["cause"]) == (1, "TOTAL-FAILED", "unsigned")
    code, (line,) = run("verify", revoked, *trust)
    assert (code, line["verdict"], line["cause"]) == (2, "INDETERMINATE", "revoked_before_reception")
    code, (line,) = run("verify", signed)
    assert (code, line["verdict"], line["cause"]) == (2, "INDETERMINATE", "no_configured_root")
    assert run("verify", text, *trust)[0] == 3
    assert run("verify", tmp_path, tmp_path / "none.pdf", *trust)[0] == 3
    code, lines = run("verify", signed, revoked, text, tampered, *trust)
    assert (code, [Path(line["file"]).name for line in lines]) == (
        1,
        ["signed.pdf", "revoked.pdf", "text.pdf", "tampered.pdf"],
    )


def test_many_odd_files_in_one_call_each_get_a_line(bench: Bench, run: Run, signed: Path, tmp_path: Path) -> None:
    data = signed.read_bytes()
    paths = []
    for number in range(60):
        path = tmp_path / f"odd-{number}.pdf"
        cut = len(data) * number // 60
        path.write_bytes(data[:cut] if number % 2 else data[:cut] + bytes(64) + data[cut + 64 :])
        paths.append(path)
    code, lines = run("verify", *paths, "--trust", bench.trust)
    assert [line["file"] for line in lines] == [str(path) for path in paths]
    assert code == 1
    assert all(line["verdict"] != "TOTAL-PASSED" for line in lines)


def test_a_seal_is_put_over_the_left_third_of_the_persons_signature(bench: Bench, run: Run, tmp_path: Path) -> None:
    first, second, picture = tmp_path / "first.pdf", tmp_path / "second.pdf", tmp_path / "seal.png"
    picture.write_bytes(seal(bench.organisation.name))
    common = ("--passphrase-file", bench.passphrase, "--level", "B-B", "--picture", picture)
    person, organisation = f"file:{bench.person}", f"file:{bench.seal}"
    shown = ("--key", person, "--field", "Person", "--box", 300, 200, 420, 260, "--out", first)
    assert run("sign", bench.document, *common, *shown)[0] == 0
    beside = ("--key", organisation, "--field", "Seal", "--beside", "Person", "--out", second)
    assert run("sign", first, *common, *beside)[0] == 0
    page, (left, bottom, right, top) = shown_at(second.read_bytes(), "Seal")
    assert (page, right) == (0, 340)
    assert left < 300
    assert (bottom + top) / 2 == pytest.approx(230, abs=1)
    code, (line,) = run("verify", second, "--trust", bench.trust)
    assert (code, line["integrity"]) == (0, "intact")
    for words, wanted in ((("--beside", "Nobody"), (1, "no-visible-signature")), ((), (64, "usage"))):
        code, (line,) = run("sign", first, *common, "--key", organisation, "--field", "Seal", *words)
        assert (code, line["error"]["code"]) == wanted


SHAPE = ("file", "sha256", "verdict", "sub_indication", "integrity", "signatures", "cause", "reasons")
SIGNATURE = (
    *("field", "verdict", "sub_indication", "integrity", "coverage", "modification"),
    *("signer", "level", "signed_at"),
)
INTEGRITIES = {"intact", "intact_with_permitted_changes", "modified", "broken", "unreadable", "unsigned"}


def test_whatever_a_name_stands_for_it_gets_its_line_of_one_shape(
    bench: Bench, run: Run, signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.pdf")
    Path("loop.pdf").symlink_to("loop.pdf")
    Path("empty.pdf").touch()
    with Path("huge.pdf").open("wb") as huge:
        huge.truncate(4 * 1024**3)
    strange = os.fsdecode(b"\xff.pdf")
    Path(strange).write_bytes(signed.read_bytes())
    Path("two\nlines.pdf").write_bytes(bench.document.read_bytes())
    names = ["pipe.pdf", "loop.pdf", "empty.pdf", "huge.pdf", ".", "none.pdf", "x" * 300, "./two\nlines.pdf", strange]
    code, lines = run("verify", *names, "--trust", bench.trust)
    assert [line["file"] for line in lines] == names
    for line in lines:
        assert set(SHAPE) <= line.keys()
        assert line["integrity"] in INTEGRITIES
        assert all(set(SIGNATURE) <= found.keys() for found in line["signatures"])
    assert [line["integrity"] for line in lines] == ["unreadable"] * 7 + ["unsigned", "intact"]
    assert (lines[-1]["verdict"], code) == ("TOTAL-PASSED", 1)


def test_without_trust_integrity_is_answered_and_nothing_is_an_error(
    run: Run, signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, (line,) = run("verify", signed, "--offline")
    assert (code, line["verdict"], line["integrity"]) == (2, "INDETERMINATE", "intact")
    assert line["sub_indication"] == "NO_CERTIFICATE_CHAIN_FOUND"
    later = tmp_path / "later.pdf"
    data = bytearray(signed.read_bytes())
    data[data.index(b"stream") + 20] ^= 1
    later.write_bytes(data)
    code, (line,) = run("verify", later, "--offline")
    assert (code, line["verdict"], line["integrity"]) == (1, "TOTAL-FAILED", "broken")


def test_a_policy_that_asks_for_roles_takes_them_from_a_register(
    bench: Bench, run: Run, signed: Path, tmp_path: Path
) -> None:
    trust = ("--trust", bench.trust)
    assert run("verify", signed, *trust, "--policy", "original")[1][0]["cause"] == "signer_not_registered"
    code = bench.organisation.code
    entries = [
        f'[[certificate]]\nsha256 = "{credential.certificate.fingerprint(SHA256()).hex()}"\nrole = "{role}"\n'
        f'organisation = "{code}"\nvalid_from = 2020-01-01T00:00:00Z\n'
        for role, credential in (("person", bench.authorities.person(code)), ("seal", bench.authorities.seal(code)))
    ]
    register = tmp_path / "register.toml"
    register.write_text("".join(entries), "utf-8")
    asked = (*trust, "--policy", "original", "--register", register)
    found, (line,) = run("verify", signed, *asked)
    assert (found, line["verdict"], line["policy"]) == (0, "TOTAL-PASSED", "original/1")
    assert run("verify", signed, *asked, "--issuer", "H00")[1][0]["cause"] == "person_signature_missing"
    register.write_text(entries[1], "utf-8")
    assert run("verify", signed, *asked)[1][0]["cause"] == "signer_not_registered"
    register.write_text(entries[0] * 2, "utf-8")
    assert run("verify", signed, *asked)[0] == 78


def test_a_signature_names_its_certificate_and_what_its_verdict_rests_on(bench: Bench, run: Run, signed: Path) -> None:
    found = run("verify", signed, "--trust", bench.trust)[1][0]["signatures"][1]
    certificate = found["certificate"]
    assert certificate["organisation"].startswith(bench.organisation.name)
    assert certificate["issuer"]
    assert certificate["not_before"] < found["signed_at"] < certificate["not_after"]
    assert found["signed_at_is"] == found["time_basis"] == "timestamp"
    kinds = {item["kind"] for item in found["evidence"]}
    assert kinds == {"certificate", "revocation_list", "timestamp_token"}
    assert certificate["sha256"] in {item["sha256"] for item in found["evidence"]}


def test_offline_contacts_nobody(bench: Bench, run: Run, signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def contacted(*_: object) -> None:
        raise AssertionError("somebody was contacted")

    monkeypatch.setattr("docaxis.cli.trusting.new_client", contacted)
    code, (line,) = run("verify", signed, "--trust", bench.trust, "--offline")
    assert (code, line["cause"], line["integrity"]) == (2, "revocation_missing", "intact")


def test_who_stops_reading_is_not_told_that_all_is_well(signed: Path) -> None:
    command = [str(Path(sys.executable).with_name("docaxis")), "verify", *[str(signed)] * 3, "--json", "--offline"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 73


def test_long_term_levels_take_their_data_from_the_trust_directory(bench: Bench, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "lta.pdf"
    common = ("--passphrase-file", bench.passphrase, "--tsa", bench.tsa, "--trust", bench.trust)
    code, _ = run("sign", bench.document, "--key", f"file:{bench.seal}", *common, "--level", "B-LTA", "--out", out)
    assert code == 0
    code, (line,) = run("verify", out, "--trust", bench.trust)
    assert (code, line["signatures"][0]["level"]) == (0, "B-LTA")


def test_what_was_signed_is_extended_and_renewed_by_command(
    bench: Bench, run: Run, signed: Path, tmp_path: Path
) -> None:
    common = ("--trust", bench.trust, "--tsa", bench.tsa)
    lt, lta, renewed = (tmp_path / f"{name}.pdf" for name in ("lt", "lta", "renewed"))
    for before, after, level in ((signed, lt, "B-LT"), (lt, lta, "B-LTA"), (lta, renewed, "B-LTA")):
        code, (line,) = run("extend", before, *common, "--level", level, "--out", after)
        assert (code, line["level"]) == (0, level)
        code, (line,) = run("verify", after, "--trust", bench.trust)
        assert (code, line["integrity"]) == (0, "intact")
        levels = [item["level"] for item in line["signatures"] if not item["document_timestamp"]]
        assert levels == [level] * 2
    assert run("verify", renewed, "--trust", bench.trust, "--policy", "archive")[0] in {0, 2}


def test_only_what_holds_now_is_extended(bench: Bench, run: Run, signed: Path, tmp_path: Path) -> None:
    out, changed = tmp_path / "out.pdf", tmp_path / "changed.pdf"
    data = bytearray(signed.read_bytes())
    data[data.index(b"stream") + 20] ^= 1
    changed.write_bytes(data)
    common = ("--trust", bench.trust, "--tsa", bench.tsa, "--out", out)
    for path in (changed, bench.document):
        code, (line,) = run("extend", path, *common)
        assert (code, line["error"]["code"]) == (1, "not-valid")
    assert run("extend", tmp_path / "none.pdf", *common)[0] == 66
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "name"),
    [
        (("--level", "B-T"), 1, "no-timestamper"),
        (("--level", "B-B", "--picture", "x.png"), 64, "usage"),
        (("--level", "B-T", "--tsa", "http://127.0.0.1:9/tsa"), 69, "timestamp"),
    ],
)
def test_what_cannot_be_signed_is_told_by_its_cause(
    bench: Bench, run: Run, tmp_path: Path, arguments: tuple[str, ...], *, code: int, name: str
) -> None:
    out = tmp_path / "out.pdf"
    common = ("--key", f"file:{bench.seal}", "--passphrase-file", bench.passphrase, "--out", out)
    found, (line,) = run("sign", bench.document, *common, *arguments)
    assert (found, line["error"]["code"]) == (code, name)
    assert not out.exists()


def test_a_wrong_passphrase_from_the_environment_is_refused(
    bench: Bench, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCAXIS_PASSPHRASE", "wrong")
    out = tmp_path / "out.pdf"
    code, (line,) = run("sign", bench.document, "--key", f"file:{bench.seal}", "--level", "B-B", "--out", out)
    assert (code, out.exists()) == (1, False)
    assert line["error"]["message"] != line["error"]["message_vi"]
    monkeypatch.setenv("DOCAXIS_PASSPHRASE", bench.authorities.passphrase.decode())
    assert run("sign", bench.document, "--key", f"file:{bench.seal}", "--level", "B-B", "--out", out)[0] == 0
