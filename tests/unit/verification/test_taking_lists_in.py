"""Revocation lists: what is taken in, and the two holes of certvalidator that this closes."""

import asyncio
import pickle
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError

from docaxis.embedded.authorities import Revocation
from docaxis_signing.pdf.verification import examine
from docaxis_signing.trust.context import validation_context
from docaxis_signing.trust.lists import RejectedRevocationList, ingest
from docaxis_signing.trust.revocation import RevocationSnapshot, Status, status_of
from docaxis_signing.trust.store import SIGNER, ConfiguredAuthority, TrustStore
from docaxis_signing.verdict import Cause

World = Any


def build_list(world: World, name: str, *, key: Any = None, algorithm: Any = None, **change: Any) -> bytes:
    """A list of an authority with one thing wrong."""
    authority = world.authorities.authorities[name]
    issued = change.get("issued", world.now - timedelta(hours=1))
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(change.get("issuer", authority.certificate.subject))
        .last_update(issued)
        .next_update(issued + timedelta(days=1))
    )
    for extension, critical in change.get("extensions", ()):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key or authority.private_key, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_good_list_is_taken_in(world: World) -> None:
    taken = ingest(world.trust, "gov-local", build_list(world, "gov-local"), now=world.now)
    assert (taken.authority, taken.fresh_at(world.now)) == ("gov-local", True)
    assert not taken.fresh_at(world.now + timedelta(days=2))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key": "other"}, "signature"),
        ({"issuer": "gov-state"}, "another issuer"),
        ({"issued": "future"}, "future"),
        ({"extensions": [(x509.DeltaCRLIndicator(1), True)]}, "delta"),
        ({"extensions": "indirect"}, "indirect"),
        ({"extensions": "reasons"}, "some reasons"),
        ({"extensions": "attributes"}, "attribute certificates"),
        ({"extensions": "delta-beside"}, "delta beside"),
        ({"extensions": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"x"), True)]}, "unknown"),
    ],
    ids=[
        "signature",
        "issuer",
        "future",
        "delta",
        "indirect",
        "reasons",
        "attributes",
        "delta-beside",
        "critical",
    ],
)
def test_other_lists_are_refused(world: World, change: dict[str, Any], reason: str) -> None:
    wrong = {
        "key": {"other": rsa.generate_private_key(65537, 2048)},
        "issuer": {"gov-state": world.authorities.authorities["gov-state"].certificate.subject},
        "issued": {"future": world.now + timedelta(hours=1)},
        "extensions": {
            "indirect": [(part(indirect_crl=True), True)],
            "reasons": [(part(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), True)],
            "attributes": [(part(only_contains_attribute_certs=True), True)],
            "delta-beside": [(x509.FreshestCRL([point("http://ca.example/delta.crl")]), False)],
        },
    }
    chosen = {name: wrong[name][value] if isinstance(value, str) else value for name, value in change.items()}
    with pytest.raises(RejectedRevocationList, match=reason):
        ingest(world.trust, "gov-local", build_list(world, "gov-local", **chosen), now=world.now)


def part(**chosen: Any) -> x509.IssuingDistributionPoint:
    """A distribution point as a list names it."""
    plain: dict[str, Any] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(plain | chosen))


def point(address: str) -> x509.DistributionPoint:
    """A distribution point as a certificate names it."""
    return x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)


@pytest.mark.parametrize("data", [b"", b"<html>", b"\x30\x82\xff\xff"], ids=["empty", "page", "cut"])
def test_what_is_no_list_is_refused(world: World, data: bytes) -> None:
    with pytest.raises(RejectedRevocationList):
        ingest(world.trust, "gov-local", data, now=world.now)


def test_an_unknown_authority_is_refused(world: World) -> None:
    with pytest.raises(RejectedRevocationList, match="not a configured authority"):
        ingest(world.trust, "unlisted-issuing", build_list(world, "gov-local"), now=world.now)


