"""The WSGI contract (PEP 3333): start_response, write(), the iterable and its end."""

from __future__ import annotations

from typing import Callable

import pytest

from .http1 import Truncated
from .servers import Server
from .test_wsgi import events, unique


def test_start_in_the_first_iteration(wsgi: Server) -> None:
    """A generator function starts its response late."""
    with wsgi.connect() as connection:
        response = connection.get("/late")
    assert (response.status, response.one("x-late")) == (404, "yes")
    assert response.body == b"late"


def test_write_comes_before_the_iterable(wsgi: Server) -> None:
    """In order, as one body."""
    with wsgi.connect() as connection:
        assert connection.get("/write").body == b"one two three"
        assert connection.get("/write-only").body == b"written"


def test_response_is_replaced_before_it_began(wsgi: Server) -> None:
    """``exc_info`` lets an error page take the place."""
    with wsgi.connect() as connection:
        response = connection.get("/replace")
        assert (response.status, response.body, response.one("x-first")) == (500, b"replaced", None)


def test_empty_block_does_not_begin_the_response(wsgi: Server) -> None:
    """It can still be replaced."""
    with wsgi.connect() as connection:
        assert connection.get("/replace-empty").status == 503


def test_response_is_not_replaced_after_it_began(wsgi: Server) -> None:
    """The exception of ``exc_info`` is raised again, and the client sees the truncation."""
    key = unique()
    with wsgi.connect() as connection, pytest.raises(Truncated):
        connection.get(f"/replace-late?{key}")
    assert events(wsgi, key) == ["raised too late"]


def test_second_start_is_an_error(wsgi: Server) -> None:
    """AssertionError in the application, 500 for the client."""
    key = unique()
    with wsgi.connect() as connection:
        assert connection.get(f"/twice?{key}").status == 500
    assert events(wsgi, key) == ["AssertionError"]


@pytest.mark.parametrize(
    "row",
    [
        "status without a reason",
        "status of bytes",
        "status of two digits",
        "line feed in the status",
        "fields as a tuple",
        "field name of bytes",
        "field value of bytes",
        "field value a number",
        "line feed in a value",
        "bare line feed in a value",
        "NUL in a value",
        "line feed in a name",
        "space in a name",
        "colon in a name",
        "empty name",
        "value beyond latin-1",
        "informational status",
    ],
)
def test_wrong_start(wsgi: Server, row: str) -> None:
    """Refused when it is told, or answered by 500; never sent."""
    with wsgi.connect() as connection:
        response = connection.get(f"/wrong/{row.replace(' ', '%20')}")
        assert response.one("x-injected") is None
        assert response.status == 500 or response.body.startswith(b"refused"), (response.status, response.fields)


CLOSED = {
    "normally": b"xxxxxxxx",
    "is too long": b"xxxx",
    "has no body": b"",
    "raises": None,
    "raises at once": None,
    "client leaves": None,
}


@pytest.mark.parametrize("mode", CLOSED)
def test_iterable_is_closed_once(wsgi: Server, mode: str) -> None:
    """Whatever happens."""
    key = unique()
    with wsgi.connect() as connection:
        target = f"/closing/{mode.replace(' ', '%20')}?{key}"
        if CLOSED[mode] is not None:
            assert connection.get(target).body == CLOSED[mode]
        elif mode == "raises":
            with pytest.raises(Truncated):
                connection.get(target)
        elif mode == "raises at once":
            assert connection.get(target).status == 500
        else:
            connection.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            connection.read(100_000)
    assert events(wsgi, key) == ["close"]


def test_iterable_of_head_is_closed_once(wsgi: Server) -> None:
    """The body is not sent, and the end is the same."""
    key = unique()
    with wsgi.connect() as connection:
        assert connection.get(f"/closing/normally?{key}", method="HEAD").status == 200
    assert events(wsgi, key) == ["close"]


@pytest.mark.parametrize("room", ["text", "never", "never-empty", "raises"])
def test_fault_before_the_first_byte_is_500(wsgi: Server, room: str) -> None:
    """A complete response, and the server lives on."""
    with wsgi.connect() as connection:
        response = connection.get(f"/{room}")
        assert response.status == 500 and "None" not in response.reason
        assert b"on purpose" not in response.body, "the client is told what only the log may say"
    with wsgi.connect() as connection:
        assert connection.get("/unread").status == 200


