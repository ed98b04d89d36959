"""Records on the wire: CloudEvents 1.0 in Kafka binary mode around Avro single-object encoding.

The headers are written here and not by the ``cloudevents`` package: its Kafka binding gives a mapping where clients
want pairs, adds a header of its own and raises UnicodeDecodeError on a hostile one; what is needed are six lines.
"""

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from importlib import resources
from typing import Any, Final
from uuid import UUID

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

from docaxis_schemas.events import MAX_RECORD, TYPES, Event
from docaxis_schemas.moments import to_text

MARKER: Final = b"\xc3\x01"
"""First two bytes of Avro single-object encoding; the next eight name the writer's schema."""

Headers = tuple[tuple[str, bytes], ...]


class RejectedRecordBytes(ValueError):
    """The bytes are no record of ours: wrong marker, broken body, oversized."""


class UnknownSchema(LookupError):
    """A record of ours, of a schema not known here yet: readers are upgraded first, so wait, never reject."""


@dataclass(frozen=True, slots=True)
class _Schema:
    type_name: str
    event: type[Event]
    avro: Any
    fingerprint: bytes
    names: tuple[str, ...]


def _load(type_name: str, event: type[Event]) -> _Schema:
    name = type_name.removeprefix("vn.docaxis.").removesuffix(".v1")
    source = json.loads(resources.files(__package__).joinpath("avro", f"{name}.avsc").read_text("utf-8"))
    mark = bytes.fromhex(fingerprint(to_parsing_canonical_form(source), "CRC-64-AVRO"))
    return _Schema(type_name, event, fastavro.parse_schema(source), mark, tuple(f.name for f in fields(event)))


_BY_EVENT: Final[Mapping[type[Event], _Schema]] = {event: _load(name, event) for name, event in TYPES.items()}


def _load_history() -> dict[bytes, tuple[_Schema, Any]]:
    """Earlier schemas by fingerprint, with the present schema that reads them."""
    known: dict[bytes, tuple[_Schema, Any]] = {}
    present = {schema.avro["name"]: schema for schema in _BY_EVENT.values()}
    history = resources.files(__package__).joinpath("avro", "history")
    if history.is_dir():
        for entry in history.iterdir():
            source = json.loads(entry.read_text("utf-8"))
            mark = bytes.fromhex(fingerprint(to_parsing_canonical_form(source), "CRC-64-AVRO"))
            known[mark] = (present[f"{source['namespace']}.{source['name']}"], fastavro.parse_schema(source))
    return known | {schema.fingerprint: (schema, schema.avro) for schema in _BY_EVENT.values()}


_BY_FINGERPRINT: Final = _load_history()


def encode(event: Event) -> bytes:
    """Write one event.

    Raises:
        ValueError: It is larger than a record may be.
    """
    schema = _BY_EVENT[type(event)]
    out = io.BytesIO()
    out.write(MARKER)
    out.write(schema.fingerprint)
    fastavro.schemaless_writer(out, schema.avro, {name: getattr(event, name) for name in schema.names})
    data = out.getvalue()
    if len(data) > MAX_RECORD:
        raise ValueError(f"a {schema.type_name} record of {len(data)} bytes; at most {MAX_RECORD}")
    return data


def decode(data: bytes | None) -> Event:
    """Read one event.

    Raises:
        RejectedRecordBytes: The bytes are no record of ours.
        UnknownSchema: They are, of a schema not known here.
    """
    if data is None or len(data) > MAX_RECORD or data[:2] != MARKER or len(data) < 10:
        raise RejectedRecordBytes("no Avro single-object encoding of at most 64 KiB")
    found = _BY_FINGERPRINT.get(data[2:10])
    if found is None:
        raise UnknownSchema(f"schema {data[2:10].hex()} is not known here")
    schema, writer = found
    source = io.BytesIO(data[10:])
    try:
        value: Any = fastavro.schemaless_reader(source, writer, schema.avro)
        event = schema.event(**value)
    except Exception as error:  # the decoder raises whatever a broken byte makes of it
        raise RejectedRecordBytes(f"a broken {schema.type_name} record: {type(error).__name__}") from error
    if source.read(1):
        raise RejectedRecordBytes("bytes behind the record")
    return event


def headers(event: Event, *, source: str, event_id: UUID, subject: UUID | None, at: datetime) -> Headers:
    """Give the CloudEvents headers of a record; ``source`` names the stage that wrote it."""
    pairs = [
        ("ce_specversion", "1.0"),
        ("ce_id", str(event_id)),
        ("ce_source", f"/docaxis/{source}"),
        ("ce_type", _BY_EVENT[type(event)].type_name),
        ("ce_time", to_text(at)),
        ("content-type", "application/avro"),
    ]
    if subject is not None:
        pairs.append(("ce_subject", str(subject)))
    return tuple((name, value.encode()) for name, value in pairs)


def header(pairs: Iterable[tuple[str, bytes]], name: str) -> str | None:
    """Read one header; undecodable bytes count as absent, for a header is never trusted alone."""
    for key, value in pairs:
        if key == name:
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError:
                return None
    return None


def fingerprints() -> Mapping[str, str]:
    """Give the present schemas' fingerprints by CloudEvents type, for the docs and the compatibility check."""
    return {schema.type_name: schema.fingerprint.hex() for schema in _BY_EVENT.values()}
