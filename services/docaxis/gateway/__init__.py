"""The gateway: the one way in, over HTTP, and the members' view of what became of what they sent."""

from docaxis.gateway.service import Gateway, build_gateway

__all__ = ["Gateway", "build_gateway"]
