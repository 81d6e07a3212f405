"""Servers on loopback that stand in for other machines and behave well or badly."""

import atexit
import json
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs

from pytest_django import Settings

from tests.patience import PATIENCE


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {
            name: values[0] for name, values in parse_qs(self.body.decode()).items()
        }


Behaviour = Callable[["Handler"], None]


@dataclass
class StandIn:
    """A running server. A test may replace `behave` at any time."""

    url: str
    behave: Behaviour
    requests: list[Request] = field(default_factory=list)
    stopped: Event = field(default_factory=Event)

    @property
    def commands(self) -> list[tuple[str, Any]]:
        """The commands that a mail node received, in order, each with its options."""
        told = [command for seen in self.requests for command in json.loads(seen.body)]
        return [(name, options) for name, options, _tag in told]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds an idle connection may hold up the end of the server
    stand_in: StandIn
    request_seen: Request

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = dict(self.headers.items())
        self.request_seen = Request(self.command, self.path, headers, body)
        self.stand_in.requests.append(self.request_seen)
        self.stand_in.behave(self)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing on the terminal."""


@contextmanager
def serve(behave: Behaviour) -> Iterator[StandIn]:
    """Run a server with this behaviour on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    stand_in = StandIn(f"http://127.0.0.1:{server.server_port}", behave)
    server.RequestHandlerClass = type("Bound", (Handler,), {"stand_in": stand_in})
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def mail_node(settings: Settings, behave: Behaviour) -> Iterator[StandIn]:
    """Run the portal's only mail node, with this behaviour."""
    with serve(behave) as stand_in:
        settings.DOVEADM_URLS = [stand_in.url]
        settings.DOVEADM_API_KEY = "the key"
        yield stand_in


# --- how a server behaves -------------------------------------------------------------


def answers(
    status: int,
    body: object = "",
    *,
    kind: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Behaviour:
    """Return a behaviour that answers with these; a `body` that is no text is JSON."""

    def behave(handler: Handler) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return behave


def hangs(handler: Handler) -> None:
    """Accept the request and never answer."""
    handler.close_connection = True
    handler.stand_in.stopped.wait(PATIENCE)


def drips(first: bytes) -> Behaviour:
    """Return a behaviour that begins an answer, then sends single bytes for ever."""

    def behave(handler: Handler) -> None:
        handler.close_connection = True
        try:
            handler.wfile.write(first)
            while not handler.stand_in.stopped.wait(0.02):
                handler.wfile.write(b"x")
        except OSError:
            return

    return behave


def cuts(after: bytes = b"") -> Behaviour:
    """Return a behaviour that sends this part of an answer, then resets."""

    def behave(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(after)
        handler.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()

    return behave


def stops(after: bytes) -> Behaviour:
    """Return a behaviour that sends this part of an answer, then hangs."""

    def behave(handler: Handler) -> None:
        handler.wfile.write(after)
        hangs(handler)

    return behave


def half(body: str, status: str = "200 OK") -> bytes:
    """Return an answer with only the first half of its body."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body[: len(body) // 2]).encode()


# --- who is stood in for --------------------------------------------------------------

twilio_accepts = answers(201, {"sid": "SM" + "0" * 32, "status": "queued"})


def twilio_refuses(status: int, code: int, message: str = "no") -> Behaviour:
    return answers(status, {"status": status, "code": code, "message": message})


def doveadm_answers(*results: object) -> Behaviour:
    """Return a behaviour that answers the commands of a request with these results.

    A list stands for the rows of a success, a number for an exit code.
    """

    def behave(handler: Handler) -> None:
        commands = json.loads(handler.request_seen.body)
        lines = [
            ["error", {"type": "exitCode", "exitCode": result}, tag]
            if isinstance(result, int)
            else ["doveadmResponse", result, tag]
            for (_, _, tag), result in zip(commands, results, strict=True)
        ]
        answers(200, lines)(handler)

    return behave


# --- hosts that cannot be reached -----------------------------------------------------


def closed_port() -> str:
    """Return the URL of a port where nobody listens, and that nobody else can take."""
    return url_of(_closed())


@cache
def _closed() -> socket.socket:
    port = hold_port()
    atexit.register(port.close)
    return port


def hold_port() -> socket.socket:
    """Return a socket whose port refuses everybody until it listens."""
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    return port


def url_of(port: socket.socket) -> str:
    return f"http://127.0.0.1:{port.getsockname()[1]}"


@contextmanager
def full_port() -> Iterator[str]:
    """Yield the URL of a port that leaves further connections unanswered."""
    with socket.socket() as listener, socket.socket() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def dovecot(
    sessions: list[dict[str, str]],
    fails: Callable[[list[list[object]]], bool] = lambda _commands: False,
) -> Behaviour:
    """Return the behaviour of a node with these sessions; reset if it `fails`."""

    def behave(handler: Handler) -> None:
        commands = json.loads(handler.request_seen.body)
        rows = {"authCacheFlush": [{"entries": "0"}], "kick": [], "who": sessions}
        answer = [["doveadmResponse", rows[name], tag] for name, _, tag in commands]
        told = cuts() if fails(commands) else answers(200, answer)
        told(handler)

    return behave
