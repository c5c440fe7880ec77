"""The ASGI contract: scope, receive, send, extensions."""

from __future__ import annotations

import time
from typing import Any, Callable

import pytest

from .http1 import Truncated
from .servers import Server
from .test_wsgi import events, unique


def scope(server: Server, target: str = "/scope", *fields: str, method: str = "GET") -> dict[str, Any]:
    """The scope of one request."""
    with server.connect() as connection:
        return connection.get(target, *fields, method=method).json()["scope"]


def fields(scope: dict[str, Any]) -> list[tuple[str, str]]:
    """The header pairs as text."""
    return [(name["bytes"], value["bytes"]) for name, value in scope["headers"]]


def test_scope_has_every_key_with_its_type(asgi: Server) -> None:
    """As the specification lists them."""
    with asgi.connect() as connection:
        got = connection.get("/scope/a?b=%20c", "X-One: 1").json()
    scope = got["scope"]
    assert got["facts"]["is dict"] and got["facts"]["task"]
    expected = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/scope/a",
        "raw_path": {"bytes": "/scope/a"},
        "query_string": {"bytes": "b=%20c"},
        "root_path": "",
    }
    assert {name: scope.get(name) for name in expected} == expected
    assert scope["asgi"]["version"] == "3.0"
    assert ("x-one", "1") in fields(scope) and ("host", "localhost") in fields(scope)


def test_addresses_are_a_host_and_a_number(asgi: Server) -> None:
    """The port is an int."""
    with asgi.connect() as connection:
        client_port = connection.socket.getsockname()[1]
        got = connection.get("/scope").json()["scope"]
    assert (got["client"], got["server"]) == (["127.0.0.1", client_port], ["127.0.0.1", asgi.port])


def test_version_of_the_specification_is_that_of_2024(asgi: Server) -> None:
    """2.4 says that ``send`` raises OSError once the client is gone."""
    assert scope(asgi)["asgi"]["spec_version"] >= "2.4"


def test_versions_are_told(asgi: Server) -> None:
    """``1.0`` is not ``1``."""
    with asgi.connect() as connection:
        got = connection.ask(b"GET /scope HTTP/1.0\r\nHost: localhost\r\n\r\n").json()
    assert got["scope"]["http_version"] == "1.0"


@pytest.mark.parametrize(
    "target, path, raw",
    [
        ("/scope/caf%C3%A9", "/scope/caf\xe9", "/scope/caf%C3%A9"),
        ("/scope/%ff", "/scope/\ufffd", "/scope/%ff"),
        ("/scope/a%2Fb", "/scope/a/b", "/scope/a%2Fb"),
        ("/scope/%zz", "/scope/%zz", "/scope/%zz"),
        ("/scope//a/../b", "/scope//a/../b", "/scope//a/../b"),
        ("//scope/a", "//scope/a", "//scope/a"),
    ],
)
def test_path_is_decoded_once(asgi: Server, target: str, path: str, raw: str) -> None:
    """And is there as it was sent as well."""
    got = scope(asgi, target)
    assert (got["path"], got["raw_path"]["bytes"]) == (path, raw)


def test_absolute_target_is_split(asgi: Server) -> None:
    """The path is the path."""
    got = scope(asgi, "http://other.example/scope/a?b")
    assert (got["path"], got["raw_path"]["bytes"], got["query_string"]["bytes"]) == ("/scope/a", "/scope/a", "b")


def test_authority_of_an_absolute_target_replaces_host(asgi: Server) -> None:
    """RFC 9112 3.2.2."""
    got = scope(asgi, "http://other.example/scope/a?b")
    assert [value for name, value in fields(got) if name == "host"] == ["other.example"]


def test_mount_becomes_root_path(start: Callable[..., Server]) -> None:
    """The path includes it."""
    server = start("asgi", mount="/app")
    with server.connect() as connection:
        got = connection.get("/app/scope/x").json()["scope"]
        assert (got["root_path"], got["path"], got["raw_path"]["bytes"]) == ("/app", "/app/scope/x", "/app/scope/x")


