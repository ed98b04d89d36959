"""pyHanko's validation contexts, made of configured certificates and verified lists only.

What a document embeds is not registered (`SealedRegistry`): it could only add paths through authorities nobody
configured, which have no revocation list here and so could never be accepted. And for each certificate certvalidator is
shown the lists of the authority that signed it (`SelectedLists`).
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import Authority, CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.policy_decl import (
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    DisallowWeakAlgorithmsPolicy,
)
from pyhanko_certvalidator.registry import CertificateRegistry, SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer
from pyhanko_certvalidator.revinfo.manager import RevinfoManager

from docaxis_signing.asn1_encodings import keep_encodings
from docaxis_signing.trust.lists import RevocationList
from docaxis_signing.trust.ocsp import OcspAnswer
from docaxis_signing.trust.revocation import Carried, RevocationSnapshot, speaking_for
from docaxis_signing.trust.store import TrustStore, loaded

keep_encodings()

ALGORITHMS = DisallowWeakAlgorithmsPolicy(  # type: ignore[no-untyped-call]
    weak_hash_algos=frozenset({"md2", "md4", "md5", "sha1", "ripemd160"}),
    weak_signature_algos=frozenset({"dsa"}),
    rsa_key_size_threshold=2048,
)
"""Circular 15/2025/TT-BKHCN, appendix I: SHA-2 or SHA-3, RSA of 2048 bits and more, ECDSA of 256 and more."""


class _Fixed(defaultdict[Any, list[Any]]):
    """A map that answers unknown names without keeping them: names come from documents, workers live long."""

    def __missing__(self, key: object) -> list[Any]:
        return []


class SealedRegistry(CertificateRegistry):
    """The configured certificates; documents cannot add to them."""

    def __init__(self, configured: Iterable[asn1_x509.Certificate]) -> None:
        super().__init__()
        for certificate in configured:
            super().register(certificate)
        self._subject_map = _Fixed(list, self._subject_map)
        self._key_identifier_map = _Fixed(list, self._key_identifier_map)
        self._key_hash_map = _Fixed(list, self._key_hash_map)

    def register(self, cert: asn1_x509.Certificate) -> bool:  # noqa: ARG002 - the base class names it
        """Leave a document's certificate out."""
        return False


class SelectedLists(RevinfoManager):
    """Shows certvalidator, for each certificate, only the fresh lists of the authority that signed it.

    certvalidator asks `check_asserted_unrevoked` for each certificate of a path right before it looks for its lists;
    that question tells us which certificate is next. Were the order ever changed, the wrong list would be shown, which
    certvalidator does not accept, and our own `status_of` is asked beside it in any case.
    """

    def __init__(
        self,
        registry: CertificateRegistry,
        trust: TrustStore,
        snapshot: RevocationSnapshot,
        purpose: str,
        at: datetime,
    ) -> None:
        super().__init__(certificate_registry=registry, poe_manager=POEManager(), crls=(), ocsps=())
        self._trust, self._snapshot, self._purpose, self._at = trust, snapshot, purpose, at
        self._shown: list[CRLContainer] = []

    @property
    def basis(self) -> tuple[TrustStore, RevocationSnapshot, str, datetime]:
        """Say what the lists are chosen by."""
        return self._trust, self._snapshot, self._purpose, self._at

    def check_asserted_unrevoked(self, cert: asn1_x509.Certificate, at: datetime) -> bool:  # noqa: ARG002 - same
        """Assert nothing; take note of the certificate."""
        certificate = loaded(cert.dump())
        issuer = self._trust.issuer_of(certificate, self._purpose)
        found = () if issuer is None else self._snapshot.covering(issuer.name, certificate)
        self._show(item for item in found if item.fresh_at(self._at))
        return False

    def _show(self, lists: Iterable[RevocationList]) -> None:
        self._shown = []
        for item in lists:
            container, signer = _container(item.der), self._trust.named(item.authority)
            if signer.pinned:
                # certvalidator looks for the signer's path below the anchor and finds none where the signer is an
                # anchor with an issuer. The signature was verified with that very certificate at ingestion.
                self.record_crl_issuer(container.crl_data, asn1_x509.Certificate.load(signer.der))  # type: ignore[no-untyped-call]
            self._shown.append(container)

    def currently_available_crls(self) -> list[CRLContainer]:
        """Give the lists that speak for the certificate at hand."""
        return list(self._shown)


class AnsweredLists(SelectedLists):
    """Shows OCSP answers, and what the document at hand carries, beside the lists.

    A kind of its own, so that whoever keeps paths for the next document keeps none of these: they depend on the
    document, and on each answer's own times.
    """

    def __init__(self, *basis: Any, moment: datetime) -> None:
        super().__init__(*basis)
        self._moment = moment
        self._answers: tuple[OcspAnswer, ...] = ()

    def check_asserted_unrevoked(self, cert: asn1_x509.Certificate, at: datetime) -> bool:  # noqa: ARG002 - same
        """Assert nothing; take note of the certificate."""
        certificate = loaded(cert.dump())
        issuer = self._trust.issuer_of(certificate, self._purpose)
        lists: tuple[RevocationList, ...] = ()
        self._answers = ()
        if issuer is not None:
            found = speaking_for(certificate, issuer, self._snapshot, at=self._at, moment=self._moment)
            lists, self._answers = found
        self._show(lists)
        return False

    async def async_retrieve_ocsps(self, cert: asn1_x509.Certificate, authority: Authority) -> list[OCSPContainer]:  # noqa: ARG002 - same
        """Give the answers about the certificate at hand."""
        return [OCSPContainer(asn1_ocsp.OCSPResponse.load(item.der)) for item in self._answers]


@lru_cache(maxsize=256)
def _container(der: bytes) -> CRLContainer:
    return CRLContainer(asn1_crl.CertificateList.load(der))


@lru_cache(maxsize=8)
def _configured(trust: TrustStore, purpose: str) -> tuple[SealedRegistry, SimpleTrustManager]:
    chosen = [authority for authority in trust.authorities if purpose in authority.purposes]
    loaded = {authority.name: asn1_x509.Certificate.load(authority.der) for authority in chosen}
    anchors = [
        CertTrustAnchor(
            loaded[authority.name],
            quals=TrustQualifiers(valid_from=authority.valid_from, valid_until=authority.valid_until),
        )
        for authority in chosen
        if authority.is_anchor
    ]
    manager = SimpleTrustManager.build(trust_roots=anchors)
    manager._root_subject_map = _Fixed(list, manager._root_subject_map)  # noqa: SLF001 - a defaultdict keeps what is asked
    return SealedRegistry(loaded.values()), manager


def validation_context(
    trust: TrustStore, snapshot: RevocationSnapshot, *, purpose: str, moment: datetime, at: datetime
) -> ValidationContext:
    """Make the context that judges a chain as of `moment`, with what is known at `at`.

    Every certificate below the anchor needs a list, whether it names one or not. A list issued after `moment` speaks
    for `moment` too (the revocation date decides), one that had run out at `at` does not.
    """
    registry, anchors = _configured(trust, purpose)
    basis = registry, trust, snapshot, purpose, at
    plain = snapshot.carried == Carried() and all(
        authority.crl or not authority.ocsp for authority in trust.authorities
    )
    return ValidationContext(
        trust_manager=anchors,
        certificate_registry=registry,
        revinfo_manager=SelectedLists(*basis) if plain else AnsweredLists(*basis, moment=moment),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO, retroactive_revinfo=True),
        algorithm_usage_policy=ALGORITHMS,
        moment=moment,
        allow_fetching=False,
    )
