"""HTTP/2 by ALPN: what reaches the application, what is refused, and clients that abuse it."""

from __future__ import annotations

import json
import signal
from typing import Callable

import h2.settings
import pytest

from .http2 import Http2
from .servers import Server

pytestmark = pytest.mark.applies_to("tlsgi", "granian")

DATA, HEADERS, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 7, 8, 9
END_STREAM = 1


def open_http2(server: Server) -> Http2:
    """A connection."""
    return Http2(server.tls("h2"))


def assert_serves(server: Server) -> None:
    """Another client is answered."""
    with open_http2(server) as other:
        assert other.get("/unread").status == 200


def test_environ(wsgi: Server) -> None:
    """Says HTTP/2 and has the authority as the host."""
    with open_http2(wsgi) as connection:
        strings = json.loads(connection.get("/environ/%C3%A9?a=b", ("x-one", "1")).body)["strings"]
    assert strings["SERVER_PROTOCOL"] in ("HTTP/2", "HTTP/2.0")
    assert (strings["HTTP_HOST"], strings["PATH_INFO"], strings["QUERY_STRING"]) == ("localhost", "/environ/\xc3\xa9", "a=b")
    assert strings["HTTP_X_ONE"] == "1" and not [name for name in strings if name.startswith("HTTP_:")]


def test_scope(asgi: Server) -> None:
    """Says 2, has the host first and no pseudo-fields."""
    with open_http2(asgi) as connection:
        got = json.loads(connection.get("/scope", ("host", "localhost"), ("x-one", "1")).body)["scope"]
    names = [name["bytes"] for name, _ in got["headers"]]
    assert got["http_version"] == "2" and got["scheme"] == "https"
    assert names.count("host") == 1 and not [name for name in names if name.startswith(":")]


