"""For whom something was sent, where a credential names some of a member's organisations only."""

from collections.abc import Mapping
from typing import Any

from docaxis.directory.entries import Principal, Role
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis_schemas.document import DocumentMetadata


def sent_for(manifest: Mapping[str, Any], principal: Principal, snapshot: DirectorySnapshot) -> bool:
    """Say whether a submission of a credential's member was sent for an organisation that the credential names.

    What the member passes on names another's organisation as issuer and none of its own: all its credentials see it.
    What it sends under a mandate is its system's, no clerk's.
    """
    metadata = DocumentMetadata.from_stored(manifest["document"])
    if manifest.get("forwarded") or metadata.form_of_copy.is_certified_copy:
        return True
    issuer = snapshot.canonical(metadata.issuer.code) or metadata.issuer.code
    if issuer in principal.organisations or principal.role is Role.CLERK:
        return issuer in principal.organisations
    return issuer not in snapshot.organisations.by_member.get(principal.member or "", ())
