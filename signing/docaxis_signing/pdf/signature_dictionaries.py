"""Which values hold a signature: a dictionary with a ByteRange, a field or a catalog with one in it."""

from typing import Any, Final

from docaxis_signing.pdf.syntax import Dictionary, Name

USAGE_RIGHTS: Final = (b"UR3", b"UR")
"""What Adobe's reader may do with the file: signed by Adobe, in no field (ISO 32000-1, 12.8.6)."""
USAGE_TRANSFORMS: Final = frozenset(Name(key) for key in USAGE_RIGHTS)
"""How a signature says that it is one of usage rights (ISO 32000-1, 12.8.2.3); an approval says something else."""


def is_signature(value: Any) -> bool:
    """Tell a signature dictionary."""
    return isinstance(value, Dictionary) and b"ByteRange" in value


def holds_signature(value: Any) -> bool:
    """Tell a field that its signature is written into."""
    return isinstance(value, Dictionary) and value.get(b"FT") == Name(b"Sig") and is_signature(value.get(b"V"))


def holds_usage_rights(value: Any) -> bool:
    """Tell a catalog that usage rights are written into."""
    rights = value.get(b"Perms") if isinstance(value, Dictionary) and value.get(b"Type") == Name(b"Catalog") else None
    return isinstance(rights, Dictionary) and any(is_signature(rights.get(key)) for key in USAGE_RIGHTS)