def test_exit_of_the_application_is_500(start: Callable[..., Server]) -> None:
    """SystemExit is a fault of the application, and the next request is answered."""
    server = start("wsgi")
    with server.connect() as connection:
        assert connection.get("/exits").status == 500
    with server.connect() as connection:
        assert connection.get("/unread").status == 200


def test_fault_after_the_first_byte_is_a_truncation(wsgi: Server) -> None:
    """The response must not look complete; the log has the traceback."""
    with wsgi.connect() as connection, pytest.raises(Truncated):
        connection.get("/raises-late")
    assert "raised late on purpose" in wsgi.log()


@pytest.mark.parametrize("room", ["step", "write-step"])
def test_block_is_sent_before_the_next_is_asked_for(wsgi: Server, room: str) -> None:
    """No holding back."""
    key = unique()
    with wsgi.connect() as connection:
        connection.send(f"GET /{room}?{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.head().status == 200
        assert connection.chunk() == b"first"
        with wsgi.connect() as other:
            other.get(f"/open?{key}")
        assert (connection.chunk(), connection.chunk()) == (b"second", b"")


def test_too_long_body_is_cut_to_its_length(wsgi: Server) -> None:
    """And the connection goes on at the right byte."""
    with wsgi.connect() as connection:
        assert connection.get("/length/6/16").body == b"012345"
        assert connection.get("/unread").status == 200
        assert connection.get(f"/write-too-much?{unique()}").body == b"0123"
        assert connection.get("/unread").status == 200


def test_too_short_body_is_visible(wsgi: Server) -> None:
    """The response is cut, or a 500 where nothing was sent yet; the client does not wait."""
    with wsgi.connect() as connection:
        try:
            assert connection.get("/length/10/5").status == 500
        except Truncated:
            pass


def test_single_block_has_its_length(wsgi: Server) -> None:
    """The only case in which the server may know it."""
    with wsgi.connect() as connection:
        response = connection.get("/single")
        assert (response.framing, response.body) == ("length", b"single")


def test_no_block_has_the_length_0(wsgi: Server) -> None:
    """Or no chunk but the last."""
    with wsgi.connect() as connection:
        assert connection.get("/nothing").body == b""
        assert connection.get("/unread").status == 200


def test_several_blocks_are_chunked(wsgi: Server) -> None:
    """Where the client knows chunks."""
    with wsgi.connect() as connection:
        response = connection.get("/several")
        assert (response.framing, response.body) == ("chunked", b"one two three")


def test_several_blocks_for_a_1_0_client_end_with_the_connection(wsgi: Server) -> None:
    """Chunks came with 1.1."""
    with wsgi.connect() as connection:
        response = connection.ask(b"GET /several HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        assert (response.framing, response.body) == ("close", b"one two three")
        assert response.one("transfer-encoding") is None


@pytest.mark.parametrize("target", ["/single", "/several", "/length/4/4", "/status/200?length=1&empty=1"])
def test_head_has_the_fields_and_no_body(wsgi: Server, target: str) -> None:
    """The application's length is kept."""
    with wsgi.connect() as connection:
        response = connection.get(target, method="HEAD")
        assert response.status == 200 and response.one("content-type") == "text/plain"
        if target.startswith(("/length", "/status")):
            assert response.one("content-length") == "4"
        assert connection.get("/unread").status == 200, "the body was sent"


@pytest.mark.parametrize("status", [204, 205, 304])
def test_status_without_a_body(wsgi: Server, status: int) -> None:
    """Nothing of the body is sent; 204 has no length either."""
    with wsgi.connect() as connection:
        for query in ("", "?length=1", "?empty=1"):
            response = connection.get(f"/status/{status}{query}")
            assert (response.status, response.body) == (status, b"")
            if status == 204:
                assert response.one("content-length") is None
            assert response.one("transfer-encoding") is None or status == 205
            assert connection.get("/unread").status == 200


def test_cookies_stay_apart(wsgi: Server) -> None:
    """Set-Cookie is never joined; the order is kept."""
    with wsgi.connect() as connection:
        response = connection.get("/fields/cookies")
    assert response.all("set-cookie") == ["a=1", "b=2; Expires=Wed, 09 Jun 2027 10:18:14 GMT"]


def test_reason_of_the_application_is_sent(wsgi: Server) -> None:
    """Of known and of unknown status codes."""
    with wsgi.connect() as connection:
        assert connection.get("/fields/cookies").reason == "Very OK"
        assert connection.get("/status/499").reason == "Chosen"


def test_framing_of_the_application_is_dropped(wsgi: Server) -> None:
    """Transfer-Encoding is the server's business."""
    with wsgi.connect() as connection:
        response = connection.get("/fields/hop")
        assert (response.status, response.body) == (200, b"ok") or response.status == 500
        assert response.one("transfer-encoding") is None


def test_wish_of_the_application_to_close_is_honoured(wsgi: Server) -> None:
    """``Connection: close``."""
    with wsgi.connect() as connection:
        assert (connection.get("/fields/close").one("connection") or "").lower() == "close"
        assert connection.is_closed()


def test_date_is_added(wsgi: Server) -> None:
    """Once."""
    with wsgi.connect() as connection:
        assert connection.get("/single").one("date")


def test_date_and_server_of_the_application_stand(wsgi: Server) -> None:
    """Nothing is added to them."""
    with wsgi.connect() as connection:
        response = connection.get("/fields/date")
        assert response.one("date") == "Thu, 01 Jan 1970 00:00:00 GMT"
        assert response.one("server") == "mine"


def test_values_are_latin_1(wsgi: Server) -> None:
    """Every byte comes through, and so does an empty value."""
    with wsgi.connect() as connection:
        assert connection.get("/fields/latin").one("x-latin") == "caf\xe9"
        assert connection.get("/fields/empty").one("x-empty") == ""


FILES = {
    "whole": b"0123456789" * 10000,
    "offset": b"0123456789",
    "length": b"012345678901234",
    "like": b"like a file",
    "closed": b"0123456789" * 10000,
    "middleware": b"o123456789" * 10000,
}


@pytest.mark.parametrize("kind", FILES)
def test_file_wrapper(wsgi: Server, kind: str) -> None:
    """From where the file stands, no further than the length, with or without a descriptor, closed once."""
    key = unique()
    with wsgi.connect() as connection:
        assert connection.get(f"/file/{kind}?{key}").body == FILES[kind]
        assert connection.get("/unread").status == 200
    if kind in ("like", "closed"):
        assert events(wsgi, key) == ["close"]


def test_early_hints(wsgi: Server) -> None:
    """103 before the response, each call one."""
    with wsgi.connect() as connection:
        response = connection.get("/hints")
        assert response.json() == "hinted"
        assert [(hint.status, hint.one("link")) for hint in response.informational] == [
            (103, "</a.css>; rel=preload; as=style"),
            (103, "</b.js>; rel=preload; as=script"),
        ]


def test_early_hints_are_checked(wsgi: Server) -> None:
    """As fields of the response are."""
    with wsgi.connect() as connection:
        response = connection.get("/hints-wrong")
        assert not [hint for hint in response.informational if hint.one("x-injected")]
        assert response.json().startswith("refused")


def test_early_hints_are_not_for_1_0(wsgi: Server) -> None:
    """They do nothing then."""
    with wsgi.connect() as connection:
        response = connection.ask(b"GET /hints HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert (response.status, response.informational) == (200, [])


def test_requests_run_side_by_side(wsgi: Server) -> None:
    """Four that wait leave a thread for others."""
    keys = [unique() for _ in range(4)]
    waiting = [wsgi.connect() for _ in keys]
    for connection, key in zip(waiting, keys):
        connection.send(f"GET /sleep?{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    with wsgi.connect() as other:
        for key in keys:
            other.get(f"/open?{key}")
    for connection in waiting:
        assert connection.response().json() == "woken"
        connection.close()


def test_large_response(wsgi: Server) -> None:
    """Longer than any buffer."""
    with wsgi.connect() as connection:
        response = connection.get("/stream/5000000")
        assert len(response.body) == 5_000_000 and response.framing == "chunked"
