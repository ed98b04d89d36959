"""Algorithms end on dates that are data, and an authority signed with SHA-1 is trusted only where it is pinned."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from docaxis.embedded.authorities import Revocation
from docaxis_signing.pdf.verification import examine
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import SIGNER, ConfiguredAuthority, RejectedTrustStore, TrustStore
from docaxis_signing.trust.sunsets import RejectedSunsets, Sunsets, shipped_sunsets
from docaxis_signing.verdict import Cause, Indication, Integrity, SubIndication
from pdfcases.cms import HONEST
from pdfcases.pages import plain
from pdfcases.scene import Scene

World = Any
DAY = timedelta(days=1)


def table(line: str, until: datetime) -> Sunsets:
    """A table of one line."""
    text = f'version = 1\n[[sunset]]\n{line}\nuntil = {until.isoformat()}\nbasis = "a reason"\n'
    return Sunsets.read(text.encode())


def judged(world: World, data: bytes, sunsets: Sunsets | None, **options: Any) -> Any:
    fixed: dict[str, Any] = {"trust": world.trust, "revocation": world.lists, "at": world.now}
    (found,) = examine(data, sunsets=sunsets, **(fixed | options)).approvals
    return found


@pytest.mark.parametrize(
    "line",
    ['digests = ["sha256"]', "rsa_bits_below = 3000", "rsa_bits_below = 3073"],
    ids=["digest", "signers-key", "authoritys-key"],
)
def test_what_had_ended_when_it_was_signed_is_weak_and_still_intact(world: World, line: str) -> None:
    data = world.sign(world.plain(), world.authorities.seal("H98"), stamped=False)
    found = judged(world, data, table(line, world.now - DAY))
    assert (found.indication, found.cause) == (Indication.INDETERMINATE, Cause.WEAK_ALGORITHM)
    assert found.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert found.integrity is Integrity.INTACT
    assert judged(world, data, table(line, world.now + DAY)).indication is Indication.TOTAL_PASSED


def test_a_curve_may_end_too(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.person("H98"), stamped=False)
    assert judged(world, data, table("curve_bits_below = 384", world.now)).cause is Cause.WEAK_ALGORITHM
    assert judged(world, data, table("curve_bits_below = 256", world.now)).indication is Indication.TOTAL_PASSED


def test_a_signature_proved_to_be_older_than_the_end_stays_good(world: World) -> None:
    """The time-stamp is as strong as it has to be today, and the signature existed before the end."""
    data = world.sign(world.plain(), world.authorities.person("H98"), stamped=world.now - 3 * DAY)
    curves = table("curve_bits_below = 384", world.now - DAY)
    assert judged(world, data, curves).indication is Indication.TOTAL_PASSED
    unstamped = world.sign(world.plain(), world.authorities.person("H98"), stamped=False)
    assert judged(world, unstamped, curves).cause is Cause.WEAK_ALGORITHM


def test_a_time_stamp_by_what_has_ended_proves_nothing(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.person("H98"), stamped=world.now - 3 * DAY)
    found = judged(world, data, table("rsa_bits_below = 2049", world.now - DAY))
    assert (found.cause, found.timestamp_time) == (Cause.TIMESTAMP_UNTRUSTED, None)


def test_a_time_stamp_over_an_ended_digest_proves_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    form = replace(HONEST, stamps=(scene.token(scene.now - 3 * DAY, digest="sha384"),))
    data = scene.sign(plain(), form=form)
    found = judged(scene, data, table('digests = ["sha384"]', scene.now - DAY))
    assert (found.cause, found.timestamp_time) == (Cause.TIMESTAMP_INVALID, None)
    assert judged(scene, data, table('digests = ["sha384"]', scene.now + DAY)).timestamp_time is not None


def test_the_table_is_part_of_what_is_found(world: World, stamped: bytes) -> None:
    other = table('digests = ["sha224"]', world.now)
    plain = world.examine(stamped)
    assert plain.sunsets_sha256 == shipped_sunsets().sha256
    found = examine(stamped, trust=world.trust, revocation=world.lists, at=world.now, sunsets=other)
    assert found.sunsets_sha256 == other.sha256 != plain.sunsets_sha256


def test_the_shipped_table_ends_112_bits_with_2030(world: World) -> None:
    before, after = (datetime.fromisoformat(f"{day}T12:00:00+00:00") for day in ("2030-12-31", "2031-01-01"))
    assert not shipped_sunsets().any_ended(before)
    seal = world.authorities.seal("H98").certificate
    assert shipped_sunsets().ended_key(seal, after)
    assert shipped_sunsets().ended_digest("sha224", after)
    assert shipped_sunsets().ended_digest("sha256", after) is None


@pytest.mark.parametrize(
    "text",
    [
        "version = 2",
        "version = 1\nsurprise = 1",
        'version = 1\n[[sunset]]\ndigests = ["sha256"]\nbasis = "x"',
        'version = 1\n[[sunset]]\ndigests = ["sha256"]\nuntil = 2030-01-01\nbasis = "x"',
        'version = 1\n[[sunset]]\ndigests = ["sha256"]\nuntil = 2030-01-01T00:00:00\nbasis = "x"',
        'version = 1\n[[sunset]]\nrsa_bits_below = "many"\nuntil = 2030-01-01T00:00:00Z\nbasis = "x"',
        'version = 1\n[[sunset]]\nrsa_bits_below = 2\ncurve_bits_below = 2\nuntil = 2030-01-01T00:00:00Z\nbasis = "x"',
        "version = ",
    ],
)
def test_a_table_that_is_not_clear_is_refused(text: str) -> None:
    with pytest.raises(RejectedSunsets):
        Sunsets.read(text.encode())


# --- an authority whose certificate its root signed with SHA-1 -------------------------------------------------------


@dataclass
class Old:
    """The world with gov-local's certificate signed as in 2011, and its trust store."""

    world: World
    certificate: x509.Certificate
    directory: Path

    def authority(self, **change: Any) -> ConfiguredAuthority:
        listed = self.world.trust.named("gov-local")
        values: dict[str, Any] = {"der": self.certificate.public_bytes(Encoding.DER), "pinned": True}
        values |= {"valid_until": self.world.now + 30 * DAY} | change
        changed: ConfiguredAuthority = replace(listed, **values)
        return changed

    def trust(self, **change: Any) -> TrustStore:
        rest = [item for item in self.world.trust.authorities if item.name != "gov-local"]
        return TrustStore.of(*rest, self.authority(**change))

    def judged(self, trust: TrustStore, lists: RevocationSnapshot | None = None, at: datetime | None = None) -> Any:
        data = self.world.sign(self.world.plain(), self.world.authorities.seal("H98"), stamped=False)
        return judged(
            self.world, data, None, trust=trust, revocation=lists or self.world.lists, at=at or self.world.now
        )


