"""Fills the directory of a new embedded axis: signed list, members, keys, credentials, mandates, registered seals."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from docaxis.clerk.enrolling import NewClerk, enrol, new_auditor
from docaxis.clerk.passwords import Passwords
from docaxis.directory import DirectoryRepository
from docaxis.directory.entries import CertificateRole, Principal, Role
from docaxis.directory.organisation_list import write_list
from docaxis.directory.signed_list import sign_list
from docaxis.embedded import identities
from docaxis.embedded.authorities import Credential
from docaxis.embedded.identities import MemberIdentity
from docaxis.embedded.population import MERGED, MemberPlan, organisations
from docaxis.storage.clerk_accounts import ClerkAccountStore
from docaxis.storage.contents import FileStoreKey
from docaxis_schemas.moments import Clock
from docaxis_signing.statements import MemberSigner

BY: Final = "embedded-axis"
CREDENTIAL_LIFE: Final = timedelta(days=365)
KEY_ID: Final = "directory-1"


async def fill_directory(
    repository: DirectoryRepository, *, extra_inboxes: int, clock: Clock
) -> tuple[Principal, str, str]:
    """Load the signed list; give the operator, and the secrets of operator and auditor."""
    key = Ed25519PrivateKey.generate()
    data = write_list(organisations(extra_inboxes))
    signature = sign_list(data, key=key, key_id=KEY_ID, serial=1, signed_at=clock())
    await repository.load_signed_csv(data, signature, keys={KEY_ID: key.public_key()})
    expires = clock() + CREDENTIAL_LIFE
    operator, secret = await repository.issue_credential(role=Role.OPERATOR, holder="operator", expires_at=expires)
    _, auditor_secret = await repository.issue_credential(role=Role.AUDITOR, holder="auditor", expires_at=expires)
    return operator, secret, auditor_secret


async def enrol_member(repository: DirectoryRepository, plan: MemberPlan, *, clock: Clock) -> MemberIdentity:
    """Register a member with a key, a credential for its system and one for its clerk."""
    signer = MemberSigner.generate(f"{plan.id}-1")
    await repository.register_member(plan.id, plan.name, by=BY)
    await repository.add_member_key(plan.id, signer.public_jwk(), by=BY, valid_from=clock() - timedelta(minutes=5))
    existing = tuple(code for code in plan.organisations if code != MERGED)
    expires = clock() + CREDENTIAL_LIFE
    _, system = await repository.issue_credential(
        role=Role.MEMBER_SYSTEM, holder=f"{plan.id} system", expires_at=expires, member=plan.id, organisations=existing
    )
    _, clerk = await repository.issue_credential(
        role=Role.CLERK, holder=f"{plan.id} clerk", expires_at=expires, member=plan.id, organisations=existing
    )
    passwords = (identities.new_password(), identities.new_password())
    return MemberIdentity(plan.id, signer, system, clerk, *passwords)


async def enrol_at_the_pages(
    store: ClerkAccountStore,
    key: bytes,
    plans: Iterable[tuple[MemberPlan, MemberIdentity]],
    auditor: tuple[str, str],
    *,
    clock: Clock,
) -> None:
    """Make an account at the pages for a clerk of each member and for the auditor (password, credential)."""
    sealing, passwords = FileStoreKey(key), Passwords()
    for plan, identity in plans:
        new = NewClerk(
            name=identity.clerk_name,
            full_name=f"Văn thư TEST – {plan.name}",
            password=identity.clerk_password,
            credential=identity.clerk_credential,
            member=plan.id,
            organisations=tuple(code for code in plan.organisations if code != MERGED),
        )
        await enrol(store, sealing, passwords, new, at=clock())
    look = new_auditor(identities.AUDITOR_NAME, "Kiểm toán TEST", *auditor)
    await enrol(store, sealing, passwords, look, at=clock())


async def register_signers(repository: DirectoryRepository, operator: Principal, signers: Iterable[Credential]) -> None:
    """Register seals and persons, each with a proof that the registrant holds the key."""
    for signer in signers:
        der = signer.certificate.public_bytes(Encoding.DER)
        challenge = await repository.challenge_possession(der, signer.organisation)
        role = CertificateRole.SEAL if signer.role == "seal" else CertificateRole.PERSON
        answer = _answer(signer, challenge.message)
        await repository.register_seal(der, signer.organisation, answer=answer, by=operator, role=role)


def _answer(signer: Credential, message: bytes) -> bytes:
    key = signer.private_key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hashes.SHA256()))
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def certificate_sha256(signer: Credential) -> str:
    """Give the fingerprint under which the register holds a signer."""
    return hashlib.sha256(signer.certificate.public_bytes(Encoding.DER)).hexdigest()
