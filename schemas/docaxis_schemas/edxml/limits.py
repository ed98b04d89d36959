"""How large a packet may be, and how large its parts: each number bounds what one sender can make us hold."""

from typing import Final

MAX_DEPTH: Final = 40
"""Elements inside each other. The standard needs 9, XAdES below a signature some 15 more."""

MAX_ELEMENTS: Final = 100_000
"""Elements outside attachments: 5,000 recipients with eight children each are 45,000."""

MAX_MARKUP: Final = 1024 * 1024
"""Bytes of one tag, comment or instruction; expat holds each of them whole."""

MAX_VALUE: Final = 8_000
"""Characters of one value; the model takes 4,000, a longer one is told by its own fault, not held."""

MAX_HELD: Final = 8 * 1024 * 1024
"""Characters of all values together."""

MAX_ATTRIBUTES: Final = 64
"""Attributes of one element; the widest variant has five and its namespaces."""

MAX_ATTACHMENT: Final = 2 * 1024 * 1024 * 1024
"""Bytes of one attachment, unpacked: what the axis carries."""

MAX_RATIO: Final = 100
"""How many times larger than its ZIP a file may be once it is beyond `RATIO_FREE`; office files stay below 30."""

RATIO_FREE: Final = 16 * 1024 * 1024
"""Bytes up to which any ratio passes: a blank scan packs very well and harms nobody."""

MAX_ATTACHMENT_NAME: Final = 200
"""Characters of ``AttachmentName`` that a strict reader takes."""

MAX_FAULTS: Final = 200
"""Faults told of one packet; who has more mends these first."""

CHUNK: Final = 64 * 1024
"""Bytes read or written at a time."""
