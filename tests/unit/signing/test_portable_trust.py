"""A trust store written as files is the same store when it is read again, whatever its authorities are called."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from docaxis.embedded.authorities import TestAuthorities
from docaxis_signing.trust.portable import trust_files
from docaxis_signing.trust.store import TrustStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    directory = tmp_path_factory.mktemp("authorities")
    authorities = TestAuthorities.create(directory, base_url="http://127.0.0.1:9", now=NOW)
    authorities.write_trust(directory / "trust")
    return TrustStore.load(directory / "trust")


def test_it_comes_back_the_same_with_every_field(store: TrustStore, tmp_path: Path) -> None:
    below = next(one for one in store.authorities if one.issuer is not None)
    changed = {
        below.name: replace(
            below,
            pinned=True,
            valid_from=NOW,
            valid_until=NOW + timedelta(days=900),
            distrusted_from=NOW + timedelta(hours=1),
            ocsp=("http://127.0.0.1:9/ocsp",),
        )
    }
    given = TrustStore.of(*(changed.get(one.name, one) for one in store.authorities))
    for name, data in trust_files(given).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert TrustStore.load(tmp_path) == given
    assert given != store


def test_names_are_never_those_of_files_and_openssl_reads_the_bundles(store: TrustStore, tmp_path: Path) -> None:
    first, *others = store.authorities
    odd = replace(first, name='../../"; rm -rf / #')
    named = [replace(one, issuer=odd.name if one.issuer == first.name else one.issuer) for one in others]
    files = trust_files(TrustStore.of(odd, *named))
    assert not [name for name in files if "rm" in name or ".." in name]
    for name, count in (("roots.pem", sum(one.issuer is None for one in store.authorities)), ("authorities.pem", None)):
        (tmp_path / name).write_bytes(files[name])
        assert files[name].count(b"BEGIN CERTIFICATE") == (count or len(store.authorities))
    command = ["openssl", "verify", "-CAfile", str(tmp_path / "authorities.pem"), str(tmp_path / "roots.pem")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
