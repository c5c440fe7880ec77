"""The loads: what is asked of every server that can do it."""

from __future__ import annotations

from dataclasses import dataclass

import clients
from clients import Client
from measure import Meter
from servers import Running, Server, Setup

THREADS = 4


@dataclass(frozen=True)
class Load:
    """One row of work.

    ``has_limit`` lets in the servers that return a constant, as the limit of what can be reached. ``is_rate``: requests
    per second are the point, and a short run goes before.
    """

    name: str
    title: str
    setup: Setup
    client: Client
    needs: frozenset[str] = frozenset()
    has_limit: bool = False
    unit: str = "request"
    is_rate: bool = True

    def suits(self, server: Server) -> bool:
        """Whether the server can do this."""
        if self.has_limit and "constant" in server.abilities:
            return self.needs <= server.abilities
        return {self.setup.interface, *self.needs} <= server.abilities


def measure(load: Load, server: Running, seconds: float) -> dict[str, float]:
    """One run: figures by column."""
    if load.is_rate:
        load.client(server, seconds / 5)
    with Meter(server.process.pid) as meter:
        outcome = load.client(server, seconds)
    figures = dict(outcome.extra)
    if load.is_rate:
        cost = meter.cpu / (outcome.count + outcome.uncounted)
        rate = "MiB/s" if load.unit == "MiB" else f"{load.unit}s/s"
        figures = {rate: outcome.count / outcome.seconds, f"CPU µs/{load.unit}": cost * 1e6, **figures}
    if outcome.p50 is not None:
        figures["p50 ms"] = outcome.p50
    if outcome.p99 is not None:
        figures["p99 ms"] = outcome.p99
    figures |= {"peak MiB": meter.peak_kib / 1024, "failures": outcome.failures, "other CPU s": meter.foreign_cpu}
    return figures


def _wsgi(module: str = "wsgi_app", threads: int = THREADS, key: str = "p256") -> Setup:
    return Setup(module, "wsgi", threads, key)


def _asgi(module: str = "asgi_app", key: str = "p256") -> Setup:
    return Setup(module, "asgi", 1, key)


_HELLO = tuple(
    Load(
        f"h1-{setup.interface}-{connections}",
        f"{setup.interface.upper()} hello, HTTP/1.1, {connections} connection{'s' * (connections > 1)}",
        setup,
        clients.wrk(connections),
        has_limit=True,
    )
    for setup in (_wsgi(), _asgi())
    for connections in (1, 32, 128)
)

_H2 = tuple(
    Load(
        f"h2-{setup.interface}",
        f"{setup.interface.upper()} hello, HTTP/2, 8 connections × 32 streams",
        setup,
        clients.h2load(8, 32),
        frozenset({"h2"}),
        has_limit=True,
    )
    for setup in (_wsgi(), _asgi())
)

_HANDSHAKES = tuple(
    Load(
        f"{'resumed' if is_resumed else 'full'}-{key}-{setup.interface}",
        f"{setup.interface.upper()}, a connection per request, {'resumed' if is_resumed else 'full'} handshake, {key}",
        setup,
        clients.handshakes(is_resumed),
        has_limit=True,
    )
    for key in ("p256", "rsa2048")
    for is_resumed in (False, True)
    for setup in (_wsgi(key=key), _asgi(key=key))
)

_MORE = (
    Load("idle-wsgi", "2,000 idle connections, WSGI", _wsgi(), clients.idle, has_limit=True, is_rate=False),
    Load("idle-asgi", "2,000 idle connections, ASGI", _asgi(), clients.idle, has_limit=True, is_rate=False),
    Load("mebibyte-wsgi", "WSGI, response of 1 MiB, 8 connections", _wsgi(), clients.wrk(8, "/mebibyte")),
    Load("mebibyte-asgi", "ASGI, response of 1 MiB, 8 connections", _asgi(), clients.wrk(8, "/mebibyte")),
    Load("download-wsgi", "WSGI, download of 100 MiB", _wsgi(), clients.transfer("/download", False), unit="MiB"),
    Load("download-asgi", "ASGI, download of 100 MiB", _asgi(), clients.transfer("/download", False), unit="MiB"),
    Load("upload-wsgi", "WSGI, upload of 100 MiB", _wsgi(), clients.transfer("/upload", True), unit="MiB"),
    Load("upload-asgi", "ASGI, upload of 100 MiB", _asgi(), clients.transfer("/upload", True), unit="MiB"),
    Load(
        "static",
        "Static file of 10 KiB, 32 connections",
        _wsgi(),
        clients.wrk(32, "/static/file.bin"),
        frozenset({"files"}),
        has_limit=True,
    ),
    Load("flask", "Flask, JSON, 32 connections", _wsgi("flask_app"), clients.wrk(32)),
    Load("django", "Django, a view, 32 connections", _wsgi("django_app"), clients.wrk(32)),
    Load("fastapi", "FastAPI, JSON, 32 connections", _asgi("fastapi_app"), clients.wrk(32)),
    Load("sleep", "WSGI that sleeps 10 ms, 16 threads (limit 1,600/s)", _wsgi(threads=16), clients.wrk(32, "/wait")),
    Load("await", "ASGI that awaits 10 ms, 512 connections (limit 51,200/s)", _asgi(), clients.wrk(512, "/wait")),
    *(
        Load(
            f"websocket-{size}",
            f"WebSocket echo of {size} bytes, one connection",
            _asgi(),
            clients.websocket(size),
            frozenset({"websocket"}),
            unit="message",
        )
        for size in (64, 65536)
    ),
    Load("start-wsgi", "Start to first answer, WSGI", _wsgi(), clients.start, has_limit=True, is_rate=False),
    Load("start-asgi", "Start to first answer, ASGI", _asgi(), clients.start, has_limit=True, is_rate=False),
)

LOADS = _HELLO + _H2 + _HANDSHAKES + _MORE
QUICK = ("h1-wsgi-32", "h1-asgi-32", "h2-wsgi", "h2-asgi", "idle-wsgi", "idle-asgi")
QUICK_SERVERS = ("tlsgi", "granian", "uvicorn", "gunicorn")
