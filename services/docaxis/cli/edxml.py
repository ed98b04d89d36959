"""``docaxis edxml``: packets read, checked and written, without an axis."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, cast

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import REPEATED, Flag, Speaking
from docaxis.cli.output import Output, output_for
from docaxis_schemas.canonical import RejectedJson, parse_object
from docaxis_schemas.document import DocumentMetadata, RejectedDocument
from docaxis_schemas.edxml import (
    Attachment,
    EdxmlFault,
    Examination,
    OutgoingAttachment,
    RejectedPacket,
    Spools,
    examine_packet,
    write_document,
    write_status,
)
from docaxis_schemas.edxml.packet import entries
from docaxis_schemas.edxml.paths import translate
from docaxis_schemas.files import MEDIA_TYPES
from docaxis_schemas.moments import system_clock
from docaxis_schemas.submission import MAX_MANIFEST

_IN_MEMORY: Final = 1024 * 1024
"""Bytes of an attachment that are held before it goes to a temporary file."""
_PIECE: Final = 256 * 1024
_SUFFIX: Final = ".edxml"


def _spools() -> Spools:
    return Spools(lambda: cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)))


def read(file: Path, /, *files: Path, speaking: Speaking | None = None) -> int:
    """Read packets as leniently as the axis does, and say what they hold.

    Args:
        file: A packet.
        files: Further packets.
        speaking: How the command answers.
    """
    return _examine((file, *files), output_for(speaking), lambda found: found.is_readable)


def check(file: Path, /, *files: Path, speaking: Speaking | None = None) -> int:
    """Check packets as strictly as any receiver may: lengths, repeated receivers, missing reasons.

    Args:
        file: A packet.
        files: Further packets.
        speaking: How the command answers.
    """
    return _examine((file, *files), output_for(speaking), lambda found: not found.faults)


def write(
    file: Path,
    /,
    *files: Path,
    attach: Annotated[tuple[Path, ...], REPEATED] = (),
    to: Path | None = None,
    zip: Flag = False,  # noqa: A002 - the name of the option
    speaking: Speaking | None = None,
) -> int:
    """Write strict packets, from a document's metadata as JSON, or from packets that other software wrote.

    Args:
        file: JSON file with metadata, or a packet.
        files: Further ones.
        attach: File of the document, the signed PDF first; repeat for more. For metadata only.
        to: Directory for the packets; by default beside each file.
        zip: Put each attached file alone in a ZIP, as the national office's SDK does.
        speaking: How the command answers.
    """
    output = output_for(speaking)
    worst = Exit.OK
    for source in (file, *files):
        target = (to or source.parent) / f"{source.stem}{'.strict' if source.suffix == _SUFFIX else ''}{_SUFFIX}"
        with _spools() as spools:
            try:
                _write_one(source, attach, target, spools, packed=zip)
            except RejectedPacket as error:
                worst = Exit.REFUSED
                _tell(source, Examination(faults=error.faults), output, done=False)
            else:
                _tell(source, _read_file(target, spools).require(), output, done=True, written=str(target))
    return worst


def _examine(files: Sequence[Path], output: Output, passes: Callable[[Examination], bool]) -> int:
    worst = Exit.OK
    for file in files:
        with _spools() as spools:
            found = _read_file(file, spools)
        done = passes(found)
        worst = worst if done else Exit.REFUSED
        _tell(file, found, output, done=done)
    return worst


def _read_file(file: Path, spools: Spools) -> Examination:
    with file.open("rb") as stream:
        return examine_packet(stream, spools, system_clock())


def _write_one(file: Path, attach: Sequence[Path], target: Path, spools: Spools, *, packed: bool) -> None:
    """Write one packet to a file that appears whole or not at all."""
    now = system_clock()
    with file.open("rb") as stream:
        is_metadata = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    if is_metadata:
        document, outgoing = _metadata(file), _outgoing(attach)
        pieces = write_document(document, outgoing, now=now, packed=packed)
    else:
        found = _read_file(file, spools).require()
        if found.status is not None:
            pieces = iter([write_status(found.status)])
        else:
            assert found.document is not None, "a readable packet is a status or a document"
            pieces = write_document(found.document, _again(found.attachments), now=now, packed=packed)
    scratch = target.with_name(f".{target.name}.new")
    with closing(scratch.open("wb")) as out:
        for piece in pieces:
            out.write(piece)
    scratch.replace(target)


def _metadata(file: Path) -> DocumentMetadata:
    try:
        return DocumentMetadata.from_json(parse_object(file.read_bytes(), limit=MAX_MANIFEST), now=system_clock())
    except RejectedJson as error:
        vi, en = f"{file}: không phải JSON hợp lệ ({error}).", f"{file}: not acceptable JSON ({error})."
        raise CommandFailed(Exit.BAD_INPUT, "malformed-json", vi, en) from error
    except RejectedDocument as error:
        raise RejectedPacket(list(translate(error.faults, frozenset()))) from error


def _outgoing(paths: Sequence[Path]) -> list[OutgoingAttachment]:
    found = []
    for path in paths:
        with path.open("rb") as stream:
            media_type = MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            attachment = Attachment(path.name, media_type, stream.tell(), digest, stream)
        found.append((attachment, partial(_pieces_of, path)))
    listed = entries(tuple(attachment for attachment, _ in found))
    return [OutgoingAttachment(entry, pieces) for entry, (_, pieces) in zip(listed, found, strict=True)]


def _again(attachments: tuple[Attachment, ...]) -> list[OutgoingAttachment]:
    return [
        OutgoingAttachment(entry, partial(_rest_of, file.stream))
        for entry, file in zip(entries(attachments), attachments, strict=True)
    ]


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from _rest_of(stream)


def _rest_of(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


def _tell(file: Path, found: Examination, output: Output, *, done: bool, **more: Any) -> None:
    kind = {"document": ("văn bản", "document"), "status": ("trạng thái", "status")}.get(found.kind or "", ("?", "?"))
    verdict = output.text("đạt", "ok") if done else output.text("bị từ chối", "refused")
    receivers = ", ".join(found.recipients) or "?"
    lines = [
        f"{file}: {verdict} · {output.text(*kind)} {found.business or '?'} · {found.document_id or '?'}",
        f"  {found.sender or '?'} → {receivers}",
        *(f"  {attachment.name} ({attachment.media_type}, {attachment.size} B)" for attachment in found.attachments),
        *(_sentence(fault, output) for fault in found.faults),
    ]
    output.result({"file": str(file)} | found.to_json() | more, *lines)


def _sentence(fault: EdxmlFault, output: Output) -> str:
    value = f" ({fault.value})" if fault.value else ""
    return f"  {fault.element}{value}: {output.text(fault.vi, fault.en)} {output.text(fault.todo_vi, fault.todo_en)}"
