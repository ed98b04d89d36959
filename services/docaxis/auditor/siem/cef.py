"""Common Event Format, version 0 (ArcSight), and its line of syslog (RFC 5424).

A value's backslash, equals sign and line ends are escaped, in the header its bar; whatever else is not printable, such
as marks that turn text around or characters that end a line somewhere, becomes U+FFFD. So one event is one line.
"""

from collections.abc import Iterator
from typing import Final

from docaxis.auditor.siem.reading import PRODUCT, SEVERITIES, VERSION, Entry

MAX_VALUE: Final = 1023
"""Characters of one value: the dictionary's length for most of its keys."""
_SEVERITY: Final = (1, 3, 5, 8, 10)
"""CEF's, 0 to 10, by ours."""
_AUDIT: Final = 13
"""RFC 5424, table 1: log audit."""
_SYSLOG: Final = (6, 5, 4, 3, 2)
"""RFC 5424, table 2: informational, notice, warning, error, critical."""


def cef(entry: Entry) -> str:
    """Give an event as one line without its end."""
    name = entry.code("rule") or entry.type
    head = ("CEF:0", PRODUCT, PRODUCT, VERSION, name, entry.message, str(_SEVERITY[entry.severity - 1]))
    return "|".join(map(_head, head)) + "|" + " ".join(f"{key}={_value(value)}" for key, value in _fields(entry))


def syslog(entry: Entry) -> str:
    """Give an event as a line of syslog."""
    priority = _AUDIT * 8 + _SYSLOG[entry.severity - 1]
    host = "".join(char if char.isascii() and char.isalnum() else "-" for char in entry.origin)[:255] or "-"
    return f"<{priority}>1 {entry.row['time']} {host} {PRODUCT} - - - {cef(entry)}"


def _fields(entry: Entry) -> Iterator[tuple[str, str]]:
    """Give keys of the dictionary with what is there for them."""
    last = entry.signatures[-1] if entry.signatures else {}
    certificate = last.get("certificate") or {}
    given = {
        "rt": str(entry.milliseconds),
        "externalId": entry.uid,
        "cat": entry.type,
        "outcome": "success" if entry.succeeded else "failure",
        "deviceExternalId": entry.origin,
        "reason": entry.code("cause") or entry.code("code"),
        "suser": entry.text("member"),
        "suid": str(entry.facts.get("credential_id") or ""),
        "duser": entry.text("recipient"),
        "fname": str(last.get("file") or ""),
        "fileHash": next(iter(entry.hashes), ""),
    }
    yield from ((key, value) for key, value in given.items() if value)
    yield from (("cn1", str(entry.row["leaf_index"])), ("cn1Label", "leaf"))
    labelled = {
        "subject": str(entry.facts.get("subject") or ""),
        "submission": entry.text("submission_id"),
        "severity": SEVERITIES[entry.severity - 1],
        "signer": str(certificate.get("subject") or ""),
        "serial": str(certificate.get("serial") or ""),
        "issuer": str(certificate.get("issuer") or ""),
    }
    for number, (label, value) in enumerate(labelled.items(), 1):
        if value:
            yield from ((f"cs{number}", value), (f"cs{number}Label", label))


def _head(text: str) -> str:
    return _seen(text.replace("\r", " ").replace("\n", " ")).replace("\\", "\\\\").replace("|", "\\|")


def _value(text: str) -> str:
    escaped = text[:MAX_VALUE].replace("\\", "\\\\").replace("=", "\\=").replace("\n", "\\n").replace("\r", "\\r")
    return _seen(escaped)


def _seen(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
