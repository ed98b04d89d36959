"""``docaxis trust``: a trust directory made, changed, signed and checked, and what a hand in its files gives away."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from docaxis.cli import main
from docaxis.embedded.authorities import TestAuthorities
from docaxis.settings import Settings
from docaxis.verifier.opening import load_trust
from docaxis_signing.trust.history import HISTORY_FILE, read_history
from docaxis_signing.trust.sealing import SEAL_FILE, UnsealedTrustStore
from docaxis_signing.trust.store import TRUST_FILE, TrustStore

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass
class Bench:
    root: Path
    capsys: pytest.CaptureFixture[str]
    authorities: TestAuthorities

    @property
    def directory(self) -> Path:
        return self.root / "trust"

    def run(self, *arguments: object) -> tuple[int, dict[str, Any]]:
        code = main(["trust", *map(str, arguments), "--json"])
        lines = self.capsys.readouterr().out.splitlines()
        return code, json.loads(lines[-1]) if lines else {}

    def pem(self, name: str) -> Path:
        path = self.root / f"{name}.pem"
        path.write_bytes(self.authorities.authorities[name].certificate.public_bytes(Encoding.PEM))
        return path

    def add(self, name: str, *options: object) -> tuple[int, dict[str, Any]]:
        fixed = ("--name", name, "--reason", f"why {name}", "--purpose", "signer")
        return self.run("add", self.directory, self.pem(name), *fixed, *options)

    def both(self) -> None:
        """A root and an authority below it."""
        assert self.add("gov-root", "--source", "government", "--purpose", "tsa")[0] == 0
        address = "http://127.0.0.1:9/crl/gov-local.crl"
        assert self.add("gov-local", "--issuer", "gov-root", "--crl", address)[0] == 0

    def check(self, *options: object) -> tuple[int, str]:
        code, value = self.run("check", self.directory, *options)
        return code, value.get("reason", "")


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> TestAuthorities:
    directory = tmp_path_factory.mktemp("authorities")
    return TestAuthorities.create(directory, base_url="http://127.0.0.1:9", now=NOW)


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str], authorities: TestAuthorities) -> Bench:
    return Bench(tmp_path, capsys, authorities)


def test_a_directory_is_made_shown_and_every_change_is_recorded(bench: Bench) -> None:
    bench.both()
    store = TrustStore.load(bench.directory)
    assert [(item.name, item.is_anchor, sorted(item.purposes)) for item in store.authorities] == [
        ("gov-root", True, ["signer", "tsa"]),
        ("gov-local", False, ["signer"]),
    ]
    first, second = read_history(bench.directory)
    assert [(item.serial, item.change, item.name, item.reason) for item in (first, second)] == [
        (1, "added", "gov-root", "why gov-root"),
        (2, "added", "gov-local", "why gov-local"),
    ]
    assert second.store == store.sha256
    assert second.previous == first.sha256
    code, last = bench.run("show", bench.directory)
    assert (code, last["name"], last["issuer"], last["test"]) == (0, "gov-local", "gov-root", True)
    assert bench.check() == (0, "")


def test_an_authority_is_distrusted_from_a_date_and_removed(bench: Bench) -> None:
    bench.both()
    since = NOW - timedelta(days=3)
    code, _ = bench.run(
        "distrust", bench.directory, "gov-local", "--since", since.isoformat(), "--reason", "key in other hands"
    )
    found = TrustStore.load(bench.directory).named("gov-local")
    assert (code, found.distrusted_from) == (0, since)
    assert bench.run("remove", bench.directory, "gov-local", "--reason", "merged")[0] == 0
    assert [item.name for item in TrustStore.load(bench.directory).authorities] == ["gov-root"]
    assert not (bench.directory / "certs" / "gov-local.pem").exists()
    assert [item.change for item in read_history(bench.directory)] == ["added", "added", "distrusted", "removed"]
    assert bench.check() == (0, "")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gov-local", ("--issuer", "nobody")),
        ("gov-local", ("--issuer", "gov-local")),
        ("gov-state", ("--source", "government")),
        ("public-root", ()),
        ("public-root", ("--source", "public", "--crl", "http://10.0.0.1/root.crl")),
        ("public-root", ("--source", "public", "--crl", "file:///etc/passwd")),
        ("public-root", ("--source", "public", "--ocsp", "http://169.254.169.254/")),
        ("gov-root", ("--source", "government")),
    ],
    ids=[
        "unknown-issuer",
        "its-own-issuer",
        "anchor-that-is-none",
        "no-source",
        "inner-address",
        "file-address",
        "metadata-address",
        "twice",
    ],
)
def test_what_would_not_be_in_order_changes_nothing(bench: Bench, name: str, options: tuple[str, ...]) -> None:
    assert bench.add("gov-root", "--source", "government")[0] == 0
    before = {path: path.read_bytes() for path in sorted(bench.directory.rglob("*")) if path.is_file()}
    code, value = bench.add(name, *options)
    assert code == 1, value
    assert {path: path.read_bytes() for path in sorted(bench.directory.rglob("*")) if path.is_file()} == before


def test_an_authority_may_be_pinned_with_an_issuer_and_an_end(bench: Bench) -> None:
    assert bench.add("gov-root", "--source", "government")[0] == 0
    assert bench.add("gov-local", "--issuer", "gov-root", "--pinned")[0] == 1
    end = NOW + timedelta(days=30)
    assert bench.add("gov-local", "--issuer", "gov-root", "--pinned", "--valid-until", end.isoformat())[0] == 0
    found = TrustStore.load(bench.directory).named("gov-local")
    assert (found.pinned, found.is_anchor, found.issuer, found.valid_until) == (True, True, "gov-root", end)


def test_an_authority_on_which_others_rest_is_not_removed(bench: Bench) -> None:
    bench.both()
    assert bench.run("remove", bench.directory, "gov-root", "--reason", "no")[0] == 1
    assert bench.run("remove", bench.directory, "nobody", "--reason", "no")[0] == 1
    assert bench.run("distrust", bench.directory, "nobody", "--since", NOW.isoformat(), "--reason", "no")[0] == 1
    assert len(TrustStore.load(bench.directory).authorities) == 2


def test_a_directory_from_before_is_taken_over(bench: Bench) -> None:
    bench.authorities.write_trust(bench.directory)
    before = TrustStore.load(bench.directory).sha256
    assert bench.run("remove", bench.directory, "public-two", "--reason", "gone")[0] == 0
    taken, removed = read_history(bench.directory)
    assert (taken.change, taken.store, removed.change) == ("taken_over", before, "removed")
    assert bench.check() == (0, "")


# --- the signature, and hands in the files ---------------------------------------------------------------------------


@pytest.fixture
def signed(bench: Bench) -> Bench:
    bench.both()
    assert bench.run("sign", bench.directory, "--key", bench.root / "key.json")[0] == 0
    return bench


def test_a_signed_directory_is_checked_by_the_public_key_alone(signed: Bench) -> None:
    key = signed.root / "key.json"
    assert key.stat().st_mode & 0o077 == 0
    public = signed.root / "key.public.json"
    assert "d" not in json.loads(public.read_bytes())
    assert signed.check("--key", public) == (0, "")
    assert signed.run("sign", signed.directory, "--key", key)[0] == 0


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _swap_certificates(bench: Bench) -> None:
    (bench.directory / "certs" / "gov-local.pem").write_bytes(bench.pem("gov-state").read_bytes())


def _last_line_out(bench: Bench) -> None:
    path = bench.directory / HISTORY_FILE
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def _both_changed(bench: Bench) -> None:
    assert bench.run("remove", bench.directory, "gov-local", "--reason", "by a thief")[0] == 0


def _other_key(bench: Bench) -> None:
    assert bench.run("sign", bench.directory, "--key", bench.root / "thief.json")[0] == 0


HANDS = {
    "address": lambda bench: _edit(bench.directory / TRUST_FILE, "gov-local.crl", "other.crl"),
    "purpose": lambda bench: _edit(bench.directory / TRUST_FILE, '["signer"]', '["signer", "tsa"]'),
    "certificate": _swap_certificates,
    "reason": lambda bench: _edit(bench.directory / HISTORY_FILE, "why gov-root", "why not"),
    "line-out": _last_line_out,
    "history-out": lambda bench: (bench.directory / HISTORY_FILE).unlink(),
    "seal-out": lambda bench: (bench.directory / SEAL_FILE).unlink(),
    "with-the-command": _both_changed,
    "another-key": _other_key,
}


@pytest.mark.parametrize("hand", HANDS.values(), ids=HANDS)
def test_a_change_behind_the_signature_is_noticed_by_check_and_service(signed: Bench, hand: Any) -> None:
    public = signed.root / "key.public.json"
    settings = Settings(trust=signed.directory, trust_key=public)
    assert load_trust(settings, lambda: NOW) == TrustStore.load(signed.directory)
    hand(signed)
    code, reason = signed.check("--key", public)
    assert code == 1
    assert reason
    with pytest.raises(ValueError, match=r"."):
        load_trust(settings, lambda: NOW)


def test_without_a_signature_a_service_with_a_key_does_not_start(signed: Bench) -> None:
    (signed.directory / SEAL_FILE).unlink()
    settings = Settings(trust=signed.directory, trust_key=signed.root / "key.public.json")
    with pytest.raises(UnsealedTrustStore):
        load_trust(settings, lambda: NOW)
    load_trust(settings.model_copy(update={"trust_key": None}), lambda: NOW)
