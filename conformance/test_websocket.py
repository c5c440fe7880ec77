"""WebSocket over HTTP/1.1, with the client of the `websockets` package."""

from __future__ import annotations

import json
import os
import signal
from typing import Any, Callable

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from .http1 import Connection
from .servers import Server
from .test_wsgi import events, unique


def open_socket(server: Server, target: str, **options: Any) -> ClientConnection:
    """A WebSocket over TLS."""
    options = {"max_size": 1 << 24, "open_timeout": 15, "close_timeout": 5, "proxy": None, **options}
    return connect(f"wss://localhost:{server.port}{target}", sock=server.tcp(), ssl=server.trust, **options)


def closed_with(socket: ClientConnection) -> tuple[int, str]:
    """Code and reason that the server closes with."""
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=15)
    assert closed.value.rcvd is not None, "the connection broke"
    return closed.value.rcvd.code, closed.value.rcvd.reason


def test_scope(asgi: Server) -> None:
    """As the specification lists it."""
    with open_socket(asgi, "/scope/%C3%A9?a=%20b", subprotocols=["one", "two"]) as socket:
        got = json.loads(socket.recv(timeout=15))
    scope = got["scope"]
    expected = {
        "type": "websocket",
        "http_version": "1.1",
        "scheme": "wss",
        "path": "/scope/\xe9",
        "raw_path": {"bytes": "/scope/%C3%A9"},
        "query_string": {"bytes": "a=%20b"},
        "root_path": "",
        "subprotocols": ["one", "two"],
    }
    assert {name: scope.get(name) for name in expected} == expected
    assert "method" not in scope
    assert scope["state"]["made"] == "at startup"
    assert "websocket.http.response" in scope["extensions"] and got["first"] == {"type": "websocket.connect"}


def test_addresses_are_a_host_and_a_number(asgi: Server) -> None:
    """The port is an int."""
    with open_socket(asgi, "/scope") as socket:
        scope = json.loads(socket.recv(timeout=15))["scope"]
    assert scope["server"] == ["127.0.0.1", asgi.port] and type(scope["client"][1]) is int


@pytest.mark.parametrize("compression", ["deflate", None])
def test_messages_come_back(asgi: Server, compression: str | None) -> None:
    """Text and bytes, empty, small and of a megabyte, whole and in fragments."""
    noise = os.urandom(1 << 20)
    messages: list[str | bytes] = ["", b"", "caf\xe9 \U0001f600", b"\x00\xff", "x" * (1 << 20), noise]
    with open_socket(asgi, "/echo", compression=compression) as socket:
        for message in messages:
            socket.send(message)
            assert socket.recv(timeout=15) == message
        socket.send(["frag", "men", "ted"])
        assert socket.recv(timeout=15) == "fragmented"
        socket.send([noise[:70000], noise[70000:]])
        assert socket.recv(timeout=15) == noise


def test_deflate_is_negotiated(asgi: Server) -> None:
    """permessage-deflate."""
    with open_socket(asgi, "/echo") as socket:
        assert "permessage-deflate" in socket.response.headers.get("Sec-WebSocket-Extensions", "")


def test_ping_is_answered(asgi: Server) -> None:
    """With its own bytes, also between fragments."""
    with open_socket(asgi, "/echo") as socket:
        assert socket.ping(b"there?").wait(10)


def test_receive_has_one_of_two_keys(asgi: Server) -> None:
    """``text`` or ``bytes``, the other one None or left out."""
    with open_socket(asgi, "/keys") as socket:
        socket.send("text")
        got = json.loads(socket.recv(timeout=15))
        assert (got["type"], got["text"], got.get("bytes")) == ("websocket.receive", "text", None)
        socket.send(b"bytes")
        got = json.loads(socket.recv(timeout=15))
        assert (got["bytes"], got.get("text")) == ({"bytes": "bytes"}, None)


def test_accept_chooses_the_subprotocol(asgi: Server) -> None:
    """One of those that were offered."""
    with open_socket(asgi, "/accept", subprotocols=["one", "two"]) as socket:
        assert socket.subprotocol == "two"