def signed_with_sha1(world: World, name: str, issuer: str) -> x509.Certificate:
    """The certificate of an authority, signed anew with SHA-1."""
    authority, root = world.authorities.authorities[name], world.authorities.authorities[issuer]
    parsed = asn1_x509.Certificate.load(authority.certificate.public_bytes(Encoding.DER))
    parsed["tbs_certificate"]["signature"] = {"algorithm": "sha1_rsa", "parameters": core.Null()}
    parsed["signature_algorithm"] = {"algorithm": "sha1_rsa", "parameters": core.Null()}
    signed = parsed["tbs_certificate"].dump(force=True)
    parsed["signature_value"] = root.private_key.sign(signed, padding.PKCS1v15(), hashes.SHA1())
    return x509.load_der_x509_certificate(parsed.dump(force=True))


@pytest.fixture(scope="module")
def old(world: World, tmp_path_factory: pytest.TempPathFactory) -> Old:
    return Old(world, signed_with_sha1(world, "gov-local", "gov-root"), tmp_path_factory.mktemp("old"))


def test_an_authority_signed_with_sha1_is_no_link_of_a_chain(old: Old) -> None:
    found = old.judged(old.trust(pinned=False))
    assert (found.indication, found.cause) == (Indication.INDETERMINATE, Cause.WEAK_ALGORITHM)


def test_pinned_it_is_where_trust_begins(old: Old) -> None:
    found = old.judged(old.trust())
    assert (found.indication, found.cause) == (Indication.TOTAL_PASSED, None)


def test_pinned_it_is_revoked_by_its_issuers_list(old: Old) -> None:
    """certvalidator never asks about an anchor; we do, by the lists of every epoch."""
    revoked = Revocation(old.certificate.serial_number, old.world.now - DAY)
    root = old.world.crl("gov-root", extra_revoked=[revoked])
    found = old.judged(old.trust(), old.world.snapshot(replaced={"gov-root": root}))
    assert (found.cause, found.sub_indication) == (Cause.AUTHORITY_REVOKED, SubIndication.REVOKED_CA_NO_POE)


def test_pinned_it_needs_its_issuers_list_all_the_same(old: Old) -> None:
    found = old.judged(old.trust(), old.world.snapshot(without=("gov-root",)))
    assert found.cause is Cause.REVOCATION_MISSING


def test_pinned_it_counts_until_its_end(old: Old) -> None:
    found = old.judged(old.trust(valid_until=old.world.now - DAY))
    assert found.cause is Cause.NO_CONFIGURED_ROOT


def test_pinned_for_time_stamps_it_speaks_for_no_signer(old: Old) -> None:
    found = old.judged(old.trust(purposes=frozenset({"tsa"})))
    assert found.cause is Cause.NO_CONFIGURED_ROOT


@pytest.mark.parametrize("change", [{"valid_until": None}, {"issuer": None}, {"issuer": "public-root"}])
def test_a_pin_has_an_issuer_and_an_end(old: Old, change: dict[str, Any]) -> None:
    with pytest.raises(RejectedTrustStore):
        old.trust(**change)


@pytest.mark.parametrize("right", [True, False])
def test_a_pin_names_the_certificate_by_its_sha256(old: Old, *, right: bool) -> None:
    der = old.certificate.public_bytes(Encoding.DER)
    for name, pem in (
        ("gov-root", old.world.authorities.authorities["gov-root"].certificate.public_bytes(Encoding.PEM)),
        ("old", old.certificate.public_bytes(Encoding.PEM)),
    ):
        (old.directory / f"{name}.pem").write_bytes(pem)
    fingerprint = hashlib.sha256(der if right else b"another").hexdigest()
    (old.directory / "trust.toml").write_text(
        'version = 1\n[[anchor]]\nname = "gov-root"\nfile = "gov-root.pem"\npurposes = ["signer"]\n'
        'source = "government"\n'
        '[[pinned]]\nname = "old"\nfile = "old.pem"\npurposes = ["signer"]\nissuer = "gov-root"\n'
        f'sha256 = "{fingerprint}"\nvalid_until = {(old.world.now + DAY).isoformat()}\n',
        encoding="utf-8",
    )
    if right:
        found = TrustStore.load(old.directory).named("old")
        assert (found.pinned, found.is_anchor, found.purposes) == (True, True, frozenset({SIGNER}))
    else:
        with pytest.raises(RejectedTrustStore, match="pinned"):
            TrustStore.load(old.directory)
