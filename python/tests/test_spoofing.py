"""What clients can write in a request changes nothing that frameworks say of scheme, host, address and certificate.

Django with SECURE_PROXY_SSL_HEADER, Werkzeug's ProxyFix and a middleware that believes everything, each set up as behind a proxy: what they
believe is what tlsgi lets through.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from server import COMMAND, PATIENCE, Server

pytestmark = pytest.mark.skipif(not Path(COMMAND).exists(), reason="the command is not built: cargo xtask install")

DJANGO = """
import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x", MIDDLEWARE=["django.middleware.security.SecurityMiddleware"],
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"), USE_X_FORWARDED_HOST=True, USE_X_FORWARDED_PORT=True,
)
django.setup()

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import re_path


def facts(request):
    meta = request.META
    names = ("REMOTE_ADDR", "SSL_CLIENT_VERIFY", "SSL_CLIENT_S_DN", "HTTP_CLIENT_CERT", "REMOTE_USER", "HTTPS")
    certificate = [meta.get(name) for name in names] + [getattr(request, "scope", {}).get("client", [""])[0]]
    return HttpResponse(f"{request.scheme} {request.is_secure()} {request.get_host()} {request.build_absolute_uri('/')} {certificate}")


urlpatterns = [re_path("", facts)]
wsgi = get_wsgi_application()
asgi = get_asgi_application()
"""

WERKZEUG = """
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Request, Response


@Request.application
def facts(request):
    names = ("REMOTE_ADDR", "SSL_CLIENT_VERIFY", "HTTP_CLIENT_CERT", "REMOTE_USER", "HTTPS", "SCRIPT_NAME")
    certificate = [request.environ.get(name) for name in names]
    return Response(f"{request.scheme} {request.is_secure} {request.host} {request.host_url} {request.remote_addr} {certificate}")


wsgi = ProxyFix(facts, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1)
"""

# As uvicorn with --proxy-headers --forwarded-allow-ips '*', and more gullible than that.
GULLIBLE = """
def believe(scope):
    facts = {"scheme": scope["scheme"], "client": scope["client"][0], "root": scope.get("root_path")}
    for name, value in scope["headers"]:
        name = name.decode("latin-1").lower().replace("_", "-")
        if name == "host":
            facts.setdefault("hosts", []).append(value)
        if name.startswith("x-") and any(word in name for word in ("proto", "scheme", "ssl", "https")) or name == "front-end-https":
            facts["scheme"] = (name, value)
        if name.startswith("x-forwarded") or name in ("forwarded", "x-real-ip", "x-client-ip", "client-cert"):
            facts[name] = value
    facts["tls"] = scope.get("extensions", {}).get("tls", {}).get("client_cert_name")
    return str(facts).encode()


