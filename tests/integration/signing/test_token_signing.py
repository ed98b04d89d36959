"""Keys in a PKCS#11 token, tested with SoftHSM2."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key

from docaxis.embedded.authorities import Credential
from docaxis.embedded.documents import render, sample
from docaxis_signing.keys import load_key
from docaxis_signing.pdf.signing import SigningRequest, sign_pdf
from docaxis_signing.signing_errors import RejectedKey, UnavailableKey

World = Any  # the fixture's class lives in conftest.py, which tests do not import

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
PIN = "123456"
TOKEN = "TEST con dấu"
SIGNERS = {"H98.14-seal": "seal", "H98.14-leader": "leader"}


def _module() -> str:
    found = next((path for path in MODULES if Path(path).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        reason = "SoftHSM2 is not installed, so keys in tokens were not tested: apt-get install softhsm2"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _import(session: pkcs11.Session, credential: Credential, label: str) -> None:
    key = credential.private_key
    if isinstance(key, rsa.RSAPrivateKey):
        template = decode_rsa_private_key(
            key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        template = decode_ec_private_key(
            key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
    names = {pkcs11.Attribute.LABEL: label, pkcs11.Attribute.ID: label.encode(), pkcs11.Attribute.TOKEN: True}
    session.create_object({**template, **names, pkcs11.Attribute.SIGN: True, pkcs11.Attribute.PRIVATE: True})
    for number, certificate in enumerate((credential.certificate, *credential.chain)):
        own = (
            names if number == 0 else {**names, pkcs11.Attribute.LABEL: f"{label}-{number}", pkcs11.Attribute.ID: b"ca"}
        )
        session.create_object(
            {
                **own,
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                pkcs11.Attribute.SUBJECT: certificate.subject.public_bytes(),
                pkcs11.Attribute.VALUE: certificate.public_bytes(Encoding.DER),
            }
        )


@pytest.fixture(scope="module")
def token(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    module = _module()
    directory = tmp_path_factory.mktemp("softhsm")
    (directory / "tokens").mkdir()
    configuration = directory / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {directory}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--so-pin", "87654321", "--pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    library = pkcs11.lib(module)
    library.reinitialize()
    with library.get_token(token_label=TOKEN).open(user_pin=PIN, rw=True) as session:
        for name, label in SIGNERS.items():
            _import(session, world.authorities.credential(name), label)
    yield f"pkcs11:token=TEST%20con%20d%E1%BA%A5u;object={{}}?module-path={module}"
    del os.environ["SOFTHSM2_CONF"]


@pytest.mark.parametrize(("name", "label"), SIGNERS.items())
async def test_a_token_signs_and_the_signature_is_judged_valid(
    world: World, token: str, monkeypatch: pytest.MonkeyPatch, name: str, label: str
) -> None:
    monkeypatch.setenv("TEST_PIN", PIN)
    key = load_key(token.format(label) + "&pin-source=env:TEST_PIN", passphrase=lambda: b"")
    try:
        assert key.certificate == world.authorities.credential(name).certificate
        document = render(sample(5, world.authorities.organisation("H98.14")))
        signed = await sign_pdf(
            document, key, SigningRequest("B-T", "S"), timestamper=world.timestamper(), now=world.now
        )
    finally:
        key.close()
    [status] = await world.judge(signed)
    assert status.bottom_line
    assert status.signing_cert.dump() == key.certificate.public_bytes(Encoding.DER)


def test_a_wrong_pin_is_refused_and_a_missing_token_can_be_tried_again(token: str) -> None:
    with pytest.raises(RejectedKey) as wrong:
        load_key(token.format("seal"), passphrase=lambda: b"000000")
    assert wrong.value.code == "token-pin"
    with pytest.raises(UnavailableKey) as away:
        load_key(token.format("seal").replace("TEST%20con", "Other%20con"), passphrase=PIN.encode)
    assert away.value.code == "token"


def test_a_missing_object_is_refused(token: str) -> None:
    with pytest.raises(RejectedKey) as caught:
        load_key(token.format("nobody"), passphrase=PIN.encode)
    assert caught.value.code == "token-object"


def test_a_missing_module_can_be_tried_again() -> None:
    with pytest.raises(UnavailableKey) as caught:
        load_key("pkcs11:object=a?module-path=/nonexistent.so", passphrase=PIN.encode)
    assert caught.value.code == "token"
