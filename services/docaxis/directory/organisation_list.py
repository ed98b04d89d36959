"""Organisations as a CSV file: read with every fault listed, and written in the one form whose digest is signed.

UTF-8, the header of `COLUMNS`, one line a period of a body. Codes may be of either form and are normalised; dates are
``YYYY-MM-DD``; groups are separated by semicolons; a missing value is empty. What is hashed is the canonical writing of
what was read (LF, minimal quotes, normalised codes), so a signature covers the meaning and not the line ends.
"""

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple

from docaxis.directory.errors import RejectedList
from docaxis_schemas.faults import Fault
from docaxis_schemas.organisation import LEVELS, Organisation, OrganisationKind, RejectedCode, normalise_code
from docaxis_schemas.topics import MEMBER_ID

COLUMNS: Final = (
    "code",
    "old_code",
    "name",
    "level",
    "parent",
    "member",
    "valid_from",
    "valid_to",
    "successor",
    "groups",
    "kind",
)
MAX_BYTES: Final = 256 * 1024 * 1024
"""Bytes of a list: 123,265 organisations take about 12 MB."""
MAX_NAME: Final = 300

_GROUP: Final = re.compile(r"[a-z0-9-]{1,64}")

FAULTS: Final[dict[str, tuple[str, str]]] = {
    "columns": ("Số cột không đúng.", "The number of columns is wrong."),
    "code": ("Mã cơ quan không hợp lệ.", "Not a valid organisation code."),
    "name": (f"Tên phải có từ 1 đến {MAX_NAME} ký tự.", f"A name has 1 to {MAX_NAME} characters."),
    "level": ("Cấp phải là số từ 1 đến 5.", "The level is a number from 1 to 5."),
    "member": ("Mã thành viên không hợp lệ.", "Not a valid member id."),
    "date": ("Ngày phải có dạng NĂM-THÁNG-NGÀY.", "A date is written YEAR-MONTH-DAY."),
    "kind": ("Loại cơ quan không hợp lệ.", "Not a kind of organisation."),
    "group": ("Tên nhóm chỉ gồm chữ thường, số, gạch nối.", "A group name has lower-case letters, digits, hyphens."),
    "period": ("Ngày kết thúc trước ngày bắt đầu.", "It ends before it begins."),
    "overlap": ("Trùng mã trong cùng thời gian.", "The same code twice at the same time."),
    "alias": ("Mã cũ đã thuộc cơ quan khác.", "The old code belongs to another body."),
    "parent": ("Không có cơ quan cấp trên này.", "There is no such parent."),
    "parent-level": ("Cấp trên phải có cấp cao hơn.", "A parent is of a higher level."),
    "successor": ("Không có cơ quan kế thừa này.", "There is no such successor."),
    "successor-early": ("Cơ quan còn hoạt động, chưa thể có kế thừa.", "A body that has not ended has no successor."),
    "cycle": ("Chuỗi kế thừa quay vòng.", "The successors lead back to the start."),
}
"""Vietnamese and English text of each fault of a list."""


class _Line(NamedTuple):
    number: int
    entry: Organisation


