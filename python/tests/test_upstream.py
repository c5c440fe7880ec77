"""Real servers behind this one: gunicorn, uvicorn and uWSGI, over TCP and Unix sockets, WebSockets included."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server import COMMAND, PATIENCE, ROOT, Server

pytestmark = pytest.mark.skipif(not Path(COMMAND).exists(), reason="the command is not built: cargo xtask install")

WSGI = """
import json

def app(environ, start_response):
    body = environ["wsgi.input"].read()
    told = {name: value for name, value in environ.items() if isinstance(value, str)}
    answer = json.dumps([told, len(body)]).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
"""

ASGI = """
async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        if scope["path"] == "/no":
            await send({"type": "websocket.close"})
            return
        protocols = scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": protocols[0] if protocols else None})
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            if text == "bye":
                await send({"type": "websocket.close", "code": 3001, "reason": "as told"})
                return
            await send({"type": "websocket.send", "text": text} if text is not None else {"type": "websocket.send", "bytes": message["bytes"]})
        print("closed with", message["code"], flush=True)
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"piece%d" % number, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
"""


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A directory for sockets that the user of the front can get at."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def behind(directory: Path, *command: str, at: int | Path) -> Iterator[subprocess.Popen[str]]:
    """A server that listens when this is entered."""
    log = (directory / "behind.log").open("w+")
    process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=subprocess.STDOUT, text=True)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            assert process.poll() is None and time.monotonic() < deadline, (directory / "behind.log").read_text()
            try:
                if isinstance(at, int):
                    socket.create_connection(("127.0.0.1", at)).close()
                else:
                    with socket.socket(socket.AF_UNIX) as probe:
                        probe.connect(str(at))
                break
            except OSError:
                # Until it listens.
                time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)
        log.close()


@contextmanager
def before(directory: Path, *options: str) -> Iterator[Server]:
    server = Server(directory, *options, cwd=directory)
    try:
        yield server
    finally:
        code = server.stop()
    assert code == 0, server.log


def curl(server: Server, path: str, *more: str) -> str:
    command = ["curl", "--silent", "--show-error", "--max-time", "30", "--cacert", server.root, *more, server.https + path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr + server.log
    return done.stdout


@pytest.mark.parametrize("kind", ["tcp", "unix"])
@pytest.mark.parametrize("worker", ["sync", "gthread"])
def test_gunicorn(tmp_path: Path, reachable: Path, kind: str, worker: str) -> None:
    pytest.importorskip("gunicorn")
    (tmp_path / "application.py").write_text(WSGI)
    port, path = free_port(), reachable / "g.sock"
    bind, at, route = (f"127.0.0.1:{port}", port, f"/=http://127.0.0.1:{port}")
    if kind == "unix":
        bind, at, route = f"unix:{path}", path, f"/=http+unix:{path}"
    program = [sys.executable, "-m", "gunicorn", "--bind", bind, "--worker-class", worker, "--threads", "4", "--umask", "0"]
    program += ["--forwarded-allow-ips", "*", "application:app"]
    with behind(tmp_path, *program, at=at), before(tmp_path, "--route", route) as server:
        for version in ("--http1.1", "--http2"):
            for _ in range(5):
                told, size = json.loads(curl(server, "/a%20b?c=d", version, "--header", "X-Forwarded-For: 6.6.6.6"))
                assert size == 0
                assert told["PATH_INFO"] == "/a b" and told["QUERY_STRING"] == "c=d"
                assert told["HTTP_X_FORWARDED_FOR"] == "127.0.0.1" and told["HTTP_X_FORWARDED_PROTO"] == "https"
                assert told["wsgi.url_scheme"] == "https"
                assert told["HTTP_HOST"] == server.https.removeprefix("https://")
            body = tmp_path / "body"
            for length in (3, 1_000_000):
                body.write_bytes(b"x" * length)
                for more in ([], ["--header", "Transfer-Encoding: chunked"]):
                    answer = curl(server, "/", version, "--data-binary", f"@{body}", *more)
                    assert json.loads(answer)[1] == length


def test_uvicorn_streams(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn")
    (tmp_path / "application.py").write_text(ASGI)
    port = free_port()
    program = [sys.executable, "-m", "uvicorn", "--port", str(port), "application:app"]
    with behind(tmp_path, *program, at=port), before(tmp_path, "--route", f"/=http://localhost:{port}") as server:
        for version in ("--http1.1", "--http2"):
            assert curl(server, "/", version) == "piece0piece1piece2"


def test_websockets_pass_through(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn")
    websockets = pytest.importorskip("websockets.asyncio.client")
    from websockets.exceptions import ConnectionClosed, InvalidStatus

    (tmp_path / "application.py").write_text(ASGI)
    port = free_port()
    program = [sys.executable, "-m", "uvicorn", "--port", str(port), "--ws", "websockets", "application:app"]

    async def talk(server: Server) -> None:
        url = server.https.replace("https://127.0.0.1", "wss://localhost").replace("https://", "wss://")
        context = server.context()
        async with websockets.connect(url + "/", ssl=context, subprotocols=["chat"], max_size=None) as client:
            assert client.subprotocol == "chat"
            for size in (0, 1, 125, 126, 70_000, 3_000_000):
                await client.send("x" * size)
                assert await client.recv() == "x" * size
                await client.send(b"y" * size)
                assert await client.recv() == b"y" * size
            await client.ping()
            await client.send("bye")
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd.code == 3001 and closed.value.rcvd.reason == "as told"
        with pytest.raises(InvalidStatus) as refused:
            await websockets.connect(url + "/no", ssl=context)
        assert refused.value.response.status_code == 403
        async with websockets.connect(url + "/", ssl=context) as client:
            await client.send("still")
            assert await client.recv() == "still"
            server.process.terminate()
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd.code == 1012, closed.value

    with behind(tmp_path, *program, at=port):
        with before(tmp_path, "--route", f"/=http://127.0.0.1:{port}") as server:
            asyncio.run(asyncio.wait_for(talk(server), PATIENCE))
        deadline = time.monotonic() + PATIENCE
        while "closed with 1012" not in (tmp_path / "behind.log").read_text():
            assert time.monotonic() < deadline, (tmp_path / "behind.log").read_text()
            time.sleep(0.05)


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_uwsgi(tmp_path: Path, reachable: Path, kind: str) -> None:
    uwsgi = shutil.which("uwsgi", path=str(Path(sys.executable).parent))
    if uwsgi is None:
        pytest.skip("uWSGI is not installed")
    (tmp_path / "application.py").write_text(WSGI)
    port, path = free_port(), reachable / "u.sock"
    listen, at, route = (f"127.0.0.1:{port}", port, f"/=uwsgi://127.0.0.1:{port}")
    if kind == "unix":
        listen, at, route = str(path), path, f"/=uwsgi+unix:{path}"
    program = [uwsgi, "--socket", listen, "--module", "application:app", "--die-on-term", "--master", "--buffer-size", "65535"]
    program.append("--chmod-socket=666")
    with behind(tmp_path, *program, at=at), before(tmp_path, "--route", route, "--max-header-size", "128KiB") as server:
        for version in ("--http1.1", "--http2"):
            told, size = json.loads(curl(server, "/a%20b?c=d", version, "--header", "X-Own: 1", "--header", "X-Forwarded-Proto: http"))
            assert size == 0
            expected = {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/a b",
                "REQUEST_URI": "/a%20b?c=d",
                "QUERY_STRING": "c=d",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "REQUEST_SCHEME": "https",
                "HTTPS": "on",
                "wsgi.url_scheme": "https",
                "REMOTE_ADDR": "127.0.0.1",
                "SERVER_NAME": "127.0.0.1" if "127.0.0.1" in server.https else "localhost",
                "SERVER_PORT": server.https.rsplit(":", 1)[1],
                "HTTP_HOST": server.https.removeprefix("https://"),
                "HTTP_X_OWN": "1",
                "HTTP_X_FORWARDED_PROTO": "https",
                "SSL_PROTOCOL": "TLSv1.3",
            }
            assert {name: told.get(name) for name in expected} == expected
            body = tmp_path / "body"
            for length in (3, 500_000):
                body.write_bytes(b"x" * length)
                for more in ([], ["--header", "Transfer-Encoding: chunked"], ["--header", "Expect: 100-continue"]):
                    answer = curl(server, "/", version, "--data-binary", f"@{body}", *more)
                    assert json.loads(answer)[1] == length
            assert curl(server, "/", version, "--head").startswith("HTTP/")
        # Larger than a packet of the protocol.
        large = [word for number in range(9) for word in ("--header", f"X-{number}: {'x' * 8000}")]
        status = curl(server, "/", "--http1.1", *large, "--output", str(tmp_path / "page"), "--write-out", "%{http_code}")
        assert status == "431" and "header-too-large" in (tmp_path / "page").read_text()


def test_the_rest_of_the_site_is_unchanged(tmp_path: Path) -> None:
    """An application of this server's own beside the routes, under one certificate."""
    pytest.importorskip("gunicorn")
    (tmp_path / "application.py").write_text(WSGI)
    port = free_port()
    program = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "application:app"]
    own = str(ROOT / "examples/wsgi_app.py")
    with behind(tmp_path, *program, at=port):
        with before(tmp_path, own, "--route", f"/old=http://127.0.0.1:{port}", "--hsts", "max-age=100") as server:
            told, _ = json.loads(curl(server, "/old/page"))
            assert told["PATH_INFO"] == "/old/page"
            assert "strict-transport-security: max-age=100" in curl(server, "/old", "--head")
            assert "wsgi.input" not in curl(server, "/")
