"""An HTTP/1 client that sends any bytes and reads responses to the letter."""

from __future__ import annotations

import json
import select
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 15.0
# What the connections of the running check sent and got: shown when it fails.
WIRE: list[tuple[str, bytes]] = []


class Truncated(Exception):
    """The peer ended in the middle of a response."""


@dataclass
class Response:
    """One response as it stood on the wire."""

    version: str
    status: int
    reason: str
    fields: list[tuple[str, str]]
    body: bytes = b""
    framing: str = "none"
    trailers: list[tuple[str, str]] = field(default_factory=list)
    informational: list["Response"] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """Every value of a field, in order."""
        return [value for known, value in self.fields if known == name]

    def one(self, name: str) -> str | None:
        """The only value of a field, or None."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} stands {len(values)} times"
        return values[0] if values else None

    def json(self) -> Any:
        """The body, which must be JSON of a 200."""
        assert self.status == 200, f"{self.status} {self.reason}: {self.body[:2000]!r}"
        return json.loads(self.body)


class Connection:
    """One connection; ``buffer`` holds what was read and not yet used."""

    def __init__(self, opened: socket.socket) -> None:
        self.socket, self.buffer = opened, b""
        self.is_truncated = False
        opened.settimeout(PATIENCE)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes without ceremony."""
        self.socket.close()

    def send(self, data: bytes, piece: int | None = None, until_answered: bool = False) -> None:
        """Sends in pieces of so many bytes, all at once by default; a peer that left early is no error here."""
        WIRE.append((">", data))
        try:
            for start in range(0, len(data), piece or len(data) or 1):
                self.socket.sendall(data[start : start + (piece or len(data))])
                if until_answered and self._has_answer():
                    return
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    def _has_answer(self) -> bool:
        """Whether bytes or the end came without waiting for them."""
        if not self.buffer and select.select([self.socket], [], [], 0)[0]:
            self.socket.settimeout(0.01)
            try:
                return not self.fill() or bool(self.buffer)
            except TimeoutError:
                return False
            finally:
                self.socket.settimeout(PATIENCE)
        return bool(self.buffer)

    def ask(self, data: bytes, method: str = "GET", piece: int | None = None, until_answered: bool = False) -> Response:
        """Sends and reads one response."""
        self.send(data, piece, until_answered)
        return self.response(method)

    def get(self, target: str, *fields: str, method: str = "GET", body: bytes | None = None) -> Response:
        """A well-formed request and its response."""
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *fields]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return self.ask("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""), method)

    def fill(self) -> bool:
        """Reads once; whether anything came."""
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError, BrokenPipeError) as error:
            self.is_truncated = not isinstance(error, ssl.SSLZeroReturnError)
            WIRE.append(("<", f"({type(error).__name__})".encode()))
            return False
        WIRE.append(("<", data or b"(end)"))
        self.buffer += data
        return bool(data)

    def rest(self, timeout: float = PATIENCE) -> bytes:
        """Everything until the peer closes; fails when it does not."""
        self.socket.settimeout(timeout)
        while self.fill():
            pass
        self.socket.settimeout(PATIENCE)
        rest, self.buffer = self.buffer, b""
        return rest

    def is_closed(self, timeout: float = PATIENCE) -> bool:
        """Whether the peer closes in time without another byte."""
        try:
            return self.rest(timeout) == b""
        except (TimeoutError, socket.timeout):
            return False

    def read(self, size: int) -> bytes:
        """Exactly so many bytes."""
        while len(self.buffer) < size:
            if not self.fill():
                raise Truncated(f"{len(self.buffer)} of {size} bytes")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def line(self) -> bytes:
        """A line without its CRLF."""
        while b"\n" not in self.buffer:
            if not self.fill():
                raise Truncated(f"in a line: {self.buffer[:200]!r}")
        line, self.buffer = self.buffer.split(b"\n", 1)
        assert line.endswith(b"\r"), f"bare line feed after {line!r}"
        return line[:-1]

    def _fields(self) -> list[tuple[str, str]]:
        fields = []
        while line := self.line():
            name, colon, value = line.partition(b":")
            assert colon and name and not name[:1].isspace() and name == name.strip(), f"not a field: {line!r}"
            fields.append((name.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")))
        return fields

    def head(self) -> Response:
        """A status line and its fields."""
        line = self.line()
        version, _, rest = line.partition(b" ")
        status, space, reason = rest.partition(b" ")
        assert version in (b"HTTP/1.0", b"HTTP/1.1") and len(status) == 3 and status.isdigit(), f"status line {line!r}"
        assert space, f"status line without its second space: {line!r}"
        return Response(version.decode(), int(status), reason.decode("latin-1"), self._fields())

    def response(self, method: str = "GET") -> Response:
        """One final response with its body and the informational ones before it."""
        informational = []
        head = self.head()
        while head.status < 200 and head.status != 101:
            informational.append(head)
            head = self.head()
        head.informational = informational
        codings, length = head.all("transfer-encoding"), head.one("content-length")
        assert not (codings and length is not None), f"both framings: {head.fields}"
        if head.status in (101, 204, 304) or method == "HEAD":
            return head
        if codings:
            assert codings == ["chunked"], codings
            head.framing = "chunked"
            head.body = b"".join(iter(self.chunk, b""))
            head.trailers = self._fields()
        elif length is not None:
            head.framing, head.body = "length", self.read(int(length))
        else:
            head.framing, head.body = "close", self.rest()
        return head

    def chunk(self) -> bytes:
        """One chunk; the last one is empty."""
        size = int(self.line().split(b";")[0], 16)
        if size == 0:
            return b""
        data = self.read(size)
        assert self.line() == b"", "chunk longer than its size"
        return data
