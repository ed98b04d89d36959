"""Routes judged documents, applies what recipients report, and writes every inbox."""

from docaxis.router.service import Router

__all__ = ["Router"]