def test_an_older_list_does_not_replace_a_newer_one(world: World) -> None:
    older = ingest(
        world.trust, "gov-local", build_list(world, "gov-local", issued=world.now - timedelta(hours=9)), now=world.now
    )
    with pytest.raises(RejectedRevocationList, match="older"):
        world.lists.advance(older)


def test_an_epoch_begins_only_with_a_change(world: World) -> None:
    same = world.lists.advance(*world.lists.lists)
    assert same is world.lists
    newer = ingest(world.trust, "gov-local", build_list(world, "gov-local", issued=world.now), now=world.now)
    advanced = world.lists.advance(newer)
    assert advanced.epoch == world.lists.epoch + 1
    assert set(advanced.hashes) ^ set(world.lists.hashes) == {newer.sha256, world.lists.of("gov-local").sha256}


def test_trust_and_lists_travel_to_workers(world: World, pair: bytes) -> None:
    trust, lists = pickle.loads(pickle.dumps((world.trust, world.lists)))
    assert examine(pair, trust=trust, revocation=lists, at=world.now) == world.examine(pair)


def test_an_invalidity_date_counts_from_when_the_key_was_lost(world: World) -> None:
    seal = world.authorities.seal("H98").certificate
    lost = world.now - timedelta(days=9)
    authority = world.authorities.authorities["gov-local"]
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(seal.serial_number)
        .revocation_date(world.now - timedelta(days=1))
        .add_extension(x509.InvalidityDate(lost.replace(tzinfo=None)), critical=False)
        .build()
    )
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(world.now - timedelta(hours=1))
        .next_update(world.now + timedelta(days=1))
        .add_revoked_certificate(entry)
        .sign(authority.private_key, hashes.SHA256())
    )
    lists = world.snapshot(replaced={"gov-local": crl.public_bytes(Encoding.DER)})
    status = status_of(seal, world.trust.named("gov-local"), lists, at=world.now)
    assert (status.status, status.revoked_at) == (Status.REVOKED, lost)


# --- divided lists, and one list for two keys -----------------------------------------------------------------------


def leaf_of(world: World, name: str, key: Any, points: tuple[str, ...] = ()) -> x509.Certificate:
    """A signer's certificate under one key of an authority."""
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(world.authorities.seal("H98").certificate.subject)
        .issuer_name(world.authorities.authorities[name].certificate.subject)
        .public_key(rsa.generate_private_key(65537, 2048).public_key())
        .serial_number(4712)
        .not_valid_before(world.now - timedelta(days=1))
        .not_valid_after(world.now + timedelta(days=99))
        .add_extension(usage, critical=True)
    )
    if points:
        builder = builder.add_extension(x509.CRLDistributionPoints([point(item) for item in points]), critical=False)
    return builder.sign(key, hashes.SHA256())


def names(address: str) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(address)]


@pytest.mark.parametrize(
    ("scope", "clears_holder", "clears_authority"),
    [
        ({"only_contains_user_certs": True}, True, False),
        ({"only_contains_ca_certs": True}, False, True),
        ({"full_name": names("http://ca.example/1.crl")}, True, False),
        ({"full_name": names("http://ca.example/2.crl")}, False, False),
    ],
    ids=["holders", "authorities", "its-point", "another-point"],
)
def test_a_divided_list_clears_only_its_own_part(
    world: World, scope: dict[str, Any], *, clears_holder: bool, clears_authority: bool
) -> None:
    """Both our own look and certvalidator keep to the part."""
    key = world.authorities.authorities["gov-local"].private_key
    leaf = leaf_of(world, "gov-local", key, ("http://ca.example/1.crl",))
    part_of_local = build_list(world, "gov-local", extensions=[(part(**scope), True)])
    lists = world.snapshot(replaced={"gov-local": part_of_local})
    found = status_of(leaf, world.trust.named("gov-local"), lists, at=world.now).status
    assert found is (Status.GOOD if clears_holder else Status.MISSING)
    assert ours_accepts(world, leaf, lists) is clears_holder

    part_of_root = build_list(world, "gov-root", extensions=[(part(**scope), True)])
    lists = world.snapshot(replaced={"gov-root": part_of_root})
    issuing = world.trust.named("gov-local").certificate
    found = status_of(issuing, world.trust.named("gov-root"), lists, at=world.now).status
    assert found is (Status.GOOD if clears_authority else Status.MISSING)
    assert ours_accepts(world, leaf, lists) is clears_authority


