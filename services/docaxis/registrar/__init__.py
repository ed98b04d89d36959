"""Signs evidence and keeps it."""

from docaxis.registrar.service import Registrar

__all__ = ["Registrar"]
