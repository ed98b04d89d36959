"""The HTTP face of the TEST authorities on loopback: CRLs, OCSP, time-stamps and certificates.

It runs in a thread of its own, so that synchronous tests and asynchronous services use it alike.
"""

import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives.serialization import Encoding

from .authorities import CRL_LIFETIME, TestAuthorities
from .revocation import answer_ocsp
from .timestamping import TimestampAuthority

MAXIMUM_REQUEST = 64 * 1024  # bytes; an OCSP or time-stamp request has a few hundred
SOCKET_TIMEOUT = 10.0  # seconds without a byte, then the connection ends
OCSP_LIFETIME = timedelta(hours=1)
HELD_CRL_LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Published:
    data: bytes
    renew_at: datetime | None  # None: held, served as it is


@dataclass(frozen=True, slots=True)
class _Reply:
    status: HTTPStatus
    content_type: str
    body: bytes


class Responder:
    """Binds at once, so that its address can go into certificates; serves from `start` until `stop`."""

    def __init__(self, clock: Callable[[], datetime], *, port: int = 0) -> None:
        self._clock = clock
        self._server = _Server(("127.0.0.1", port), self)
        self._thread: threading.Thread | None = None
        self._authorities: TestAuthorities | None = None
        self._timestamping: TimestampAuthority | None = None
        self._published: dict[str, _Published] = {}
        self._requests: Counter[str] = Counter()
        self._lock = threading.RLock()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self, authorities: TestAuthorities) -> None:
        """Serve what these authorities say."""
        self._authorities = authorities
        self._timestamping = TimestampAuthority(authorities, self._clock)
        self._thread = threading.Thread(target=self._server.serve_forever, name="test-authorities", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port; may be called when never started."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def hold_crl(self, name: str, *, stale_by: timedelta | None = None) -> None:
        """Freeze the CRL of an authority; with `stale_by`, at one whose next update was due that long ago."""
        now = self._clock()
        with self._lock:
            if stale_by is None:
                data = self._current(name).data
            else:
                issued = now - stale_by - HELD_CRL_LIFETIME
                data = self._speaker.crl(name, now=issued, lifetime=HELD_CRL_LIFETIME)
            self._published[name] = _Published(data, None)

    def publish(self, name: str, *, lifetime: timedelta = CRL_LIFETIME) -> None:
        """Issue a fresh CRL with everything revoked so far, and end a hold."""
        now = self._clock()
        with self._lock:
            data = self._speaker.crl(name, now=now, lifetime=lifetime)
            self._published[name] = _Published(data, now + lifetime / 2)

    def requests(self, path: str) -> int:
        """How often a path was asked for, whatever the answer."""
        with self._lock:
            return self._requests[path]

    @property
    def _speaker(self) -> TestAuthorities:
        if self._authorities is None:
            raise RuntimeError("the responder has not been started")
        return self._authorities

    def reply(self, path: str, body: bytes | None) -> _Reply:
        """Answer a request; `body` is None for GET."""
        with self._lock:
            self._requests[path] += 1
        kind, _, rest = path.strip("/").partition("/")
        name = rest.rpartition(".")[0] if kind in {"crl", "certs"} else rest
        if path == "/tsa" and body is not None and self._timestamping is not None:
            return _Reply(HTTPStatus.OK, "application/timestamp-reply", self._timestamping.answer(body))
        if name not in self._speaker.authorities:
            return _Reply(HTTPStatus.NOT_FOUND, "text/plain", b"unknown authority\n")
        if kind == "ocsp" and body is not None:
            return _Reply(HTTPStatus.OK, "application/ocsp-response", self._ocsp(name, body))
        if kind == "crl" and body is None:
            with self._lock:
                return _Reply(HTTPStatus.OK, "application/pkix-crl", self._current(name).data)
        if kind == "certs" and body is None:
            certificate = self._speaker.authorities[name].certificate
            return _Reply(HTTPStatus.OK, "application/pkix-cert", certificate.public_bytes(Encoding.DER))
        return _Reply(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"not answered that way\n")

    def _current(self, name: str) -> _Published:
        found = self._published.get(name)
        if found is None or (found.renew_at is not None and found.renew_at <= self._clock()):
            self.publish(name)
        return self._published[name]

    def _ocsp(self, name: str, request: bytes) -> bytes:
        speaker = self._speaker
        return answer_ocsp(
            speaker.authorities[name],
            request,
            issued=speaker.issued(name),
            revoked=speaker.revoked(name),
            now=self._clock().replace(microsecond=0),
            lifetime=OCSP_LIFETIME,
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # kept-alive connections of clients shall not delay the end

    def __init__(self, address: tuple[str, int], responder: Responder) -> None:
        self.responder = responder
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away, as one does that is killed; anything else is a fault of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = SOCKET_TIMEOUT

    def do_GET(self) -> None:
        self._send(self.server.responder.reply(self.path, None))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAXIMUM_REQUEST:
            self.close_connection = True
            self._send(_Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "text/plain", b"too large, or of no length\n"))
            return
        self._send(self.server.responder.reply(self.path, self.rfile.read(int(length))))

    def _send(self, reply: _Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
        """Stay silent: requests are counted, and standard error belongs to the command."""
