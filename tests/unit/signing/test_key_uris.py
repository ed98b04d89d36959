from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from docaxis_signing.keys import load_key
from docaxis_signing.signing_errors import RejectedKey, UnavailableKey
from docaxis_signing.token_keys import TokenUri, parse_token_uri


def never() -> bytes:
    raise AssertionError("the passphrase was asked for although the key cannot be used")


def test_a_token_uri_is_read_with_its_escapes() -> None:
    uri = "pkcs11:token=Con%20d%E1%BA%A5u;object=seal;id=%01%ff?module-path=/usr/lib/m.so&pin-source=env:PIN"
    assert parse_token_uri(uri) == TokenUri("/usr/lib/m.so", "Con dấu", None, "seal", b"\x01\xff", "env:PIN")


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:object=a?module-path=/m.so&pin-value=1234",
        "pkcs11:object=a?pin-source=env:PIN",
        "pkcs11:token=a?module-path=/m.so",
        "pkcs11:object=a;object=b?module-path=/m.so",
        "pkcs11:object=a;slot-id=1?module-path=/m.so",
        "pkcs11:object?module-path=/m.so",
    ],
)
def test_a_token_uri_with_a_pin_or_unclear_parts_is_refused(uri: str) -> None:
    with pytest.raises(RejectedKey) as caught:
        load_key(uri, passphrase=never)
    assert caught.value.code == "key-uri"
    assert "1234" not in str(caught.value)


def test_a_pin_source_is_never_run_as_a_command() -> None:
    with pytest.raises(RejectedKey, match="pin-source"):
        load_key("pkcs11:object=a?module-path=/m.so&pin-source=|id", passphrase=never)


def test_a_missing_pin_source_can_be_tried_again() -> None:
    with pytest.raises(UnavailableKey) as caught:
        load_key("pkcs11:object=a?module-path=/m.so&pin-source=env:DOCAXIS_NO_SUCH_PIN", passphrase=never)
    assert caught.value.code == "token-pin-source"


@pytest.mark.parametrize("uri", ["key.p12", "http://example.invalid/key.p12", ""])
def test_other_places_for_keys_are_refused(uri: str) -> None:
    with pytest.raises(RejectedKey) as caught:
        load_key(uri, passphrase=never)
    assert (caught.value.code, caught.value.vi.endswith(".")) == ("key-uri", True)


def test_a_missing_file_names_only_the_file(tmp_path: Path) -> None:
    with pytest.raises(UnavailableKey) as caught:
        load_key(f"file:{tmp_path}/none.p12", passphrase=never)
    assert "none.p12" in caught.value.en
    assert str(tmp_path) not in str(caught.value)


def test_a_file_that_is_no_pkcs12_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.p12").write_bytes(b"not a key")
    with pytest.raises(RejectedKey) as caught:
        load_key(f"file:{tmp_path}/a.p12", passphrase=lambda: b"x")
    assert caught.value.code == "key-passphrase"


def test_a_key_without_a_certificate_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    data = pkcs12.serialize_key_and_certificates(b"k", key, None, None, BestAvailableEncryption(b"x"))
    (tmp_path / "k.p12").write_bytes(data)
    with pytest.raises(RejectedKey) as caught:
        load_key(f"file:{tmp_path}/k.p12", passphrase=lambda: b"x")
    assert caught.value.code == "key-kind"
