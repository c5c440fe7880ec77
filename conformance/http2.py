"""An HTTP/2 client on the h2 package that may also break the rules."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Callable, Iterator

import h2.config
import h2.connection
import h2.events

PATIENCE = 15.0


@dataclass
class Stream:
    """What came on one stream."""

    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hints: list[dict[str, str]] = field(default_factory=list)
    trailers: dict[str, str] = field(default_factory=dict)
    is_ended: bool = False
    reset: int | None = None

    @property
    def status(self) -> int:
        """0 before the head came."""
        return int(self.fields.get(":status", "0"))


class Http2:
    """One connection; use it as a context manager."""

    def __init__(self, opened: ssl.SSLSocket, is_silent: bool = False) -> None:
        assert opened.selected_alpn_protocol() == "h2", "the server does not speak HTTP/2"
        self.socket = opened
        self.streams: dict[int, Stream] = {}
        self.goaway: int | None = None
        self.is_closed = False
        self.settings: dict[int, int] = {}
        self.takes_credit = True
        config = h2.config.H2Configuration(
            header_encoding="latin-1", validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.h2 = h2.connection.H2Connection(config)
        if not is_silent:
            self.h2.initiate_connection()
            self.flush()

    def __enter__(self) -> "Http2":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def flush(self) -> None:
        """Sends what h2 has to say."""
        self.raw(self.h2.data_to_send())

    def raw(self, data: bytes) -> None:
        """Sends any bytes; a peer that left is no error here."""
        try:
            self.socket.sendall(data)
        except (OSError, ssl.SSLError):
            self.is_closed = True

    def frame(self, kind: int, flags: int, stream: int, payload: bytes = b"") -> None:
        """Sends one frame, whatever h2 thinks of it."""
        self.raw(len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload)

    def request(self, path: str, *fields: tuple[str, str], is_end: bool = True, method: str = "GET") -> int:
        """Opens a stream."""
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path), *fields]
        return self.send_head(stream, head, is_end)

    def send_head(self, stream: int, head: list[tuple[str, str]], is_end: bool = True) -> int:
        """Opens a stream with exactly these fields."""
        self.h2.send_headers(stream, head, end_stream=is_end)
        self.flush()
        self.streams[stream] = Stream()
        return stream

    def read_until(self, condition: Callable[[], bool], timeout: float = PATIENCE) -> bool:
        """Reads until the condition holds or the connection ends; whether it holds."""
        deadline = time.monotonic() + timeout
        while not condition() and not self.is_closed and (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except socket.timeout:
                break
            except (OSError, ssl.SSLError):
                data = b""
            if not data:
                self.is_closed = True
                break
            for event in self.h2.receive_data(data):
                self._take(event)
            self.flush()
        return condition()

    def raw_frames(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Kind, flags, stream and payload of what comes until the end, for what h2 does not read: frames behind GOAWAY."""
        data = b""
        self.socket.settimeout(PATIENCE)
        try:
            while piece := self.socket.recv(65536):
                data += piece
        except (ConnectionResetError, ssl.SSLEOFError):
            pass
        while len(data) >= 9:
            end = 9 + int.from_bytes(data[:3], "big")
            yield data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:end]
            data = data[end:]

    def _take(self, event: h2.events.Event) -> None:
        stream = self.streams.setdefault(getattr(event, "stream_id", 0) or 0, Stream())
        if isinstance(event, h2.events.InformationalResponseReceived):
            stream.hints.append(dict(event.headers))
        elif isinstance(event, h2.events.ResponseReceived):
            stream.fields = dict(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            if self.takes_credit:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream.is_ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = int(event.error_code)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = int(event.error_code)
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings.update({int(code): changed.new_value for code, changed in event.changed_settings.items()})

    def answer(self, stream: int) -> Stream:
        """The stream once it is over."""
        got = self.streams[stream]
        self.read_until(lambda: got.is_ended or got.reset is not None)
        return got

    def get(self, path: str, *fields: tuple[str, str]) -> Stream:
        """A request without a body."""
        return self.answer(self.request(path, *fields))
