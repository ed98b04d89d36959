"""What a witness remembers: of each log the latest checkpoint it cosigned, durable before anybody is told."""

from docaxis.storage.log_files import Disk, LogFiles
from docaxis_signing.transparency.checkpoint import SignedCheckpoint
from docaxis_signing.transparency.note import Note, Verifier
from docaxis_signing.transparency.witnessing import origin_hash


class WitnessState:
    """One file a log, named by the hash of its origin, which is also where monitors look for it."""

    def __init__(self, disk: Disk) -> None:
        self._files = LogFiles(disk)

    def latest(self, log: Verifier) -> SignedCheckpoint | None:
        """Give the latest checkpoint of a log that was cosigned.

        Raises:
            RejectedNote: The file was changed: a witness that forgot what it saw must not go on.
        """
        data = self.cosigned(origin_hash(log.name))
        return None if data is None else SignedCheckpoint.open(data, log)

    def remember(self, log: Verifier, cosigned: Note) -> None:
        """Keep a cosigned checkpoint; durable when this returns."""
        self._files.put([(_path(origin_hash(log.name)), cosigned.to_bytes())])

    def cosigned(self, name: str) -> bytes | None:
        """Give the file of the log with this hash of its origin."""
        return self._files.read(_path(name))


def _path(name: str) -> str:
    return f"{name}.checkpoint"