def test_only_whole_segments_are_mounted(start: Callable[..., Server]) -> None:
    """Nothing else reaches the application."""
    with start("asgi", mount="/app").connect() as connection:
        assert connection.get("/application").status == 404


def test_headers_keep_duplicates_and_bytes(asgi: Server) -> None:
    """With names in lower case."""
    got = fields(scope(asgi, "/scope", "X-Two: a", "X-Other: caf\xe9", "x-two: b"))
    assert ("x-other", "caf\xe9") in got and [value for name, value in got if name == "x-two"] == ["a", "b"]


def test_headers_keep_their_order(asgi: Server) -> None:
    """Also when others stand between two of one name."""
    got = fields(scope(asgi, "/scope", "X-Two: a", "X-Other: b", "X-Two: c", "X-Last: d"))
    names = ["x-two", "x-other", "x-two", "x-last"]
    assert [name for name, _ in got if name in names] == names


def test_headers_are_bytes_in_pairs(asgi: Server) -> None:
    """Not text."""
    with asgi.connect() as connection:
        pairs = connection.get("/scope").json()["scope"]["headers"]
    assert all(len(pair) == 2 and all("bytes" in part for part in pair) for pair in pairs)


def test_names_with_underscores_are_dropped(asgi: Server) -> None:
    """Frameworks turn names into variables as CGI does."""
    names = [name for name, _ in fields(scope(asgi, "/scope", "X_Forwarded_Proto: https", "X-Kept: yes"))]
    assert "x_forwarded_proto" not in names and "x-kept" in names


def test_state_of_lifespan_reaches_requests(asgi: Server) -> None:
    """As a shallow copy, on the loop of lifespan."""
    with asgi.connect() as connection:
        first, second = (connection.get("/scope").json() for _ in range(2))
    assert second["scope"]["state"]["made"] == "at startup"
    assert len(second["scope"]["state"]["shared"]) == len(first["scope"]["state"]["shared"]) + 1
    assert "made by a request" not in second["scope"]["state"]
    assert second["facts"]["loop"] and second["facts"]["mark"] is None


def test_tls_extension(asgi: Server) -> None:
    """Version and cipher are mandatory keys."""
    tls = scope(asgi)["extensions"]["tls"]
    assert tls["tls_version"] == 0x0304 and tls["cipher_suite"] in (0x1301, 0x1302, 0x1303)
    assert tls["client_cert_chain"] == [] and tls["client_cert_name"] is None
    assert "BEGIN CERTIFICATE" in tls["server_cert"]


def test_plain_requests_have_no_tls_extension(start: Callable[..., Server]) -> None:
    """Their scheme is http."""
    with start("asgi", is_tls=False).connect_plain() as connection:
        got = connection.get("/scope").json()["scope"]
    assert got["scheme"] == "http" and "tls" not in got.get("extensions", {})


def test_claims_of_a_client_are_not_believed(start: Callable[..., Server]) -> None:
    """Without configuration there is no trusted proxy, on this machine neither."""
    claims = ("X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.1")
    with start("asgi", is_tls=False).connect_plain() as connection:
        got = connection.get("/scope", *claims).json()["scope"]
    assert got["scheme"] == "http" and got["client"][0] == "127.0.0.1"


@pytest.mark.parametrize("name", ["pathsend", "zerocopysend", "early_hint", "trailers"])
def test_extension_is_offered(asgi: Server, name: str) -> None:
    """In the scope."""
    assert scope(asgi).get("extensions", {}).get(f"http.response.{name}") == {}


def test_debug_extension_is_not_offered(asgi: Server) -> None:
    """It is for test clients."""
    assert "http.response.debug" not in scope(asgi).get("extensions", {})


def test_messages_of_a_request(asgi: Server) -> None:
    """The body in pieces, then ``http.disconnect`` for ever."""
    key = unique()
    with asgi.connect() as connection:
        got = connection.get(f"/messages?{key}", method="POST", body=b"body").json()
        assert all(set(message) == {"type", "body", "more_body"} for message in got)
        assert "".join(message["body"]["bytes"] for message in got) == "body"
        assert [message["more_body"] for message in got] == [True] * (len(got) - 1) + [False]
        got = connection.get(f"/messages?{key}").json()
        assert got == [{"type": "http.request", "body": {"bytes": ""}, "more_body": False}]
    assert events(asgi, key, 4) == [{"type": "http.disconnect"}] * 4


