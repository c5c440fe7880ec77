"""What stands below HTTP: resumption, plain HTTP on the TLS port, and clients that stall."""

from __future__ import annotations

import contextlib
import ssl
import time
from typing import Callable

import pytest

from .http1 import Connection
from .servers import Server


def get(server: Server, target: str = "/unread") -> int:
    """The status of a request on a connection of its own."""
    with server.connect() as connection:
        return connection.get(target).status


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_sessions_resume(server: Server, version: ssl.TLSVersion) -> None:
    """Every time."""
    context = server.context("http/1.1")
    context.minimum_version = context.maximum_version = version
    session, resumed = None, []
    for _ in range(6):
        opened = context.wrap_socket(server.tcp(), server_hostname="localhost", session=session)
        with Connection(opened) as connection:
            assert connection.get("/unread").status == 200
            resumed.append(opened.session_reused)
            session = opened.session
    assert resumed == [False] + [True] * 5


def test_http2_is_offered(server: Server) -> None:
    """By ALPN, without being asked for by the operator."""
    with server.tls("h2", "http/1.1") as opened:
        assert opened.selected_alpn_protocol() == "h2"


def test_end_of_a_connection_is_announced(server: Server) -> None:
    """By close_notify: without it nobody can tell the end of a response from a cut."""
    with server.connect() as connection:
        response = connection.get("/unread", "Connection: close")
        assert response.status == 200 and connection.is_closed()
        assert not connection.is_truncated


def test_plain_http_on_the_tls_port_is_answered(server: Server) -> None:
    """By a redirect or by 400, not by silence."""
    with Connection(server.tcp()) as connection:
        response = connection.ask(b"GET /unread?a=b HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert response.status in (301, 307, 308, 400)
    if response.status != 400:
        assert response.one("location") == f"https://localhost:{server.port}/unread?a=b"


def test_stalled_handshake_holds_nobody_up(start: Callable[..., Server]) -> None:
    """Sixteen clients stop inside their ClientHello; the others do not notice."""
    server = start("wsgi" if "wsgi" in interfaces() else "asgi")
    with contextlib.ExitStack() as stalled:
        for _ in range(16):
            connection = stalled.enter_context(server.tcp())
            connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        begun = time.monotonic()
        assert get(server) == 200
        assert time.monotonic() - begun < 3


@pytest.fixture
def impatient(start: Callable[..., Server]) -> Server:
    """A server whose every deadline that it has is a second."""
    return start("wsgi" if "wsgi" in interfaces() else "asgi", is_impatient=True)


def interfaces() -> set[str]:
    """Of the server under test."""
    from .conftest import KIND
    from .servers import INTERFACES

    return INTERFACES[KIND]


STALLED = {
    "no byte at all": (False, b""),
    "half a ClientHello": (False, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "no request after the handshake": (True, b""),
    "half a header block": (True, b"GET / HTTP/1.1\r\nHost: localhost\r\n"),
    "half a body": (True, b"POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"),
    "half a chunk": (True, b"POST /count HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf"),
}


@pytest.mark.parametrize("row", STALLED)
def test_stalled_client_is_dropped(impatient: Server, row: str) -> None:
    """At its deadline of one second, with some patience for a busy machine."""
    is_tls, data = STALLED[row]
    with Connection(impatient.tls("http/1.1") if is_tls else impatient.tcp()) as connection:
        connection.send(data)
        rest = connection.rest(8)
    assert b" 200 " not in rest


def test_dripped_header_is_dropped(impatient: Server) -> None:
    """The deadline is for the whole header block; a byte now and then does not move it."""
    with impatient.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Drip: ")
        connection.socket.settimeout(0.2)
        start = time.monotonic()
        is_open = True
        while is_open and time.monotonic() - start < 6:
            connection.send(b"a")
            try:
                is_open = connection.fill()
            except TimeoutError:
                pass
    assert time.monotonic() - start < 6, "the client can drip for ever"
