"""Reads inboxes, evidence and dead letters into the read models."""

from docaxis.projector.service import Projector

__all__ = ["Projector"]
