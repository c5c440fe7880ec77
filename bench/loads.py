"""The loads: what is asked of every server that can do it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import clients
import tools
from measure import Meter
from servers import Running, Server, Setup
from tools import Client

STATIC_LARGE = "large.bin"


@dataclass(frozen=True)
class Load:
    """One row of work.

    ``has_limit`` lets in the servers that return a constant, as the limit of what can be reached. ``is_rate``: units
    per second are the point, and a short run goes before. ``cost`` is about how long one measurement takes beyond
    one and a half times its seconds, for planning.
    """

    name: str
    group: str
    title: str
    setup: Setup
    client: Client
    needs: frozenset[str] = frozenset()
    has_limit: bool = False
    unit: str = "request"
    is_rate: bool = True
    cost: float = 1.8

    def suits(self, server: Server) -> bool:
        """Whether the server can do this."""
        if self.has_limit and "constant" in server.abilities:
            return self.needs <= server.abilities
        interfaces = {"wsgi", "asgi"} if self.setup.interface == "any" else {self.setup.interface}
        return bool(interfaces & server.abilities) and self.needs <= server.abilities


def measure(load: Load, server: Running, seconds: float) -> dict[str, float]:
    """One run: figures by column."""
    if load.is_rate:
        load.client(server, min(1.0, seconds / 4))
    began = time.perf_counter()
    with Meter(server.root) as meter:
        outcome = load.client(server, seconds)
    took = time.perf_counter() - began
    if outcome.count == 0:
        raise ValueError(f"no {load.unit} was answered, {outcome.failures} failed")
    figures = dict(outcome.extra)
    if load.is_rate:
        cost = meter.cpu / (outcome.count + outcome.uncounted)
        rate = "MiB/s" if load.unit == "MiB" else f"{load.unit}s/s"
        figures = {rate: outcome.count / outcome.seconds, f"CPU µs/{load.unit}": cost * 1e6, **figures}
    if outcome.p50 is not None:
        figures["p50 ms"] = outcome.p50
    if outcome.p99 is not None:
        figures["p99 ms"] = outcome.p99
    others = 100 * meter.foreign_cpu / (took * (os.cpu_count() or 1))
    figures |= {"peak MiB": meter.peak_kib / 1024, "failures": outcome.failures, "others %": others}
    return figures


def _setup(interface: str, **options: int | str) -> Setup:
    return Setup(f"{interface}_app", interface, **options)  # type: ignore[arg-type]


_HELLO = tuple(
    Load(
        f"h1-{interface}-{connections}",
        "Hello, HTTP/1.1",
        f"{interface.upper()} hello, HTTP/1.1, {connections} connection{'s' * (connections > 1)}",
        _setup(interface),
        tools.wrk(connections),
        has_limit=True,
    )
    for interface in ("wsgi", "asgi")
    for connections in (1, 32, 128)
)

_H2 = tuple(
    Load(
        f"h2-{interface}",
        "Hello, HTTP/2",
        f"{interface.upper()} hello, HTTP/2, 8 connections × 32 streams",
        _setup(interface),
        tools.h2load(8, 32),
        frozenset({"h2"}),
        has_limit=True,
        cost=3.0,
    )
    for interface in ("wsgi", "asgi")
)

_H3 = (
    Load(
        "h3",
        "Hello, HTTP/3",
        "ASGI hello, HTTP/3, 4 connections × 8 streams, by a slow client",
        _setup("asgi"),
        tools.http3,
        frozenset({"h3"}),
    ),
)

_HANDSHAKES = tuple(
    Load(
        f"{kind}-{key}",
        "A connection for each request",
        f"{'Resumed' if kind == 'resumed' else 'Full'} handshake and one request, TLS 1.3, {shown}",
        _setup("any", key=key),
        clients.handshakes(kind == "resumed"),
        has_limit=True,
    )
    for key, shown in (("p256", "ECDSA P-256"), ("rsa2048", "RSA-2048"))
    for kind in ("full", "resumed")
) + (
    Load(
        "resumed-workers",
        "A connection for each request",
        "Resumed handshake and one request, 4 workers, TLS 1.3, ECDSA P-256",
        _setup("any", workers=4),
        clients.handshakes(True),
        has_limit=True,
    ),
)

_IDLE = (
    Load(
        "idle-10000",
        "Idle connections",
        "10,000 connections, kept alive after one request",
        _setup("any"),
        clients.idle(10_000, True),
        has_limit=True,
        is_rate=False,
        cost=18.0,
    ),
    Load(
        "idle-silent",
        "Idle connections",
        "2,000 connections that only made their handshake",
        _setup("any"),
        clients.idle(2000, False),
        has_limit=True,
        is_rate=False,
        cost=5.0,
    ),
)

_BODIES = tuple(
    Load(
        f"{name}-{interface}",
        "Large bodies",
        f"{interface.upper()}, {title}",
        _setup(interface),
        client,
        has_limit=name == "upload",
        unit=unit,
    )
    for name, title, client, unit in (
        ("mebibyte", "response of 1 MiB, 8 connections", tools.wrk(8, "/mebibyte"), "request"),
        ("download", "download of 100 MiB", tools.transfer("/download", False), "MiB"),
        ("upload", "upload of 100 MiB", tools.transfer("/upload", True), "MiB"),
    )
    for interface in ("wsgi", "asgi")
)

_FILES = (
    Load(
        "static-10k",
        "Static files",
        "Static file of 10 KiB, 32 connections",
        _setup("any"),
        tools.wrk(32, "/static/file.bin"),
        frozenset({"files"}),
        has_limit=True,
    ),
    Load(
        "static-100m",
        "Static files",
        "Static file of 100 MiB, one connection",
        _setup("any"),
        tools.transfer(f"/static/{STATIC_LARGE}", False),
        frozenset({"files"}),
        has_limit=True,
        unit="MiB",
    ),
)

_FRAMEWORKS = (
    Load("flask", "Frameworks", "Flask, JSON, 32 connections", Setup("flask_app", "wsgi"), tools.wrk(32)),
    Load("django", "Frameworks", "Django, a view, 32 connections", Setup("django_app", "wsgi"), tools.wrk(32)),
    Load("fastapi", "Frameworks", "FastAPI, JSON, 32 connections", Setup("fastapi_app", "asgi"), tools.wrk(32)),
)

_WAITING = (
    Load(
        "sleep",
        "Applications that wait",
        "WSGI that sleeps 10 ms, 16 threads, 32 connections (limit 1,600/s)",
        _setup("wsgi", threads=16),
        tools.wrk(32, "/wait"),
    ),
    Load(
        "await",
        "Applications that wait",
        "ASGI that awaits 10 ms, 512 connections (limit 51,200/s)",
        _setup("asgi"),
        tools.wrk(512, "/wait"),
    ),
)

_WEBSOCKETS = tuple(
    Load(
        f"websocket-{size}",
        "WebSocket",
        f"Echo of {shown}, one connection",
        _setup("asgi"),
        clients.websocket(size),
        frozenset({"websocket"}),
        unit="message",
    )
    for size, shown in ((64, "64 bytes"), (65536, "64 KiB"))
)

_LIFE = tuple(
    Load(
        f"start-{interface}",
        "Start and reload",
        f"Start to first answer, {interface.upper()}",
        _setup(interface),
        clients.start,
        has_limit=True,
        is_rate=False,
    )
    for interface in ("wsgi", "asgi")
) + (
    Load(
        "reload",
        "Start and reload",
        "Rolling reload of 2 workers, under requests on new connections",
        _setup("any", workers=2),
        clients.reload,
        frozenset({"reload"}),
        is_rate=False,
        cost=4.0,
    ),
)

LOADS = (
    _HELLO + _H2 + _H3 + _HANDSHAKES + _IDLE + _BODIES + _FILES + _FRAMEWORKS + _WAITING + _WEBSOCKETS + _LIFE
)
QUICK = ("h1-wsgi-32", "h1-asgi-32", "h2-wsgi", "h2-asgi", "idle-silent")
QUICK_SERVERS = ("tlsgi", "granian", "uvicorn", "gunicorn")
