"""The engine: all replacements and all that is remembered, put in and taken out together."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from docaxis_signing.asn1_encodings import keep_encodings
from docaxis_signing.patching import Patch, Patches, Pin, known_sources
from docaxis_signing.pdf.speed import (
    certificates,
    crossreference,
    digests,
    history,
    judgements,
    keys,
    objects,
    paths,
    tokens,
)
from docaxis_signing.pdf.speed.certificates import KnownCertificates
from docaxis_signing.pdf.speed.judgements import Judgements
from docaxis_signing.pdf.speed.keys import ReadyKeys
from docaxis_signing.pdf.speed.objects import ObjectReader
from docaxis_signing.pdf.speed.paths import KnownPaths

RELIED_ON: Final = (
    *judgements.RELIED_ON,
    *keys.RELIED_ON,
    *objects.RELIED_ON,
    *crossreference.RELIED_ON,
    *history.RELIED_ON,
    *certificates.RELIED_ON,
    *paths.RELIED_ON,
)
"""Functions that are not replaced, and whose known behaviour the replacements rest on."""


class FastEngine:
    """Makes pyHanko fast in this process, while it is on. One a process; not for several threads at once."""

    def __init__(self, *, relied_on: tuple[Pin, ...] = RELIED_ON) -> None:
        self.certificates = KnownCertificates()
        self.judgements = Judgements()
        self.keys = ReadyKeys()
        self.paths = KnownPaths()
        made = self._patches()
        self.pins = (*(patch.pin for patch in made), *relied_on)
        sources = known_sources()
        self.drifted = (
            *(patch.pin.label for patch in made if not patch.holds(sources)),
            *(pin.label for pin in relied_on if not pin.holds(sources)),
            *(() if keep_encodings() else ("asn1crypto.core.Asn1Value.dump",)),
        )
        self._patches_made = Patches(made) if not self.drifted else None

    @property
    def ready(self) -> bool:
        """Tell whether the libraries are the known ones; if not, the engine never switches on."""
        return self._patches_made is not None

    def _patches(self) -> tuple[Patch, ...]:
        return (
            *tokens.PATCHES,
            *ObjectReader().patches(),
            *crossreference.PATCHES,
            *digests.PATCHES,
            *history.PATCHES,
            *self.certificates.patches(),
            *self.judgements.patches(),
            *self.keys.patches(),
            *self.paths.patches(),
        )

    def switch_on(self) -> None:
        """Be fast from now on, where the libraries are the known ones.

        A worker stays on: the interpreter specialises its code for the functions that it finds, and each exchange of
        them costs more than a document does.
        """
        if self._patches_made is not None:
            self._patches_made.install()

    def switch_off(self) -> None:
        """Be stock from now on."""
        if self._patches_made is not None:
            self._patches_made.remove()

    @contextmanager
    def on(self) -> Iterator[None]:
        """Be fast within the block; stock behind it, whatever happens."""
        self.switch_on()
        try:
            yield
        finally:
            self.switch_off()

    @contextmanager
    def off(self) -> Iterator[None]:
        """Be stock within the block; behind it as before."""
        before = self._patches_made is not None and self._patches_made.installed
        self.switch_off()
        try:
            yield
        finally:
            if before:
                self.switch_on()

    def forget(self) -> None:
        """Empty all that is remembered."""
        self.certificates.clear()
        self.judgements.clear()
        self.keys.clear()
        self.paths.clear()
