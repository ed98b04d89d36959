"""Limits on what is read from a PDF. Beyond them a file gets a verdict, never more memory."""

from typing import Final

MAX_BYTES: Final = 100 * 1024 * 1024
"""PDFs above this size are carried, not judged (architecture, files)."""
MAX_REVISIONS: Final = 100
"""Every signature and every LTV update is a revision; 40 is the most seen in honest files."""
MAX_OBJECTS: Final = 500_000
"""Entries over all cross-reference sections; a document of 2,000 pages has about 20,000."""
MAX_DEPTH: Final = 64
"""Nesting of arrays and dictionaries; guards the parser's stack."""
MAX_XREF_BYTES: Final = 32 * 1024 * 1024
"""Decoded size of one cross-reference stream; 500,000 entries of 20 bytes need 10 MB."""
MAX_SIGNATURES: Final = 100
"""Signatures on one file; difference analysis grows with the square of their number."""
MAX_BYTE_RANGES: Final = 1000
"""Places where the name /ByteRange is written outside of streams; each signature has one."""
MAX_CONTENTS: Final = 1024 * 1024
"""Bytes of one CMS signature; with embedded CRLs 200 kB are common."""
MAX_OBJECT_STREAM: Final = 64 * 1024 * 1024
"""Decoded bytes of one object stream, as in pyHanko's own limits."""
