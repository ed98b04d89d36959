"""The clerk's pages: a web service beside the gateway, through which everything it sends and says goes."""

from docaxis.clerk.oidc.provider import UnfitProvider
from docaxis.clerk.service import ClerkPages, OpenPages, build_clerk_pages

__all__ = ["ClerkPages", "OpenPages", "UnfitProvider", "build_clerk_pages"]
