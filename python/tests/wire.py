"""A front and a supervisor made of sockets: what a real worker process is tested against.

Encodes and decodes the protocol of ``docs/wire-protocol.md`` on its own, and fails on every frame that the rules forbid.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Optional

ROOT = Path(__file__).resolve().parents[2]
NAMES = re.search(r"NAMES: \[&str; \d+\] = \[(.*?)\];", (ROOT / "crates/tlsgi-wire/src/names.rs").read_text(), re.S)
assert NAMES is not None
NAMES = re.findall(r'"([^"]*)"', NAMES.group(1))
METHODS = ["", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"]

VERSION = 2
REQUEST_CREDIT = 64 << 10
LARGEST_REQUEST_WINDOW = 256 << 10
RESPONSE_CREDIT = 256 << 10
MAX_DATA = 128 << 10
PATIENCE = 20.0
"""Seconds that anything may take on a busy machine."""

WELCOME, CONNECTION, CONNECTION_END, REQUEST, CANCEL, DRAIN = 1, 2, 3, 4, 5, 6
DATA, CREDIT, MESSAGE, CLOSE = 10, 11, 12, 13
HELLO, BEGIN, EARLY_HINTS, RESPONSE, TRAILERS, FILE, ACCEPT, ABORT, DONE = range(20, 29)
END_FLAG, DONE_FLAG, TRAILERS_FLAG, TEXT_FLAG, EXPECT_FLAG, WEBSOCKET_FLAG, LENGTH_FLAG = 1, 2, 4, 8, 16, 32, 64

Pairs = Iterable[tuple[bytes, bytes]]


def frame(kind: int, id: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([kind]) + id.to_bytes(4, "little") + payload


def text(value: str | bytes, size: str = "H") -> bytes:  # noqa: the annotation is never evaluated
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<" + size, len(data)) + data


def fields(pairs: Pairs) -> bytes:
    block = b""
    for name, value in pairs:
        known = name.decode() in NAMES[1:]
        block += bytes([NAMES.index(name.decode())]) if known else b"\0" + text(name)
        block += text(value)
    return struct.pack("<I", len(block)) + block


@dataclass
class Frame:
    """A frame from the worker."""

    kind: int
    id: int
    flags: int = 0
    status: int = 0
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    number: int = 0
    text: str = ""
    descriptor: Optional[int] = None
    offset: int = 0
    length: int = 0

    @property
    def is_end(self) -> bool:
        return bool(self.flags & END_FLAG)

    @property
    def is_done(self) -> bool:
        return self.kind == DONE or bool(self.flags & DONE_FLAG)


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        assert len(self.data) >= size, "frame is cut short"
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def number(self, code: str) -> int:
        (value,) = struct.unpack("<" + code, self.take(struct.calcsize(code)))
        return int(value)

    def text(self) -> bytes:
        return self.take(self.number("H"))

    def fields(self) -> list[tuple[bytes, bytes]]:
        block, pairs = Reader(self.take(self.number("I"))), []
        while block.data:
            id = block.number("B")
            name = NAMES[id].encode() if id else block.text()
            pairs.append((name, block.text()))
        return pairs


def decode(kind: int, id: int, payload: bytes) -> Frame:
    read, result = Reader(payload), Frame(kind, id)
    if kind == HELLO:
        assert read.number("H") == VERSION
        result.number = read.number("I")
        read.number("I")
        result.flags = read.number("B")
        result.text = read.text().decode()
    elif kind in (BEGIN, DONE):
        pass
    elif kind == EARLY_HINTS:
        result.fields = read.fields()
    elif kind == RESPONSE:
        result.flags, result.status, result.fields = read.number("B"), read.number("H"), read.fields()
        result.body = read.take(len(read.data))
    elif kind == DATA:
        result.flags = read.number("B")
        result.body = read.take(len(read.data))
    elif kind == TRAILERS:
        result.flags, result.fields = read.number("B"), read.fields()
    elif kind == FILE:
        result.flags, result.offset, result.length = read.number("B"), read.number("Q"), read.number("Q")
    elif kind == ACCEPT:
        result.text, result.fields = read.text().decode(), read.fields()
    elif kind == ABORT:
        result.flags = read.number("B")
    elif kind == CREDIT:
        result.number = read.number("I")
    elif kind == MESSAGE:
        result.flags = read.number("B")
        result.body = read.take(len(read.data))
    elif kind == CLOSE:
        result.number, result.text = read.number("H"), read.text().decode()
    else:
        raise AssertionError(f"the worker sent a frame of kind {kind}")
    assert not read.data, "frame is longer than its fields"
    return result


@dataclass
class Exchange:
    """What the front knows of an open exchange; checks every frame against the rules."""

    id: int
    is_websocket: bool = False
    credit: int = RESPONSE_CREDIT
    is_begun: bool = False
    stage: str = "open"
    is_done: bool = False
    is_cancelled: bool = False
    frames: list[Frame] = field(default_factory=list)

    def receive(self, got: Frame) -> None:
        assert not self.is_done, f"{got} after DONE"
        self.frames.append(got)
        if got.kind not in (BEGIN, CREDIT):
            assert self.is_begun or self.is_cancelled or got.kind == DONE, f"{got} of an exchange that did not begin"
        is_before = self.stage == "open"
        if got.kind == BEGIN:
            self.is_begun = True
        elif got.kind == EARLY_HINTS:
            assert is_before, got
        elif got.kind == RESPONSE:
            assert is_before and 200 <= got.status <= 999, got
            self.stage = "ended" if got.is_end else "started"
        elif got.kind in (DATA, FILE, TRAILERS):
            assert self.stage == "started", got
            self.stage = "ended" if got.is_end or got.kind == TRAILERS else "started"
        elif got.kind == ACCEPT:
            assert is_before and self.is_websocket, got
            self.stage = "accepted"
        elif got.kind == MESSAGE:
            assert self.stage == "accepted", got
        elif got.kind == CLOSE:
            assert self.is_websocket and self.stage != "ended", got
            self.stage = "ended"
        elif got.kind == ABORT:
            self.stage = "ended"
        if got.kind in (RESPONSE, DATA, MESSAGE):
            assert len(got.body) <= MAX_DATA, "a piece is too large"
            self.credit -= len(got.body)
            assert self.credit >= 0, "over the credit"
        self.is_done = got.is_done


@dataclass
class Response:
    """A whole answer."""

    status: int = 0
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    is_complete: bool = False
    is_aborted: bool = False
    frames: list[Frame] = field(default_factory=list)

    def header(self, name: bytes) -> Optional[bytes]:
        return next((value for key, value in self.fields if key == name), None)


class Link:
    """The front's end of a link."""

    def __init__(self, connection: socket.socket, multiprocess: bool = False) -> None:
        self.socket = connection
        self.socket.settimeout(PATIENCE)
        self.buffer = b""
        self.descriptors: list[int] = []
        self.exchanges: dict[int, Exchange] = {}
        self.order: list[int] = []
        self.unread: list[Frame] = []
        self.next_id = 1
        self.reads = 0
        self.send(frame(WELCOME, 0, struct.pack("<HB", VERSION, multiprocess) + text("tlsgi/test")))
        self.connect(1)
        self.hello = self.read_frame()
        assert self.hello.kind == HELLO, self.hello
        # Of a WSGI worker: where it notes its calls.
        self.ledger = self.descriptors.pop(0) if self.descriptors else None

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def connect(
        self,
        id: int,
        client: tuple[str, int] = ("127.0.0.1", 50000),
        server: tuple[str, int] = ("127.0.0.1", 8443),
        is_https: bool = False,
        tls: Optional[dict[str, Any]] = None,
        environ: Pairs = (),
    ) -> None:
        """Tells the facts of a client connection."""
        payload = bytes([is_https | (tls is not None) << 1])
        payload += text(client[0]) + struct.pack("<H", client[1]) + text(server[0]) + struct.pack("<H", server[1])
        if tls is not None:
            payload += struct.pack("<HH", tls.get("version", 0x0304), tls.get("cipher_suite", 0x1301))
            payload += text(tls.get("server_name", "")) + text(tls.get("server_certificate", ""), "I")
            payload += text(tls.get("client_chain", ""), "I") + text(tls.get("client_name", ""))
            payload += text(tls.get("client_error", ""))
        block = b"".join(b"\0" + text(name) + text(value) for name, value in environ)
        self.send(frame(CONNECTION, id, payload + struct.pack("<I", len(block)) + block))

    def encode_request(
        self,
        method: str = "GET",
        path: bytes = b"/",
        query: bytes = b"",
        headers: Pairs = ((b"host", b"localhost"),),
        body: bytes = b"",
        is_end: bool = True,
        version: int = 11,
        connection: int = 1,
        mount: str = "",
        is_websocket: bool = False,
        expects_continue: bool = False,
        length: Optional[int] = None,
    ) -> tuple[Exchange, bytes]:
        """Opens an exchange without writing it."""
        exchange = Exchange(self.next_id, is_websocket)
        self.next_id += 1
        flags = END_FLAG * is_end | EXPECT_FLAG * expects_continue | WEBSOCKET_FLAG * is_websocket
        flags |= LENGTH_FLAG * (length is not None)
        payload = struct.pack("<BBI", flags, version, connection)
        payload += bytes([METHODS.index(method)]) if method in METHODS else bytes([0, len(method)]) + method.encode()
        if length is not None:
            payload += struct.pack("<Q", length)
        payload += text(mount) + text(path) + text(query) + fields(headers) + body
        self.exchanges[exchange.id] = exchange
        self.order.append(exchange.id)
        self._presume()
        return exchange, frame(REQUEST, exchange.id, payload)

    def open(self, **request: Any) -> Exchange:
        """Opens an exchange."""
        exchange, data = self.encode_request(**request)
        self.send(data)
        return exchange

    def data(self, exchange: Exchange, data: bytes, is_end: bool = False) -> None:
        self.send(frame(DATA, exchange.id, bytes([END_FLAG * is_end]) + data))

    def message(self, exchange: Exchange, data: str | bytes, is_end: bool = True) -> None:
        is_text = isinstance(data, str)
        payload = data.encode() if isinstance(data, str) else data
        self.send(frame(MESSAGE, exchange.id, bytes([TEXT_FLAG * is_text | END_FLAG * is_end]) + payload))

    def close_websocket(self, exchange: Exchange, code: int = 1000, reason: str = "") -> None:
        self.send(frame(CLOSE, exchange.id, struct.pack("<H", code) + text(reason)))

    def cancel(self, exchange: Exchange, reason: int = 1) -> None:
        exchange.is_cancelled = True
        self.send(frame(CANCEL, exchange.id, bytes([reason])))

    def grant(self, exchange: Exchange, size: int) -> None:
        exchange.credit += size
        # A worker that is through may have closed the link already; what it sent before is still to be read.
        with contextlib.suppress(BrokenPipeError):
            self.send(frame(CREDIT, exchange.id, struct.pack("<I", size)))

    def drain(self) -> None:
        self.send(frame(DRAIN, 0))

    def read_frame(self) -> Frame:
        """The next frame, whatever it is about."""
        while True:
            if len(self.buffer) >= 8:
                size = int.from_bytes(self.buffer[:3], "little")
                if len(self.buffer) >= 8 + size:
                    kind, id = self.buffer[3], int.from_bytes(self.buffer[4:8], "little")
                    payload, self.buffer = self.buffer[8 : 8 + size], self.buffer[8 + size :]
                    return self._accept(decode(kind, id, payload))
            data, ancillary, _, _ = self.socket.recvmsg(1 << 20, socket.CMSG_SPACE(128 * 4))
            self.reads += 1
            for _, _, content in ancillary:
                numbers = array.array("i")
                numbers.frombytes(content)
                self.descriptors.extend(numbers)
            if not data:
                raise EOFError("the worker closed the link")
            self.buffer += data

    def frame_of(self, exchange: Exchange) -> Frame:
        """The next frame of an exchange; those of others are kept for them."""
        for at, waiting in enumerate(self.unread):
            if waiting.id == exchange.id:
                return self.unread.pop(at)
        while True:
            got = self.read_frame()
            if got.id == exchange.id:
                return got
            self.unread.append(got)

    def expect(self, exchange: Exchange, kind: int) -> Frame:
        """The next frame of an exchange, `Begin` and `Credit` aside, which must be of this kind."""
        while True:
            got = self.frame_of(exchange)
            if got.kind == kind or got.kind not in (BEGIN, CREDIT):
                assert got.kind == kind, got
                return got

    def response(self, exchange: Exchange, grants: bool = True) -> Response:
        """Reads an exchange to its end."""
        result = Response()
        while not result.frames or not result.frames[-1].is_done:
            got = self.frame_of(exchange)
            result.frames.append(got)
            if got.kind == RESPONSE:
                result.status, result.fields = got.status, got.fields
            if got.kind in (RESPONSE, DATA):
                result.body += got.body
                if grants and got.body and not got.is_end:
                    self.grant(exchange, len(got.body))
            if got.kind == FILE:
                assert got.descriptor is not None
                result.body += os.pread(got.descriptor, got.length, got.offset)
                os.close(got.descriptor)
            result.is_aborted |= got.kind == ABORT
            result.is_complete |= got.is_end or got.kind == TRAILERS
        return result

    def request(self, **request: Any) -> Response:
        """One request and its whole answer."""
        return self.response(self.open(**request))

    def is_quiet(self, seconds: float = 0.1) -> bool:
        """Whether nothing comes for a while."""
        return not self.buffer and not select.select([self.socket], [], [], seconds)[0]

    def noted(self, exchange: Exchange) -> int:
        """Which call the worker noted last under the exchange's id."""
        assert self.ledger is not None
        return struct.unpack("=I", os.pread(self.ledger, 4, 4 * exchange.id))[0]

    def close(self) -> None:
        self.socket.close()
        if self.ledger is not None:
            os.close(self.ledger)
            self.ledger = None

    def _accept(self, got: Frame) -> Frame:
        if got.kind == HELLO:
            return got
        if got.kind == FILE:
            got.descriptor = self.descriptors.pop(0)
        exchange = self.exchanges[got.id]
        exchange.receive(got)
        if got.is_done:
            self.order.remove(got.id)
            self._presume()
        return got

    def _presume(self) -> None:
        open_exchanges = [self.exchanges[id] for id in self.order]
        if open_exchanges and not any(exchange.is_begun for exchange in open_exchanges):
            open_exchanges[0].is_begun = True


