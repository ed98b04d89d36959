"""``docaxis sign``: a PAdES signature on a PDF, by a key in a file or on a token."""

import asyncio
import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Flag, Speaking
from docaxis.cli.output import Output, output_for
from docaxis_schemas.moments import Clock, system_clock
from docaxis_signing.durable import write_whole

if TYPE_CHECKING:  # what signs is an extra
    from docaxis_signing.pdf.appearance import Appearance
    from docaxis_signing.pdf.signer_certificate import ValidationData
    from docaxis_signing.trust.revocation import RevocationSnapshot
    from docaxis_signing.trust.store import TrustStore

PASSPHRASE: Final = "DOCAXIS_PASSPHRASE"  # noqa: S105 - the name of a variable
Place = tuple[int, tuple[float, float, float, float] | None, str | None]
"""Page, box and field of an earlier signature, as they were asked for."""


def sign(
    file: Path,
    /,
    *,
    key: str,
    out: Path | None = None,
    level: Literal["B-B", "B-T", "B-LT", "B-LTA"] = "B-T",
    tsa: str | None = None,
    trust: Path | None = None,
    field: str = "Signature1",
    passphrase_file: Path | None = None,
    text: str | None = None,
    picture: Path | None = None,
    box: tuple[float, float, float, float] | None = None,
    page: int = 1,
    beside: str | None = None,
    reason: str | None = None,
    pkcs1v15: Flag = False,
    speaking: Speaking | None = None,
) -> int:
    """Sign a PDF.

    Args:
        file: The PDF to sign.
        key: The key: file:PATH of a PKCS#12 file, or a pkcs11: URI.
        out: Where to write; by default beside the file, with -signed in its name.
        level: Level of the signature (ETSI EN 319 142-1).
        tsa: Address of the time-stamping authority; every level but B-B needs it.
        trust: Trust directory, for B-LT and B-LTA.
        field: Name of the signature field; each signature of a file has its own.
        passphrase_file: File with the key's passphrase or PIN; else $DOCAXIS_PASSPHRASE, else asked on the terminal.
        text: Show the signature as this text at the top right of the page.
        picture: Show the signature as this PNG, in the place that --box or --beside says.
        box: Left, bottom, right and top of the picture, in points from the lower left corner of the page.
        page: Page on which it is shown, from 1.
        beside: Put the picture as decree 30/2020 wants a seal: over the left third of the signature in this field.
        reason: Reason of signing, kept in the signature.
        pkcs1v15: Sign with PKCS#1 v1.5 padding, for readers that do not know PSS; RSA keys only.
        speaking: How the command answers.
    """
    from docaxis_signing.keys import load_key  # noqa: PLC0415 - an extra
    from docaxis_signing.pdf.signing import SigningRequest, sign_pdf  # noqa: PLC0415 - an extra
    from docaxis_signing.pdf.timestamps import TimestampClient  # noqa: PLC0415 - an extra

    output = output_for(speaking)
    target = out or file.with_name(f"{file.stem}-signed{file.suffix}")
    data = file.read_bytes()
    request = SigningRequest(
        level,
        field,
        _appearance(data, text, picture, (page, box, beside)),
        reason,
        rsa_padding="pkcs1v15" if pkcs1v15 else "pss",
    )
    loaded = load_key(key_uri(key), passphrase=passphrase_source(passphrase_file))

    async def work() -> bytes:
        validation = await _validation(trust, output, system_clock) if level in {"B-LT", "B-LTA"} else None
        stamper = TimestampClient(tsa) if tsa else None
        return await sign_pdf(data, loaded, request, timestamper=stamper, validation=validation, now=system_clock())

    try:
        signed = asyncio.run(work())
    finally:
        loaded.close()
    write_whole(target, signed)
    value = {"file": str(file), "out": str(target), "level": level, "field": field, "size": len(signed)}
    output.result(value, f"{output.text('Đã ký', 'Signed')}: {target} ({level})")
    return 0


def key_uri(text: str) -> str:
    """Make a relative ``file:`` path absolute, for a URI has no working directory."""
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() == "file" and not rest.startswith("/"):
        return f"file://{quote(str(Path(rest).absolute()))}"
    return text


def passphrase_source(path: Path | None) -> Callable[[], bytes]:
    """Say where the passphrase comes from; it never stands on the command line."""

    def ask() -> bytes:
        if path is not None:
            return path.read_bytes().rstrip(b"\r\n")
        if PASSPHRASE in os.environ:
            return os.environ[PASSPHRASE].encode()
        return getpass.getpass("Passphrase: ").encode()

    return ask


def _appearance(data: bytes, text: str | None, picture: Path | None, place: Place) -> "Appearance | None":
    from docaxis_signing.pdf.appearance import Picture, TopRightText, seal_box  # noqa: PLC0415 - an extra
    from docaxis_signing.pdf.placing import shown_at  # noqa: PLC0415 - an extra

    page, box, beside = place
    if text is not None and picture is not None:
        raise _usage("Chọn một trong hai: --text hoặc --picture.", "Choose one of --text and --picture.")
    if picture is None:
        return None if text is None else TopRightText(tuple(text.splitlines()), page - 1)
    if (box is None) == (beside is None):
        raise _usage("--picture cần --box hoặc --beside.", "--picture needs --box or --beside.")
    if beside is not None:
        number, shown = shown_at(data, beside)
        return Picture(picture.read_bytes(), number, seal_box(shown))
    assert box is not None
    return Picture(picture.read_bytes(), page - 1, box)


def _usage(vi: str, en: str) -> CommandFailed:
    return CommandFailed(Exit.USAGE, "usage", vi, en)


async def _validation(trust: Path | None, output: Output, clock: Clock) -> "ValidationData":
    from docaxis.cli.trusting import load_revocation, load_trust, trust_directory  # noqa: PLC0415 - an extra

    directory = trust_directory(trust)
    store = load_trust(directory, output)
    return validation_data(store, await load_revocation(store, directory, output, clock()))


def validation_data(store: "TrustStore", snapshot: "RevocationSnapshot") -> "ValidationData":
    """Give what long-term levels embed: the configured authorities and the lists in force."""
    from cryptography import x509  # noqa: PLC0415 - beside what it serves

    from docaxis_signing.pdf.signer_certificate import ValidationData  # noqa: PLC0415 - an extra

    return ValidationData(
        anchors=tuple(item.certificate for item in store.authorities if item.is_anchor),
        authorities=tuple(item.certificate for item in store.authorities if not item.is_anchor),
        crls=tuple(x509.load_der_x509_crl(item.der) for item in snapshot.lists),
    )
