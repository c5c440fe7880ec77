"""What a WSGI application finds in its environ."""

from __future__ import annotations

import json
from typing import Any

import pytest

APPLICATION = """
    import json
    from wsgiref.validate import validator

    def inner(environ, start_response):
        plain = {key: value for key, value in environ.items() if isinstance(value, (str, bool, tuple))}
        body = json.dumps(plain).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    app = validator(inner)
"""


@pytest.fixture
def link(start):
    worker = start(APPLICATION, threads=2)
    worker.ready()
    link = worker.attach()
    yield link
    assert worker.stop() == 0
    assert worker.log.read_text() == ""


def environ_of(link: Any, **request: Any) -> dict[str, Any]:
    response = link.request(**request)
    assert response.status == 200, response
    return json.loads(response.body)


def test_required_keys_are_there(link):
    environ = environ_of(link, path=b"/a", query=b"x=1&y=%20", headers=[(b"host", b"example.org:8443")])
    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["SCRIPT_NAME"] == ""
    assert environ["PATH_INFO"] == "/a"
    assert environ["QUERY_STRING"] == "x=1&y=%20"
    assert environ["REQUEST_URI"] == environ["RAW_URI"] == "/a?x=1&y=%20"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("example.org", "8443")
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["SERVER_SOFTWARE"] == "tlsgi/test"
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("127.0.0.1", "50000")
    assert environ["wsgi.version"] == [1, 0]
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["wsgi.multithread"] is True
    assert environ["wsgi.multiprocess"] is False
    assert environ["wsgi.run_once"] is False
    assert environ["wsgi.input_terminated"] is True
    for absent in ("HTTPS", "CONTENT_TYPE", "CONTENT_LENGTH"):
        assert absent not in environ


def test_connection_facts_are_those_of_the_request_s_connection(link):
    environ = [(b"SSL_PROTOCOL", b"TLSv1.3"), (b"SSL_CLIENT_S_DN", "CN=Grüße".encode())]
    tls = {"server_name": "example.org"}
    link.connect(7, client=("2001:db8::1", 4711), is_https=True, tls=tls, environ=environ)
    secure = environ_of(link, connection=7)
    assert (secure["HTTPS"], secure["wsgi.url_scheme"]) == ("on", "https")
    assert (secure["REMOTE_ADDR"], secure["REMOTE_PORT"]) == ("2001:db8::1", "4711")
    assert secure["SSL_PROTOCOL"] == "TLSv1.3"
    assert secure["SSL_CLIENT_S_DN"].encode("latin-1").decode() == "CN=Grüße"
    plain = environ_of(link, connection=1)
    assert "HTTPS" not in plain and "SSL_PROTOCOL" not in plain


@pytest.mark.parametrize(
    ("host", "https", "expected"),
    [
        (b"example.org", False, ("example.org", "80")),
        (b"example.org", True, ("example.org", "443")),
        (b"[::1]:8080", False, ("[::1]", "8080")),
        (b"bad host", False, ("127.0.0.1", "8443")),
        (None, False, ("127.0.0.1", "8443")),
    ],
)
def test_server_name_comes_from_host_when_that_is_valid(link, host, https, expected):
    link.connect(3, is_https=https)
    environ = environ_of(link, connection=3, headers=[(b"host", host)] if host else [])
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == expected


def test_host_may_change_on_a_connection(link):
    for host in ("a.example", "b.example:81", "a.example"):
        environ = environ_of(link, headers=[(b"host", host.encode())])
        assert environ["HTTP_HOST"] == host
        assert environ["SERVER_NAME"] == host.partition(":")[0]


@pytest.mark.parametrize(
    ("path", "decoded"),
    [
        (b"/a%20b", b"/a b"),
        (b"/%C3%A9", "/é".encode()),
        (b"/%ff%FE", b"/\xff\xfe"),
        (b"/%zz%4", b"/%zz%4"),
        (b"/a%2Fb%00", b"/a/b\0"),
        (b"//a/./../b", b"//a/./../b"),
    ],
)
def test_path_is_decoded_to_bytes(link, path, decoded):
    environ = environ_of(link, path=path)
    assert environ["PATH_INFO"].encode("latin-1") == decoded
    assert environ["RAW_URI"] == path.decode()


@pytest.mark.parametrize(
    ("mount", "path", "expected"),
    [
        ("/shop", b"/shop/cart", ("/shop", "/cart")),
        ("/shop", b"/shop", ("/shop", "")),
        ("/shop", b"/sh%6Fp/c%20d", ("/shop", "/c d")),
        ("", b"/shop", ("", "/shop")),
        # A proxy in front cut it off.
        ("/shop", b"/c%20d", ("/shop", "/c d")),
        ("/shop", b"/shopping", ("/shop", "/shopping")),
    ],
)
def test_mount_is_script_name(link, mount, path, expected):
    environ = environ_of(link, mount=mount, path=path)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == expected