def test_accept_adds_fields(asgi: Server) -> None:
    """To the 101."""
    with open_socket(asgi, "/accept", subprotocols=["one", "two"]) as socket:
        assert socket.response.headers["X-Accepted"] == "yes"
        assert socket.response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
        assert closed_with(socket)[0] == 1000


def test_close_before_accept_is_403(asgi: Server) -> None:
    """The handshake is not completed."""
    with pytest.raises(InvalidStatus) as refused, open_socket(asgi, "/reject"):
        pass
    assert refused.value.response.status_code == 403


def test_answer_instead_of_accept(asgi: Server) -> None:
    """``websocket.http.response``."""
    with pytest.raises(InvalidStatus) as refused, open_socket(asgi, "/answer"):
        pass
    response = refused.value.response
    assert (response.status_code, response.headers["X-Denied"], response.body) == (401, "yes", b"denied")


@pytest.mark.parametrize("code", [1000, 1008, 3000, 4999])
def test_close_of_the_application(asgi: Server, code: int) -> None:
    """Its code and reason arrive."""
    with open_socket(asgi, f"/close/{code}?{unique()}") as socket:
        assert closed_with(socket) == (code, "because")


def test_send_after_the_close_is_an_error(asgi: Server) -> None:
    """Of the application, never silent; what it receives is ``websocket.disconnect``."""
    key = unique()
    with open_socket(asgi, f"/close/1000?{key}") as socket:
        closed_with(socket)
    got = events(asgi, key, 2)
    assert got[0]["type"] == "websocket.disconnect" and got[1:] and got[1].startswith("OSError")


@pytest.mark.parametrize("code", [1000, 1001, 4000])
def test_close_of_the_client(asgi: Server, code: int) -> None:
    """The application hears the code."""
    key = unique()
    with open_socket(asgi, f"/echo?{key}") as socket:
        socket.close(code, "bye")
        assert events(asgi, key)[0]["code"] == code


def test_reason_of_the_client_is_told(asgi: Server) -> None:
    """With the code."""
    key = unique()
    with open_socket(asgi, f"/echo?{key}") as socket:
        socket.close(4000, "bye")
        assert events(asgi, key)[0].get("reason") == "bye"


def test_close_without_a_code_is_1005(asgi: Server) -> None:
    """As RFC 6455 reserves it."""
    key = unique()
    with asgi.connect() as connection:
        handshake(connection, f"/echo?{key}")
        connection.send(b"\x88\x80\x00\x00\x00\x00")
        assert events(asgi, key)[0]["code"] == 1005


def test_client_that_vanishes_is_told(asgi: Server) -> None:
    """With 1006."""
    key = unique()
    with asgi.connect() as connection:
        handshake(connection, f"/wait?{key}")
    got = events(asgi, key)[0]
    assert (got["type"], got["code"]) == ("websocket.disconnect", 1006)


def test_return_of_the_application_closes(asgi: Server) -> None:
    """In order, or as the fault that it may be."""
    with open_socket(asgi, "/return") as socket:
        assert closed_with(socket)[0] in (1000, 1011)


def test_fault_of_the_application_closes_with_1011(asgi: Server) -> None:
    """An internal error."""
    with open_socket(asgi, "/raise") as socket:
        assert closed_with(socket)[0] == 1011


def test_fault_before_accept_is_403_or_500(asgi: Server) -> None:
    """The handshake is not completed."""
    with pytest.raises(InvalidStatus) as refused, open_socket(asgi, "/raise-early"):
        pass
    assert refused.value.response.status_code in (403, 500)


@pytest.mark.parametrize("kind", ["neither", "unknown", "http", "accept", "types"])
def test_wrong_message(asgi: Server, kind: str) -> None:
    """Raised out of ``send``."""
    with open_socket(asgi, f"/wrong/{kind}") as socket:
        assert socket.recv(timeout=15) == "refused"


def test_idle_client_is_pinged(start: Callable[..., Server]) -> None:
    """So that one that is gone is noticed, and what stands between does not forget the connection."""
    server = start("asgi", ping=1)
    with server.connect() as connection:
        handshake(connection, f"/wait?{unique()}")
        connection.socket.settimeout(6)
        assert connection.read(1)[0] == 0x89