class Worker:
    """A real worker process and the supervisor's end of its control socket."""

    def __init__(self, directory: Path, reference: str = "application:app", **start: Any) -> None:
        self.control, theirs = socket.socketpair()
        self.control.settimeout(PATIENCE)
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "PYTHONWARNINGS": "error"}
        environment.update(start.pop("environment", {}))
        self.log = directory / "worker.log"
        with theirs, self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tlsgi.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stderr=log,
                cwd=directory,
                env=environment,
            )
        self.links: list[Link] = []
        self.send("start", reference=reference, directory=str(directory), **start)

    def send(self, op: str, descriptors: Iterable[int] = (), **content: Any) -> None:
        message = json.dumps({"op": op, **content}).encode()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self.control.sendmsg([struct.pack("<I", len(message)) + message], rights)

    def receive(self) -> Optional[dict[str, Any]]:
        """The next control message, or None at the end."""
        head = self._exactly(4)
        if not head:
            return None
        message: dict[str, Any] = json.loads(self._exactly(struct.unpack("<I", head)[0]))
        return message

    def ready(self) -> dict[str, Any]:
        """Waits until the application is started."""
        message = self.receive()
        assert message is not None and message["op"] == "ready", (message, self.log.read_text())
        return message

    def attach(self) -> Link:
        """A new link."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.send("attach", [theirs.fileno()])
        try:
            self.links.append(Link(ours))
        except BaseException:
            ours.close()
            raise
        return self.links[-1]

    def stop(self, timeout: float = 5.0) -> int:
        """Stops the worker and gives its exit status."""
        self.send("stop", timeout=timeout)
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def logged(self, needle: str) -> str:
        """The log, once it says so."""
        end = time.monotonic() + PATIENCE
        while needle not in self.log.read_text():
            assert time.monotonic() < end, f"{needle!r} is not in the log:\n{self.log.read_text()}"
            time.sleep(0.01)
        return self.log.read_text()

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found.group(1)) * 1024

    def close(self) -> None:
        for link in self.links:
            link.close()
        self.control.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.control.recv(size - len(data))
            if not more:
                return b""
            data += more
        return data
