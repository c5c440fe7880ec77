"""An HTTP/3 client that keeps 4 connections × 8 streams busy: ``python http3.py PORT CERTIFICATE SECONDS`` prints JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent

CONNECTIONS, STREAMS = 4, 8
REQUEST = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", b"/")]
PATIENCE = 10.0


class Client(QuicConnectionProtocol):
    """One connection; ``ask`` is one request."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._http = H3Connection(self._quic)
        self._answers: dict[int, asyncio.Future[bool]] = {}
        self._statuses: dict[int, bytes] = {}

    async def ask(self) -> bool:
        """Whether the answer was 200 and whole."""
        stream = self._quic.get_next_available_stream_id()
        self._answers[stream] = answered = asyncio.get_running_loop().create_future()
        self._http.send_headers(stream, REQUEST, end_stream=True)
        self.transmit()
        try:
            return await asyncio.wait_for(answered, PATIENCE)
        finally:
            del self._answers[stream]

    def quic_event_received(self, event: QuicEvent) -> None:
        """Called by aioquic."""
        if isinstance(event, ConnectionTerminated):
            for answered in self._answers.values():
                if not answered.done():
                    answered.set_exception(ConnectionResetError(event.reason_phrase))
            return
        for found in self._http.handle_event(event):
            if isinstance(found, HeadersReceived):
                self._statuses[found.stream_id] = dict(found.headers).get(b":status", b"")
            if isinstance(found, (HeadersReceived, DataReceived)) and found.stream_ended:
                answered = self._answers.get(found.stream_id)
                if answered is not None and not answered.done():
                    answered.set_result(self._statuses.pop(found.stream_id, b"") == b"200")


async def _keep_asking(client: Client, deadline: float, latencies: list[float]) -> int:
    failures = 0
    while (began := time.perf_counter()) < deadline:
        try:
            is_answered = await client.ask()
        except (ConnectionError, asyncio.TimeoutError):
            return failures + 1
        failures += not is_answered
        latencies.append((time.perf_counter() - began) * 1e3)
    return failures


async def _connection(port: int, configuration: QuicConfiguration, seconds: float, latencies: list[float]) -> int:
    async with connect("127.0.0.1", port, configuration=configuration, create_protocol=Client) as client:
        deadline = time.perf_counter() + seconds
        return sum(await asyncio.gather(*(_keep_asking(client, deadline, latencies) for _ in range(STREAMS))))


async def _main(port: int, certificate: str, seconds: float) -> None:
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name="localhost")
    configuration.load_verify_locations(certificate)
    latencies: list[float] = []
    began = time.perf_counter()
    tasks = (_connection(port, configuration, seconds, latencies) for _ in range(CONNECTIONS))
    failures = sum(await asyncio.gather(*tasks))
    took = time.perf_counter() - began
    requests = len(latencies) - failures
    print(json.dumps({"requests": requests, "failures": failures, "seconds": took, "latencies": latencies}))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
