"""Certificate paths that certvalidator found valid, kept for the next signature of the same signer.

The answer depends on the certificate, the trust store, the purpose, the policies, the revocation lists, the time of the
signature and the time at which the lists have to be fresh: all of it is in the key. Times enter as the gap between two
edges (a certificate or list begins or ends) in which they lie, because between two edges no comparison of times turns
out otherwise; near an edge nothing is kept. What a document embeds cannot matter: the registry of our contexts takes
nothing from it, and where another kind of registry or of lists is met, nothing is kept either. Only paths whose
certificates are on no list are kept, never a refusal, and for a minute at most.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.sign.validation import generic_cms
from pyhanko_certvalidator import ValidationContext, validate
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import DisallowWeakAlgorithmsPolicy
from pyhanko_certvalidator.registry import PathBuilder
from pyhanko_certvalidator.revinfo import archival
from pyhanko_certvalidator.util import CancelableAsyncIterator

from docaxis_signing.patching import Patch, Pin
from docaxis_signing.pdf.speed.memory import Memory
from docaxis_signing.trust.context import SealedRegistry, SelectedLists
from docaxis_signing.trust.revocation import RevocationSnapshot, Status, status_of
from docaxis_signing.trust.store import TrustStore, loaded

KEPT: Final = 20_000
"""Signers of a day on a busy axis; a path takes about 1 kB beside its certificates."""
LIFETIME: Final = timedelta(seconds=60)
"""Whatever an answer might depend on besides its key, it is asked anew after this."""
MARGIN: Final = timedelta(seconds=3)
"""Around an edge nothing is kept: certvalidator tolerates a second."""

Stock = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a path is judged by, beside the certificate."""

    trust: TrustStore
    snapshot: RevocationSnapshot
    purpose: str
    at: datetime
    moment: datetime
    policies: tuple[object, object]


def basis_of(context: ValidationContext) -> Basis | None:
    """Read from a context what a path is judged by; None if it is not one of ours, or something of it is unknown."""
    lists = context.revinfo_manager
    if (
        type(context) is not ValidationContext
        or type(lists) is not SelectedLists
        or type(context.certificate_registry) is not SealedRegistry
        or type(context.algorithm_policy) is not DisallowWeakAlgorithmsPolicy  # it is known to ignore the time
        or context.best_signature_time != context.moment
    ):
        return None
    trust, snapshot, purpose, at = lists.basis
    return Basis(trust, snapshot, purpose, at, context.moment, (context.algorithm_policy, context.revinfo_policy))


