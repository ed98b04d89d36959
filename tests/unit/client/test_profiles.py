"""Profiles: written for their owner only, read back the same, refused with a reason."""

import json
from pathlib import Path

import pytest

from docaxis.client import MemberSigner, Profile, RejectedProfile, load_profile, write_profile


def test_a_profile_comes_back_as_it_was_written_and_is_private(tmp_path: Path) -> None:
    key = tmp_path / "key.jwk"
    key.write_text(json.dumps(MemberSigner.generate("k-1").private_jwk()), "utf-8")
    profile = Profile("http://127.0.0.1:1", 'a"b\\c\x7fđ', "m-1", "axis", "test", signing_key=key)
    path = tmp_path / "sub" / "p.toml"
    write_profile(path, profile)
    assert load_profile(path) == profile
    assert path.stat().st_mode & 0o777 == 0o600
    assert profile.credential not in repr(profile)
    signer = profile.signer()
    assert signer is not None
    assert signer.kid == "k-1"


def test_paths_start_from_the_profiles_own_directory(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("credential\n", "utf-8")
    text = (
        'url = "https://a"\nmember = "m-1"\naxis = "a"\nenvironment = "t"\ncredential_file = "secret"\nkeys = "k.json"'
    )
    (tmp_path / "p.toml").write_text(text, "utf-8")
    profile = load_profile(tmp_path / "p.toml")
    assert (profile.credential, profile.keys, profile.signer()) == ("credential", tmp_path / "k.json", None)


def test_a_profile_is_written_with_whole_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_profile(Path("p/a.toml"), Profile("https://a", "c", "m", "a", "t", signing_key=Path("p/a.key.json")))
    assert load_profile(Path("p/a.toml")).signing_key == tmp_path / "p" / "a.key.json"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('url = "https://a"\nmember = "m"\naxis = "a"', "environment"),
        ('url = "https://a"\nmember = "m"\naxis = "a"\nenvironment = "t"', "credential"),
        ('url = "https://a"\nmember = "m"\naxis = "a"\nenvironment = "t"\ncredential = "c"\nport = 1', "port"),
        ("url = ", "TOML"),
    ],
)
def test_what_is_wrong_with_a_profile_is_named(tmp_path: Path, text: str, names: str) -> None:
    (tmp_path / "p.toml").write_text(text, "utf-8")
    with pytest.raises(RejectedProfile, match=names):
        load_profile(tmp_path / "p.toml")


def test_a_broken_signing_key_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "key.jwk").write_text('{"kty": "oct"}', "utf-8")
    profile = Profile("https://a", "c", "m", "a", "t", signing_key=tmp_path / "key.jwk")
    with pytest.raises(RejectedProfile, match=r"key\.jwk"):
        profile.signer()