def test_header_fields_become_variables(link):
    headers = [
        (b"host", b"a"),
        (b"accept", b"text/html"),
        (b"accept", b"*/*"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-own", b"1"),
        (b"x-own", b"2"),
        (b"x-latin", b"\xe9"),
        (b"x-empty", b""),
        (b"content-type", b"text/plain"),
    ]
    environ = environ_of(link, headers=headers)
    assert environ["HTTP_ACCEPT"] == "text/html,*/*"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_X_OWN"] == "1,2"
    assert environ["HTTP_X_LATIN"] == "\xe9"
    assert environ["HTTP_X_EMPTY"] == ""
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert "HTTP_CONTENT_TYPE" not in environ


def test_repeated_fields_are_read_anew_where_they_differ(link):
    def fields(request_id: str, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        return [(b"host", b"a"), (b"accept", b"x"), (b"x-request-id", request_id.encode()), *more]

    for request_id in ("1", "2", "333"):
        environ = environ_of(link, headers=fields(request_id))
        assert (environ["HTTP_X_REQUEST_ID"], environ["HTTP_ACCEPT"]) == (request_id, "x")
    assert environ_of(link, headers=fields("4", (b"cookie", b"c=1")))["HTTP_COOKIE"] == "c=1"
    assert "HTTP_COOKIE" not in environ_of(link, headers=fields("5"))
    assert "HTTP_X_REQUEST_ID" not in environ_of(link, headers=[(b"host", b"a"), (b"accept", b"x")])
    twice = [(b"host", b"a"), (b"x-request-id", b"1"), (b"x-request-id", b"2")]
    assert [environ_of(link, headers=twice)["HTTP_X_REQUEST_ID"] for _ in range(2)] == ["1,2", "1,2"]
    assert environ_of(link, headers=[(b"accept", b"y")])["HTTP_ACCEPT"] == "y"


def test_dangerous_names_are_dropped(link):
    headers = [(b"host", b"a"), (b"proxy", b"http://evil"), (b"x_forwarded_for", b"1"), (b"content_length", b"9")]
    environ = environ_of(link, headers=headers)
    assert not {"HTTP_PROXY", "HTTP_X_FORWARDED_FOR", "HTTP_CONTENT_LENGTH", "CONTENT_LENGTH"} & set(environ)


def test_one_request_does_not_leak_into_the_next(link):
    first = environ_of(link, method="POST", query=b"x", headers=[(b"host", b"a"), (b"x-one", b"1")], length=2, body=b"ab")
    assert first["CONTENT_LENGTH"] == "2"
    second = environ_of(link, headers=[(b"host", b"a")])
    assert not {"HTTP_X_ONE", "CONTENT_LENGTH"} & set(second)
    assert second["QUERY_STRING"] == ""


@pytest.mark.parametrize(("version", "name"), [(10, "HTTP/1.0"), (11, "HTTP/1.1"), (20, "HTTP/2.0"), (30, "HTTP/3.0")])
def test_protocol_is_named(link, version, name):
    assert environ_of(link, version=version)["SERVER_PROTOCOL"] == name


def test_multiprocess_and_single_thread_are_told_truthfully(start):
    import socket

    from wire import Link

    worker = start(APPLICATION, threads=1)
    worker.ready()
    ours, theirs = socket.socketpair()
    with theirs:
        worker.send("attach", [theirs.fileno()])
    link = Link(ours, multiprocess=True)
    worker.links.append(link)
    assert link.hello.number == 1
    environ = environ_of(link)
    assert (environ["wsgi.multithread"], environ["wsgi.multiprocess"]) == (False, True)


def test_asterisk_is_a_path(start):
    worker = start(
        """
        def app(environ, start_response):
            start_response("200 OK", [])
            return [environ["PATH_INFO"].encode()]
        """
    )
    worker.ready()
    assert worker.attach().request(method="OPTIONS", path=b"*").body == b"*"


def test_environ_is_a_plain_dict_of_plain_strings(start):
    worker = start(
        """
        def app(environ, start_response):
            assert type(environ) is dict
            assert all(type(key) is str for key in environ)
            assert all(type(value) is str for key, value in environ.items() if "." not in key)
            environ.clear()
            start_response("204 No Content", [])
            return []
        """
    )
    worker.ready()
    link = worker.attach()
    assert [link.request().status for _ in range(3)] == [204, 204, 204]
