"""Load generators in Python, for what no tool measures: handshakes, idle connections, WebSocket, starts and reloads."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import statistics
import threading
import time
from pathlib import Path

from measure import settled_memory_kib
from servers import Running
from tools import Client, Outcome, percentiles, until

FEWER_IDLE = 2000
"""Tried where a server dies of more."""
IDLE_PATIENCE = 5.0
OPENING_PATIENCE = 30.0
"""Seconds to open idle connections: below the time for which servers keep the first of them."""
RELOAD_PATIENCE = 30.0
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def handshakes(is_resumed: bool) -> Client:
    """One connection after the other, each for one request, with or without the session of the one before."""

    def run(server: Running, seconds: float) -> Outcome:
        context = server.context()
        session: ssl.SSLSession | None = None
        latencies, failures, resumed = [], 0, 0
        for began in until(seconds):
            try:
                with server.connect(context, session) as connection:
                    resumed += bool(connection.session_reused)
                    failures += not _ask_once(connection, "/").startswith(b"HTTP/1.1 200")
                    session = connection.session if is_resumed else None
            except OSError:
                failures += 1
            latencies.append((time.perf_counter() - began) * 1e3)
        # The first connection of a run has no session to resume.
        extra = {"resumed %": 100 * resumed / max(1, len(latencies) - 1)} if is_resumed else {}
        count = len(latencies) - failures
        return Outcome(count, sum(latencies) / 1e3, failures, *percentiles(latencies), extra, uncounted=failures)

    return run


def idle(count: int, asks_once: bool) -> Client:
    """Connections that wait: the memory each takes, and the latency of one that asks meanwhile."""

    def run(server: Running, seconds: float) -> Outcome:
        try:
            return _idle(server, seconds, count, asks_once)
        except OSError:
            if count <= FEWER_IDLE:
                raise
        fresh = Running(server.server, server.place, server.setup)
        try:
            return _idle(fresh, seconds, FEWER_IDLE, asks_once)
        finally:
            fresh.close()

    return run


def _idle(server: Running, seconds: float, count: int, asks_once: bool) -> Outcome:
    context, opened, latencies = server.context(), [], []
    try:
        with server.connect(context, patience=IDLE_PATIENCE) as active:
            _ask(active)
            before = settled_memory_kib(server.root)
            opened = _open_idle(server, context, count, asks_once)
            each = (settled_memory_kib(server.root) - before) / max(1, len(opened))
            for began in until(seconds):
                _ask(active)
                latencies.append((time.perf_counter() - began) * 1e3)
        failures = count - sum(_is_open(connection) for connection in opened)
    finally:
        for connection in opened:
            connection.close()
    extra = {"KiB per idle connection": each, "connections": float(len(opened))}
    return Outcome(len(latencies), sum(latencies) / 1e3, failures, *percentiles(latencies), extra)


def _open_idle(server: Running, context: ssl.SSLContext, count: int, asks_once: bool) -> list[ssl.SSLSocket]:
    """As many connections as the server takes in time: where it stops to answer, the rest count as failed without an attempt."""
    opened: list[ssl.SSLSocket] = []
    deadline = time.perf_counter() + OPENING_PATIENCE
    try:
        while len(opened) < count and time.perf_counter() < deadline:
            connection = server.connect(context, patience=IDLE_PATIENCE)
            if asks_once:
                _ask(connection)
            opened.append(connection)
    except OSError:
        pass
    return opened


def websocket(size: int) -> Client:
    """Messages that come back, one at a time over one connection."""
    mask = b"\0\0\0\0"
    length = bytes([0x80 | size]) if size < 126 else b"\xff" + size.to_bytes(8, "big")
    message = b"\x82" + length + mask + b"m" * size
    # The answer to a long message has a length of 8 bytes, or of 2 where that is enough.
    echo_size = size + (2 if size < 126 else 4 if size < 1 << 16 else 10)

    def run(server: Running, seconds: float) -> Outcome:
        latencies = []
        with server.connect(server.context()) as connection:
            key = base64.b64encode(os.urandom(16)).decode()
            head = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            wanted = f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            connection.sendall((head + wanted).encode())
            answer = connection.recv(4096)
            if not answer.startswith(b"HTTP/1.1 101"):
                raise ValueError(f"no WebSocket: {answer!r}")
            for began in until(seconds):
                connection.sendall(message)
                _receive(connection, echo_size)
                latencies.append((time.perf_counter() - began) * 1e3)
        return Outcome(len(latencies), sum(latencies) / 1e3, 0, *percentiles(latencies))

    return run


def start(server: Running, seconds: float) -> Outcome:
    """Median time from start to first answer: the start that was, and more until the time is over."""
    took = [server.started_in]
    for _ in until(seconds):
        again = Running(server.server, server.place, server.setup)
        took.append(again.started_in)
        again.close()
    return Outcome(len(took), sum(took), extra={"ms to first answer": statistics.median(took) * 1e3})


def reload(server: Running, _seconds: float) -> Outcome:
    """Time from the signal until every old worker is gone and a new one answers; failures of clients meanwhile."""
    context, ended = server.context(), threading.Event()
    old = _workers(server, context)
    latencies: list[float] = []
    failures: list[str] = []

    def visit(path: str) -> None:
        while not ended.is_set():
            began = time.perf_counter()
            try:
                with server.connect(context, patience=IDLE_PATIENCE) as connection:
                    answer = _ask_once(connection, path)
                if not answer.startswith(b"HTTP/1.1 200"):
                    failures.append(answer[:40].decode(errors="replace") or "no answer")
            except OSError as error:
                failures.append(str(error))
            latencies.append((time.perf_counter() - began) * 1e3)

    visitors = [threading.Thread(target=visit, args=(path,), daemon=True) for path in ("/", "/wait")]
    for visitor in visitors:
        visitor.start()
    began = time.perf_counter()
    try:
        server.server.reload(server)
        while any(Path(f"/proc/{process}").exists() for process in old) or _worker(server, context) in old:
            if time.perf_counter() - began > RELOAD_PATIENCE:
                raise ValueError(f"old workers still run {RELOAD_PATIENCE:.0f} s after the reload")
            ended.wait(0.005)
        took = time.perf_counter() - began
    finally:
        ended.set()
        for visitor in visitors:
            visitor.join()
    extra = {"ms to reload": took * 1e3, "requests meanwhile": float(len(latencies))}
    return Outcome(len(latencies), took, len(failures), *percentiles(latencies), extra)


def _workers(server: Running, context: ssl.SSLContext) -> set[int]:
    """The processes that answer; one that never does in so many tries is not waited for."""
    found: set[int] = set()
    for _ in range(200):
        found.add(_worker(server, context))
        if len(found) == server.setup.workers:
            break
    return found - {0}


def _worker(server: Running, context: ssl.SSLContext) -> int:
    """The process that answers a request; 0 where none does."""
    try:
        with server.connect(context, patience=IDLE_PATIENCE) as connection:
            body = _ask_once(connection, "/process").rpartition(b"\r\n\r\n")[2]
        return int(body)
    except (OSError, ValueError):
        return 0


def _ask(connection: ssl.SSLSocket) -> None:
    connection.sendall(REQUEST)
    answer = b""
    while b"world!\n" not in answer:
        answer += _receive(connection, 1)


def _ask_once(connection: ssl.SSLSocket, path: str) -> bytes:
    """The whole answer to the only request of a connection."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    received = b""
    try:
        while piece := connection.recv(1 << 16):
            received += piece
    except ssl.SSLEOFError:
        # Closed without close_notify: the answer says itself whether it is whole.
        pass
    return received


def _receive(connection: ssl.SSLSocket, count: int) -> bytes:
    """At least so many bytes."""
    received = b""
    while len(received) < count:
        piece = connection.recv(1 << 16)
        if not piece:
            raise ConnectionResetError("the server closed a connection in use")
        received += piece
    return received


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
