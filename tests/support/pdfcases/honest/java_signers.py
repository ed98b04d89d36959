"""Software in Java that others write and sign with: Apache PDFBox and OpenPDF, run as they come."""

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from docaxis.embedded.jars import JarSet, committed_jars, resolve
from pdfcases.case import Case, Group, Sample, honest
from pdfcases.honest.producers import PASSWORD
from pdfcases.scene import Scene
from pdfcases.witnesses import PDFSIG

SIGNERS: Final = Path(__file__).parents[3] / "judges" / "java-signers"
SECONDS: Final = 240
"""A Java machine starts, compiles one file and signs fourteen times; a busy machine takes a minute."""
WAYS: Final = {
    "pdfbox-table": "Written and signed by PDFBox, with a plain table.",
    "pdfbox-streams": "Written by PDFBox with compressed objects, signed by it.",
    "pdfbox-visible-twice": "Signed twice by PDFBox, with pictures.",
    "pdfbox-certified": "Certified by PDFBox for filling in.",
    "pdfbox-in-a-waiting-field": "Signed by PDFBox in a field of a filled form that waited for it.",
    "openpdf-visible": "Written and signed by OpenPDF, with a picture.",
    "openpdf-streams": "Written by OpenPDF with compressed objects, signed by it.",
    "openpdf-twice": "Signed twice by OpenPDF, with pictures.",
    "openpdf-certified": "Certified by OpenPDF for filling in.",
    "pdfbox-on-openpdf": "Signed by OpenPDF, then by PDFBox.",
    "openpdf-on-pdfbox": "Signed by PDFBox, then by OpenPDF.",
}


@cache
def _signed(scene: Scene) -> dict[str, bytes]:
    """Let one Java machine make all of them."""
    holder = scene.rsa_holder()
    assert isinstance(holder.private_key, rsa.RSAPrivateKey)
    listed = committed_jars((SIGNERS / "jars.sha256").read_text("ascii"))
    jars = resolve(JarSet("java-signers-1", SIGNERS / "pom.xml", listed))
    java = shutil.which("java")
    assert java is not None
    with tempfile.TemporaryDirectory() as directory:
        store = Path(directory) / "key.p12"
        protection = BestAvailableEncryption(PASSWORD.encode())
        store.write_bytes(
            pkcs12.serialize_key_and_certificates(
                b"seal", holder.private_key, holder.certificate, holder.chain, protection
            )
        )
        options = ["-Djava.awt.headless=true", f"-Dpdfbox.fontcache={directory}", "-cp", ":".join(map(str, jars))]
        command = [java, *options, str(SIGNERS / "Sign.java"), str(store), PASSWORD, directory]
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        return {path.stem: path.read_bytes() for path in Path(directory).glob("*.pdf")}


def _way(name: str, about: str) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(_signed(scene)[name])

    build.__name__, build.__doc__ = f"signed by {name.replace('-', ' ')}", about
    return honest(Group.PRODUCERS, PDFSIG)(build)


CASES: Final = tuple(_way(name, about) for name, about in WAYS.items())