def test_parts_of_one_authority_stand_side_by_side_and_an_older_one_replaces_none(world: World) -> None:
    parts = [[(part(full_name=names(f"http://ca.example/{number}.crl")), True)] for number in (1, 2)]
    taken = [
        ingest(world.trust, "gov-local", build_list(world, "gov-local", extensions=item), now=world.now)
        for item in parts
    ]
    snapshot = RevocationSnapshot().advance(*taken)
    assert [item.scope.points for item in snapshot.lists] == [item.scope.points for item in taken]
    old = build_list(world, "gov-local", extensions=parts[0], issued=world.now - timedelta(hours=9))
    with pytest.raises(RejectedRevocationList, match="older"):
        snapshot.advance(ingest(world.trust, "gov-local", old, now=world.now))


def test_a_lower_number_is_an_older_list_though_its_date_is_the_same(world: World) -> None:
    numbered = [
        ingest(world.trust, "gov-local", build_list(world, "gov-local", extensions=[(number, False)]), now=world.now)
        for number in (x509.CRLNumber(8), x509.CRLNumber(7))
    ]
    snapshot = RevocationSnapshot().advance(numbered[0])
    with pytest.raises(RejectedRevocationList, match="older"):
        snapshot.advance(numbered[1])


def second_key(world: World) -> tuple[Any, x509.Certificate]:
    """The same authority after a change of keys."""
    key, root = rsa.generate_private_key(65537, 2048), world.authorities.authorities["gov-root"]
    old = world.authorities.authorities["gov-local"].certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(99)
        .not_valid_before(world.now - timedelta(days=9))
        .not_valid_after(world.now + timedelta(days=900))
    )
    for extension in old.extensions:
        if isinstance(extension.value, x509.BasicConstraints | x509.KeyUsage):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    return key, builder.sign(root.private_key, hashes.SHA256())


@pytest.mark.parametrize("written", [True, False])
def test_a_new_keys_list_speaks_for_the_old_key_only_where_that_is_written(world: World, *, written: bool) -> None:
    """Some products keep one list for each key under one name: the other key's list hides what this one revoked."""
    key, certificate = second_key(world)
    renewed = ConfiguredAuthority(
        "gov-local-2", certificate.public_bytes(Encoding.DER), frozenset({SIGNER}), "gov-root"
    )
    others = [
        replace(item, lists_from="gov-local-2" if written and item.name == "gov-local" else None)
        for item in world.trust.authorities
    ]
    trust = TrustStore.of(*others, renewed)
    leaf = world.authorities.seal("H98").certificate
    ders = {name: world.crl(name) for name in ("gov-root", "gov-state")}
    ders["gov-local-2"] = build_list(world, "gov-local", key=key)
    lists = RevocationSnapshot().advance(*(ingest(trust, name, der, now=world.now) for name, der in ders.items()))
    context = validation_context(trust, lists, purpose=SIGNER, moment=world.now, at=world.now)
    assert accepts(context, leaf) is written
    found = status_of(leaf, trust.named("gov-local"), lists, at=world.now).status
    assert found is (Status.GOOD if written else Status.MISSING)


# --- the two holes, on certvalidator as it comes and behind our selection ------------------------------------------


