"""``tlsgi.run`` in programs as people have them: the object served here, or imported again by other processes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from server import COMMAND, PATIENCE, Server

httpx = pytest.importorskip("httpx")
pytestmark = pytest.mark.skipif(not Path(COMMAND).exists(), reason="the command is not built: cargo xtask install")

FLASK = """
    from flask import Flask

    application = Flask(__name__)

    @application.route("/")
    def hello():
        return "<h1 style='color:blue'>Hello There!</h1>"

    @application.route("/pid")
    def pid():
        import os
        return str(os.getpid())

    @application.route("/fault")
    def fault():
        return str(1 / 0)

    if __name__ == "__main__":
        import tlsgi
        tlsgi.run(application, port=0, {keywords})
"""

STARLETTE = """
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route
    import ssl
    import tlsgi

    async def homepage(request):
        return JSONResponse({{"hello": "world", "scheme": request.url.scheme}})

    app = Starlette(routes=[Route("/", homepage)])

    if __name__ == "__main__":
        tlsgi.run(
            app,
            host="127.0.0.1",
            port=0,
            ssl_version=ssl.PROTOCOL_TLS_SERVER,
            cert_reqs=ssl.CERT_OPTIONAL,
            ssl_keyfile="./key.pem",
            ssl_certfile="./cert.pem",
            {keywords}
        )
"""


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """``cert.pem`` and ``key.pem`` in the program's directory, as mkcert makes them."""
    files = ["-cert-file", "cert.pem", "-key-file", "key.pem"]
    command = [COMMAND, "mkcert", *files, "localhost", "127.0.0.1", "::1"]
    subprocess.run(command, cwd=tmp_path, env={"CAROOT": str(tmp_path / "ca"), "HOME": str(tmp_path)}, check=True, capture_output=True)
    return tmp_path / "ca/rootCA.pem"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(source: str, keywords: str = "") -> Server:
        script = tmp_path / "program.py"
        script.write_text(textwrap.dedent(source).format(keywords=keywords))
        servers.append(Server(tmp_path, program=[sys.executable, script.name], cwd=tmp_path))
        return servers[-1]

    yield start
    for server in servers:
        assert server.stop() == 0, server.log


def get(server: Server, path: str, root: Any) -> Any:
    return httpx.get(server.https + path, verify=server.context() if root is None else str(root), timeout=PATIENCE)


@pytest.mark.filterwarnings("ignore:`verify")
@pytest.mark.parametrize(
    "keywords", ["ssl_context=('cert.pem', 'key.pem')", "ssl_context=('cert.pem', 'key.pem'), debug=True, threaded=False"]
)
def test_flask_with_its_files(program: Callable[..., Server], certificate: Path, keywords: str) -> None:
    pytest.importorskip("flask")
    server = program(FLASK, keywords)
    assert "Hello There!" in get(server, "/", certificate).text
    assert server.http == ""
    # Plain HTTP on that port is sent to HTTPS.
    redirect = httpx.get(server.https.replace("https", "http") + "/pid", timeout=PATIENCE)
    assert redirect.headers["location"] == server.https + "/pid"
    fault = get(server, "/fault", certificate)
    assert fault.status_code == 500
    assert ("Werkzeug Debugger" in fault.text) == ("debug" in keywords)


def test_flask_ad_hoc(program: Callable[..., Server]) -> None:
    pytest.importorskip("flask")
    assert "Hello There!" in get(program(FLASK, "ssl_context='adhoc'"), "/", None).text


@pytest.mark.filterwarnings("ignore:`verify")
def test_starlette_with_keywords_of_its_usual_server(program: Callable[..., Server], certificate: Path) -> None:
    pytest.importorskip("starlette")
    server = program(STARLETTE)
    assert get(server, "/", certificate).json() == {"hello": "world", "scheme": "https"}
    server.stop()
    assert "ssl_cert_reqs=CERT_OPTIONAL has no effect without ssl_ca_certs" in server.log


def test_object_is_imported_again_for_several_workers(program: Callable[..., Server]) -> None:
    pytest.importorskip("flask")
    server = program(FLASK, "workers=2")
    own = int(get(server, "/pid", None).text)
    assert own != server.process.pid
    names = [Path(f"/proc/{pid}/cmdline").read_text() for pid in server.processes()]
    assert sum("worker" in name for name in names) == 2


def test_server_ends_with_the_program_that_started_it(program: Callable[..., Server]) -> None:
    pytest.importorskip("flask")
    server = program(FLASK, "workers=2")
    below = [pid for pid in server.processes() if pid != server.process.pid]
    server.process.kill()
    server.process.wait(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{pid}").exists() for pid in below):
        assert time.monotonic() < deadline, server.log
    # The program was killed, which stop() reports; it closes what was open.
    assert server.stop() == -9
    server.stop = lambda: 0  # type: ignore[method-assign]


def test_own_process_serves_one_worker(program: Callable[..., Server]) -> None:
    pytest.importorskip("flask")
    server = program(FLASK, "workers=1")
    assert int(get(server, "/pid", None).text) == server.process.pid


@pytest.mark.filterwarnings("ignore:`verify")
@pytest.mark.parametrize("workers", [1, 2])
def test_encrypted_key_is_opened(program: Callable[..., Server], certificate: Path, workers: int, tmp_path: Path) -> None:
    pytest.importorskip("starlette")
    command = ["openssl", "pkcs8", "-topk8", "-in", "key.pem", "-out", "sealed.pem", "-passout", "pass:sesame"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "sealed.pem").replace(tmp_path / "key.pem")
    server = program(STARLETTE, f"ssl_keyfile_password='sesame', workers={workers}")
    assert get(server, "/", certificate).json()["hello"] == "world"
    for pid in server.processes():
        assert b"sesame" not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_script_without_a_guard_is_explained(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text("import tlsgi\ndef app(environ, start_response): return []\ntlsgi.run(app, port=0, workers=2)\n")
    environment = {"TLSGI_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    ended = subprocess.run([sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 3, ended.stderr
    assert 'put it under `if __name__ == "__main__":`' in ended.stderr


def test_bad_option_ends_with_the_commands_message(tmp_path: Path) -> None:
    script = "import tlsgi\ndef app(environ, start_response): return []\ntlsgi.run(app, https_prot=1)\n"
    ended = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 2
    assert "--https-port" in ended.stderr
