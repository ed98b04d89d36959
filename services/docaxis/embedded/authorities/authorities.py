"""The TEST authorities as one thing: made once into a directory, found again, asked for credentials, CRLs and trust."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self

from cryptography import x509

from . import certificates, trust
from .cast import (
    AUTHORITIES,
    AXIS,
    ORGANISATIONS,
    TIMESTAMPING,
    AuthorityPlan,
    KeyKind,
    Organisation,
    Role,
    SignerPlan,
    crowd_plans,
    signer_plans,
)
from .certificates import Issuer, PrivateKey
from .keystore import PASSPHRASE_FILE, Keystore
from .revocation import Authority, Revocation, build_crl

CRL_LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate with its key, its issuers from sub-CA to root, and the PKCS#12 file a signer holds."""

    name: str
    common_name: str
    organisation: str
    role: Role
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    private_key: PrivateKey
    pkcs12_path: Path


class TestAuthorities:
    """Certification authorities, signers and time-stamping of the embedded axis; nothing here is ever trusted outside.

    Keys are random, the shape is always the same. `base_url` is the address that certificates name for CRLs and OCSP.
    """

    __test__: ClassVar[bool] = False  # pytest shall not take the class for a test

    def __init__(
        self,
        keystore: Keystore,
        *,
        base_url: str,
        authorities: Mapping[str, Authority],
        timestamper: tuple[x509.Certificate, PrivateKey],
        signers: Mapping[str, SignerPlan],
        revocations: Mapping[str, Revocation],
        created: datetime,
    ) -> None:
        self.base_url = base_url
        self.authorities = authorities
        self.timestamper = timestamper
        self._keystore = keystore
        self._signers = dict(signers)
        self._revocations = dict(revocations)
        self._created = created
        self._loaded: dict[str, Credential] = {}
        self._lock = threading.RLock()  # the responder answers from its own threads

    @classmethod
    def create(cls, directory: Path, *, base_url: str, now: datetime) -> Self:
        """Make all keys and certificates, backdated from `now`, into `directory`."""
        keystore, now = Keystore(directory), now.replace(microsecond=0)
        keystore.prepare()
        authorities: dict[str, Authority] = {}
        for plan in AUTHORITIES:
            authorities[plan.name] = _make_authority(plan, authorities, base_url, now)
            keystore.keep(plan.name, authorities[plan.name].certificate, authorities[plan.name].private_key)
            keystore.keep(f"{plan.name}-ocsp", authorities[plan.name].ocsp_certificate, authorities[plan.name].ocsp_key)
        key = certificates.new_key("rsa-2048")
        issuer = _issuer(authorities[TIMESTAMPING], base_url)
        stamping = certificates.timestamper("TEST Dịch vụ cấp dấu thời gian", key, issuer, now)
        keystore.keep("tsa", stamping, key)
        made = cls(
            keystore,
            base_url=base_url,
            authorities=authorities,
            timestamper=(stamping, key),
            signers={},
            revocations={},
            created=now,
        )
        made._issue(signer_plans())
        return made

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Find what `create` made. Raises `FileNotFoundError` where nothing complete is."""
        keystore = Keystore(directory)
        state = keystore.read_state()
        authorities = {
            plan.name: Authority(plan.name, *keystore.find(plan.name), *keystore.find(f"{plan.name}-ocsp"))
            for plan in AUTHORITIES
        }
        crowds = [plan for count, key in state["crowds"] for plan in crowd_plans(count, key)]
        return cls(
            keystore,
            base_url=state["base_url"],
            authorities=authorities,
            timestamper=keystore.find("tsa"),
            signers={plan.name: plan for plan in (*signer_plans(), *crowds)},
            revocations={name: _revocation(entry) for name, entry in state["revocations"].items()},
            created=datetime.fromisoformat(state["created"]),
        )

    @classmethod
    def open(cls, directory: Path, *, base_url: str, now: datetime) -> Self:
        """Load what is there, or create it."""
        return (
            cls.load(directory) if Keystore(directory).complete else cls.create(directory, base_url=base_url, now=now)
        )

    @property
    def organisations(self) -> tuple[Organisation, ...]:
        return ORGANISATIONS

    def organisation(self, code: str) -> Organisation:
        """Find an organisation by either code form."""
        return next(item for item in ORGANISATIONS if code in {item.code, item.old_code})

    @property
    def passphrase(self) -> bytes:
        """The passphrase of every PKCS#12 file in the directory."""
        return self._keystore.passphrase

    def seal(self, code: str) -> Credential:
        """The seal certificate of an organisation, by either code form."""
        return self.credential(f"{self.organisation(code).code}-seal")

    def person(self, code: str, number: int = 1) -> Credential:
        """A person of an organisation: 1 is the leader, 2 the deputy who signs in the leader's place."""
        return self.credential(f"{self.organisation(code).code}-{('leader', 'clerk')[number - 1]}")

    def special(self, name: str) -> Credential:
        """One of `revoked`, `expired`, `foreign-seal`, `untrusted`, `encryption-only`."""
        return self.credential(name)

    def credentials(self) -> Iterator[Credential]:
        """Every signer there is, with the organisation and role that the register shall hold for it."""
        for name in tuple(self._signers):
            yield self.credential(name)

    def crowd(self, organisations: int = 20, key: KeyKind = "rsa-2048") -> tuple[tuple[Credential, Credential], ...]:
        """Person and seal of many communes over the five issuing authorities; made once, then found again."""
        plans = crowd_plans(organisations, key)
        if any(plan.name not in self._signers for plan in plans):
            self._issue([plan for plan in plans if plan.name not in self._signers], crowd=(organisations, key))
        found = [self.credential(plan.name) for plan in plans]
        return tuple(zip(found[::2], found[1::2], strict=True))

    def credential(self, name: str) -> Credential:
        """A signer by its name, such as `H98.14-seal`."""
        with self._lock:
            if name not in self._loaded:
                plan = self._signers[name]
                certificate, key = self._keystore.find(name)
                self._loaded[name] = Credential(
                    name,
                    plan.common_name,
                    plan.registered_to,
                    plan.role,
                    certificate,
                    self._chain(plan.issuer),
                    key,
                    self._keystore.pkcs12_path(name),
                )
            return self._loaded[name]

    def revoke(
        self, credential: Credential, at: datetime, reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise
    ) -> None:
        """Take a certificate back as of `at`; the next CRL and every later OCSP answer say so."""
        with self._lock:
            entry = Revocation(credential.certificate.serial_number, at.replace(microsecond=0), reason)
            self._revocations[credential.name] = entry
            self._save()

    def issued(self, authority: str) -> frozenset[int]:
        """Serial numbers of the signers that an authority has issued."""
        return frozenset(
            self.credential(name).certificate.serial_number
            for name, plan in tuple(self._signers.items())
            if plan.issuer == authority
        )

    def revoked(self, authority: str) -> tuple[Revocation, ...]:
        """What an authority has revoked so far."""
        with self._lock:
            return tuple(item for name, item in self._revocations.items() if self._signers[name].issuer == authority)

    def crl(
        self,
        authority: str,
        *,
        now: datetime,
        lifetime: timedelta = CRL_LIFETIME,
        extra_revoked: Iterable[Revocation] = (),
    ) -> bytes:
        """Sign a CRL of an authority, issued at `now`."""
        revoked = (*self.revoked(authority), *extra_revoked)
        return build_crl(self.authorities[authority], revoked, now=now.replace(microsecond=0), lifetime=lifetime)

    def write_trust(self, directory: Path, *, base_url: str | None = None) -> None:
        """Write `trust.toml` and its certificates; `base_url` where the responder could not get its old address."""
        trust.write(directory, self.authorities, base_url or self.base_url)

    def _chain(self, authority: str) -> tuple[x509.Certificate, ...]:
        plans = {plan.name: plan for plan in AUTHORITIES}
        found, name = [], authority
        while True:
            found.append(self.authorities[name].certificate)
            above = plans[name].issuer
            if above is None:
                return tuple(found)
            name = above

    def of_axis(self) -> Credential:
        """The certificate of the organisation that runs the axis; made when first asked for, and in no register."""
        with self._lock:
            if not self._keystore.pkcs12_path(AXIS.name).exists():
                self._make(AXIS)
        certificate, key = self._keystore.find(AXIS.name)
        chain, path = self._chain(AXIS.issuer), self._keystore.pkcs12_path(AXIS.name)
        return Credential(AXIS.name, AXIS.common_name, AXIS.registered_to, AXIS.role, certificate, chain, key, path)

    @property
    def passphrase_path(self) -> Path:
        """Where the passphrase of every PKCS#12 file lies."""
        return self._keystore.directory / PASSPHRASE_FILE

    def _issue(self, plans: Iterable[SignerPlan], crowd: tuple[int, KeyKind] | None = None) -> None:
        for plan in plans:
            made = self._make(plan)
            with self._lock:
                self._signers[plan.name] = plan
                if plan.revoked_before is not None:
                    at = self._created - plan.revoked_before
                    self._revocations[plan.name] = Revocation(made.serial_number, at)
        with self._lock:
            self._save(crowd)

    def _make(self, plan: SignerPlan) -> x509.Certificate:
        key = certificates.new_key(plan.key)
        issuer = _issuer(self.authorities[plan.issuer], self.base_url)
        validity = (self._created - plan.starts_before, self._created + plan.ends_after)
        may_sign = plan.key_usage == "signing"
        made = certificates.signer(plan.common_name, plan.organisation, key, issuer, validity, may_sign=may_sign)
        self._keystore.keep(plan.name, made, key)
        self._keystore.keep_pkcs12(plan.name, made, key, self._chain(plan.issuer))
        return made

    def _save(self, crowd: tuple[int, KeyKind] | None = None) -> None:
        crowds = self._keystore.read_state()["crowds"] if self._keystore.complete else []
        self._keystore.write_state(
            {
                "base_url": self.base_url,
                "created": self._created.isoformat(),
                "crowds": [*crowds, list(crowd)] if crowd else crowds,
                "revocations": {
                    name: {"serial": str(item.serial), "at": item.at.isoformat(), "reason": item.reason.value}
                    for name, item in self._revocations.items()
                },
            }
        )


def _make_authority(plan: AuthorityPlan, made: Mapping[str, Authority], base_url: str, now: datetime) -> Authority:
    key = certificates.new_key(plan.key)
    if plan.issuer is None:
        certificate = certificates.root(plan.subject, key, now)
    else:
        certificate = certificates.issuing_authority(plan.subject, key, _issuer(made[plan.issuer], base_url), now)
    answering = certificates.new_key("p-256")
    issuer = Issuer(certificate, key, *trust.addresses(base_url, plan.name))
    name = f"TEST OCSP {plan.name}"
    return Authority(plan.name, certificate, key, certificates.ocsp_responder(name, answering, issuer, now), answering)


def _issuer(authority: Authority, base_url: str) -> Issuer:
    return Issuer(authority.certificate, authority.private_key, *trust.addresses(base_url, authority.name))


def _revocation(entry: Mapping[str, Any]) -> Revocation:
    reason = x509.ReasonFlags(entry["reason"])
    return Revocation(int(entry["serial"]), datetime.fromisoformat(entry["at"]), reason)
