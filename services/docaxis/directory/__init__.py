"""The directory: organisations, members and their keys, mandates and registered certificates, versioned and signed."""

from docaxis.directory.repository import DirectoryRepository
from docaxis.directory.snapshot import DirectorySnapshot

__all__ = ["DirectoryRepository", "DirectorySnapshot"]
