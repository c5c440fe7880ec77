"""Every example is started by the real command and used as a person would."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from server import COMMAND, PATIENCE, ROOT, Server

httpx = pytest.importorskip("httpx")
pytestmark = pytest.mark.skipif(not Path(COMMAND).exists(), reason="the command is not built: cargo xtask install")

OLD_ASYNCIO = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio leaves TLS transports of clients unclosed")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*arguments: str, **options: Any) -> Server:
        servers.append(Server(tmp_path, *arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        assert server.stop() == 0, server.log


def client(server: Server, http2: bool = True) -> Any:
    return httpx.Client(base_url=server.https, verify=server.context(), http2=http2, timeout=PATIENCE)


@pytest.mark.parametrize("http2", [False, True], ids=["h1", "h2"])
def test_flask(serve: Callable[..., Server], http2: bool) -> None:
    pytest.importorskip("flask")
    server = serve("examples/flask_app.py")
    with client(server, http2) as session:
        page = session.get("/")
        assert page.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        assert "Flask, over HTTPS" in page.text
        assert session.get("/json").json() == {"message": "Hello, world!", "secure": True}
        size = 3_000_000
        assert session.post("/upload", content=(b"x" * 10_000 for _ in range(size // 10_000))).json() == {"received": size}
    redirect = httpx.get(server.http + "/json?a=b", timeout=PATIENCE)
    assert (redirect.status_code, redirect.headers["location"]) == (301, server.https + "/json?a=b")


@pytest.mark.parametrize("reference", ["examples/wsgi_app.py", "examples/asgi_app.py"])
def test_plain(serve: Callable[..., Server], reference: str) -> None:
    with client(serve(reference)) as session:
        assert session.get("/there").text.startswith("Hello from https")


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_django_admin(serve: Callable[..., Server], tmp_path: Path, interface: str) -> None:
    pytest.importorskip("django")
    site = ROOT / "examples/django_site"
    environment = {"DJANGO_SITE_DATA": str(tmp_path), "DJANGO_SUPERUSER_PASSWORD": "correct horse"}
    user = ["createsuperuser", "--noinput", "--username", "admin", "--email", "admin@example.test"]
    for command in (["migrate", "--verbosity", "0"], user, ["collectstatic", "--noinput", "--verbosity", "0"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=site, env={**os.environ, **environment}, check=True)
    static = f"/static={tmp_path / 'static'}"
    server = serve(f"site_app.{interface}", "--chdir", str(site), "--static", static, environment=environment)
    with client(server) as session:
        assert session.get("/json").json()["secure"] is True
        login = session.get("/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', login.text)
        assert token is not None
        form = {"username": "admin", "password": "correct horse", "csrfmiddlewaretoken": token[1], "next": "/admin/"}
        entered = session.post("/admin/login/", data=form, headers={"referer": server.https + "/admin/login/"})
        assert (entered.status_code, entered.headers["location"]) == (302, "/admin/")
        assert "secure" in entered.headers["set-cookie"].lower()
        assert "Site administration" in session.get("/admin/").text
        css = session.get("/static/admin/css/base.css")
        assert (css.status_code, css.headers["content-type"]) == (200, "text/css; charset=utf-8")
        again = session.get("/static/admin/css/base.css", headers={"if-none-match": css.headers["etag"]})
        assert again.status_code == 304


@OLD_ASYNCIO
def test_starlette(serve: Callable[..., Server]) -> None:
    pytest.importorskip("starlette")
    server = serve("examples/starlette_app.py")
    with client(server) as session:
        assert "WebSocket and events" in session.get("/").text
        assert session.get("/json").json() == {"message": "Hello, world!", "scheme": "https"}
        assert session.get("/events").text == "data: 1\n\ndata: 2\n\ndata: 3\n\n"
    assert asyncio.run(talk(server, "/echo", "hello")) == "hello"


@OLD_ASYNCIO
def test_websocket_without_a_framework(serve: Callable[..., Server]) -> None:
    assert asyncio.run(talk(serve("examples/asgi_app.py"), "/", "x" * 300_000)) == "x" * 300_000


async def talk(server: Server, path: str, text: str) -> Any:
    websockets = pytest.importorskip("websockets")
    url = server.https.replace("https", "wss") + path
    async with websockets.connect(url, ssl=server.context()) as socket:
        await socket.send(text)
        return await asyncio.wait_for(socket.recv(), PATIENCE)


BODIES = """
import hashlib