async def asgi(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept", "headers": [(b"x-facts", believe(scope))]})
        await send({"type": "websocket.close"})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": believe(scope)})
"""

# Each is a list of lines as a client could write them.
FIELDS = [
    ["X-Forwarded-Proto: https"],
    ["X-Forwarded-Proto: http"],
    ["x-forwarded-proto: https", "X-FORWARDED-PROTO: https"],
    ["X-Forwarded-Proto: https, https", "X-Forwarded-Proto: http"],
    ["X_Forwarded_Proto: https"],
    ["X-Forwarded_Proto: https"],
    ["X.Forwarded.Proto: https"],
    ["X-Forwarded-Proto:https\t"],
    ["X-Forwarded-Protocol: ssl", "X-Forwarded-Ssl: on", "Front-End-Https: on", "X-Url-Scheme: https"],
    ["X-Forwarded-Scheme: https", "X-Scheme: https", "X-Https: on"],
    ["X-Forwarded-Host: evil.test"],
    ["X-Forwarded-Host: localhost", "X-Forwarded-Host: evil.test"],
    ["X-Forwarded-Port: 1"],
    ["X-Forwarded-Server: evil.test", "X-Host: evil.test", "X-Original-Host: evil.test"],
    ["X-Forwarded-For: 6.6.6.6"],
    ["X-Forwarded-For: 6.6.6.6, 127.0.0.1", "X-Forwarded-For: 127.0.0.1"],
    ["X-Real-IP: 6.6.6.6", "X-Client-IP: 6.6.6.6", "X-Cluster-Client-IP: 6.6.6.6"],
    ["X-Forwarded-Prefix: /evil", "X-Script-Name: /evil", "Script-Name: /evil"],
    ["Forwarded: for=6.6.6.6;proto=https;host=evil.test"],
    ["Forwarded: for=127.0.0.1;proto=https", "forwarded: proto=https;host=evil.test"],
    ["SSL-Client-Verify: SUCCESS", "X-SSL-Client-Verify: SUCCESS", "SSL_CLIENT_VERIFY: SUCCESS"],
    ["Client-Cert: :AA==:", "Client-Cert-Chain: :AA==:", "Client_Cert: :AA==:"],
    ["X-Client-Cert: AA", "X-Forwarded-Client-Cert: Hash=1", "X-SSL-Client-S-DN: CN=root", "X-SSL-Client-Cert: AA"],
    ["Remote-Addr: 6.6.6.6", "Remote-User: root", "REMOTE_USER: root", "HTTPS: on", "Server-Name: evil.test"],
    ["Wsgi.Url-Scheme: https", "wsgi.url_scheme: https"],
    ["Proxy: http://evil.test", "Proxy-Connection: X-Forwarded-Proto"],
    ["Connection: X-Forwarded-Proto", "X-Forwarded-Proto: https"],
    ["Connection: keep-alive, Client-Cert, X-Forwarded-For", "Client-Cert: :AA==:", "X-Forwarded-For: 6.6.6.6"],
]

# Whole requests of HTTP/1.1 that may be refused, but never believed.
REQUESTS = [
    "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n X-Forwarded-Proto: https\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\n X-Forwarded-Proto: https\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto : https\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\rX-Forwarded-Proto: https\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\nX-Forwarded-Proto: https\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto\0: https\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto\xad: https\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost, evil.test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: evil.test@localhost\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nHost : evil.test\r\n\r\n",
    "GET https://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET http://localhost/ HTTP/1.1\r\nHost: evil.test\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Forwarded-Proto: https\r\nHost: evil.test\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nTrailer: X-Forwarded-For\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n",
    "PROXY TCP4 6.6.6.6 127.0.0.1 1 443\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c\x06\x06\x06\x06\x7f\0\0\x01\0\x01\0\x02GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
]


def exchange(server: Server, text: str, *, is_tls: bool) -> tuple[int, str]:
    """Status and body, or for a WebSocket the field with the facts; 0 where the connection ends without an answer."""
    address = server.https if is_tls else server.http
    plain = socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), PATIENCE)
    with server.context().wrap_socket(plain, server_hostname="localhost") if is_tls else plain as stream:
        # Whoever is refused may be cut off before everything is written.
        data = b""
        try:
            stream.sendall(text.encode("latin-1"))
            while part := stream.recv(65536):
                data += part
                if data.startswith(b"HTTP/1.1 101") and b"\r\n\r\n" in data:
                    break
        except (ConnectionError, ssl.SSLError):
            pass
    if not data:
        return 0, ""
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.startswith(b"x-facts: "):
            body = line[9:]
    return int(head.split()[1]), body.decode("latin-1")


def h1(fields: list[str]) -> str:
    return "\r\n".join(["GET / HTTP/1.1", "Host: localhost", *fields, "Connection: close", "", ""])


def handshake(fields: list[str]) -> str:
    own = ["Upgrade: websocket", "Connection: upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    return "\r\n".join(["GET / HTTP/1.1", "Host: localhost", *own, *fields, "", ""])


def h2(server: Server, fields: list[tuple[str, str]]) -> tuple[int, str]:
    """The same over HTTP/2, with fields that may break its rules."""
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded, StreamReset

    context = server.context()
    context.set_alpn_protocols(["h2"])
    plain = socket.create_connection(("127.0.0.1", int(server.https.rsplit(":", 1)[1])), PATIENCE)
    with context.wrap_socket(plain, server_hostname="localhost") as stream:
        connection = H2Connection(H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False))
        connection.initiate_connection()
        connection.send_headers(1, fields, end_stream=(":method", "CONNECT") not in fields)
        stream.sendall(connection.data_to_send())
        status, body = 0, b""
        while data := stream.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, ResponseReceived):
                    answer = dict(event.headers)
                    status = int(answer[b":status"])
                    if b"x-facts" in answer:
                        return status, answer[b"x-facts"].decode("latin-1")
                elif isinstance(event, DataReceived):
                    body += event.data
                elif isinstance(event, (StreamEnded, StreamReset, ConnectionTerminated)):
                    return status, body.decode("latin-1")
        return status, body.decode("latin-1")


def pseudo(authority: str = "localhost", scheme: str = "https") -> list[tuple[str, str]]:
    return [(":method", "GET"), (":scheme", scheme), (":authority", authority), (":path", "/")]


def upgrade() -> list[tuple[str, str]]:
    """The handshake of a WebSocket (RFC 8441)."""
    own = [(":method", "CONNECT"), (":protocol", "websocket"), *pseudo()[1:]]
    return [*own, ("sec-websocket-version", "13")]


def pairs(fields: list[str]) -> list[tuple[str, str]]:
    # Names are lower-case in HTTP/2, and connections are not spoken of.
    split = (field.split(":", 1) for field in fields)
    return [(name.lower(), value.strip()) for name, value in split if "connection" not in name.lower()]


APPLICATIONS = {
    "django-wsgi": (DJANGO, "site:wsgi"),
    "django-asgi": (DJANGO, "site:asgi"),
    "werkzeug": (WERKZEUG, "site:wsgi"),
    "gullible": (GULLIBLE, "site:asgi"),
}
TRUST = ["--trusted-proxy", "10.0.0.0/8", "--trust", "X-Forwarded-For", "--trust", "X-Forwarded-Proto", "--trust", "Forwarded"]


@pytest.fixture(params=[(name, trust) for name in APPLICATIONS for trust in ("nobody", "others")], ids="-".join)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    name, trust = request.param
    module = {"django-wsgi": "django", "django-asgi": "django"}.get(name, name)
    if module != "gullible":
        pytest.importorskip(module)
    source, application = APPLICATIONS[name]
    (tmp_path / "site_of_test.py").write_text(source)
    reference = application.replace("site", "site_of_test")
    server = Server(tmp_path, reference, "--allow-http", "--no-access-log", *(TRUST if trust == "others" else []), cwd=tmp_path)
    yield server
    assert server.stop() == 0, server.log


def test_nothing_that_a_client_writes_changes_a_fact(server: Server) -> None:
    for is_tls in (False, True):
        status, honest = exchange(server, h1([]), is_tls=is_tls)
        assert status == 200 and ("https" in honest) == is_tls, honest
        assert "127.0.0.1" in honest and "localhost" in honest
        for fields in FIELDS:
            assert exchange(server, h1(fields), is_tls=is_tls) == (200, honest), fields
        for text in REQUESTS:
            closing = text.replace("Host: localhost\r\n", "Host: localhost\r\nConnection: close\r\n", 1)
            closing = closing.replace("Host: evil.test\r\n\r\n", "Host: evil.test\r\nConnection: close\r\n\r\n", 1)
            status, told = exchange(server, closing, is_tls=is_tls)
            assert status in (0, 400, 501) or (status, told) == (200, honest), (text, status, told)


def test_nothing_changes_over_http2(server: Server) -> None:
    pytest.importorskip("h2")
    status, honest = h2(server, pseudo())
    assert status == 200 and "https" in honest and "127.0.0.1" in honest
    for fields in FIELDS:
        status, told = h2(server, [*pseudo(), *pairs(fields)])
        assert (status, told) == (200, honest), (fields, status, told)
    for fields in [
        [*pseudo(), ("host", "evil.test")],
        [*pseudo(), ("host", "localhost"), ("host", "evil.test")],
        [*pseudo(), (":authority", "evil.test")],
        [*pseudo(), ("x-a", "b"), (":scheme", "http")],
        [*pseudo(scheme="http")],
        [*pseudo(), ("X-Forwarded-Proto", "http")],
        [*pseudo(), ("x-forwarded-proto ", "http")],
        [*pseudo(), ("connection", "x-forwarded-for"), ("x-forwarded-for", "6.6.6.6")],
        [*pseudo(), ("x-a", "b\r\nx-forwarded-proto: http")],
        [*pseudo(authority="evil.test@localhost")],
        [*pseudo(authority="localhost, evil.test")],
    ]:
        status, told = h2(server, fields)
        assert status in (0, 400) or (status, told) == (200, honest), (fields, status, told)


@pytest.mark.parametrize("trust", [[], TRUST], ids=["nobody", "others"])
def test_nothing_changes_in_a_websocket_handshake(tmp_path: Path, trust: list[str]) -> None:
    (tmp_path / "gullible.py").write_text(GULLIBLE)
    server = Server(tmp_path, "gullible:asgi", "--allow-http", "--no-access-log", *trust, cwd=tmp_path)
    try:
        for is_tls in (False, True):
            status, honest = exchange(server, handshake([]), is_tls=is_tls)
            assert status == 101 and f"'scheme': '{'wss' if is_tls else 'ws'}'" in honest, honest
            for fields in FIELDS:
                assert exchange(server, handshake(fields), is_tls=is_tls) == (101, honest), fields
        pytest.importorskip("h2")
        status, honest = h2(server, upgrade())
        assert status == 200 and "'scheme': 'wss'" in honest, honest
        for fields in FIELDS:
            assert h2(server, [*upgrade(), *pairs(fields)]) == (200, honest), fields
    finally:
        code = server.stop()
    assert code == 0, server.log


def test_django_is_right_behind_a_proxy_that_is_trusted(tmp_path: Path) -> None:
    pytest.importorskip("django")
    (tmp_path / "site_of_test.py").write_text(DJANGO)
    trust = ["--trusted-proxy", "127.0.0.1", "--trust", "X-Forwarded-Proto", "--trust", "X-Forwarded-For", "--trust", "X-Forwarded-Host"]
    for application in ("site_of_test:wsgi", "site_of_test:asgi"):
        server = Server(tmp_path, application, "--no-access-log", *trust, cwd=tmp_path)
        try:
            said = ["X-Forwarded-Proto: https", "X-Forwarded-For: 6.6.6.6, 203.0.113.9", "X-Forwarded-Host: shop.test"]
            status, told = exchange(server, h1(said), is_tls=False)
            assert status == 200 and "https True shop.test https://shop.test/ " in told, told
            assert "203.0.113.9" in told and "6.6.6.6" not in told
            # Two values are none, and plain HTTP is redirected.
            status, _ = exchange(server, h1(["X-Forwarded-Proto: http", "X-Forwarded-Proto: https"]), is_tls=False)
            assert status == 301
        finally:
            code = server.stop()
        assert code == 0, server.log
