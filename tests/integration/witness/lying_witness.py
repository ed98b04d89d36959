"""A witness that does all it can to stop a log: ``/MANNER/add-checkpoint``. Prints its port and serves until killed."""

import itertools
import json
import time
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONFLICT = 409


def _forever(pause: float) -> Iterator[bytes]:
    for _ in itertools.count():
        yield b"x" * (1 if pause else 65_536)
        time.sleep(pause)


class Liar(BaseHTTPRequestHandler):
    """Answers each request in the manner that its path names."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        match self.path.split("/")[1]:
            case "more":
                self._say(CONFLICT, [b"999999\n"])
            case "negative":
                self._say(CONFLICT, [b"-1\n"])
            case "fork":
                self._say(422, [b"not a continuation\n"])
            case "endless":
                self._say(200, _forever(0))
            case "slow":
                self._say(CONFLICT, _forever(0.2))
            case "headers":
                self._say(200, [], many=20_000)
            case _:
                time.sleep(3600)

    def do_GET(self) -> None:
        self._say(200, [b"log.example/axis\n999999\nAAAA\n\n"])

    def _say(self, status: int, body: Iterable[bytes], many: int = 0) -> None:
        self.send_response(status)
        for number in range(many):
            self.send_header(f"x-{number}", "x" * 100)
        self.end_headers()
        try:
            for piece in body:
                self.wfile.write(piece)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
print(json.dumps({"port": server.server_address[1]}), flush=True)  # noqa: T201 - whoever started it reads this
server.serve_forever()
