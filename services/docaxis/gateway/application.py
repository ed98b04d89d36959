"""The application: routes, what happens around every request, and how errors are answered."""

import time
from collections.abc import MutableMapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from docaxis.bus.port import BusError
from docaxis.directory.errors import UnavailableDirectory
from docaxis.gateway.absences import absences
from docaxis.gateway.answers import Answering, problem_response
from docaxis.gateway.auditing import auditing
from docaxis.gateway.books import books
from docaxis.gateway.contents import contents
from docaxis.gateway.countersigned import signatures
from docaxis.gateway.deliveries import deliveries
from docaxis.gateway.edxml.routes import edxml
from docaxis.gateway.exporting import exporting
from docaxis.gateway.handing_over import handing_over
from docaxis.gateway.inbox import inbox
from docaxis.gateway.limits import MAX_HEADERS
from docaxis.gateway.measures import Measures
from docaxis.gateway.multipart import malformed
from docaxis.gateway.operations import operations
from docaxis.gateway.organisations import organisations
from docaxis.gateway.parts import Parts
from docaxis.gateway.recalls import recalls
from docaxis.gateway.reconciliations import reconciliations
from docaxis.gateway.refusals import Refused
from docaxis.gateway.submissions import submissions
from docaxis.gateway.transparency import transparency
from docaxis.gateway.vxp.routes import vxp
from docaxis.storage.decisions import StorageError
from docaxis_schemas.problems import Code

DESCRIPTION: Final = (
    "Cổng tiếp nhận của trục liên thông văn bản: gửi văn bản đã ký, nhận lượt chuyển, phản hồi trạng thái, lấy bằng "
    "chứng. / The entrance of the document-exchange axis: hand in signed documents, fetch deliveries, report, get "
    "evidence. Errors are RFC 9457 problems in both languages."
)


def make_application(parts: Parts) -> FastAPI:
    """Put the routes together."""
    app = FastAPI(title="docaxis", version="1", description=DESCRIPTION, docs_url=None, redoc_url=None)
    for make in (
        submissions,
        signatures,
        recalls,
        reconciliations,
        contents,
        deliveries,
        handing_over,
        inbox,
        books,
        organisations,
        operations,
        edxml,
        vxp,
        transparency,
        auditing,
        absences,
        exporting,
    ):
        # Not include_router(): an included router tries its routes twice on every request that reaches it, and so do
        # all before it: half of what a small request costs here.
        app.router.routes.extend(make(parts).routes)
    answer = Answering(parts.measures)
    for kind in (
        *(Refused, StorageError, UnavailableDirectory, BusError, HTTPException, ClientDisconnect),
        Exception,
    ):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, _invalid_parameters)
    app.add_middleware(Around, measures=parts.measures)
    return app


async def _invalid_parameters(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    names = ", ".join(str(item["loc"][-1]) for item in error.errors())
    return problem_response(malformed(f"Tham số không hợp lệ: {names}.", f"Not acceptable: {names}."))


class Around:
    """Measures every request, bounds its headers, and keeps browsers from guessing about the answer."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _secure(message)
            await send(message)

        self._measures.in_hand.inc()
        try:
            if (refused := _refusal(scope)) is not None:
                await problem_response(refused)(scope, receive, told)
            else:
                await self._app(scope, receive, told)
        finally:
            self._measures.in_hand.dec()
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._measures.requests.labels(route, method, str(status)).inc()
            self._measures.seconds.labels(route).observe(time.perf_counter() - begun)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT"})


def _refusal(scope: Scope) -> Refused | None:
    headers = scope["headers"]
    if len(headers) > MAX_HEADERS:
        return Refused(Code.MALFORMED_REQUEST, "Quá nhiều tiêu đề.", f"More than {MAX_HEADERS} headers.", status=431)
    names = [name for name, _ in headers]
    if b"transfer-encoding" in names and b"content-length" in names:
        return Refused(
            Code.CONTENT_LENGTH_WRONG,
            "Có cả Content-Length và Transfer-Encoding.",
            "Both Content-Length and Transfer-Encoding are given.",
            headers={"Connection": "close"},
        )
    return None


def _secure(message: MutableMapping[str, Any]) -> None:
    names = {name for name, _ in message["headers"]}
    if b"x-content-type-options" not in names:
        message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
