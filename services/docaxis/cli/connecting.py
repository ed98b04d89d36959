"""As whom a command speaks: finds the connection profile and opens a client on it."""

import os
from collections.abc import Mapping
from pathlib import Path

from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Connecting
from docaxis.client.axis import AxisClient
from docaxis.client.connection import Patience
from docaxis.client.profile import Profile, load_profile, profile_directory
from docaxis.client.remembering import TransientMemory

PATIENCE = Patience(seconds=30.0)
"""A person waits at the other end; scripts repeat by the exit code."""


def find_profile(named: str | None, environ: Mapping[str, str] = os.environ) -> Path:
    """Find the profile's file: what was named, else ``DOCAXIS_PROFILE``, else the only one there is.

    Raises:
        CommandFailed: None is named and there is none, or more than one.
    """
    wanted = named or environ.get("DOCAXIS_PROFILE")
    directory = profile_directory(environ)
    if wanted:
        path = Path(wanted).expanduser()
        is_name = path.suffix != ".toml" and len(path.parts) == 1 and not path.exists()
        return directory / f"{wanted}.toml" if is_name else path
    found = sorted(directory.glob("*.toml"))
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.stem for path in found)
    raise CommandFailed(
        Exit.CONFIGURATION,
        "no-profile",
        f"Chọn hồ sơ kết nối bằng --profile hoặc DOCAXIS_PROFILE (đang có: {names or 'chưa có'}).",
        f"Choose a connection profile by --profile or DOCAXIS_PROFILE (there: {names or 'none'} in {directory}).",
    )


def read_profile(options: Connecting | None) -> Profile:
    """Read the profile a command was told to use."""
    return load_profile(find_profile(options.profile if options else None))


def connect(options: Connecting | None, *, patience: Patience = PATIENCE) -> AxisClient:
    """Open a client as the profile says."""
    return read_profile(options).connect(memory=TransientMemory(), patience=patience)
