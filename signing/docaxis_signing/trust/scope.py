"""For which certificates of its authority a revocation list speaks (RFC 5280, 5.2.5).

Some authorities divide their lists: by distribution point, or authorities from holders. Absence from a part proves
something only of the certificates that belong to the part. Lists of other authorities' certificates (indirect), of some
reasons only, and changes to an earlier list (delta) are refused when they come in: each would need a second list beside
it before absence says anything.
"""

from dataclasses import dataclass
from typing import Final

from cryptography import x509


class RejectedScope(ValueError):
    """Absence from such a list proves nothing by itself."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """The part of an authority's certificates that a list speaks for; all of them by default."""

    holders_only: bool = False
    authorities_only: bool = False
    points: tuple[str, ...] = ()
    """Names of the distribution point, one of which a certificate has to name too."""

    def covers(self, certificate: x509.Certificate) -> bool:
        """Tell whether a certificate of the authority belongs to this part."""
        if self == WHOLE:
            return True
        authority = _is_authority(certificate)
        if (self.holders_only and authority) or (self.authorities_only and not authority):
            return False
        return not self.points or bool(set(self.points) & _points_of(certificate))

    def __str__(self) -> str:
        """Name the part in one line; the whole has an empty name."""
        kinds = ["holders"] * self.holders_only + ["authorities"] * self.authorities_only
        return " ".join((*kinds, *self.points))


WHOLE: Final = Scope()


def scope_of(parsed: x509.CertificateRevocationList) -> Scope:
    """Read for which certificates a list speaks.

    Raises:
        RejectedScope: A delta, indirect or incomplete list, or one whose delta would have to be read beside it.
    """
    scope = WHOLE
    for extension in parsed.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            raise RejectedScope("a delta list: it speaks only beside the list that it changes")
        if isinstance(value, x509.FreshestCRL):
            raise RejectedScope("the list has a delta beside it, and deltas are not read")
        if isinstance(value, x509.IssuingDistributionPoint):
            scope = _part(value)
    return scope


def _part(point: x509.IssuingDistributionPoint) -> Scope:
    if point.indirect_crl:
        raise RejectedScope("an indirect list: it names certificates of other authorities")
    if point.only_some_reasons is not None:
        raise RejectedScope("a list of some reasons only")
    if point.only_contains_attribute_certs:
        raise RejectedScope("a list of attribute certificates")
    if point.relative_name is not None:
        raise RejectedScope("a distribution point named relative to its issuer")
    return Scope(
        holders_only=point.only_contains_user_certs,
        authorities_only=point.only_contains_ca_certs,
        points=tuple(sorted(_text(name) for name in point.full_name or ())),
    )


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _points_of(certificate: x509.Certificate) -> set[str]:
    """Give the names of the points whose lists name every reason and come from the issuer itself."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return set()
    whole = (point for point in points if point.reasons is None and point.crl_issuer is None)
    return {_text(name) for point in whole for name in point.full_name or ()}


def _text(name: x509.GeneralName) -> str:
    value = name.value.rfc4514_string() if isinstance(name, x509.DirectoryName) else str(name.value)
    return f"{type(name).__name__}:{value}"
