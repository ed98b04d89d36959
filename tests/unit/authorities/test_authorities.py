import tomllib
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from docaxis.embedded.authorities import TEST_EXTENSION, Revocation, TestAuthorities

NOW = datetime(2026, 10, 9, 1, 15, 30, tzinfo=UTC)


def everything(authorities: TestAuthorities) -> list[x509.Certificate]:
    own = [item.certificate for item in authorities.authorities.values()]
    answering = [item.ocsp_certificate for item in authorities.authorities.values()]
    return [*own, *answering, authorities.timestamper[0], *(item.certificate for item in authorities.credentials())]


def test_every_certificate_says_test_to_people_and_to_programs(authorities: TestAuthorities) -> None:
    for certificate in everything(authorities):
        mark = certificate.extensions.get_extension_for_oid(TEST_EXTENSION)
        assert not mark.critical
        assert isinstance(mark.value, x509.UnrecognizedExtension)
        assert mark.value.value == b"\x0c\x04TEST"
        names = [item.value for item in certificate.subject]
        assert any("TEST" in str(value) for value in names), names


def test_each_certificate_is_signed_by_the_next_up_to_a_root(authorities: TestAuthorities) -> None:
    for credential in authorities.credentials():
        path = (credential.certificate, *credential.chain, credential.chain[-1])
        for lower, upper in pairwise(path):
            lower.verify_directly_issued_by(upper)


def test_seal_and_person_share_one_profile_without_a_hint(authorities: TestAuthorities) -> None:
    seal, person = authorities.seal("H98.14").certificate, authorities.person("H98.14").certificate
    shapes = [[(item.oid, item.critical) for item in certificate.extensions] for certificate in (seal, person)]
    assert shapes[0] == shapes[1]
    assert all(oid != x509.ExtendedKeyUsage.oid for oid, _ in shapes[0])
    usage = seal.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.digital_signature, usage.value.content_commitment) == (True, True)
    assert not usage.value.key_encipherment


def test_the_time_stamper_may_do_nothing_else(authorities: TestAuthorities) -> None:
    certificate, key = authorities.timestamper
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    assert isinstance(key, rsa.RSAPrivateKey)


def test_the_cast_has_eight_organisations_with_both_code_forms(authorities: TestAuthorities) -> None:
    assert len(authorities.organisations) == 8
    for organisation in authorities.organisations:
        assert authorities.seal(organisation.old_code) is authorities.seal(organisation.code)
        assert (
            authorities.person(organisation.code, 1).common_name != authorities.person(organisation.code, 2).common_name
        )
    sizes = {
        key.key_size if isinstance(key, rsa.RSAPrivateKey) else "p-256"
        for key in (item.private_key for item in authorities.credentials())
    }
    assert sizes == {2048, 3072, "p-256"}


def test_the_specials_are_what_they_say(authorities: TestAuthorities) -> None:
    expired, foreign = authorities.special("expired"), authorities.special("foreign-seal")
    assert expired.certificate.not_valid_after_utc == NOW - timedelta(days=1)
    written = foreign.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert written == authorities.organisation("H98.14").name
    assert foreign.organisation == "H99.09"
    revoked = authorities.special("revoked").certificate.serial_number
    crl = x509.load_der_x509_crl(authorities.crl("gov-local", now=NOW))
    entry = crl.get_revoked_certificate_by_serial_number(revoked)
    assert entry is not None
    assert entry.revocation_date_utc == NOW - timedelta(days=30)


def test_the_unlisted_root_is_not_in_the_trust_directory(authorities: TestAuthorities, tmp_path: Path) -> None:
    authorities.write_trust(tmp_path)
    content = tomllib.loads((tmp_path / "trust.toml").read_text(encoding="utf-8"))
    anchors = {item["name"]: item for item in content["anchor"]}
    assert {name: item["source"] for name, item in anchors.items()} == {
        "gov-root": "government",
        "public-root": "public",
    }
    assert anchors["gov-root"]["valid_from"] < NOW < anchors["gov-root"]["valid_until"]
    assert {item["issuer"] for item in content["authority"]} == set(anchors)
    assert [item["name"] for item in content["authority"] if item["purposes"] == ["tsa"]] == ["gov-tsa"]
    for item in (*content["anchor"], *content["authority"]):
        found = x509.load_pem_x509_certificate((tmp_path / item["file"]).read_bytes())
        assert found == authorities.authorities[item["name"]].certificate
        assert item["crl"] == [f"http://127.0.0.1:9/crl/{item['name']}.crl"]
    untrusted = authorities.special("untrusted").chain[-1]
    assert all(untrusted != authorities.authorities[name].certificate for name in anchors)


def test_a_second_start_finds_the_same_keys_crowd_and_revocations(tmp_path: Path) -> None:
    made = TestAuthorities.create(tmp_path, base_url="http://127.0.0.1:9", now=NOW)
    crowd = made.crowd(3, "p-256")
    made.revoke(made.seal("A98"), NOW)
    found = TestAuthorities.open(tmp_path, base_url="http://127.0.0.1:10", now=NOW + timedelta(days=9))
    assert found.base_url == "http://127.0.0.1:9"
    assert found.seal("G98").certificate == made.seal("G98").certificate
    assert found.crowd(3, "p-256")[2][1].certificate == crowd[2][1].certificate
    assert [item.serial for item in found.revoked("gov-party")] == [made.seal("A98").certificate.serial_number]


def test_a_crowd_is_spread_over_five_authorities(authorities: TestAuthorities) -> None:
    crowd = authorities.crowd(5, "p-256")
    assert len({person.chain[0].subject for person, _ in crowd}) == 5
    assert all(person.organisation == seal.organisation for person, seal in crowd)
    assert {(person.role, seal.role) for person, seal in crowd} == {("leader", "seal")}


def test_the_pkcs12_file_opens_with_the_passphrase_alone(authorities: TestAuthorities) -> None:
    credential = authorities.seal("H98.44")
    data = credential.pkcs12_path.read_bytes()
    key, certificate, chain = pkcs12.load_key_and_certificates(data, authorities.passphrase)
    assert certificate == credential.certificate
    assert set(chain) == set(credential.chain)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    with pytest.raises(ValueError, match="Invalid password"):
        pkcs12.load_key_and_certificates(data, b"guess")
    assert credential.pkcs12_path.stat().st_mode & 0o077 == 0


def test_crls_are_signed_numbered_and_carry_extra_revocations(authorities: TestAuthorities) -> None:
    first = x509.load_der_x509_crl(authorities.crl("gov-state", now=NOW))
    extra = Revocation(4711, NOW)
    later = NOW + timedelta(hours=1)
    second = x509.load_der_x509_crl(authorities.crl("gov-state", now=later, extra_revoked=[extra]))
    assert second.is_signature_valid(authorities.authorities["gov-state"].certificate.public_key())  # type: ignore[arg-type]
    numbers = [item.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for item in (first, second)]
    assert numbers[0] < numbers[1]
    assert first.get_revoked_certificate_by_serial_number(4711) is None
    assert second.get_revoked_certificate_by_serial_number(4711) is not None
