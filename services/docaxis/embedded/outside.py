"""Has a program that nobody here wrote judge a checkpoint: OpenSSL, which knows Ed25519 and nothing of logs.

Whoever forges a log can make every hash of it fit; what they cannot make is the log's signature over the new root.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from docaxis_signing.transparency.note import Note, Verifier

SECONDS: Final = 10
KNOWS: Final = "-rawin"
"""The option that a raw Ed25519 signature needs: OpenSSL 3 has it, LibreSSL (macOS) has not."""


@dataclass(frozen=True, slots=True)
class OpenSsl:
    """An OpenSSL of this machine that verifies Ed25519."""

    program: str
    version: str

    def accepts(self, checkpoint: bytes, vkey: str) -> bool:
        """Say whether it finds the log's own signature under a checkpoint's text."""
        log, note = Verifier.from_vkey(vkey), Note.parse(checkpoint)
        own = [one for one in note.signatures if (one.name, one.key_id) == (log.name, log.key_id)]
        if not own:
            return False
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            key = Ed25519PublicKey.from_public_bytes(log.key)
            (directory / "log.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
            (directory / "text").write_text(note.text, "utf-8")
            (directory / "signature").write_bytes(own[0].data)
            command = [
                *(self.program, "pkeyutl", "-verify", "-pubin", "-inkey", "log.pem", "-rawin"),
                *("-in", "text", "-sigfile", "signature"),
            ]
            done = subprocess.run(command, cwd=directory, capture_output=True, check=False, timeout=SECONDS)
            return done.returncode == 0


def find_openssl() -> OpenSsl | None:
    """Find an OpenSSL that can do it: the first on the path, then where Homebrew puts it."""
    for name in ("openssl", "/opt/homebrew/opt/openssl@3/bin/openssl", "/usr/local/opt/openssl@3/bin/openssl"):
        program = shutil.which(name)
        if program is None:
            continue
        help_text = subprocess.run([program, "pkeyutl", "-help"], capture_output=True, check=False, timeout=SECONDS)
        if KNOWS.encode() in help_text.stderr + help_text.stdout:
            told = subprocess.run([program, "version"], capture_output=True, text=True, check=False, timeout=SECONDS)
            return OpenSsl(program, " ".join(told.stdout.split()[:2]))
    return None
