"""The pages by noun; each module gives its routes."""

from starlette.routing import BaseRoute

from docaxis.clerk.pages import (
    account,
    administration,
    answering,
    auditing,
    changing,
    deadlines,
    incoming,
    outgoing,
    reconciling,
    registers,
    searching,
    sending,
    signing_in,
    signing_in_elsewhere,
    viewing,
)

ROUTES: tuple[BaseRoute, ...] = (
    *signing_in.ROUTES,
    *signing_in_elsewhere.ROUTES,
    *incoming.ROUTES,
    *outgoing.ROUTES,
    *sending.ROUTES,
    *changing.ROUTES,
    *answering.ROUTES,
    *registers.ROUTES,
    *searching.ROUTES,
    *deadlines.ROUTES,
    *reconciling.ROUTES,
    *viewing.ROUTES,
    *account.ROUTES,
    *administration.ROUTES,
    *auditing.ROUTES,
)

__all__ = ["ROUTES"]
