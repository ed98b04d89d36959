"""Policies as files: reading and checking them, those that come with the package, and how two of them differ."""

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar

from docaxis_signing.policy import (
    AlgorithmDemands,
    ContentDemands,
    FilePolicy,
    JudgedAs,
    Policy,
    RejectedPolicy,
    SealOf,
    SignatureDemands,
    SignerRole,
    StatusDemands,
    TimeDemands,
)
from docaxis_signing.trust.store import SOURCES
from docaxis_signing.verdict import Integrity, Level

STANDARD: Final = "standard"
"""The set by which the axis judges."""
FILE_POLICIES: Final = (
    *("signatures", "original", "certified_copy", "appendix", "enclosure"),
    *("foreign", "strict", "archive"),
)
"""The file policies that come with the package, the first being what ``docaxis verify`` asks by itself."""
NEVER_ALLOWED: Final = frozenset({Integrity.MODIFIED, Integrity.BROKEN, Integrity.UNREADABLE, Integrity.UNSIGNED})
DIGESTS: Final = frozenset(
    {
        *("sha256", "sha384", "sha512", "sha512_224", "sha512_256"),
        *("sha3_256", "sha3_384", "sha3_512", "shake128", "shake256"),
    }
)
"""Circular 15/2025/TT-BKHCN, appendix I."""
SCHEMES: Final = frozenset({"rsassa_pss", "rsassa_pkcs1v15", "ecdsa", "eddsa"})
MIN_RSA_BITS: Final = 2048
MIN_CURVE_BITS: Final = 256
MAX_POLICY_BYTES: Final = 64 * 1024
"""The shipped ones have 2 kB."""

T = TypeVar("T")