def read_list(data: bytes) -> tuple[Organisation, ...]:
    """Read a list and check it as a whole.

    Raises:
        RejectedList: With every fault; nothing is taken from a faulty list.
    """
    if len(data) > MAX_BYTES:
        raise RejectedList(f"the list is larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RejectedList("the list is not UTF-8") from error
    faults: list[Fault] = []
    try:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        if tuple(next(rows, ())) != COLUMNS:
            raise RejectedList(f"the header is not {','.join(COLUMNS)}")
        lines = [line for row in rows if row and (line := _read_row(row, rows.line_num, faults)) is not None]
    except csv.Error as error:
        raise RejectedList(f"the list is not CSV: {error}") from error
    faults.extend(_check_whole(lines))
    if faults:
        raise RejectedList(f"{len(faults)} faults in the list", faults)
    aliases = {line.entry.old_code: line.entry.code for line in lines if line.entry.old_code is not None}
    return tuple(_by_canonical_codes(line.entry, aliases) for line in lines)


def _by_canonical_codes(entry: Organisation, aliases: Mapping[str, str]) -> Organisation:
    if entry.parent not in aliases and entry.successor not in aliases:
        return entry
    parent = aliases.get(entry.parent, entry.parent) if entry.parent else None
    successor = aliases.get(entry.successor, entry.successor) if entry.successor else None
    return replace(entry, parent=parent, successor=successor)


def write_list(entries: Iterable[Organisation]) -> bytes:
    """Write organisations in canonical form."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(_row(entry) for entry in entries)
    return text.getvalue().encode()


def _row(entry: Organisation) -> tuple[str, ...]:
    return (
        entry.code,
        entry.old_code or "",
        entry.name,
        str(entry.level),
        entry.parent or "",
        entry.member or "",
        entry.valid_from.isoformat(),
        entry.valid_to.isoformat() if entry.valid_to else "",
        entry.successor or "",
        ";".join(entry.groups),
        entry.kind.value,
    )


def _fault(number: int, column: str, rule: str, value: str) -> Fault:
    vi, en = FAULTS[rule]
    return Fault(f"line {number}: {column}", rule, value[:120], vi, en)


def _read_row(row: list[str], number: int, faults: list[Fault]) -> _Line | None:
    if len(row) != len(COLUMNS):
        faults.append(_fault(number, "columns", "columns", str(len(row))))
        return None
    before = len(faults)
    reader = _Row(row, number, faults)
    code, valid_from = reader.code("code"), reader.day("valid_from")
    if code is None and len(faults) == before:
        faults.append(_fault(number, "code", "code", ""))
    if valid_from is None and len(faults) == before:
        faults.append(_fault(number, "valid_from", "date", ""))
    name, level, kind = reader.name(), reader.level(), reader.kind()
    old_code, parent, successor = reader.code("old_code"), reader.code("parent"), reader.code("successor")
    member, valid_to, groups = reader.member(), reader.day("valid_to"), reader.groups()
    if code is None or valid_from is None or len(faults) > before:
        return None
    entry = Organisation(
        code, name, level, valid_from, old_code, parent, member, valid_to, successor, groups, OrganisationKind(kind)
    )
    return _Line(number, entry)


class _Row:
    """Typed access to one line; what is wrong is added to the faults."""

    def __init__(self, row: list[str], number: int, faults: list[Fault]) -> None:
        self._values = dict(zip(COLUMNS, row, strict=True))
        self._number = number
        self._faults = faults

    def _add(self, column: str, rule: str) -> None:
        self._faults.append(_fault(self._number, column, rule, self._values[column]))

    def code(self, column: str) -> str | None:
        value = self._values[column]
        if not value:
            return None
        try:
            return normalise_code(value)
        except RejectedCode:
            self._add(column, "code")
            return None

    def day(self, column: str) -> date | None:
        value = self._values[column]
        if not value:
            return None
        try:
            if len(value) == len("YYYY-MM-DD"):
                return date.fromisoformat(value)
        except ValueError:
            pass  # of the right length and still no date
        self._add(column, "date")
        return None

    def name(self) -> str:
        value = unicodedata.normalize("NFC", self._values["name"]).strip()
        if not 1 <= len(value) <= MAX_NAME or not value.isprintable():
            self._add("name", "name")
        return value

    def level(self) -> int:
        value = self._values["level"]
        if not (value.isascii() and value.isdecimal() and len(value) == 1 and int(value) in LEVELS):
            self._add("level", "level")
            return 0
        return int(value)

    def kind(self) -> str:
        value = self._values["kind"] or OrganisationKind.STATE.value
        if value not in _KINDS:
            self._add("kind", "kind")
        return value

    def member(self) -> str | None:
        value = self._values["member"]
        if value and not MEMBER_ID.fullmatch(value):
            self._add("member", "member")
        return value or None

    def groups(self) -> tuple[str, ...]:
        value = self._values["groups"]
        groups = tuple(sorted({part.strip() for part in value.split(";")} - {""})) if value else ()
        if not all(map(_GROUP.fullmatch, groups)):
            self._add("groups", "group")
        return groups


_KINDS: Final = frozenset(kind.value for kind in OrganisationKind)


def _check_whole(lines: list[_Line]) -> Iterator[Fault]:
    by_code: defaultdict[str, list[_Line]] = defaultdict(list)
    aliases: dict[str, str] = {}
    for line in lines:
        by_code[line.entry.code].append(line)
    for line in lines:
        number, entry = line
        if entry.valid_to is not None and entry.valid_to < entry.valid_from:
            yield _fault(number, "valid_to", "period", entry.valid_to.isoformat())
        if entry.old_code is not None:
            taken = aliases.setdefault(entry.old_code, entry.code) != entry.code
            if taken or (entry.old_code in by_code and entry.old_code != entry.code):
                yield _fault(number, "old_code", "alias", entry.old_code)
        if entry.successor is not None and entry.valid_to is None:
            yield _fault(number, "successor", "successor-early", entry.successor)
    resolved = {code: code for code in by_code} | aliases
    yield from _check_references(lines, by_code, resolved)
    for same in by_code.values():
        yield from _check_overlap(same)


def _check_references(
    lines: list[_Line], by_code: Mapping[str, list[_Line]], resolved: Mapping[str, str]
) -> Iterator[Fault]:
    next_of: dict[str, str] = {}
    for number, entry in lines:
        if entry.parent is not None:
            parent = resolved.get(entry.parent)
            if parent is None:
                yield _fault(number, "parent", "parent", entry.parent)
            elif by_code[parent][0].entry.level >= entry.level:
                yield _fault(number, "parent", "parent-level", entry.parent)
        if entry.successor is not None:
            successor = resolved.get(entry.successor)
            if successor is None:
                yield _fault(number, "successor", "successor", entry.successor)
            else:
                next_of[entry.code] = successor
    yield from _check_cycles(next_of, by_code)


def _check_cycles(next_of: Mapping[str, str], by_code: Mapping[str, list[_Line]]) -> Iterator[Fault]:
    settled: set[str] = set()
    for start in next_of:
        path: dict[str, None] = {}
        code: str | None = start
        while code is not None and code not in settled and code not in path:
            path[code] = None
            code = next_of.get(code)
        if code is not None and code in path:
            yield _fault(by_code[code][0].number, "successor", "cycle", code)
        settled.update(path)


def _check_overlap(lines: list[_Line]) -> Iterator[Fault]:
    ordered = sorted(lines, key=lambda line: line.entry.valid_from)
    for earlier, later in pairwise(ordered):
        if earlier.entry.valid_to is None or earlier.entry.valid_to >= later.entry.valid_from:
            yield _fault(later.number, "code", "overlap", later.entry.code)
