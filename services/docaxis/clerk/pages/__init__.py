"""The pages by noun; each module gives its routes."""

from starlette.routing import BaseRoute

from docaxis.clerk.pages import deadlines, incoming, outgoing, registers, searching, sending, signing_in

ROUTES: tuple[BaseRoute, ...] = (
    *signing_in.ROUTES,
    *incoming.ROUTES,
    *outgoing.ROUTES,
    *sending.ROUTES,
    *registers.ROUTES,
    *searching.ROUTES,
    *deadlines.ROUTES,
)

__all__ = ["ROUTES"]
