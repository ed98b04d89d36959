"""Frames between the service and its workers, and the descriptors that carry documents across.

Towards a worker anything may go. From a worker only JSON of bounded size comes back: whoever has taken a worker over
must find nothing on the other side that builds objects out of bytes.
"""

import os
import socket
import struct
import sys
import tempfile
from typing import Final

HEADER: Final = struct.Struct(">cI")
KNOWLEDGE: Final = b"K"
"""Pickled trust store and revocation lists, once an epoch."""
EXAMINE: Final = b"E"
"""A request with one descriptor."""
ANSWER: Final = b"A"
READY: Final = b"R"
"""The first frame of a worker: its process and which limits hold."""
SPAWN: Final = b"S"
KILL: Final = b"X"
MAX_ANSWER: Final = 4 * 1024 * 1024
"""Findings of a file with a thousand signatures have about 1 MB."""


class BrokenFrame(Exception):
    """The other side is gone or speaks nonsense."""


def write_frame(channel: socket.socket, kind: bytes, payload: bytes = b"", descriptor: int | None = None) -> None:
    """Send a frame on a blocking channel; a descriptor goes along with its header.

    Raises:
        BrokenFrame: The other side is gone.
    """
    header = HEADER.pack(kind, len(payload))
    try:
        if descriptor is None:
            channel.sendall(header + payload)
        else:
            socket.send_fds(channel, [header], [descriptor])
            channel.sendall(payload)
    except OSError as error:
        raise BrokenFrame("the other side is gone") from error


def read_frame(channel: socket.socket) -> tuple[bytes, bytes, int | None]:
    """Read a frame from a blocking channel: kind, payload, descriptor. Used on the workers' side.

    Raises:
        BrokenFrame: The other side is gone.
    """
    start, descriptors, _, _ = socket.recv_fds(channel, HEADER.size, 1)
    kind, size = HEADER.unpack(start + _exactly(channel, HEADER.size - len(start)))
    return kind, _exactly(channel, size), descriptors[0] if descriptors else None


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = channel.recv(min(size - len(data), 1 << 20))
        if not part:
            raise BrokenFrame("the other side is gone")
        data += part
    return bytes(data)


def private_file(name: str) -> int:
    """Make a file that has no name and belongs to this process alone: in memory on Linux, else a temporary one."""
    if sys.platform == "linux":
        return os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def append(descriptor: int, data: bytes) -> None:
    """Write all of the bytes at the end."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def seal(descriptor: int) -> bool:
    """Make a file in memory unchangeable, also for who made it; False where the system cannot."""
    if sys.platform != "linux":
        return False
    import fcntl  # noqa: PLC0415 - its constants exist on Linux only

    seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return True


def contents_of(descriptor: int) -> bytes:
    """Read a whole file from its beginning and close it."""
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return file.read()
