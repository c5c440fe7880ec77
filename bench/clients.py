"""The load generators: wrk, h2load and curl, and Python where no tool measures what is wanted."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from measure import settled_memory_kib
from servers import Running

WRK_SCRIPT = Path(__file__).resolve().with_name("wrk.lua")
IDLE_CONNECTIONS = 2000
IDLE_PATIENCE = 5.0
BODY_MEBIBYTES = 100
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass(frozen=True)
class Outcome:
    """What a generator saw; latencies in milliseconds, None where it measures none.

    ``uncounted`` are requests that cost the server time, but are not in the rate.
    """

    count: float
    seconds: float
    failures: int = 0
    p50: float | None = None
    p99: float | None = None
    extra: dict[str, float] = field(default_factory=dict)
    uncounted: int = 0


Client = Callable[[Running, float], Outcome]


def wrk(connections: int, path: str = "/") -> Client:
    """HTTP/1.1 over kept-alive connections."""

    def run(server: Running, seconds: float) -> Outcome:
        command = ["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{max(1, round(seconds))}s"]
        written = _output([*command, "-s", str(WRK_SCRIPT), server.url(path)])
        found = json.loads(written[written.rindex('{"requests"') :])
        failures = int(found["failures"])
        return Outcome(found["requests"], found["seconds"], failures, found["p50"], found["p99"])

    return run


def h2load(connections: int, streams: int, path: str = "/") -> Client:
    """HTTP/2; the latencies come from a second, shorter run, because writing them down slows the generator."""

    def run(server: Running, seconds: float) -> Outcome:
        command = ["h2load", "-t", "1", "-c", str(connections), "-m", str(streams), server.url(path)]
        written = _output([*command, "-D", str(max(1, round(seconds)))])
        elapsed = re.search(r"finished in ([\d.]+)(m?s)", written)
        counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", written)
        if elapsed is None or counts is None:
            raise ValueError(f"h2load said:\n{written}")
        succeeded, *failed = (int(count) for count in counts.groups())
        log = server.directory / "latencies"
        _output([*command, "-D", "1", "--log-file", str(log)])
        latencies = [int(line.split()[2]) / 1e3 for line in log.read_text().splitlines()]
        took = float(elapsed[1]) / (1000 if elapsed[2] == "ms" else 1)
        return Outcome(succeeded, took, sum(failed), *_percentiles(latencies), uncounted=len(latencies))

    return run


def handshakes(is_resumed: bool) -> Client:
    """One connection after the other, each for one request, with or without the session of the one before."""

    def run(server: Running, seconds: float) -> Outcome:
        context = server.context()
        session: ssl.SSLSession | None = None
        latencies, failures, resumed = [], 0, 0
        for began in _until(seconds):
            try:
                with server.connect(context, session) as connection:
                    resumed += bool(connection.session_reused)
                    connection.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                    failures += not _drain(connection).startswith(b"HTTP/1.1 200")
                    session = connection.session if is_resumed else None
            except OSError:
                failures += 1
            latencies.append((time.perf_counter() - began) * 1e3)
        extra = {"resumed %": 100 * resumed / len(latencies)}
        return Outcome(len(latencies), sum(latencies) / 1e3, failures, *_percentiles(latencies), extra)

    return run


def idle(server: Running, seconds: float) -> Outcome:
    """Connections that never ask: the memory each takes, and the latency of one that does ask meanwhile."""
    context = server.context()
    with server.connect(context, patience=IDLE_PATIENCE) as active:
        _ask(active)
        before = settled_memory_kib(server.process.pid)
        opened = _open_idle(server, context)
        each = (settled_memory_kib(server.process.pid) - before) / max(1, len(opened))
        latencies = []
        for began in _until(seconds):
            _ask(active)
            latencies.append((time.perf_counter() - began) * 1e3)
    failures = IDLE_CONNECTIONS - sum(_is_open(connection) for connection in opened)
    for connection in opened:
        connection.close()
    extra = {"KiB per idle connection": each}
    return Outcome(len(latencies), sum(latencies) / 1e3, failures, *_percentiles(latencies), extra)


def _open_idle(server: Running, context: ssl.SSLContext) -> list[ssl.SSLSocket]:
    """As many connections as the server takes: where it stops to answer, the rest count as failed without an attempt."""
    opened: list[ssl.SSLSocket] = []
    try:
        while len(opened) < IDLE_CONNECTIONS:
            opened.append(server.connect(context, patience=IDLE_PATIENCE))
    except OSError:
        pass
    return opened


def transfer(path: str, is_upload: bool) -> Client:
    """A large body, in one direction; counts mebibytes."""

    def run(server: Running, seconds: float) -> Outcome:
        command = ["curl", "--silent", "--http1.1", "--cacert", str(server.certificate), "--output", os.devnull]
        command += ["--write-out", "%{http_code} %{size_download} %{size_upload}"]
        if is_upload:
            command += ["--request", "POST", "--header", "Expect:"]
            command += ["--upload-file", str(server.place.directory / "body")]
        took, failures = [], 0
        for began in _until(seconds):
            done = subprocess.run([*command, server.url(path)], capture_output=True, text=True)
            status, *sizes = done.stdout.split()
            failures += status != "200" or max(int(size) for size in sizes) != BODY_MEBIBYTES << 20
            took.append(time.perf_counter() - began)
        return Outcome(len(took) * BODY_MEBIBYTES, sum(took), failures)

    return run


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
            for began in _until(seconds):
                connection.sendall(message)
                _receive(connection, echo_size)
                latencies.append((time.perf_counter() - began) * 1e3)
        return Outcome(len(latencies), sum(latencies) / 1e3, 0, *_percentiles(latencies))

    return run


def start(server: Running, _seconds: float) -> Outcome:
    """The time that the start took already."""
    return Outcome(1, server.started_in, extra={"ms to first answer": server.started_in * 1e3})


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _until(seconds: float) -> Iterator[float]:
    """The time, again and again until that much has passed; once at least."""
    ended = time.perf_counter() + seconds
    yield time.perf_counter()
    while (now := time.perf_counter()) < ended:
        yield now


def _percentiles(latencies: list[float]) -> tuple[float | None, float | None]:
    ordered = sorted(latencies)
    if not ordered:
        return None, None
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def _ask(connection: ssl.SSLSocket) -> None:
    connection.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"world!\n"):
        answer += _receive(connection, 1)


def _receive(connection: ssl.SSLSocket, count: int) -> bytes:
    """At least so many bytes."""
    received = b""
    while len(received) < count:
        piece = connection.recv(1 << 16)
        if not piece:
            raise ConnectionResetError("the server closed a connection in use")
        received += piece
    return received


def _drain(connection: ssl.SSLSocket) -> bytes:
    received = b""
    while piece := connection.recv(1 << 16):
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