def test_body_arrives_while_it_is_sent(asgi: Server) -> None:
    """The answer to a part comes before the next part is sent."""
    with asgi.connect() as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        assert connection.head().status == 200
        assert connection.chunk() == b"one"
        connection.send(b"3\r\ntwo\r\n")
        assert connection.chunk() == b"two"
        connection.send(b"0\r\n\r\n")
        assert connection.chunk() == b""


def test_large_body(asgi: Server) -> None:
    """Longer than any buffer, both ways."""
    body = bytes(range(256)) * 20_000
    with asgi.connect() as connection:
        assert connection.get("/count", method="POST", body=body).json() == len(body)
        response = connection.get("/stream/5000000")
        assert len(response.body) == -(-5_000_000 // 65536) * 65536


def test_client_that_leaves_is_told(asgi: Server) -> None:
    """``http.disconnect`` from receive, again and again."""
    key = unique()
    with asgi.connect() as connection:
        connection.send(f"GET /gone?{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.head().status == 200 and connection.chunk() == b"begun"
    assert events(asgi, key, 3)[:2] == [{"type": "http.disconnect"}] * 2


def test_send_to_a_client_that_left_is_an_oserror(asgi: Server) -> None:
    """So an application that streams for ever comes to an end."""
    key = unique()
    with asgi.connect() as connection:
        connection.send(f"GET /gone?{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.head().status == 200 and connection.chunk() == b"begun"
    assert events(asgi, key, 3)[-1] == "OSError"


def test_receive_can_be_cancelled(asgi: Server) -> None:
    """After the body there is nothing to receive until the client leaves."""
    with asgi.connect() as connection:
        assert connection.get("/timeout", method="POST", body=b"x").json() == "timed out"


def test_piece_is_sent_before_the_next(asgi: Server) -> None:
    """No holding back."""
    key = unique()
    with asgi.connect() as connection:
        connection.send(f"GET /step?{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.head().status == 200 and connection.chunk() == b"first"
        with asgi.connect() as other:
            other.get(f"/open?{key}")
        assert (connection.chunk(), connection.chunk()) == (b"second", b"")


def test_slow_reader_holds_the_application_back(asgi: Server) -> None:
    """``send`` waits while the client does not read."""
    key, size = unique(), 100_000_000
    with asgi.connect() as connection:
        connection.send(f"GET /stream/{size}?{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        connection.head()
        before = None
        while (now := events(asgi, key)) != before:
            before = now
            time.sleep(0.3)
    assert before[0] < size // 2, "the server holds the response in memory"


def test_unread_body_holds_the_client_back(asgi: Server) -> None:
    """Nothing reads the socket on while the application does not receive."""
    key, sent = unique(), 0
    with asgi.connect() as connection:
        head = f"POST /sleep?{key} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"
        connection.send(head.encode())
        connection.socket.settimeout(1)
        try:
            while sent < 100_000_000:
                connection.socket.sendall(b"x" * 1_000_000)
                sent += 1_000_000
        except TimeoutError:
            pass
        with asgi.connect() as other:
            other.get(f"/open?{key}")
    assert sent < 50_000_000, "the server holds the request in memory"


@pytest.mark.parametrize(
    "row",
    [
        "unknown type",
        "no type",
        "body before the start",
        "no status",
        "status as text",
        "field of text",
        "line feed in a value",
        "NUL in a value",
        "line feed in a name",
        "space in a name",
        "empty name",
        "message of a WebSocket",
        "informational status",
    ],
)
def test_wrong_message(asgi: Server, row: str) -> None:
    """Raised out of ``send``, or answered by 500; never sent."""
    with asgi.connect() as connection:
        response = connection.get(f"/wrong/{row.replace(' ', '%20')}")
        assert response.one("x-injected") is None
        assert response.status == 500 or response.body.startswith(b"refused"), (response.status, response.fields)


@pytest.mark.parametrize("kind", ["text", "none", "start"])
def test_wrong_message_after_the_start(asgi: Server, kind: str) -> None:
    """Raised out of ``send``; the response does not look complete."""
    key = unique()
    with asgi.connect() as connection:
        try:
            assert connection.get(f"/wrong-body/{kind}?{key}").status == 500
        except Truncated:
            pass
    assert events(asgi, key) == ["refused"]


def test_body_after_the_last_is_an_error(asgi: Server) -> None:
    """For the application, not for the client."""
    key = unique()
    with asgi.connect() as connection:
        assert connection.get(f"/after?{key}").json() == "done"
    assert events(asgi, key) == ["refused"]


def test_other_types_of_the_same_meaning(asgi: Server) -> None:
    """bytearray and memoryview for a body, tuples, lists and generators for fields; missing keys have their defaults."""
    with asgi.connect() as connection:
        response = connection.get("/kinds")
        assert (response.one("content-type"), response.one("x-list")) == ("text/plain", "yes")
        assert response.body == b"array view"
        response = connection.get("/generator")
        assert (response.one("x-one"), response.one("x-two")) == ("yes", "yes")


def test_fields_may_be_bytes_of_any_type(asgi: Server) -> None:
    """bytearray and memoryview, as for a body."""
    with asgi.connect() as connection:
        response = connection.get("/field-kinds")
        assert (response.status, response.one("x-array"), response.one("x-view")) == (200, "array", "view")


def test_application_of_asgi_2_is_served(start: Callable[..., Server]) -> None:
    """``application(scope)(receive, send)``."""
    with start("asgi", "lifespan_app:double", lifespan="off").connect() as connection:
        assert connection.get("/").body == b"double"


def test_oserror_that_the_application_lets_through_is_not_logged(asgi: Server) -> None:
    """A client that leaves is no fault of the application."""
    key = unique()
    with asgi.connect() as connection:
        connection.send(f"GET /gone?{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.head().status == 200 and connection.chunk() == b"begun"
    before = asgi.log().count("Traceback")
    assert len(events(asgi, key, 3)) == 3
    with asgi.connect() as connection:
        assert connection.get("/raises").status == 500
    assert asgi.log().count("Traceback") <= before + 1


@pytest.mark.parametrize("room", ["raises", "never", "raises-between"])
def test_fault_before_the_first_byte(asgi: Server, room: str) -> None:
    """500, or a cut where the head was on its way; the server lives on."""
    with asgi.connect() as connection:
        try:
            response = connection.get(f"/{room}")
            assert response.status == 500 and b"on purpose" not in response.body
        except Truncated:
            assert room == "raises-between"
    with asgi.connect() as connection:
        assert connection.get("/unread").status == 200


@pytest.mark.parametrize("room", ["raises-late", "unfinished"])
def test_fault_after_the_first_byte_is_a_truncation(asgi: Server, room: str) -> None:
    """The response must not look complete."""
    with asgi.connect() as connection, pytest.raises(Truncated):
        connection.get(f"/{room}")


def test_too_long_body_is_cut_to_its_length(asgi: Server) -> None:
    """The client gets a whole response and no byte too much."""
    with asgi.connect() as connection:
        assert connection.get("/length/6/16").body == b"012345"
    with asgi.connect() as connection:
        assert connection.get("/unread").status == 200


def test_too_short_body_is_visible(asgi: Server) -> None:
    """The response is cut, or a 500."""
    with asgi.connect() as connection:
        try:
            assert connection.get("/length/10/5").status == 500
        except Truncated:
            pass


@pytest.mark.parametrize("target", ["/several", "/length/4/4", "/status/200?length=1&empty=1"])
def test_head_has_the_fields_and_no_body(asgi: Server, target: str) -> None:
    """The application's length is kept, none is invented."""
    with asgi.connect() as connection:
        response = connection.get(target, method="HEAD")
        assert response.status == 200 and response.one("content-type") == "text/plain"
        assert response.one("content-length") == (None if target == "/several" else "4")
        assert connection.get("/unread").status == 200, "the body was sent"


@pytest.mark.parametrize("status", [204, 205, 304])
def test_status_without_a_body(asgi: Server, status: int) -> None:
    """Nothing of the body is sent; 204 has no length either."""
    with asgi.connect() as connection:
        for query in ("", "?length=1", "?empty=1"):
            response = connection.get(f"/status/{status}{query}")
            assert (response.status, response.body) == (status, b"")
            if status == 204:
                assert response.one("content-length") is None and response.one("transfer-encoding") is None
            assert connection.get("/unread").status == 200


def test_several_pieces_are_chunked(asgi: Server) -> None:
    """Where the client knows chunks."""
    with asgi.connect() as connection:
        response = connection.get("/several")
        assert (response.framing, response.body) == ("chunked", b"one two three")


def test_several_pieces_for_a_1_0_client_end_with_the_connection(asgi: Server) -> None:
    """Chunks came with 1.1."""
    with asgi.connect() as connection:
        response = connection.ask(b"GET /several HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        assert (response.framing, response.body) == ("close", b"one two three")


def test_response_fields(asgi: Server) -> None:
    """Cookies stay apart, and bytes come through."""
    with asgi.connect() as connection:
        assert len(connection.get("/fields/cookies").all("set-cookie")) == 2
        assert connection.get("/fields/latin").one("x-latin") == "caf\xe9"


def test_framing_of_the_application_is_dropped(asgi: Server) -> None:
    """Transfer-Encoding is the server's business."""
    with asgi.connect() as connection:
        response = connection.get("/fields/hop")
        assert (response.body, response.one("transfer-encoding")) == (b"ok", None)


def test_wish_of_the_application_to_close_is_honoured(asgi: Server) -> None:
    """``Connection: close``."""
    with asgi.connect() as connection:
        assert (connection.get("/fields/close").one("connection") or "").lower() == "close"
        assert connection.is_closed()


def test_reason_stands_in_the_status_line(asgi: Server) -> None:
    """ASGI has none of its own: the registered one."""
    with asgi.connect() as connection:
        assert connection.get("/unread").reason == "OK"
        assert connection.get("/status/404").reason == "Not Found"


def test_early_hints(asgi: Server) -> None:
    """103 with every link."""
    with asgi.connect() as connection:
        response = connection.get("/hints")
    assert response.json() == "hinted"
    links = [link for hint in response.informational if hint.status == 103 for link in hint.all("link")]
    assert ", ".join(links) == "</a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script"


def test_early_hints_after_the_start(asgi: Server) -> None:
    """The specification has them there; the head waits for the first piece of the body."""
    with asgi.connect() as connection:
        response = connection.get("/hints-late")
    assert response.body == b"hinted"
    links = [link for hint in response.informational for link in hint.all("link")]
    assert links == ["</a.css>; rel=preload; as=style"]


def test_trailers_go_to_who_wants_them(asgi: Server) -> None:
    """``TE: trailers``."""
    with asgi.connect() as connection:
        response = connection.get("/trailers", "TE: trailers", "Connection: TE")
        assert (response.body, response.trailers) == (b"body", [("x-first", "1"), ("x-second", "2")])
        response = connection.get("/trailers")
        assert (response.body, response.trailers) == (b"body", [])


@pytest.mark.parametrize(
    "room, body",
    [("pathsend", b"0123456789" * 30000), ("zerocopysend", b"<5678901234|" + b"0123456789" * 30000)],
    ids=["pathsend", "zerocopysend"],
)
def test_file_is_sent(asgi: Server, room: str, body: bytes) -> None:
    """By path, and by descriptor between bytes."""
    with asgi.connect() as connection:
        assert connection.get(f"/{room}").body == body


@pytest.mark.parametrize("room", ["pathsend", "zerocopysend"])
def test_file_is_not_sent_for_head(asgi: Server, room: str) -> None:
    """The connection goes on behind the fields."""
    with asgi.connect() as connection:
        assert connection.get(f"/{room}", method="HEAD").status == 200
        assert connection.get("/unread").status == 200
