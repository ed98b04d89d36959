"""Start the TEST authorities on the address they had before, or on a free one."""

import errno
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from .authorities import TestAuthorities
from .keystore import Keystore
from .responder import Responder


def open_authorities(
    directory: Path, trust_directory: Path, *, clock: Callable[[], datetime]
) -> tuple[TestAuthorities, Responder]:
    """Create or load the authorities, start their responder, write the trust directory for its address.

    The port that certificates name is taken again where it is free. Where it is not, another one serves and only
    `trust.toml` knows it, which is enough: verification never follows addresses in certificates.
    """
    if Keystore(directory).complete:
        authorities = TestAuthorities.load(directory)
        responder = _bind(clock, urlsplit(authorities.base_url).port or 0)
    else:
        responder = Responder(clock)
        authorities = TestAuthorities.create(directory, base_url=responder.base_url, now=clock())
    authorities.write_trust(trust_directory, base_url=responder.base_url)
    responder.start(authorities)
    return authorities, responder


def _bind(clock: Callable[[], datetime], port: int) -> Responder:
    try:
        return Responder(clock, port=port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return Responder(clock)
