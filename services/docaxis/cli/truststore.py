"""``docaxis trust``: whom this axis trusts, shown, changed with a reason, signed, and checked."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import REPEATED, Flag, Speaking
from docaxis.cli.output import output_for
from docaxis_schemas.moments import system_clock, to_text

if TYPE_CHECKING:  # what judges is an extra
    from docaxis_signing.trust.store import ConfiguredAuthority, TrustStore

T = TypeVar("T")
Purpose = Literal["signer", "tsa"]
Source = Literal["government", "public"]


def show(directory: Path | None = None, /, *, speaking: Speaking | None = None) -> int:
    """List whom a trust directory trusts, and for what.

    Args:
        directory: The trust directory; by default $DOCAXIS_TRUST, else ~/.config/docaxis/trust.
        speaking: How the command answers.
    """
    from docaxis.cli.trusting import load_trust, trust_directory  # noqa: PLC0415 - an extra

    output = output_for(speaking)
    store = load_trust(trust_directory(directory), output)
    titles = ("", output.text("mục đích", "for"), output.text("do", "by"), output.text("đến", "until"), "SHA-256")
    rows = [
        (item.name, ", ".join(sorted(item.purposes)), item.issuer or item.source, _until(item), item.sha256[:16])
        for item in store.authorities
    ]
    output.table([_authority(item) for item in store.authorities], titles, rows)
    output.note(f"Mã băm của danh sách: {store.sha256}", f"Hash of the store: {store.sha256}")
    return Exit.OK


def add(
    directory: Path,
    certificate: Path,
    /,
    *,
    name: str,
    reason: str,
    purpose: Annotated[list[Purpose], REPEATED],
    source: Source | None = None,
    issuer: str | None = None,
    crl: Annotated[list[str] | None, REPEATED] = None,
    ocsp: Annotated[list[str] | None, REPEATED] = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    lists_from: str | None = None,
    pinned: Flag = False,
    speaking: Speaking | None = None,
) -> int:
    """Take an authority into a trust directory; the directory is made if it is not there.

    Args:
        directory: The trust directory.
        certificate: The authority's certificate, PEM.
        name: A short name: small letters, digits, hyphens.
        reason: Why; it stands in the history.
        purpose: What its certificates may be for: signer, tsa; may be given several times.
        source: Of a root: government or public.
        issuer: Of an issuing authority: the name of the one above it.
        crl: Address of its revocation list; may be given several times.
        ocsp: Address of its OCSP responder; may be given several times.
        valid_from: From when it is trusted.
        valid_until: Until when it is trusted.
        lists_from: Name of a later key of the same authority whose lists speak for this one too.
        pinned: Trust begins here, though its issuer signed it with SHA-1; wants an issuer and valid-until.
        speaking: How the command answers.
    """
    from cryptography import x509  # noqa: PLC0415 - an extra

    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    except ValueError as error:
        vi, en = f"{certificate}: không phải chứng thư số PEM.", f"{certificate}: not a certificate in PEM."
        raise CommandFailed(Exit.BAD_INPUT, "certificate", vi, en) from error
    given = {
        "name": name,
        "purposes": list(dict.fromkeys(purpose)),
        "source": source,
        "issuer": issuer,
        "crl": crl,
        "ocsp": ocsp,
        "valid_from": _moment(valid_from),
        "valid_until": _moment(valid_until),
        "lists_from": lists_from,
    }
    values = {key: value for key, value in given.items() if value is not None}
    changed = _ask(directory, lambda trust: trust.add(loaded, values, reason=reason, at=system_clock(), pinned=pinned))
    return _tell(changed, directory, speaking)


def remove(directory: Path, name: str, /, *, reason: str, speaking: Speaking | None = None) -> int:
    """Take an authority out of a trust directory: nothing that rests on it is trusted any more.

    Args:
        directory: The trust directory.
        name: Of the authority.
        reason: Why; it stands in the history.
        speaking: How the command answers.
    """
    changed = _ask(directory, lambda trust: trust.remove(name, reason=reason, at=system_clock()))
    return _tell(changed, directory, speaking)


def distrust(directory: Path, name: str, /, *, since: datetime, reason: str, speaking: Speaking | None = None) -> int:
    """Trust an authority only for what is proved to have been signed before a time.

    Args:
        directory: The trust directory.
        name: Of the authority.
        since: From when it is not trusted.
        reason: Why; it stands in the history.
        speaking: How the command answers.
    """
    moment = since.astimezone(UTC)
    changed = _ask(directory, lambda trust: trust.distrust(name, since=moment, reason=reason, at=system_clock()))
    return _tell(changed, directory, speaking)


def sign(directory: Path, /, *, key: Path, speaking: Speaking | None = None) -> int:
    """Sign a trust directory as it is; a key that is not there is made, with its public half beside it.

    Args:
        directory: The trust directory.
        key: Private key (JWK, P-256), kept elsewhere than the directory.
        speaking: How the command answers.
    """
    from docaxis_signing.statements import MemberSigner, StatementError  # noqa: PLC0415 - an extra
    from docaxis_signing.trust.sealing import SEAL_FILE, seal  # noqa: PLC0415 - an extra

    try:
        signer = MemberSigner.from_jwk(json.loads(key.read_bytes())) if key.exists() else _new_key(key)
    except (StatementError, ValueError) as error:
        vi, en = f"{key}: không phải khóa JWK dùng được.", f"{key}: not a usable JWK."
        raise CommandFailed(Exit.BAD_INPUT, "key", vi, en) from error
    store = _ask(directory, lambda trust: trust.store)
    _ask(directory, lambda _: seal(directory, store, signer, at=system_clock()))
    output = output_for(speaking)
    value = {"directory": str(directory), "store_sha256": store.sha256, "kid": signer.kid}
    output.result(value, f"{directory / SEAL_FILE}: {store.sha256}")
    return Exit.OK


def check(directory: Path, /, *, key: Path | None = None, speaking: Speaking | None = None) -> int:
    """Check a trust directory: certificates, chains, history and, with a key, its signature; ends with 1 if not.

    Args:
        directory: The trust directory.
        key: Public key (JWK) of whoever signs it.
        speaking: How the command answers.
    """
    from docaxis_signing.trust.editing import TrustDirectory  # noqa: PLC0415 - an extra
    from docaxis_signing.trust.history import RejectedHistory, read_history  # noqa: PLC0415 - an extra
    from docaxis_signing.trust.sealing import UnsealedTrustStore, check_history, check_seal  # noqa: PLC0415 - an extra
    from docaxis_signing.trust.store import RejectedTrustStore  # noqa: PLC0415 - an extra

    output, sealed = output_for(speaking), None
    try:
        store = TrustDirectory(directory).store
        check_history(directory, store)
        if key is not None:
            sealed = check_seal(directory, store, json.loads(key.read_bytes()), at=system_clock())["signed_at"]
    except (RejectedTrustStore, RejectedHistory, UnsealedTrustStore, ValueError) as error:
        value = {"directory": str(directory), "valid": False, "reason": str(error)}
        output.result(value, f"✗ {directory}: {error}")
        return Exit.REFUSED
    value = {
        "directory": str(directory),
        "valid": True,
        "store_sha256": store.sha256,
        "authorities": len(store.authorities),
        "changes": len(read_history(directory)),
        "signed_at": sealed,
    }
    output.result(value, f"✓ {directory}: {store.sha256}")
    return Exit.OK


def _ask(directory: Path, work: Callable[[Any], T]) -> T:
    from docaxis_signing.trust.editing import TrustDirectory  # noqa: PLC0415 - an extra
    from docaxis_signing.trust.history import RejectedHistory  # noqa: PLC0415 - an extra
    from docaxis_signing.trust.store import RejectedTrustStore  # noqa: PLC0415 - an extra

    try:
        return work(TrustDirectory(directory))
    except (RejectedTrustStore, RejectedHistory) as error:
        vi, en = f"{directory}: không thực hiện được ({error}).", f"{directory}: not done ({error})."
        raise CommandFailed(Exit.REFUSED, "trust", vi, en) from error


def _tell(store: "TrustStore", directory: Path, speaking: Speaking | None) -> int:
    output = output_for(speaking)
    value = {"directory": str(directory), "store_sha256": store.sha256, "authorities": len(store.authorities)}
    output.result(value, f"{directory}: {store.sha256}")
    output.note(
        "Chữ ký của thư mục không còn hiệu lực; hãy ký lại bằng docaxis trust sign.",
        "The signature of the directory does not hold any more; sign it again with docaxis trust sign.",
    )
    return Exit.OK


def _new_key(path: Path) -> Any:
    from docaxis_signing.statements import MemberSigner  # noqa: PLC0415 - an extra

    signer = MemberSigner.generate("trust-store")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(signer.private_jwk(), file)
    path.with_suffix(".public.json").write_text(json.dumps(signer.public_jwk()), encoding="utf-8")
    return signer


def _moment(given: datetime | None) -> datetime | None:
    return None if given is None else given.astimezone(UTC)


def _until(item: "ConfiguredAuthority") -> str:
    end = min((moment for moment in (item.valid_until, item.distrusted_from) if moment is not None), default=None)
    return "" if end is None else f"{end:%Y-%m-%d}"


def _authority(item: "ConfiguredAuthority") -> dict[str, Any]:
    certificate = item.certificate
    return {
        "name": item.name,
        "anchor": item.is_anchor,
        "pinned": item.pinned,
        "purposes": sorted(item.purposes),
        "source": item.source or None,
        "issuer": item.issuer,
        "subject": certificate.subject.rfc4514_string(),
        "sha256": item.sha256,
        "not_after": to_text(certificate.not_valid_after_utc),
        "valid_from": _written(item.valid_from),
        "valid_until": _written(item.valid_until),
        "distrusted_from": _written(item.distrusted_from),
        "crl": list(item.crl),
        "ocsp": list(item.ocsp),
        "test": item.is_test,
    }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)