def read_policy(data: bytes) -> FilePolicy:
    """Read a file policy.

    Raises:
        RejectedPolicy: A part is missing, a key unknown, a value out of its range, or it asks for nothing.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise RejectedPolicy(f"larger than {MAX_POLICY_BYTES} bytes")
    try:
        content = tomllib.loads(data.decode("utf-8"))
        policy = FilePolicy(
            name=_taken(content, "name", str),
            version=_taken(content, "version", int),
            title_vi=_taken(content, "title_vi", str),
            title_en=_taken(content, "title_en", str),
            basis=tuple(_names(content, "basis")),
            signatures=_part(content, "signatures", _signatures),
            content=_part(content, "content", _content),
            algorithms=_part(content, "algorithms", _algorithms),
            status=_part(content, "status", _status),
            time=_part(content, "time", _time),
            sources=_subset(content, "sources", SOURCES),
            text=data,
            sha256=hashlib.sha256(data).hexdigest(),
        )
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RejectedPolicy(f"no TOML: {error}") from error
    except KeyError as error:
        raise RejectedPolicy(f"{error.args[0]} is missing") from error
    except (TypeError, ValueError) as error:
        raise RejectedPolicy(str(error)) from error
    if content:
        raise RejectedPolicy(f"unknown: {', '.join(sorted(content))}")
    _check(policy)
    return policy


@cache
def shipped(name: str) -> FilePolicy:
    """Read a file policy that comes with the package.

    Raises:
        RejectedPolicy: There is none of that name.
    """
    if name not in FILE_POLICIES:
        raise RejectedPolicy(f"there is no policy {name!r}; there are: {', '.join(FILE_POLICIES)}")
    return read_policy(_bytes(name))


@cache
def standard() -> Policy:
    """Read the set by which the axis judges."""
    return read_set(_bytes(STANDARD), shipped)


def read_set(data: bytes, policy: Callable[[str], FilePolicy]) -> Policy:
    """Read a set; ``policy`` finds the file policies it names.

    Raises:
        RejectedPolicy: A role has none.
    """
    try:
        content = tomllib.loads(data.decode("utf-8"))
        name, version = _taken(content, "name", str), _taken(content, "version", int)
        roles = {JudgedAs(role): policy(named) for role, named in _taken(content, "roles", dict).items()}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise RejectedPolicy(f"unusable set of policies: {error}") from error
    if content or set(roles) != set(JudgedAs) - {JudgedAs.FILE}:
        raise RejectedPolicy("a set names a policy for each role and nothing else")
    return Policy.of_roles(name, version, roles)


def differences(one: FilePolicy, other: FilePolicy) -> Iterator[tuple[str, Any, Any]]:
    """Give every setting in which two policies differ, under its path in the file."""
    before, after = (dict(_flat(tomllib.loads(item.text.decode("utf-8")))) for item in (one, other))
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield path, before.get(path), after.get(path)


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _bytes(name: str) -> bytes:
    return (resources.files("docaxis_signing") / "policies" / f"{name}.toml").read_bytes()


def _part(content: dict[str, Any], name: str, read: Callable[[dict[str, Any]], T]) -> T:
    part = _taken(content, name, dict)
    try:
        made = read(part)
    except KeyError as error:
        raise RejectedPolicy(f"{name}.{error.args[0]} is missing") from error
    if part:
        raise RejectedPolicy(f"unknown: {', '.join(f'{name}.{key}' for key in sorted(part))}")
    return made


def _signatures(part: dict[str, Any]) -> SignatureDemands:
    return SignatureDemands(
        required=tuple(SignerRole(role) for role in _names(part, "required")),
        seal_of=SealOf(_taken(part, "seal_of", str)),
        seal_is_last=_taken(part, "seal_is_last", bool),
        every=_taken(part, "every", bool),
        decides=_taken(part, "decides", bool),
    )


def _content(part: dict[str, Any]) -> ContentDemands:
    levels = frozenset(Integrity(level) for level in _names(part, "integrity"))
    may_cover = _taken(part, "pictures_may_cover", bool)
    return ContentDemands(levels, may_cover, frozenset(_names(part, "refused_active_content")))


def _algorithms(part: dict[str, Any]) -> AlgorithmDemands:
    return AlgorithmDemands(
        _subset(part, "digests", DIGESTS),
        _subset(part, "signatures", SCHEMES),
        _taken(part, "rsa_bits", int),
        _taken(part, "curve_bits", int),
    )


def _status(part: dict[str, Any]) -> StatusDemands:
    hours = _taken(part, "issued_within_hours", int)
    if hours < 0:
        raise RejectedPolicy("status.issued_within_hours: 0 for no limit, else a number of hours")
    return StatusDemands(timedelta(hours=hours) if hours else None, _taken(part, "issued_after_signing", bool))


def _time(part: dict[str, Any]) -> TimeDemands:
    levels = frozenset(Level(level) for level in _names(part, "levels"))
    return TimeDemands(_taken(part, "timestamp", bool), levels)


def _taken(content: dict[str, Any], key: str, kind: type[T]) -> T:
    value = content.pop(key)
    if type(value) is not kind:
        raise RejectedPolicy(f"{key}: {kind.__name__} expected")
    return value


def _names(content: dict[str, Any], key: str) -> list[str]:
    values = _taken(content, key, list)
    if not all(type(value) is str for value in values):
        raise RejectedPolicy(f"{key}: a list of words expected")
    return values


def _subset(content: dict[str, Any], key: str, known: frozenset[str]) -> frozenset[str]:
    values = frozenset(_names(content, key))
    if not values or not values <= known:
        raise RejectedPolicy(f"{key}: one or more of {', '.join(sorted(known))}")
    return values


def _check(policy: FilePolicy) -> None:
    """Refuse what would let pass what nobody may rely on."""
    signatures, content, algorithms = policy.signatures, policy.content, policy.algorithms
    if policy.version < 1:
        raise RejectedPolicy("version: counted from 1")
    if algorithms.rsa_bits < MIN_RSA_BITS or algorithms.curve_bits < MIN_CURVE_BITS:
        raise RejectedPolicy(f"algorithms: RSA from {MIN_RSA_BITS} bits, curves from {MIN_CURVE_BITS}")
    if not policy.time.levels:
        raise RejectedPolicy("time.levels: one or more of " + ", ".join(Level))
    if not signatures.decides:
        return
    if not signatures.required and not signatures.every:
        raise RejectedPolicy("signatures: a file that decides needs required ones, or every one to hold")
    if Integrity.INTACT not in content.integrity:
        raise RejectedPolicy("content.integrity: a file that decides must be allowed to be intact")
    if content.integrity & NEVER_ALLOWED:
        raise RejectedPolicy("content.integrity: a file that decides is intact, or changed as was permitted")