def test_cookie_crumbs_are_joined(asgi: Server) -> None:
    """By a semicolon (RFC 9113 8.2.3)."""
    with open_http2(asgi) as connection:
        got = json.loads(connection.get("/scope", ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")).body)["scope"]
    assert [value["bytes"] for name, value in got["headers"] if name["bytes"] == "cookie"] == ["a=1; b=2"]


def test_body_both_ways(wsgi: Server) -> None:
    """Longer than every window."""
    body = bytes(range(256)) * 2000
    with open_http2(wsgi) as connection:
        stream = connection.request("/echo", is_end=False, method="POST")
        sent = 0
        while sent < len(body):
            window = min(connection.h2.local_flow_control_window(stream), connection.h2.max_outbound_frame_size)
            if window == 0:
                assert connection.read_until(lambda: connection.h2.local_flow_control_window(stream) > 0)
                continue
            connection.h2.send_data(stream, body[sent : sent + window])
            connection.flush()
            sent += window
        connection.h2.end_stream(stream)
        connection.flush()
        assert connection.answer(stream).body == body


def test_streams_run_side_by_side(asgi: Server) -> None:
    """A slow one holds no other up."""
    with open_http2(asgi) as connection:
        slow = connection.request("/sleep?h2")
        assert [connection.get("/unread").status for _ in range(5)] == [200] * 5
        assert connection.get("/open?h2").status == 200
        assert connection.answer(slow).body == b'"woken"'


def test_early_hints(asgi: Server) -> None:
    """103 before the head."""
    with open_http2(asgi) as connection:
        got = connection.get("/hints")
        assert [hint[":status"] for hint in got.hints] == ["103"] and got.status == 200


def test_trailers(asgi: Server) -> None:
    """Behind the body for who wants them."""
    with open_http2(asgi) as connection:
        got = connection.get("/trailers", ("te", "trailers"))
        assert (got.body, got.trailers) == (b"body", {"x-first": "1", "x-second": "2"})


def test_connection_fields_of_the_application_are_dropped(wsgi: Server) -> None:
    """They have no meaning and would break the client."""
    with open_http2(wsgi) as connection:
        for kind in ("hop", "close"):
            got = connection.get(f"/fields/{kind}")
            assert got.status == 200 and not {"connection", "transfer-encoding"} & set(got.fields)


def test_fault_before_the_first_byte_is_500(wsgi: Server) -> None:
    """The connection lives on."""
    with open_http2(wsgi) as connection:
        assert connection.get("/raises").status == 500
        assert connection.get("/unread").status == 200


def test_fault_after_the_first_byte_is_a_reset(wsgi: Server) -> None:
    """The connection lives on."""
    with open_http2(wsgi) as connection:
        got = connection.get("/raises-late")
        assert got.reset is not None and not got.is_ended
        assert connection.get("/unread").status == 200


def test_too_long_body_is_cut_to_its_length(wsgi: Server) -> None:
    """The stream ends in order."""
    with open_http2(wsgi) as connection:
        assert connection.get("/length/6/16").body == b"012345"
        assert connection.get("/unread").status == 200


HEAD = [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", "/unread")]
MALFORMED = {
    "connection field": [*HEAD, ("connection", "close")],
    "transfer-encoding": [*HEAD, ("transfer-encoding", "chunked")],
    "te of something else": [*HEAD, ("te", "gzip")],
    "upper-case name": [*HEAD, ("X-Upper", "1")],
    "unknown pseudo-field": [*HEAD, (":unknown", "1")],
    "pseudo-field behind a field": [*HEAD[:3], ("x", "1"), HEAD[3]],
    "no path": HEAD[:3],
    "empty path": [*HEAD[:3], (":path", "")],
    "two paths": [*HEAD, HEAD[3]],
    "no method": HEAD[1:],
    "line feed in a value": [*HEAD, ("x", "a\r\nb: c")],
    "NUL in a value": [*HEAD, ("x", "a\0b")],
    "length of a body that does not come": [*HEAD, ("content-length", "5")],
    "two hosts": [*HEAD, ("host", "other.example")],
}


@pytest.mark.parametrize("row", MALFORMED)
def test_malformed_request_is_refused(wsgi: Server, row: str) -> None:
    """By a reset of its stream or by 400; it never reaches the application."""
    with open_http2(wsgi) as connection:
        got = connection.answer(connection.send_head(1, MALFORMED[row]))
        assert got.reset is not None or got.status in (400, 421) or connection.goaway, (got.status, got.body)


def test_websocket_over_http2(asgi: Server) -> None:
    """RFC 8441."""
    with open_http2(asgi) as connection:
        connection.read_until(lambda: bool(connection.settings))
        assert connection.settings.get(int(h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL)) == 1
        head = [(":method", "CONNECT"), (":protocol", "websocket"), *HEAD[1:3], (":path", "/echo")]
        stream = connection.send_head(1, [*head, ("sec-websocket-version", "13")], is_end=False)
        got = connection.streams[stream]
        assert connection.read_until(lambda: got.status == 200)
        connection.h2.send_data(stream, b"\x81\x82\x00\x00\x00\x00hi")
        connection.flush()
        assert connection.read_until(lambda: got.body == b"\x81\x02hi")


def test_stop_says_goaway(start: Callable[..., Server]) -> None:
    """And finishes the stream that runs."""
    server = start("asgi")
    with open_http2(server) as connection:
        stream = connection.request("/delay")
        assert connection.read_until(lambda: connection.streams[stream].body == b"first")
        server.signal(signal.SIGTERM)
        frames = list(connection.raw_frames())
    assert [frame for frame in frames if frame[:2] == (GOAWAY, 0)]
    bodies = [payload for kind, _, number, payload in frames if (kind, number) == (DATA, stream)]
    assert b"".join(bodies) == b"second", "the running stream was cut"
    assert all(int.from_bytes(payload[4:8], "big") == 0 for kind, _, _, payload in frames if kind == GOAWAY)
    assert server.wait(15) == 0


def rapid_reset(connection: Http2) -> None:
    """Opens and resets at once (CVE-2023-44487)."""
    for _ in range(3000):
        stream = connection.h2.get_next_available_stream_id()
        connection.h2.send_headers(stream, HEAD, end_stream=True)
        connection.h2.reset_stream(stream)
        if connection.is_closed:
            return
        connection.flush()


def continuation_flood(connection: Http2) -> None:
    """A header block without an end."""
    connection.frame(HEADERS, END_STREAM, 1, b"\x82\x87\x84")
    for _ in range(20000):
        if connection.is_closed:
            return
        connection.frame(CONTINUATION, 0, 1, b"\x00\x01x\x7f\x00" + b"a" * 127)


def empty_continuations(connection: Http2) -> None:
    """As before, without bytes."""
    connection.frame(HEADERS, END_STREAM, 1, b"\x82\x87\x84")
    for _ in range(20000):
        if connection.is_closed:
            return
        connection.frame(CONTINUATION, 0, 1)


def ping_flood(connection: Http2) -> None:
    """Each must be answered."""
    for _ in range(200):
        connection.raw(b"".join(b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + b"pingpong" for _ in range(50)))


def settings_flood(connection: Http2) -> None:
    """Each must be acknowledged."""
    for _ in range(200):
        connection.raw(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" * 50)


def window_overflow(connection: Http2) -> None:
    """More credit than there can be."""
    connection.frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff")


def no_preface(connection: Http2) -> None:
    """Something else instead of the preface."""
    connection.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)


@pytest.mark.parametrize(
    "abuse",
    [rapid_reset, continuation_flood, empty_continuations, ping_flood, settings_flood, window_overflow, no_preface],
)
def test_abuse_ends_the_connection(wsgi: Server, abuse: Callable[[Http2], None]) -> None:
    """And nobody else notices."""
    with Http2(wsgi.tls("h2"), is_silent=abuse is no_preface) as connection:
        if abuse is not no_preface:
            assert connection.get("/unread").status == 200
        else:
            connection.h2.initiate_connection()
            connection.h2.data_to_send()
        abuse(connection)
        assert_serves(wsgi)
        assert connection.read_until(lambda: connection.goaway is not None or connection.is_closed)


def test_zero_window_costs_nobody_else(wsgi: Server) -> None:
    """Streams that wait for credit hold no thread that others need."""
    with open_http2(wsgi) as connection:
        connection.takes_credit = False
        connection.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
        connection.flush()
        for _ in range(20):
            connection.request("/single")
        assert_serves(wsgi)
