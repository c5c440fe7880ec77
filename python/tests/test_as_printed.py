"""Programs and commands as pages about local HTTPS print them, with the files that mkcert makes: only ports are this machine's."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from server import COMMAND, PATIENCE, Server

httpx = pytest.importorskip("httpx")
pytestmark = pytest.mark.skipif(not Path(COMMAND).exists(), reason="the command is not built: cargo xtask install")

COPY = "import os\n\ncopy = object()\n\n\ndef which():\n    return f'{os.getpid()}/{id(copy)}'\n"

STARLETTE = """
    # star_app.py
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route
    import uvicorn
    import ssl
    from copy_of import which


    async def homepage(request):
        return JSONResponse({"hello": "world", "scheme": request.url.scheme}, headers={"X-Copy": which()})

    app = Starlette(routes=[Route("/", homepage)])

    if __name__ == "__main__":
        uvicorn.run(
            app,
            host="127.0.0.1",
            port=0,
            ssl_version=ssl.PROTOCOL_SSLv23,
            cert_reqs=ssl.CERT_OPTIONAL,
            ssl_keyfile="./key.pem",        # Note that the generated certificates
            ssl_certfile="./cert.pem",      # are used here
        )
"""

FLASK = """
    # flask_app.py
    from flask import Flask, request
    from copy_of import which

    application = Flask(__name__)

    @application.route("/")
    def hello():
        return "<h1 style='color:blue'>Hello There!</h1>" + request.scheme, {"X-Copy": which()}

    if __name__ == "__main__":
        application.run(ssl_context=('cert.pem', 'key.pem'), port=0)
"""

WSGI = """
    # wsgi.py
    from copy_of import which

    def application(env, start_response):
        start_response('200 OK', [('Content-Type', 'text/html'), ('X-Copy', which())])
        return [b"Hello World" + env['wsgi.url_scheme'].encode()]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The programs, and the two files of one mkcert command."""
    for name, text in {"copy_of.py": COPY, "star_app.py": STARLETTE, "flask_app.py": FLASK, "wsgi.py": WSGI}.items():
        (tmp_path / name).write_text(textwrap.dedent(text))
    words = "-cert-file cert.pem -key-file key.pem 0.0.0.0 localhost 127.0.0.1 ::1"
    environment = {**os.environ, "CAROOT": str(tmp_path / "ca"), "HOME": str(tmp_path)}
    subprocess.run([COMMAND, "mkcert", *words.split()], cwd=tmp_path, env=environment, check=True, capture_output=True)
    return tmp_path


@pytest.fixture
def start(place: Path) -> Iterator[Callable[..., Server]]:
    """``start(WORDS)``: a server there, which must end with 0."""
    servers: list[Server] = []

    def begin(*words: str) -> Server:
        environment = {"TLSGI_PYTHON": sys.executable, "CAROOT": str(place / "ca")}
        servers.append(Server(place, program=[COMMAND, *words], cwd=place, environment=environment))
        return servers[-1]

    yield begin
    for server in servers:
        assert server.stop() == 0, server.log


def get(server: Server, place: Path, **options: Any) -> Any:
    context = ssl.create_default_context(cafile=place / "ca/rootCA.pem")
    with httpx.Client(verify=context, timeout=PATIENCE, **options) as client:
        return client.get(server.https + "/")


@pytest.mark.parametrize(
    ("words", "text", "package"),
    [
        ("python star_app.py", '{"hello":"world","scheme":"https"}', "uvicorn"),
        ("python flask_app.py", "<h1 style='color:blue'>Hello There!</h1>https", "flask"),
        ("gunicorn flask_app:application --keyfile=./key.pem --certfile=./cert.pem -b 127.0.0.1:0", "Hello There!</h1>https", "flask"),
        ("uwsgi -w wsgi --https=127.0.0.1:0,cert.pem,key.pem", "Hello Worldhttps", "sys"),
    ],
    ids=lambda value: value.split(" -")[0],
)
def test_printed_command_serves_one_copy_over_tls(place: Path, start: Callable[..., Server], words: str, text: str, package: str) -> None:
    """Verified by mkcert's root, over HTTP/1.1 and HTTP/2, from one copy; plain HTTP on the port leads there."""
    pytest.importorskip(package)
    server = start(*words.split())
    answers = [get(server, place), get(server, place, http1=False, http2=True)]
    assert [answer.http_version for answer in answers] == ["HTTP/1.1", "HTTP/2"]
    for answer in answers:
        assert (answer.status_code, text in answer.text) == (200, True), answer.text
        assert "strict-transport-security" not in answer.headers, "nobody asked for it"
    assert answers[0].headers["x-copy"] == answers[1].headers["x-copy"]
    assert server.http == ""
    plain = httpx.get(server.https.replace("https", "http", 1) + "/a%20b?c", timeout=PATIENCE)
    assert (plain.status_code, plain.headers["location"]) == (301, server.https + "/a%20b?c")
    assert plain.headers["location"].startswith("https://") and "strict-transport-security" not in plain.headers


def test_names_of_the_page_are_in_the_certificate(place: Path, start: Callable[..., Server]) -> None:
    """Also that which only servers use."""
    server = start("uwsgi", "-w", "wsgi", "--https=127.0.0.1:0,cert.pem,key.pem")
    port = server.https.rpartition(":")[2]
    context = ssl.create_default_context(cafile=place / "ca/rootCA.pem")
    for name in ("localhost", "127.0.0.1", "0.0.0.0"):
        answer = httpx.get(f"https://{name}:{port}/", verify=context, timeout=PATIENCE)
        assert answer.status_code == 200, name
