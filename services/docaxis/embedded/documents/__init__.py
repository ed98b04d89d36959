"""Specimen documents in the form of decree 30/2020, and pictures of signatures and seals for them."""

from .pictures import handwriting, seal
from .rendering import render, render_document
from .samples import appendix, certified_copy, sample
from .specification import DocumentSpec, RenderedDocument

__all__ = [
    "DocumentSpec",
    "RenderedDocument",
    "appendix",
    "certified_copy",
    "handwriting",
    "render",
    "render_document",
    "sample",
    "seal",
]
