"""What the files of a document must be before a single byte of them is looked at."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from docaxis_schemas.document import RejectedDocument
from docaxis_schemas.faults import Fault, fault
from docaxis_schemas.submission import MAX_FILES, ContentEntry, FileRole

MAX_NAME: Final = 255
"""Bytes of a file name in UTF-8: what every file system a recipient may use can hold."""

MAX_JUDGED: Final = 100 * 1024 * 1024
"""Bytes of a PDF whose signatures are judged (the blueprint's "Judging", 1)."""

MAX_CARRIED: Final = 2 * 1024 * 1024 * 1024
"""Bytes of any other file."""

MEDIA_TYPES: Final = {
    ".pdf": "application/pdf",
    ".xml": "application/xml",
    ".edxml": "application/xml",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".json": "application/json",
    ".zip": "application/zip",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}
"""By file name, the same on every machine (the system's own table differs from one to the next)."""

_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}", re.IGNORECASE)
_SHA256: Final = re.compile("[0-9a-f]{64}")
_NOT_IN_NAMES: Final = re.compile("[/\\\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Path separators, control characters, text-direction overrides (a name that reads ``…fdp.exe``), lone surrogates."""
_DRIVE: Final = re.compile("[A-Za-z]:")


def is_media_type(text: str) -> bool:
    """Say whether a text is a media type without parameters."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def judge_files(files: Sequence[ContentEntry]) -> None:
    """Judge the file list of a document.

    Raises:
        RejectedDocument: Everything that is wrong with it.
    """
    faults = [found for index, file in enumerate(files) for found in file_faults(file, f"contents[{index}]")]
    faults.extend(_list_faults(files))
    if faults:
        raise RejectedDocument(faults)


def _list_faults(files: Sequence[ContentEntry]) -> Iterator[Fault]:
    if len(files) > MAX_FILES:
        yield fault("contents", "too-many", len(files), limit=MAX_FILES)
    if sum(file.role is FileRole.MAIN for file in files) != 1:
        yield fault("contents", "one-main-file")
    seen: set[str] = set()
    for index, file in enumerate(files):
        name = unicodedata.normalize("NFC", file.name).casefold()
        if name in seen:
            yield fault(f"contents[{index}].name", "file-name-twice", file.name)
        seen.add(name)


def file_faults(file: ContentEntry, path: str) -> Iterator[Fault]:
    """Give what is wrong with one file; ``path`` names it in the faults."""
    name = file.name
    if not name.strip() or name in {".", ".."} or _NOT_IN_NAMES.search(name) or _DRIVE.match(name):
        yield fault(f"{path}.name", "not-a-file-name", name)
    elif len(name.encode()) > MAX_NAME:
        yield fault(f"{path}.name", "file-name-too-long", name, limit=MAX_NAME)
    if not _MEDIA_TYPE.fullmatch(file.media_type):
        yield fault(f"{path}.media_type", "not-a-media-type", file.media_type)
    if not _SHA256.fullmatch(file.sha256):
        yield fault(f"{path}.sha256", "not-a-sha256", file.sha256)
    limit = MAX_JUDGED if file.media_type.lower() == "application/pdf" else MAX_CARRIED
    if file.size <= 0:
        yield fault(f"{path}.size", "empty-file", file.size)
    elif file.size > limit:
        yield fault(f"{path}.size", "file-too-large", file.size, limit=limit)