class Edges:
    """The times at which an answer may turn, each with a margin; between two of them it stays."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self._edges: list[datetime] = []
        for moment in sorted(moments):
            begin, end = _shifted(moment, -MARGIN), _shifted(moment, MARGIN)
            if self._edges and begin <= self._edges[-1]:
                self._edges[-1] = end
            else:
                self._edges += [begin, end]

    def gap(self, moment: datetime) -> int | None:
        """Name the gap in which a time lies; None within a margin."""
        place = bisect_right(self._edges, moment)
        return None if place % 2 else place  # margins are pairs of edges: an odd number of them below is inside of one


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:  # certificates without an end say 9999-12-31
        return moment


class Epoch:
    """One trust store with one set of lists: what is kept is kept for it alone."""

    def __init__(self, trust: TrustStore, snapshot: RevocationSnapshot) -> None:
        self.trust, self.snapshot = trust, snapshot
        moments: set[datetime] = set()
        for authority in trust.authorities:
            moments |= _validity(authority.certificate)
            moments |= {moment for moment in (authority.valid_from, authority.valid_until) if moment is not None}
        for item in snapshot.lists:
            moments |= {item.this_update, item.next_update}
        self._edges = Edges(moments)
        self._leaves: Memory[bytes, Edges] = Memory(KEPT)
        self.paths: Memory[Hashable, tuple[ValidationPath, float]] = Memory(KEPT)

    def key(self, leaf: bytes, basis: Basis) -> Hashable | None:
        """Name all that an answer depends on; None if a time is too near to an edge."""
        own = self._leaves.get(leaf)
        if own is None:
            own = Edges(_validity(loaded(leaf)))
            self._leaves.put(leaf, own)
        gaps = own.gap(basis.moment), self._edges.gap(basis.moment), self._edges.gap(basis.at)
        return None if None in gaps else (leaf, basis.purpose, basis.policies, gaps)

    def unlisted(self, path: ValidationPath, basis: Basis) -> bool:
        """Tell whether every certificate below the anchor is good by our own look at its lists."""
        certificates = [loaded(item.dump()) for item in path.iter_certs(include_root=False)]
        issuers = [self.trust.issuer_of(item, basis.purpose) for item in certificates]
        return bool(certificates) and all(
            issuer is not None and status_of(item, issuer, self.snapshot, at=basis.at).status is Status.GOOD
            for item, issuer in zip(certificates, issuers, strict=True)
        )


def _validity(certificate: x509.Certificate) -> set[datetime]:
    return {certificate.not_valid_before_utc, certificate.not_valid_after_utc}


class KnownPaths:
    """The paths of the epoch in force; another epoch empties them."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._epoch: Epoch | None = None
        self.hits = 0

    def clear(self) -> None:
        """Forget all."""
        self._epoch = None

    def patches(self) -> tuple[Patch, ...]:
        """Make the replacements."""
        return (
            Patch(
                Pin(generic_cms, "find_valid_path"),
                self._replacement,
            ),
            Patch(
                Pin(PathBuilder, "async_build_paths_lazy"),
                _later,
            ),
        )

    def _replacement(self, stock: Stock) -> Stock:
        async def find_valid_path(
            certificate: asn1_x509.Certificate, paths: Any, validation_context: Any, pkix_validation_params: Any = None
        ) -> ValidationPath:
            async def ask() -> ValidationPath:
                found: ValidationPath = await stock(
                    certificate,
                    paths,
                    validation_context=validation_context,
                    pkix_validation_params=pkix_validation_params,
                )
                return found

            basis = basis_of(validation_context) if pkix_validation_params is None else None
            if basis is None:
                return await ask()
            epoch = self._of(basis)
            key = epoch.key(certificate.dump(), basis)
            kept = None if key is None else epoch.paths.get(key)
            if kept is not None and self._monotonic() < kept[1]:
                self.hits += 1
                await paths.cancel()
                return kept[0]
            path = await ask()
            if key is not None and path.pkix_len > 0 and epoch.unlisted(path, basis):
                epoch.paths.put(key, (path, self._monotonic() + LIFETIME.total_seconds()))
            return path

        return find_valid_path

    def _of(self, basis: Basis) -> Epoch:
        held = self._epoch
        if held is None or held.trust != basis.trust or held.snapshot is not basis.snapshot:
            held = self._epoch = Epoch(basis.trust, basis.snapshot)
        return held


class _Later(CancelableAsyncIterator[ValidationPath]):
    """Paths that are looked for when the first of them is asked for: where one is kept, none is."""

    def __init__(self, build: Callable[[], CancelableAsyncIterator[ValidationPath]]) -> None:
        self._build = build
        self._paths: Any = None

    async def __anext__(self) -> ValidationPath:
        if self._paths is None:
            self._paths = self._build()
        found: ValidationPath = await self._paths.__anext__()
        return found

    async def cancel(self) -> None:
        if self._paths is not None:
            await self._paths.cancel()


def _later(stock: Stock) -> Stock:
    def async_build_paths_lazy(
        self: PathBuilder, end_entity_cert: asn1_x509.Certificate
    ) -> CancelableAsyncIterator[ValidationPath]:
        return _Later(lambda: stock(self, end_entity_cert))

    return async_build_paths_lazy


RELIED_ON: Final = (
    Pin(validate, "intl_validate_path"),
    Pin(validate, "_check_validity"),
    Pin(validate, "_check_revocation"),
    Pin(archival, "_judge_revinfo"),
    Pin(DisallowWeakAlgorithmsPolicy, "digest_algorithm_allowed"),
    Pin(DisallowWeakAlgorithmsPolicy, "signature_algorithm_allowed"),
    Pin(generic_cms, "validate_cert_usage"),
)
"""Where the times are compared, what ignores them, and what is still asked of a kept path."""
