"""Whom ``docaxis verify`` trusts: a trust directory, and the revocation lists of the authorities it names."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.output import Output
from docaxis.client.profile import profile_directory
from docaxis_signing.trust.fetching import new_client, refresh
from docaxis_signing.trust.lists import RejectedRevocationList, ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import RejectedTrustStore, TrustStore

LISTS: Final = "crls"
"""Folder of a trust directory with lists as ``NAME.crl``, for machines without a network."""


def trust_directory(named: Path | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Find the trust directory: what was named, ``DOCAXIS_TRUST``, or ~/.config/docaxis/trust if it is there."""
    if named is not None or environ.get("DOCAXIS_TRUST"):
        return named or Path(environ["DOCAXIS_TRUST"]).expanduser()
    usual = profile_directory(environ) / "trust"
    return usual if usual.is_dir() else None


def load_trust(directory: Path | None, output: Output) -> TrustStore:
    """Read a trust directory; without one nobody is trusted, and integrity is still told.

    Raises:
        CommandFailed: It does not say clearly whom to trust.
    """
    if directory is None:
        output.note(
            "Chưa có danh sách tin cậy (--trust): chỉ kiểm tra được tính toàn vẹn.",
            "There is no trust directory (--trust): only integrity can be told.",
        )
        return TrustStore.of()
    try:
        return TrustStore.load(directory)
    except RejectedTrustStore as error:
        vi, en = f"{directory}: không dùng được ({error}).", f"{directory}: not usable ({error})."
        raise CommandFailed(Exit.CONFIGURATION, "trust", vi, en) from error


async def load_revocation(
    trust: TrustStore, directory: Path | None, output: Output, now: datetime, *, offline: bool = False
) -> RevocationSnapshot:
    """Read the lists of the trust directory and, unless offline, fetch the others from their configured addresses.

    What cannot be had leaves its certificates unconfirmed; nothing that a document names is ever contacted.
    """
    snapshot = RevocationSnapshot()
    missing = []
    for authority in trust.authorities:
        path = directory / LISTS / f"{authority.name}.crl" if directory else None
        if path is None or not path.is_file():
            missing.append(authority)
            continue
        try:
            snapshot = snapshot.advance(ingest(trust, authority.name, path.read_bytes(), now=now))
        except RejectedRevocationList as error:
            output.note(f"Bỏ qua {path}: {error}", f"Passed over {path}: {error}")
    if offline or not any(authority.crl for authority in missing):
        return snapshot
    async with new_client() as client:
        fetched = await refresh(trust, snapshot, client=client, now=now)
    for problem in (*fetched.unavailable, *fetched.refused):
        output.note(f"Danh sách thu hồi: {problem}", f"Revocation list: {problem}")
    return fetched.snapshot
