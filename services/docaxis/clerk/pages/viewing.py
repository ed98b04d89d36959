"""Reading a PDF at the pages: one page of it as a picture, with its text beside; the file itself stays a download."""

from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from docaxis.clerk.guarding import signed_in
from docaxis.clerk.picturing import MAX_PDF, NoPicture, Picture, Pictures
from docaxis.clerk.rendering import page
from docaxis.clerk.visitors import Visitor
from docaxis.client import Delivery
from docaxis_schemas.submission import ContentEntry

PDF: Final = "application/pdf"
MAX_DIGITS: Final = 5


async def view(request: Request, visitor: Visitor) -> Response:
    delivery, content = await _content(request, visitor)
    number = _number(request.query_params.get("page", "1"))
    try:
        picture = await _picture(request, visitor, delivery, content, number)
    except NoPicture:
        given = {"title": "no-picture", "text": "no-picture-text"}
        return page(request, "told.html", visitor, HTTPStatus.UNPROCESSABLE_ENTITY, **given)
    return page(request, "view.html", visitor, delivery=delivery, content=content, number=number, picture=picture)


async def picture(request: Request, visitor: Visitor) -> Response:
    delivery, content = await _content(request, visitor)
    number = _number(request.path_params["page"])
    try:
        drawn = await _picture(request, visitor, delivery, content, number)
    except NoPicture:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None
    return Response(drawn.png, media_type="image/png", headers={"Content-Security-Policy": "sandbox"})


async def _content(request: Request, visitor: Visitor) -> tuple[Delivery, ContentEntry]:
    """Ask the gateway for the delivery: who may not see it gets no picture of it, kept or not."""
    delivery = await visitor.axis.delivery(request.path_params["delivery_id"])
    await delivery.complete()
    sha256 = request.path_params["sha256"]
    found = next((one for one in delivery.contents if one.sha256 == sha256 and one.media_type == PDF), None)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return delivery, found


async def _picture(
    request: Request, visitor: Visitor, delivery: Delivery, content: ContentEntry, number: int
) -> Picture:
    pictures: Pictures = request.app.state.pictures
    if (kept := pictures.kept(content.sha256, number)) is not None:
        return kept
    if content.size > MAX_PDF:
        raise NoPicture("too large")
    path = f"/v1/deliveries/{delivery.delivery_id}/contents/{content.sha256}"
    async with visitor.axis.desk.connection.open("GET", path) as answer:
        data = await answer.aread()
    return await pictures.draw(data, content.sha256, number)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS else 1


_FILE: Final = "/inbox/{delivery_id:uuid}/files/{sha256}"
ROUTES = (
    Route(f"{_FILE}/view", signed_in(view)),
    Route(f"{_FILE}/pages/{{page}}.png", signed_in(picture)),
)
