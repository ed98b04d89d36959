"""Encryption of contents: AES-256-GCM in segments, a key for each content, wrapped by the store's key.

Each segment is authenticated together with the content's location, its own number and whether it is the last (the
STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár): segments cannot be exchanged, reordered, left out or cut
off. Nonces are random, not counted: after a crash a segment may be written again with other bytes, and a counted nonce
would then be used twice. 2,048 segments under one key are far from the limit for random nonces (NIST SP 800-38D, 8.3).
"""

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from docaxis.storage.contents.port import DamagedContent
from docaxis.storage.decisions import StorageError
from docaxis_signing.durable import sync_file

SEGMENT: Final = 1024 * 1024
"""Bytes of text in a segment: what a range read decrypts, an upload holds in memory, a cut-off upload loses."""
NONCE: Final = 12
TAG: Final = 16
KEY: Final = 32
SEALED_SEGMENT: Final = NONCE + SEGMENT + TAG
_FORMAT: Final = b"docaxis-content-v1\x00"
_KEY_FORMAT: Final = b"docaxis-content-key-v1\x00"
_KEY_ID: Final = 8

Randomness = Callable[[int], bytes]


class StoreKey(Protocol):
    """Wraps the keys of contents. A file holds it here; a PKCS#11 token can stand in its place."""

    def wrap(self, key: bytes, location: str) -> bytes:
        """Encrypt a content's key, bound to where the content lies."""

    def unwrap(self, wrapped: bytes, location: str) -> bytes:
        """Decrypt a content's key.

        Raises:
            DamagedContent: Wrapped by another store key, for another content, or changed.
        """


class FileStoreKey:
    """A 256-bit store key held in memory, read from a file. Earlier keys still unwrap what they wrapped."""

    def __init__(self, key: bytes, *earlier: bytes, randomness: Randomness = os.urandom) -> None:
        if any(len(each) != KEY for each in (key, *earlier)):
            raise StorageError("a store key has 32 bytes")
        self._keys = {_key_id(each): AESGCM(each) for each in (key, *earlier)}
        self._present = _key_id(key)
        self._random = randomness

    @classmethod
    def load(cls, path: Path) -> "FileStoreKey":
        """Read a key file: 32 raw bytes, or one base64 line a key, the present one first.

        Raises:
            StorageError: The file is not of that form.
        """
        try:
            data = path.read_bytes()
            keys = [data] if len(data) == KEY else [base64.b64decode(line, validate=True) for line in data.split()]
        except (OSError, ValueError) as error:
            raise StorageError(f"the store key cannot be read from {path}") from error
        if not keys:
            raise StorageError(f"no store key in {path}")
        return cls(*keys)

    @classmethod
    def create(cls, path: Path) -> "FileStoreKey":
        """Make a key file that only its owner reads; an existing one is kept and read."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls.load(path)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(os.urandom(KEY)) + b"\n")
            sync_file(file)
        return cls.load(path)

    def wrap(self, key: bytes, location: str) -> bytes:
        nonce = self._random(NONCE)
        bound = _KEY_FORMAT + location.encode()
        return self._present + nonce + self._keys[self._present].encrypt(nonce, key, bound)

    def unwrap(self, wrapped: bytes, location: str) -> bytes:
        cipher = self._keys.get(wrapped[:_KEY_ID])
        if cipher is None:
            raise DamagedContent("the content's key was wrapped by a store key that is not here")
        nonce, data = wrapped[_KEY_ID : _KEY_ID + NONCE], wrapped[_KEY_ID + NONCE :]
        try:
            return cipher.decrypt(nonce, data, _KEY_FORMAT + location.encode())
        except (InvalidTag, ValueError) as error:
            raise DamagedContent("the content's key does not unwrap") from error


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"docaxis-store-key\x00" + key).digest()[:_KEY_ID]


class SegmentCipher:
    """Seals and opens the segments of one content."""

    def __init__(self, key: bytes, location: str, *, randomness: Randomness = os.urandom) -> None:
        self._cipher = AESGCM(key)
        self._location = location.encode()
        self._random = randomness

    def seal(self, text: bytes | memoryview, number: int, *, last: bool) -> bytes:
        """Encrypt one segment."""
        nonce = self._random(NONCE)
        return nonce + self._cipher.encrypt(nonce, text, self._bound(number, last=last))

    def open(self, data: bytes, number: int, *, last: bool) -> bytes:
        """Decrypt one segment.

        Raises:
            DamagedContent: It is not the segment of this number of this content, or it was changed.
        """
        try:
            return self._cipher.decrypt(data[:NONCE], data[NONCE:], self._bound(number, last=last))
        except (InvalidTag, ValueError) as error:
            raise DamagedContent(f"segment {number} does not authenticate") from error

    def _bound(self, number: int, *, last: bool) -> bytes:
        return _FORMAT + self._location + number.to_bytes(8, "big") + (b"\x01" if last else b"\x00")


def segments_of(size: int) -> int:
    """Count the segments of a content of this size; an empty one has one."""
    return max(1, -(-size // SEGMENT))
