"""Connection profiles: a small TOML file says where an axis is and as whom to speak to it.

The credential and the signing key are secrets: they stand in files of their owner, never on a command line.
"""

import json
import os
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from docaxis.client.axis import AxisClient
from docaxis.client.connection import Patience
from docaxis.client.errors import RejectedProfile
from docaxis.client.remembering import FileMemory, InboxMemory
from docaxis_schemas.moments import Clock, system_clock
from docaxis_signing.statements import MemberSigner, StatementError

_REQUIRED: Final = ("url", "member", "axis", "environment")
_OPTIONAL: Final = ("credential", "credential_file", "signing_key", "ca_file", "keys", "memory")


@dataclass(frozen=True, slots=True)
class Profile:
    """One member on one axis. Paths are absolute; ``keys`` is the file of pinned public keys."""

    url: str
    credential: str
    member: str
    axis: str
    environment: str
    signing_key: Path | None = None
    ca_file: Path | None = None
    keys: Path | None = None
    memory: Path | None = None

    def __repr__(self) -> str:
        return f"Profile({self.member!r} at {self.url!r})"  # never the credential

    def signer(self) -> MemberSigner | None:
        """Load the member's key; None for a clerk without one.

        Raises:
            RejectedProfile: The key file is missing or not of its form.
        """
        if self.signing_key is None:
            return None
        try:
            return MemberSigner.from_jwk(json.loads(self.signing_key.read_text("utf-8")))
        except (OSError, ValueError, TypeError, StatementError) as error:
            raise RejectedProfile(f"{self.signing_key}: no signing key of a member ({error})") from error

    def connect(
        self, *, memory: InboxMemory | None = None, patience: Patience | None = None, clock: Clock = system_clock
    ) -> AxisClient:
        """Make a client; by default it remembers where the profile says.

        Raises:
            RejectedProfile: A file it names is missing or not of its form.
        """
        try:
            tls = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        except OSError as error:
            raise RejectedProfile(f"{self.ca_file}: no certificates ({error})") from error
        return AxisClient(
            self.url,
            self.credential,
            self.signer(),
            member=self.member,
            axis=self.axis,
            environment=self.environment,
            memory=FileMemory(self.memory) if memory is None and self.memory is not None else memory,
            patience=patience,
            tls=tls,
            clock=clock,
        )


def profile_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the directory of named profiles."""
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "docaxis"


def load_profile(path: Path) -> Profile:
    """Read a profile.

    Raises:
        RejectedProfile: Missing, unreadable, or not of its form: the text says which field.
    """
    try:
        value = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RejectedProfile(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RejectedProfile(f"{path}: not TOML ({error})") from error
    wrong = [name for name, item in value.items() if name not in (*_REQUIRED, *_OPTIONAL) or not isinstance(item, str)]
    missing = [name for name in _REQUIRED if not value.get(name)]
    if wrong or missing:
        raise RejectedProfile(f"{path}: wrong or unknown: {wrong or 'none'}; missing: {missing or 'none'}")
    return Profile(
        url=value["url"],
        credential=_credential(path, value),
        member=value["member"],
        axis=value["axis"],
        environment=value["environment"],
        signing_key=_beside(path, value.get("signing_key")),
        ca_file=_beside(path, value.get("ca_file")),
        keys=_beside(path, value.get("keys")),
        memory=_beside(path, value.get("memory")),
    )


def write_profile(path: Path, profile: Profile) -> None:
    """Write a profile for its owner's eyes only, with whole paths: relative ones would start from its own folder."""
    texts: dict[str, Any] = {name: getattr(profile, name) for name in (*_REQUIRED, "credential")}
    paths = {name: getattr(profile, name) for name in ("signing_key", "ca_file", "keys", "memory")}
    texts |= {name: str(item.absolute()) for name, item in paths.items() if item is not None}
    # A JSON string is a TOML basic string, as long as DEL is escaped too.
    lines = [
        f"{name} = {json.dumps(item, ensure_ascii=True)}".replace("\x7f", "\\u007f") for name, item in texts.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


def _credential(path: Path, value: Mapping[str, Any]) -> str:
    if value.get("credential"):
        return str(value["credential"])
    file = _beside(path, value.get("credential_file"))
    if file is None:
        raise RejectedProfile(f"{path}: credential or credential_file is missing")
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RejectedProfile(f"{file}: no credential ({error})") from error


def _beside(path: Path, name: str | None) -> Path | None:
    """Read a path of the profile: relative ones start from the profile's own directory."""
    return None if not name else (path.parent / Path(name).expanduser()).absolute()
