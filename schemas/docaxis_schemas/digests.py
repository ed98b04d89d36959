"""Digests that stand for a whole set of files: what was delivered, and which document it is.

Both are SHA-256 over the canonical JSON list of the files' hashes, sorted, so that the order of a list or the names in
it never make two of one.
"""

from collections.abc import Iterable

from docaxis_schemas.canonical import digest
from docaxis_schemas.submission import ContentEntry, FileRole


def contents_digest(hashes: Iterable[str]) -> str:
    """Give the digest over all files of a submission: the same files to the same recipient are one delivery.

    A content that goes along twice counts once: who hands over signs for contents, not for names.
    """
    return digest(sorted(set(hashes)))


def document_digest(contents: Iterable[ContentEntry]) -> str:
    """Give the digest over the document itself, main file and appendices: what a natural key stands for.

    Enclosures go along with a document and are no part of it, so another enclosure makes no other document.
    """
    return digest(sorted(entry.sha256 for entry in contents if entry.role is not FileRole.ENCLOSURE))