def wsgi(environ, start_response):
    if environ["REQUEST_METHOD"] == "POST":
        digest, stream = hashlib.sha256(), environ["wsgi.input"]
        while piece := stream.read(65536):
            digest.update(piece)
        start_response("200 OK", [])
        return [digest.hexdigest().encode()]
    start_response("200 OK", [])
    return (bytes([number & 255]) * 65536 for number in range(int(environ["QUERY_STRING"])))

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("only http")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["method"] == "POST":
        digest, more = hashlib.sha256(), True
        while more:
            message = await receive()
            digest.update(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.body", "body": digest.hexdigest().encode()})
        return
    for number in range(int(scope["query_string"])):
        await send({"type": "http.response.body", "body": bytes([number & 255]) * 65536, "more_body": True})
    await send({"type": "http.response.body"})
"""


@pytest.mark.parametrize("attribute", ["wsgi", "asgi"])
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_large_bodies_stay_out_of_memory(serve: Callable[..., Server], tmp_path: Path, attribute: str, version: str) -> None:
    pieces = 32_768 if os.environ.get("TLSGI_LARGE") else 2_048
    (tmp_path / "bodies.py").write_text(BODIES)
    server = serve(f"{tmp_path / 'bodies.py'}:{attribute}", "--no-access-log")
    upload = tmp_path / "upload"
    digest = hashlib.sha256()
    with upload.open("wb") as file:
        for number in range(pieces):
            piece = bytes([number & 255]) * 65536
            digest.update(piece)
            file.write(piece)
    curl = ["curl", "--silent", "--show-error", "--fail", version, "--cacert", server.root]
    subprocess.run([*curl, f"{server.https}/?16"], check=True, stdout=subprocess.DEVNULL)
    before = {pid: peak(pid) for pid in server.processes()}
    sent = subprocess.run([*curl, "--upload-file", str(upload), "--request", "POST", server.https + "/"], check=True, capture_output=True)
    assert sent.stdout.decode() == digest.hexdigest()
    received = hashlib.sha256()
    download = subprocess.Popen([*curl, f"{server.https}/?{pieces}"], stdout=subprocess.PIPE)
    assert download.stdout is not None
    while piece := download.stdout.read(1 << 20):
        received.update(piece)
    download.stdout.close()
    assert download.wait(PATIENCE) == 0
    assert received.hexdigest() == digest.hexdigest()
    grown = {pid: peak(pid) - start for pid, start in before.items()}
    assert max(grown.values()) < 64 << 20, grown


def peak(pid: int) -> int:
    """Largest resident size so far, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) << 10


CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.skipif("TLSGI_COMMAND" not in os.environ and "CI" in os.environ, reason="once is enough")
def test_websocket_page_works_in_a_browser(serve: Callable[..., Server], tmp_path: Path) -> None:
    pytest.importorskip("starlette")
    server = serve("examples/starlette_app.py")
    leaf = subprocess.run(
        ["openssl", "s_client", "-connect", server.https.removeprefix("https://"), "-servername", "localhost"],
        input=b"", capture_output=True, check=True,
    ).stdout
    public = subprocess.run(["openssl", "x509", "-pubkey", "-noout"], input=leaf, capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, capture_output=True, check=True).stdout
    pin = subprocess.run(["openssl", "base64"], input=hashlib.sha256(der).digest(), capture_output=True, check=True).stdout
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={tmp_path / 'profile'}"]
    flags += [f"--ignore-certificate-errors-spki-list={pin.decode().strip()}", "--timeout=20000", "--virtual-time-budget=20000"]
    page = subprocess.run([str(CHROMIUM), *flags, "--dump-dom", server.https + "/"], capture_output=True, text=True, timeout=PATIENCE)
    assert '<output id="echo">hello over the socket</output>' in page.stdout, page.stdout + page.stderr
    assert '<output id="events">3</output>' in page.stdout, page.stdout
