"""The WSGI contract (PEP 3333): the environ and the input."""

from __future__ import annotations

import time
import uuid
from typing import Any, Callable

import pytest

from .servers import Server

LINES = b"first\nsecond line\n\nlast without end"


def environ(server: Server, target: str = "/environ", *fields: str, method: str = "GET") -> dict[str, Any]:
    """The strings of the environ of one request."""
    with server.connect() as connection:
        return connection.get(target, *fields, method=method).json()["strings"]


def events(server: Server, key: str, wanted: int = 1) -> list[Any]:
    """What the application noted under a key, once it noted enough."""
    deadline = time.monotonic() + 5
    while True:
        with server.connect() as connection:
            got: list[Any] = connection.get(f"/events?{key}").json()
        if len(got) >= wanted or time.monotonic() > deadline:
            return got
        time.sleep(0.02)


def unique() -> str:
    """A key that no other check uses."""
    return uuid.uuid4().hex


def test_environ_has_what_is_required(wsgi: Server) -> None:
    """With the right types, in a plain dict."""
    with wsgi.connect() as connection:
        got = connection.get("/environ/a?b=c").json()
    strings, types, flags = got["strings"], got["types"], got["flags"]
    assert got["environ"]
    expected = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/environ/a",
        "QUERY_STRING": "b=c",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "https",
        "REMOTE_ADDR": "127.0.0.1",
    }
    assert {name: strings.get(name) for name in expected} == expected
    assert strings["SERVER_NAME"] and int(strings["SERVER_PORT"])
    assert not {"CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & set(types)
    assert flags["wsgi.version"] == [1, 0]
    assert (flags["wsgi.multithread"], flags["wsgi.multiprocess"], flags["wsgi.run_once"]) == (True, False, False)
    assert "NoneType" not in types.values()
    assert all(ord(letter) < 256 for value in strings.values() for letter in value)


@pytest.mark.parametrize("name", ["RAW_URI", "REQUEST_URI", "REMOTE_PORT", "SERVER_SOFTWARE"])
def test_environ_has_what_applications_expect_besides(wsgi: Server, name: str) -> None:
    """Names that are no part of the PEP and that frameworks look for."""
    with wsgi.connect() as connection:
        port = connection.socket.getsockname()[1]
        got = connection.get("/environ/a%20b?c=%20d").json()["strings"][name]
    assert got and (not name.endswith("URI") or got == "/environ/a%20b?c=%20d") and (name != "REMOTE_PORT" or int(got) == port)


def test_input_is_said_to_end(wsgi: Server) -> None:
    """``wsgi.input_terminated``: Werkzeug reads a body without a length only then."""
    with wsgi.connect() as connection:
        assert connection.get("/environ").json()["flags"].get("wsgi.input_terminated") is True


@pytest.mark.parametrize("name", ["wsgi.file_wrapper", "wsgi.early_hints"])
def test_optional_callable_is_offered(wsgi: Server, name: str) -> None:
    """In the environ."""
    with wsgi.connect() as connection:
        assert name in connection.get("/environ").json()["types"]


def test_environ_is_fresh(wsgi: Server) -> None:
    """What one request puts into it, no other sees."""
    with wsgi.connect() as connection:
        for _ in range(3):
            assert "conformance.mark" not in connection.get("/environ").json()["strings"]


def test_environ_has_nothing_of_the_process(wsgi: Server) -> None:
    """Its environment holds secrets, and debug pages show the environ."""
    assert "CONFORMANCE_SECRET" not in environ(wsgi)


def test_tls_facts_have_the_names_of_apache(wsgi: Server) -> None:
    """PEP 3333 asks for them."""
    strings = environ(wsgi)
    assert strings["HTTPS"] == "on"
    assert strings["SSL_PROTOCOL"] == "TLSv1.3" and strings["SSL_CIPHER"].startswith("TLS_AES")


def test_claims_of_a_client_are_not_believed(start: Callable[..., Server]) -> None:
    """Without configuration there is no trusted proxy, on this machine neither."""
    claims = ("X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.1")
    with start("wsgi", is_tls=False).connect_plain() as connection:
        strings = connection.get("/environ", *claims).json()["strings"]
    assert strings["wsgi.url_scheme"] == "http" and strings["REMOTE_ADDR"] == "127.0.0.1"


def test_plain_requests_have_no_tls_facts(start: Callable[..., Server]) -> None:
    """Nothing claims to be secure."""
    with start("wsgi", is_tls=False).connect_plain() as connection:
        strings = connection.get("/environ").json()["strings"]
    assert strings["wsgi.url_scheme"] == "http" and strings.get("HTTPS", "off") == "off"
    assert not {"SSL_PROTOCOL", "SSL_CIPHER", "SSL_CLIENT_VERIFY"} & set(strings)


@pytest.mark.parametrize(
    "target, path, query",
    [
        ("/environ/caf%C3%A9", "/environ/caf\xc3\xa9", ""),
        ("/environ/%ff%fe", "/environ/\xff\xfe", ""),
        ("/environ/a%2Fb", "/environ/a/b", ""),
        ("/environ/%zz%4", "/environ/%zz%4", ""),
        ("/environ//a/./../b", "/environ//a/./../b", ""),
        ("/environ/a+b", "/environ/a+b", ""),
        ("/environ/a?b%20c?d", "/environ/a", "b%20c?d"),
        ("/environ?", "/environ", ""),
        ("/environ/a;b=c", "/environ/a;b=c", ""),
        ("//environ/a", "//environ/a", ""),
    ],
)
def test_path_is_decoded_to_bytes(wsgi: Server, target: str, path: str, query: str) -> None:
    """Percent-decoded once, tunnelled as latin-1, not normalised; the query stays encoded."""
    strings = environ(wsgi, target)
    assert (strings["PATH_INFO"], strings["QUERY_STRING"]) == (path, query)


def test_absolute_target_is_split(wsgi: Server) -> None:
    """The path goes to PATH_INFO."""
    strings = environ(wsgi, "http://other.example:81/environ/a?b", "X-Field: 1")
    assert (strings["PATH_INFO"], strings["QUERY_STRING"]) == ("/environ/a", "b")


def test_authority_of_an_absolute_target_replaces_host(wsgi: Server) -> None:
    """RFC 9112 3.2.2."""
    strings = environ(wsgi, "http://other.example:81/environ/a?b", "X-Field: 1")
    assert strings["HTTP_HOST"] == "other.example:81"


def test_star_is_the_path_of_server_options(wsgi: Server) -> None:
    """``OPTIONS *`` reaches the application as such."""
    assert environ(wsgi, "*", method="OPTIONS")["PATH_INFO"] == "*"


def test_version_is_told(wsgi: Server) -> None:
    """SERVER_PROTOCOL is that of the request."""
    with wsgi.connect() as connection:
        strings = connection.ask(b"GET /environ HTTP/1.0\r\nHost: localhost\r\n\r\n").json()["strings"]
    assert strings["SERVER_PROTOCOL"] == "HTTP/1.0"


def test_fields_become_http_variables(wsgi: Server) -> None:
    """Content fields have no prefix; values lose the space around them and keep their bytes."""
    strings = environ(
        wsgi, "/environ", "Content-Type: text/x", "X-One:  a \t", "x-lower: b", "X-Latin: caf\xe9", "X-Empty:"
    )
    assert strings["CONTENT_TYPE"] == "text/x" and "HTTP_CONTENT_TYPE" not in strings
    assert [strings[f"HTTP_X_{name}"] for name in ("ONE", "LOWER", "LATIN", "EMPTY")] == ["a", "b", "caf\xe9", ""]


def test_repeated_fields_are_joined_by_commas(wsgi: Server) -> None:
    """In order."""
    assert environ(wsgi, "/environ", "X-Two: a", "X-Two: b")["HTTP_X_TWO"].replace(" ", "") == "a,b"


def test_repeated_cookies_are_joined_by_semicolons(wsgi: Server) -> None:
    """A comma would be part of the first value."""
    assert environ(wsgi, "/environ", "Cookie: a=1", "Cookie: b=2")["HTTP_COOKIE"] == "a=1; b=2"


def test_names_with_underscores_are_dropped(wsgi: Server) -> None:
    """They would be taken for fields that a proxy or the server vouches for."""
    strings = environ(wsgi, "/environ", "X_Forwarded_Proto: https", "Content_Length: 5", "X-Real: yes", "X_Real: no")
    assert "HTTP_X_FORWARDED_PROTO" not in strings and "CONTENT_LENGTH" not in strings
    assert strings["HTTP_X_REAL"] == "yes" and "HTTP_CONTENT_LENGTH" not in strings


def test_proxy_field_is_dropped(wsgi: Server) -> None:
    """HTTP_PROXY would steer the application's own requests (httpoxy)."""
    assert "HTTP_PROXY" not in environ(wsgi, "/environ", "Proxy: http://evil.example/")


def test_hop_by_hop_fields_do_not_frame_for_the_application(wsgi: Server) -> None:
    """A chunked body reaches the application decoded; its end is the end of the input."""
    body = b"3\r\nabc\r\n5\r\ndefgh\r\n0\r\nX-Trailer: no\r\n\r\n"
    with wsgi.connect() as connection:
        request = b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert connection.ask(request % b"/echo" + body).body == b"abcdefgh"
        strings = connection.ask(request % b"/environ" + body).json()["strings"]
        assert "HTTP_X_TRAILER" not in strings and "CONTENT_LENGTH" not in strings


def test_mount_becomes_script_name(start: Callable[..., Server]) -> None:
    """SCRIPT_NAME and PATH_INFO together are the path."""
    server = start("wsgi", mount="/app")
    with server.connect() as connection:
        for target, path in (("/app/environ/x", "/environ/x"), ("/app", ""), ("/app/", "/")):
            strings = connection.get(target).json()["strings"]
            assert (strings["SCRIPT_NAME"], strings["PATH_INFO"]) == ("/app", path)


def test_only_whole_segments_are_mounted(start: Callable[..., Server]) -> None:
    """Nothing else reaches the application."""
    with start("wsgi", mount="/app").connect() as connection:
        assert connection.get("/application").status == 404


EXPECTED = {
    "read": [LINES],
    "read -1": [LINES],
    "read 0": [b"", LINES],
    "read 4": [LINES[start : start + 4] for start in range(0, len(LINES), 4)],
    "read beyond": [LINES],
    "readline": LINES.splitlines(True),
    "readline 3": [b"fir", b"st\n", b"sec", b"ond", b" li", b"ne\n", b"\n", b"las", b"t w", b"ith", b"out", b" en", b"d"],
    "readline -1": LINES.splitlines(True),
    "readlines": LINES.splitlines(True),
    "readlines 5": LINES.splitlines(True),
    "iterate": LINES.splitlines(True),
    "list": LINES.splitlines(True),
    "mixed": [b"fi", b"rst\n", b"second line\n", b"\nlast without end"],
    "end": [LINES, b"", b"", b""],
}


@pytest.mark.parametrize("framing", ["length", "chunked", "late"])
@pytest.mark.parametrize("method", EXPECTED)
def test_input(wsgi: Server, method: str, framing: str) -> None:
    """Every way to read gives exactly the body, however it was framed and however it arrives."""
    head = f"POST /reads/{method.replace(' ', '%20')} HTTP/1.1\r\nHost: localhost\r\n".encode()
    if framing == "chunked":
        chunks = (LINES[:7], LINES[7:8], LINES[8:])
        body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
        request = head + b"Transfer-Encoding: chunked\r\n\r\n" + body
    else:
        request = head + b"Content-Length: %d\r\n\r\n" % len(LINES) + LINES
    with wsgi.connect() as connection:
        got = connection.ask(request, piece=9 if framing == "late" else None).json()
        assert [piece.encode("latin-1") for piece in got] == EXPECTED[method]
        assert connection.get("/unread").status == 200


@pytest.mark.parametrize("method", ["read", "readline", "readlines", "list", "end"])
def test_input_of_a_request_without_body(wsgi: Server, method: str) -> None:
    """Is at its end at once."""
    with wsgi.connect() as connection:
        assert "".join(connection.get(f"/reads/{method}").json()) == ""


def test_large_input(wsgi: Server) -> None:
    """Longer than any buffer."""
    body = bytes(range(256)) * 20_000
    with wsgi.connect() as connection:
        assert connection.get("/echo", method="POST", body=body).body == body
        assert connection.get("/count", method="POST", body=body).json() == len(body)


def test_client_that_leaves_in_the_body_is_an_oserror(wsgi: Server) -> None:
    """A short body would be taken for a complete one."""
    key = unique()
    with wsgi.connect() as connection:
        head = f"POST /upload?{key} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
        connection.send(head.encode() + b"x" * 400_000)
        assert events(wsgi, key) == ["begun"]
    assert events(wsgi, key, 2) == ["begun", "OSError True"]


@pytest.mark.parametrize("method", ["list", "read", "line"])
def test_validator_is_content(wsgi: Server, method: str) -> None:
    """``wsgiref.validate`` asserts the environ, the input, and the order of calls."""
    with wsgi.connect() as connection:
        for _ in range(2):
            response = connection.get(f"/validated/{method}?a=b", "Cookie: a=b", method="POST", body=b"one\ntwo\n")
            assert (response.status, response.body) == (200, b"one\ntwo\n"), response.body[:500]
        assert connection.get("/validated/list", method="HEAD").status == 200


def test_validator_is_content_with_write(wsgi: Server) -> None:
    """The callable that start_response returns."""
    with wsgi.connect() as connection:
        assert connection.get("/validated-write").body == b"written and returned"


def test_errors_stream_takes_any_text(wsgi: Server) -> None:
    """And it stands in the log."""
    with wsgi.connect() as connection:
        assert connection.get("/errors").json() == "written"
    deadline = time.monotonic() + 5
    while "conformance three" not in wsgi.log() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert all(f"conformance {word}" in wsgi.log() for word in ("\u20ac one", "two", "three"))
