"""Which requests are refused and which are accepted, sent whole and byte by byte over TLS."""

from __future__ import annotations

import pytest

from .servers import Server

HEAD = b"POST /unread HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /unread HTTP/1.1\r\nHost: localhost\r\n"
# A complete request behind the one under test: it must never be answered.
SMUGGLED = b"GET /environ HTTP/1.1\r\nHost: localhost\r\n\r\n"

REFUSED: dict[str, tuple[bytes, set[int]]] = {
    # Framing
    "length and chunked": (HEAD + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", {400}),
    "chunked and length": (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX", {400}),
    "length twice, equal": (HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", {400}),
    "length twice, different": (HEAD + b"Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc", {400}),
    "length as a list": (HEAD + b"Content-Length: 3, 3\r\n\r\nabc", {400}),
    "length with a plus": (HEAD + b"Content-Length: +3\r\n\r\nabc", {400}),
    "length with a minus": (HEAD + b"Content-Length: -3\r\n\r\nabc", {400}),
    "length with a point": (HEAD + b"Content-Length: 3.0\r\n\r\nabc", {400}),
    "length in hexadecimal": (HEAD + b"Content-Length: 0x3\r\n\r\nabc", {400}),
    "length with an underscore": (HEAD + b"Content-Length: 1_0\r\n\r\n0123456789", {400}),
    "length with a space inside": (HEAD + b"Content-Length: 3 0\r\n\r\nabc", {400}),
    "length in other digits": (HEAD + b"Content-Length: \xd9\xa3\r\n\r\nabc", {400}),
    "length that is empty": (HEAD + b"Content-Length:\r\n\r\n", {400}),
    "length beyond 64 bits": (HEAD + b"Content-Length: 18446744073709551619\r\n\r\nabc", {400, 413}),
    "length of 2^63": (HEAD + b"Content-Length: 9223372036854775808\r\n\r\nabc", {400, 413}),
    "length behind a no-break space": (HEAD + b"Content-Length: \xa03\r\n\r\nabc", {400}),
    "length ended by NUL": (HEAD + b"Content-Length: 3\0\r\n\r\nabc", {400}),
    "length ended by a comma": (HEAD + b"Content-Length: 3,\r\n\r\nabc", {400}),
    "length in superscript": (HEAD + b"Content-Length: \xb3\r\n\r\nabc", {400}),
    "length on a folded line": (HEAD + b"Content-Length:\r\n 3\r\n\r\nabc", {400}),
    "coding and length from a 1.0 client": (
        b"POST /unread HTTP/1.0\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {400, 501},
    ),
    "coding behind a bare line feed": (HEAD + b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "coding behind a bare carriage return": (HEAD + b"X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "coding behind a leading space": (HEAD + b" Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "coding on a folded line": (HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", {400}),
    "coding behind a no-break space": (HEAD + b"Transfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "coding ended by NUL": (HEAD + b"Transfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n", {400}),
    "coding ended by a comma": (HEAD + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", {400, 501}),
    "coding with a parameter": (HEAD + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", {400, 501}),
    "coding in two words": (HEAD + b"Transfer-Encoding: chunked foo\r\n\r\n0\r\n\r\n", {400, 501}),
    "coding with a Kelvin sign": (HEAD + b"Transfer-Encoding: chun\xe2\x84\xaaed\r\n\r\n0\r\n\r\n", {400, 501}),
    "coding that is empty": (HEAD + b"Transfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc", {400, 501}),
    "coding by a name with a no-break space": (HEAD + b"Transfer-Encoding\xa0: chunked\r\n\r\n0\r\n\r\n", {400}),
    "identity before chunked": (HEAD + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "coding without chunked": (HEAD + b"Transfer-Encoding: gzip\r\n\r\nabc", {400, 501}),
    "coding identity": (HEAD + b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", {400, 501}),
    "coding unknown": (HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "chunked not last": (HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", {400, 501}),
    "chunked twice": (HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "chunked in two fields": (HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "chunked behind a control byte": (HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "chunked in quotes": (HEAD + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', {400, 501}),
    "coding that is empty": (HEAD + b"Transfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc", {400, 501}),
    "chunked from a 1.0 client": (
        b"POST /unread HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {400, 501},
    ),
    # Host and target
    "missing host": (b"GET /unread HTTP/1.1\r\n\r\n", {400}),
    "two hosts": (b"GET /unread HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", {400}),
    "host with a path": (b"GET /unread HTTP/1.1\r\nHost: localhost/x\r\n\r\n", {400}),
    "host with user data": (b"GET /unread HTTP/1.1\r\nHost: a@localhost\r\n\r\n", {400}),
    "host with a space": (b"GET /unread HTTP/1.1\r\nHost: local host\r\n\r\n", {400}),
    "host as a list": (b"GET /unread HTTP/1.1\r\nHost: localhost, other\r\n\r\n", {400}),
    "host with a bad port": (b"GET /unread HTTP/1.1\r\nHost: localhost:port\r\n\r\n", {400}),
    "host that is empty": (b"GET /unread HTTP/1.1\r\nHost:\r\n\r\n", {400}),
    "host with a port of six digits": (b"GET /unread HTTP/1.1\r\nHost: localhost:123456\r\n\r\n", {400}),
    "host with a port of 65536": (b"GET /unread HTTP/1.1\r\nHost: localhost:65536\r\n\r\n", {400}),
    "host in quotes": (b'GET /unread HTTP/1.1\r\nHost: "localhost"\r\n\r\n', {400}),
    "absolute target with user data": (b"GET http://a@localhost/unread HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "absolute target without authority": (b"GET http:///unread HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", {400, 405, 501}),
    "target without a slash": (b"GET unread HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "star for GET": (b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "raw UTF-8 in the target": (b"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "space in the target": (b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 505}),
    "control byte in the target": (b"GET /a\x01b HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "fragment in the target": (b"GET /a#b HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "no target": (b"GET HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "empty target": (b"GET  HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    # Request line
    "bare line feeds": (b"GET /unread HTTP/1.1\nHost: localhost\n\n", {400}),
    "bare line feed after a field": (b"GET /unread HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n", {400}),
    "bare carriage return in a value": (GET + b"X-Field: a\rb\r\n\r\n", {400}),
    "leading space": (b" GET /unread HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "two spaces": (b"GET  /unread HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "tab for a space": (b"GET\t/unread\tHTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "space after the version": (b"GET /unread HTTP/1.1 \r\nHost: localhost\r\n\r\n", {400}),
    "version 1.2": (b"GET /unread HTTP/1.2\r\nHost: localhost\r\n\r\n", {400, 505}),
    "version 2.0": (b"GET /unread HTTP/2.0\r\nHost: localhost\r\n\r\n", {400, 505}),
    "version 0.9": (b"GET /unread HTTP/0.9\r\nHost: localhost\r\n\r\n", {400, 505}),
    "version of two digits": (b"GET /unread HTTP/1.10\r\nHost: localhost\r\n\r\n", {400, 505}),
    "version in lower case": (b"GET /unread http/1.1\r\nHost: localhost\r\n\r\n", {400, 505}),
    "two versions": (b"GET /unread HTTP/1.1 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 505}),
    "line feed before the request": (b"\n" + GET + b"\r\n", {400}),
    "vertical tab before the request": (b"\x0b" + GET + b"\r\n", {400}),
    "no version": (b"GET /unread\r\nHost: localhost\r\n\r\n", {400, 505}),
    "lower-case method": (b"get /unread HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 405, 501}),
    "method with a bracket": (b"GE(T /unread HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 405, 501}),
    "binary rubbish": (b"\x80\x00\x01\xff\xfe\r\n\r\n", {400}),
    "preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    # Fields
    "folded line": (GET + b"X-Field: a\r\n b\r\n\r\n", {400}),
    "folded first line": (b"GET /unread HTTP/1.1\r\n Host: localhost\r\n\r\n", {400}),
    "space before the colon": (GET + b"X-Field : a\r\n\r\n", {400}),
    "tab before the colon": (GET + b"X-Field\t: a\r\n\r\n", {400}),
    "space before the colon of a length": (HEAD + b"Content-Length : 3\r\n\r\nabc", {400}),
    "no colon": (GET + b"X-Field\r\n\r\n", {400}),
    "empty name": (GET + b": a\r\n\r\n", {400}),
    "name with a space": (GET + b"X Field: a\r\n\r\n", {400}),
    "name with a slash": (GET + b"X/Field: a\r\n\r\n", {400}),
    "name beyond ASCII": (GET + b"X-F\xc3\xa9: a\r\n\r\n", {400}),
    "NUL in a value": (GET + b"X-Field: a\0b\r\n\r\n", {400}),
    "NUL in a name": (GET + b"X-F\0: a\r\n\r\n", {400}),
    "control byte in a value": (GET + b"X-Field: a\x01b\r\n\r\n", {400}),
    "DEL in a value": (GET + b"X-Field: a\x7fb\r\n\r\n", {400}),
    # Chunks
    "chunk size with a plus": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", {400}),
    "chunk size with 0x": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", {400}),
    "chunk size with an underscore": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0_3\r\nabc\r\n0\r\n\r\n", {400}),
    "chunk size with a space before": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n", {400}),
    "chunk size that is empty": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n", {400}),
    "chunk size beyond 64 bits": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", {400}),
    "chunk longer than its size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", {400}),
    "chunk ended by a bare line feed": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n", {400}),
    "chunk size ended by a bare line feed": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", {400}),
    "chunk size ended by a bare carriage return": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\rabc\r\n0\r\n\r\n",
        {400},
    ),
    "line feed in a chunk extension": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n", {400}),
    "chunk size of 2^63": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n8000000000000000\r\nabc\r\n0\r\n\r\n", {400}),
    "chunk size with a space behind": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", {400}),
    "chunk size ended by NUL": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\0\r\nabc\r\n0\r\n\r\n", {400}),
    "chunk ended by two letters": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n", {400}),
    "chunk ended by nothing": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n", {400}),
    "chunk extension with a carriage return": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;\rab\r\nabc\r\n0\r\n\r\n", {400}),
    "chunk extension with a quoted line end": (
        HEAD + b'Transfer-Encoding: chunked\r\n\r\n3;a="\r\n"\r\nabc\r\n0\r\n\r\n',
        {400},
    ),
    "chunk extension of 20 KB": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;" + b"a" * 20000 + b"\r\nabc\r\n0\r\n\r\n",
        {400, 413, 431},
    ),
    "chunk at the end with bare line feeds": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\n\n", {400}),
    "trailer ended by a bare line feed": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\n\r\n", {400}),
    "trailer without a colon": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n", {400}),
    "trailer with NUL": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: \0\r\n\r\n", {400}),
    "trailer of 100 KB": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        {400, 431},
    ),
    "trailers, 1000 of them": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: a\r\n" * 1000 + b"\r\n",
        {400, 431},
    ),
    "trailer with a space before the colon": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX : a\r\n\r\n", {400}),
    "folded trailer": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n b\r\n\r\n", {400}),
    # Limits
    "request line of 9 KB": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {414}),
    "fields of 70 KB": (GET + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 995) for n in range(70)) + b"\r\n", {431}),
    "one field of 70 KB": (GET + b"X-Long: " + b"a" * 70000 + b"\r\n\r\n", {431}),
    "1000 fields": (GET + b"".join(b"X-%d: a\r\n" % number for number in range(1000)) + b"\r\n", {431}),
}
# The head is fine and the body is not: the room that reads all of it before it answers is asked.
READ = [name for name in REFUSED if name.startswith(("chunk ", "trailer", "line feed in a chunk", "folded trailer"))]


@pytest.mark.parametrize("piece", [None, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("name", REFUSED)
def test_refused(server: Server, name: str, piece: int | None) -> None:
    """The status is right, the connection ends, and what stands behind is not taken for a request."""
    request, statuses = REFUSED[name]
    if name in READ:
        request = request.replace(b"/unread", b"/count")
    if len(request) > 1000 and piece:
        piece = 700
    with server.connect() as connection:
        response = connection.ask(request + SMUGGLED, piece=piece, until_answered=piece is not None)
        assert response.status in statuses, (response.status, response.body[:200])
        assert connection.rest() == b"", "something behind the refusal was answered"


PATHS = {
    "leading empty line": b"\r\n" + GET + b"\r\n",
    "options of the server": b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "empty value": GET + b"X-Field:\r\n\r\n",
    "value without a space": GET + b"X-Field:a\r\n\r\n",
    "value between tabs": GET + b"X-Field:\t a \t\r\n\r\n",
    "bytes above 127 in a value": GET + b"X-Field: caf\xc3\xa9\r\n\r\n",
    "every byte of a token": GET + b"X!#$%&'*+-.^`|~0: a\r\n\r\n",
    "unknown method": b"BREW /unread HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "host with a port": b"GET /unread HTTP/1.1\r\nHost: localhost:8443\r\n\r\n",
    "host of IPv6": b"GET /unread HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n",
    "4 KB target": b"GET /unread/" + b"a" * 4000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "30 KB of fields": GET + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 990) for n in range(30)) + b"\r\n",
    "chunk extension": HEAD + b'Transfer-Encoding: chunked\r\n\r\n3;a=b;c="d"\r\nabc\r\n0\r\n\r\n',
    "chunked in other letters": HEAD + b"Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "chunk size with leading zeros": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0003\r\nabc\r\n000\r\n\r\n",
    "trailer": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: a\r\n\r\n",
    "bytes that others take for line ends": GET + b"X-Field: a\x85b\xa0c\r\n\r\n",
    "connection that names the length": HEAD + b"Connection: Content-Length\r\nContent-Length: 3\r\n\r\nabc",
    "upgrade to something unknown": GET + b"Connection: Upgrade\r\nUpgrade: foo\r\n\r\n",
    "upgrade to h2c": GET
    + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
    "length with leading zeros": HEAD + b"Content-Length: 0003\r\n\r\nabc",
    "GET with a body": GET + b"Content-Length: 3\r\n\r\nabc",
    "1.0 without a host": b"GET /unread HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
}


@pytest.mark.parametrize("piece", [None, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("name", PATHS)
def test_accepted(server: Server, name: str, piece: int | None) -> None:
    """A request of good form is answered, and the connection goes on at the right byte."""
    request = PATHS[name]
    if not request.endswith(b"\r\n\r\n") or request.startswith(HEAD):
        request = request.replace(b"/unread", b"/count")
    if len(request) > 1000 and piece:
        piece = 700
    with server.connect() as connection:
        response = connection.ask(request, piece=piece)
        assert response.status == 200, (response.status, response.body[:200])
        assert connection.get("/unread").status == 200


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    """Also with bodies in between, in one write and cut at odd places."""
    requests = b"".join(
        b"POST /echo?%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n%d" % (number, number)
        + b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n%d\r\n0\r\n\r\n" % number
        for number in range(9)
    )
    for piece in (None, 37):
        with server.connect() as connection:
            connection.send(requests, piece)
            bodies = [connection.response().body for _ in range(18)]
        assert bodies == [b"%d" % (number // 2) for number in range(18)]


def test_trailers_that_frame_do_not(server: Server) -> None:
    """They are ignored or refused; the next request begins behind them."""
    trailers = b"Content-Length: 50\r\nTransfer-Encoding: chunked\r\nHost: other.example\r\n"
    body = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n" + trailers + b"\r\n"
    with server.connect() as connection:
        response = connection.ask(HEAD.replace(b"/unread", b"/count") + body)
        if response.status == 400:
            assert connection.is_closed()
        else:
            assert response.json() == 3 and connection.get("/unread").json() == "ignored"


def test_unread_body_is_not_taken_for_a_request(server: Server) -> None:
    """A body that the application ignores is skipped, or the connection closed."""
    for size in (len(SMUGGLED), 300_000):
        body = SMUGGLED + b"x" * (size - len(SMUGGLED))
        with server.connect() as connection:
            assert connection.get("/unread", method="POST", body=body).json() == "ignored"
            connection.send(b"GET /unread HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert connection.rest().count(b"HTTP/1.1 200") <= 1


def test_continue_is_sent_when_the_application_reads(server: Server) -> None:
    """100 comes before the body is sent, and only then."""
    with server.connect() as connection:
        connection.send(HEAD.replace(b"/unread", b"/count") + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert connection.head().status == 100
        connection.send(b"body")
        assert connection.response().json() == 4


def test_continue_is_not_sent_when_the_application_does_not_read(server: Server) -> None:
    """The final response comes at once; it says that it ends the connection, or the body may follow. Eight times: a server
    may decide it by chance."""
    for _ in range(8):
        with server.connect() as connection:
            response = connection.ask(HEAD + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            assert (response.status, response.informational) == (200, [])
            if (response.one("connection") or "").lower() == "close":
                assert connection.is_closed()
            else:
                assert not connection.is_closed(0.5), "closed without an announcement"
                assert connection.ask(b"body" + GET + b"\r\n").status == 200


def test_unknown_expectation_does_not_confuse(server: Server) -> None:
    """417, or ignored; the body behind it is no request."""
    body = b"GET /environ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with server.connect() as connection:
        head = HEAD + b"Expect: y 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert connection.ask(head + body).status in (200, 417)
        connection.send(GET + b"Connection: close\r\n\r\n")
        assert connection.rest().count(b"HTTP/1.1 200") <= 1


def test_continue_is_not_sent_to_1_0(server: Server) -> None:
    """A 1.0 client does not know 100."""
    request = b"POST /echo HTTP/1.0\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody"
    with server.connect() as connection:
        response = connection.ask(request)
        assert (response.informational, response.body) == ([], b"body")


CLOSING = {
    "by name": GET + b"Connection: close\r\n\r\n",
    "in a list": GET + b"Connection: foo, Close\r\n\r\n",
    "in two fields": GET + b"Connection: foo\r\nConnection: close\r\n\r\n",
    "by a 1.0 client": b"GET /unread HTTP/1.0\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("row", CLOSING)
def test_wish_of_the_client_to_close_is_honoured(server: Server, row: str) -> None:
    """The connection ends, and the response does not claim that it goes on."""
    with server.connect() as connection:
        response = connection.ask(CLOSING[row])
        assert response.status == 200
        assert connection.is_closed()
        assert (response.one("connection") or "").lower() != "keep-alive"


def test_refusal_is_a_complete_response(server: Server) -> None:
    """With a date, a length that is right, and the announcement that the connection ends."""
    with server.connect() as connection:
        response = connection.ask(GET + b"no colon\r\n\r\n")
    assert response.status == 400 and response.framing == "length"
    assert (response.one("connection") or "").lower() == "close"
    assert response.one("date")