def test_stop_closes_with_1001_or_1012(start: Callable[..., Server]) -> None:
    """The client knows that it may come back."""
    server = start("asgi")
    with open_socket(server, f"/wait?{unique()}") as socket:
        server.signal(signal.SIGTERM)
        assert closed_with(socket)[0] in (1001, 1012)
    server.wait(15)


def test_odd_bytes_in_a_field_split_nothing(asgi: Server) -> None:
    """A handshake is read once: no other parser takes 0x85 for the end of a line."""
    with asgi.connect() as connection:
        handshake(connection, "/scope", "X-One: a\x85X-Two: b", "X-Three: c\x0bX-Four: d".replace("\x0b", "\xa0"))
        assert connection.read(1) == b"\x81"
        size = connection.read(1)[0]
        scope = json.loads(connection.read(int.from_bytes(connection.read(2), "big") if size == 126 else size))["scope"]
    names = [name["bytes"] for name, _ in scope["headers"]]
    assert "x-one" in names and not {"x-two", "x-four"} & set(names)


def test_compressed_message_beyond_the_limit(asgi: Server) -> None:
    """64 MiB of zeros are 64 KiB on the wire; the limit is for what they become."""
    with open_socket(asgi, "/echo") as socket:
        socket.send(bytes(1 << 26))
        assert closed_with(socket)[0] == 1009


FRAMES = {
    "unmasked": (b"\x81\x02hi", 1002),
    "reserved bit": (b"\xc1\x80\x00\x00\x00\x00", 1002),
    "unknown opcode": (b"\x83\x80\x00\x00\x00\x00", 1002),
    "fragmented ping": (b"\x09\x80\x00\x00\x00\x00", 1002),
    "long ping": (b"\x89\xfe\x00\x7e\x00\x00\x00\x00" + b"x" * 126, 1002),
    "continuation of nothing": (b"\x80\x80\x00\x00\x00\x00", 1002),
    "text inside a text": (b"\x01\x81\x00\x00\x00\x00a\x81\x81\x00\x00\x00\x00b", 1002),
    "text that is no UTF-8": (b"\x81\x82\x00\x00\x00\x00\xc3\x28", 1007),
    "close with one byte": (b"\x88\x81\x00\x00\x00\x00\x03", 1002),
    "close with a reserved code": (b"\x88\x82\x00\x00\x00\x00\x03\xed", 1002),
    "message beyond the limit": (b"\x82\xff\x00\x00\x00\x00\x7f\xff\xff\xff\x00\x00\x00\x00", 1009),
}


@pytest.mark.parametrize("row", FRAMES)
def test_broken_frame_ends_the_connection(asgi: Server, row: str) -> None:
    """With the code that RFC 6455 names."""
    data, code = FRAMES[row]
    with asgi.connect() as connection:
        handshake(connection, "/echo")
        connection.send(data)
        assert connection.read(2)[0] == 0x88
        assert int.from_bytes(connection.read(2), "big") == code


def handshake(connection: Connection, target: str, *fields: str) -> None:
    """Opens a WebSocket without extensions on a raw connection."""
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    response = connection.get(target, *upgrade, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *fields)
    assert response.status == 101
    assert response.one("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("row", ["version 12", "no key", "short key"])
def test_broken_handshake_is_refused(asgi: Server, row: str) -> None:
    """400, or 426 with the version that would work."""
    fields = ["Connection: Upgrade", "Upgrade: websocket"]
    fields.append(f"Sec-WebSocket-Version: {12 if row == 'version 12' else 13}")
    if row != "no key":
        fields.append(f"Sec-WebSocket-Key: {'c2hvcnQ=' if row == 'short key' else 'dGhlIHNhbXBsZSBub25jZQ=='}")
    with asgi.connect() as connection:
        response = connection.get("/echo", *fields)
    assert response.status in (400, 426)
    if response.status == 426:
        assert response.one("sec-websocket-version") == "13"
