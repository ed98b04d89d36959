"""The keeper's word on the directory: whatever is changed, taken away or brought back is noticed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from docaxis.directory.attestation import attest, check_attestation, directory_digest, organisations_digest
from docaxis.directory.entries import (
    CertificateRole,
    Mandate,
    Member,
    MemberState,
    RegisteredCertificate,
)
from docaxis.directory.errors import UnattestedDirectory
from docaxis.directory.organisations import OrganisationIndex
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis_schemas.organisation import Organisation
from docaxis_signing.statements import MemberKey, MemberSigner

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
KEEPER = MemberSigner.generate("keeper-1")
OFFICE = Organisation("H20.14", "Sở Thử Nghiệm", 2, date(2020, 1, 1), "000.00.14.H20", "H20", "so-thu-nghiem")
PROVINCE = Organisation("H20", "Tỉnh Thử Nghiệm", 1, date(2020, 1, 1), member="tinh-thu-nghiem")
SEAL = RegisteredCertificate(
    "ab" * 32, CertificateRole.SEAL, "H20.14", NOW - DAY, None, "signature", "operator-1", NOW - DAY
)


def key(kid: str) -> MemberKey:
    return MemberKey(kid, MemberSigner.generate(kid).public_jwk(), NOW - DAY, None)


WHOLE = DirectorySnapshot(
    version=7,
    organisations=OrganisationIndex.of([PROVINCE, OFFICE]),
    members={
        "so-thu-nghiem": Member("so-thu-nghiem", "Sở Thử Nghiệm", MemberState.SUSPENDED, NOW - DAY, NOW - 2 * DAY),
        "tinh-thu-nghiem": Member("tinh-thu-nghiem", "Tỉnh Thử Nghiệm", MemberState.ACTIVE),
    },
    keys={"so-thu-nghiem": {"so-1": key("so-1")}},
    mandates={"tinh-thu-nghiem": (Mandate("tinh-thu-nghiem", "H20.14", NOW - DAY, None, "operator-1"),)},
    certificates={SEAL.certificate_sha256: SEAL},
)


def attested(directory: DirectorySnapshot) -> str:
    return attest(directory, organisations_digest(directory.organisations), KEEPER, at=NOW)


def check(token: str | None, directory: DirectorySnapshot, *, since: int = 0, by: MemberSigner = KEEPER) -> int:
    organisations = organisations_digest(directory.organisations)
    return check_attestation(token, directory, organisations, by.public_jwk(), at=NOW, since=since)


def moved(office: Organisation) -> DirectorySnapshot:
    return replace(WHOLE, organisations=OrganisationIndex.of([PROVINCE, office]))


MEMBER, TOKEN = WHOLE.members["so-thu-nghiem"], attested(WHOLE)
CHANGES: dict[str, Callable[[], DirectorySnapshot]] = {
    "a suspension ended": lambda: replace(
        WHOLE, members={**WHOLE.members, MEMBER.id: replace(MEMBER, state=MemberState.ACTIVE)}
    ),
    "a compromise put later": lambda: replace(
        WHOLE, members={**WHOLE.members, MEMBER.id: replace(MEMBER, compromised_since=NOW)}
    ),
    "a member more": lambda: replace(WHOLE, members={**WHOLE.members, "la": Member("la", "Lạ", MemberState.ACTIVE)}),
    "another key under the same id": lambda: replace(WHOLE, keys={"so-thu-nghiem": {"so-1": key("so-1")}}),
    "a key more": lambda: replace(WHOLE, keys={"so-thu-nghiem": {**WHOLE.keys["so-thu-nghiem"], "so-2": key("so-2")}}),
    "the key of another member": lambda: replace(WHOLE, keys={"tinh-thu-nghiem": WHOLE.keys["so-thu-nghiem"]}),
    "a mandate more": lambda: replace(
        WHOLE,
        mandates={**WHOLE.mandates, "so-thu-nghiem": (Mandate("so-thu-nghiem", "H20", NOW, None, "operator-1"),)},
    ),
    "a seal of another body": lambda: replace(
        WHOLE, certificates={SEAL.certificate_sha256: replace(SEAL, organisation="H20")}
    ),
    "a person's certificate as a seal": lambda: replace(
        WHOLE, certificates={SEAL.certificate_sha256: replace(SEAL, role=CertificateRole.PERSON)}
    ),
    "a seal taken away": lambda: replace(WHOLE, certificates={}),
    "a body received for by another member": lambda: moved(replace(OFFICE, member="tinh-thu-nghiem")),
    "a body ended": lambda: moved(replace(OFFICE, valid_to=date(2025, 1, 1))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_counts_that_the_keeper_has_not_signed(change: str) -> None:
    assert check(TOKEN, WHOLE) == 7
    with pytest.raises(UnattestedDirectory, match="changed since"):
        check(TOKEN, CHANGES[change]())


def test_the_order_in_which_rows_are_read_says_nothing() -> None:
    turned = replace(WHOLE, members=dict(reversed(list(WHOLE.members.items()))))
    organisations = organisations_digest(WHOLE.organisations)
    assert directory_digest(turned, organisations) == directory_digest(WHOLE, organisations)


def test_keys_that_a_gateway_makes_come_and_go_between_two_attestations() -> None:
    gateways = replace(WHOLE, version=8, keys={**WHOLE.keys, "tinh-thu-nghiem": {"gateway.x": key("gateway.x")}})
    assert check(TOKEN, gateways) == 7


def test_an_attestation_by_another_key_or_none_is_none() -> None:
    with pytest.raises(UnattestedDirectory, match="not attested"):
        check(None, WHOLE)
    with pytest.raises(UnattestedDirectory, match="does not know"):
        check(TOKEN, WHOLE, by=MemberSigner.generate("keeper-2"))
    with pytest.raises(UnattestedDirectory, match="does not verify"):
        check(TOKEN, WHOLE, by=MemberSigner.generate("keeper-1"))


def test_what_was_signed_earlier_cannot_be_brought_back() -> None:
    later = replace(WHOLE, version=9)
    assert check(attested(later), later, since=7) == 9
    with pytest.raises(UnattestedDirectory, match="not of this state"):
        check(TOKEN, WHOLE, since=9)


def test_what_was_signed_for_something_else_is_no_attestation() -> None:
    said = {"kind": "docaxis.trust-store/1", "version": 7, "sha256": "0" * 64}
    with pytest.raises(UnattestedDirectory, match="not of this state"):
        check(KEEPER.sign(said), WHOLE)