def stock_accepts(world: World, leaf: x509.Certificate, lists: list[bytes]) -> bool:
    loaded = [asn1_x509.Certificate.load(item.der) for item in world.trust.authorities]
    context = ValidationContext(
        trust_roots=[item for item in loaded if item.self_signed == "maybe"],
        other_certs=loaded,
        crls=lists,
        revocation_mode="hard-fail",
        allow_fetching=False,
        moment=world.now,
    )
    return accepts(context, leaf)


def accepts(context: ValidationContext, leaf: x509.Certificate) -> bool:
    validator = CertificateValidator(
        asn1_x509.Certificate.load(leaf.public_bytes(Encoding.DER)), validation_context=context
    )
    try:
        asyncio.run(validator.async_validate_usage({"non_repudiation"}))  # type: ignore[no-untyped-call]
    except (PathValidationError, PathBuildingError):
        return False
    return True


def ours_accepts(world: World, leaf: x509.Certificate, lists: RevocationSnapshot) -> bool:
    context = validation_context(world.trust, lists, purpose=SIGNER, moment=world.now, at=world.now)
    return accepts(context, leaf)


def test_hole_1_a_list_with_a_wrong_signature_clears_a_certificate_on_stock(world: World) -> None:
    """An attacker who serves the lists hides a revocation: stock takes the forged list beside its siblings'."""
    leaf = world.authorities.special("revoked").certificate
    forged = build_list(world, "gov-local", key=rsa.generate_private_key(65537, 2048))
    siblings = ["gov-root", "gov-state", "gov-party", "gov-tsa"]
    orders = [
        [*(world.crl(name) for name in siblings), forged],
        [forged, *(world.crl(name) for name in siblings)],
    ]
    assert any(stock_accepts(world, leaf, order) for order in orders)

    with pytest.raises(RejectedRevocationList, match="signature"):
        world.lists.advance(ingest(world.trust, "gov-local", forged, now=world.now))
    assert not ours_accepts(world, leaf, world.lists)
    assert not ours_accepts(world, leaf, world.snapshot(without=("gov-local",)))


def test_hole_2_a_siblings_list_clears_a_revoked_authority_on_stock(world: World) -> None:
    """Without the root's list, any list of another authority under it counts as the revoked authority's status."""
    leaf = world.authorities.seal("H98").certificate
    names = ["gov-local", "gov-state", "gov-party"]
    assert stock_accepts(world, leaf, [world.crl(name) for name in names])

    without_root = world.snapshot(without=("gov-root",))
    assert not ours_accepts(world, leaf, without_root)
    data = world.sign(world.plain(), world.authorities.seal("H98"), stamped=False)
    assert world.examine(data, lists=without_root).approvals[0].cause is Cause.REVOCATION_MISSING
    issuing = world.authorities.authorities["gov-local"].certificate
    revoked = Revocation(issuing.serial_number, world.now - timedelta(days=2))
    with_root = world.snapshot(replaced={"gov-root": world.crl("gov-root", extra_revoked=[revoked])})
    assert not ours_accepts(world, leaf, with_root)


def test_a_certificate_that_names_no_address_still_needs_a_list(world: World) -> None:
    """Stock's hard-fail clears it unseen: no distribution point, no check."""
    authority = world.authorities.authorities["gov-local"]
    key = rsa.generate_private_key(65537, 2048)
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    leaf = (
        x509.CertificateBuilder()
        .subject_name(world.authorities.seal("H98").certificate.subject)
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(world.now - timedelta(days=1))
        .not_valid_after(world.now + timedelta(days=99))
        .add_extension(usage, critical=True)
        .sign(authority.private_key, hashes.SHA256())
    )
    revoked = Revocation(4711, world.now - timedelta(hours=9))
    lists = world.snapshot(replaced={"gov-local": world.crl("gov-local", extra_revoked=[revoked])})
    assert stock_accepts(world, leaf, [item.der for item in lists.lists])
    assert not ours_accepts(world, leaf, lists)
    assert ours_accepts(world, leaf, world.lists)
