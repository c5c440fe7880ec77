"""Command lines of other servers behind ``tlsgi``: started, asked, and looked at."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
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

APPLICATIONS = {
    "flask_app.py": """
        from flask import Flask
        import os

        application = Flask(__name__)
        application.config["NAME"] = os.environ.get("NAME", "nobody")

        @application.route("/")
        def hello():
            return "<h1 style='color:blue'>Hello There!</h1>"

        @application.route("/name")
        def name():
            return application.config["NAME"]

        @application.route("/fault")
        def fault():
            return str(1 / 0)

        def create_app(name="made"):
            application.config["NAME"] = name
            return application
    """,
    "plain.py": """
        import os

        def application(environ, start_response):
            body = "{} {} {}".format(environ["wsgi.url_scheme"], os.getpid(), id(application)).encode()
            start_response("200 OK", [("Content-Length", str(len(body)))])
            return [body]
    """,
    "star_app.py": """
        import json
        import os

        async def app(scope, receive, send):
            assert scope["type"] == "http"
            facts = {"scheme": scope["scheme"], "process": os.getpid(), "name": os.environ.get("NAME"), "path": scope["path"]}
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": json.dumps(facts).encode()})

        def create():
            return app
    """,
}

TLS = ("--certfile", "cert.pem", "--keyfile", "key.pem")


class Place:
    """A directory with applications, a certificate and its root."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.servers: list[Server] = []
        for name, text in APPLICATIONS.items():
            (directory / name).write_text(textwrap.dedent(text))
        files = ["-cert-file", "cert.pem", "-key-file", "key.pem"]
        self.run("mkcert", *files, "localhost", "127.0.0.1", "::1")
        self.context = ssl.create_default_context(cafile=directory / "ca/rootCA.pem")

    @property
    def environment(self) -> dict[str, str]:
        own = {"CAROOT": str(self.directory / "ca"), "TLSGI_STATE_DIR": str(self.directory / "state")}
        return {**os.environ, **own, "TLSGI_PYTHON": sys.executable, "PYTHONPATH": ""}

    def run(self, *arguments: str, status: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **variables}
        ended = subprocess.run(
            [COMMAND, *arguments], cwd=self.directory, env=environment, capture_output=True, text=True, timeout=PATIENCE
        )
        assert ended.returncode == status, ended.stderr
        return ended

    def start(self, *arguments: str, **variables: str) -> Server:
        environment = {**self.environment, **variables}
        program = [COMMAND, *arguments]
        self.servers.append(Server(self.directory, program=program, cwd=self.directory, environment=environment))
        return self.servers[-1]

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(textwrap.dedent(text))

    def get(self, url: str) -> Any:
        return httpx.get(url, verify=self.context, timeout=PATIENCE)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    for server in found.servers:
        assert server.stop() == 0, server.log


def workers(server: Server) -> list[int]:
    found = []
    for pid in server.processes():
        # Others may have ended meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if "worker" in Path(f"/proc/{pid}/cmdline").read_text():
                found.append(pid)
    return found


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (("gunicorn", "flask_app:application", "--keyfile=./key.pem", "--certfile=./cert.pem", "-b", "127.0.0.1:0"), "Hello There!"),
        (("gunicorn", "-k", "uvicorn.workers.UvicornWorker", "star_app:app", *TLS, "-b", "127.0.0.1:0"), '"scheme": "https"'),
        (("uvicorn", "star_app:app", "--ssl-keyfile", "./key.pem", "--ssl-certfile", "./cert.pem", "--port", "0"), '"scheme": "https"'),
        (("uvicorn", "--factory", "star_app:create", "--ssl-keyfile", "key.pem", "--ssl-certfile", "cert.pem", "--port", "0"), "https"),
        (("uvicorn", "--interface", "wsgi", "plain:application", "--ssl-keyfile", "key.pem", "--ssl-certfile", "cert.pem", "--port", "0"), "https"),
        (("hypercorn", "star_app:app", *TLS, "-b", "127.0.0.1:0"), '"scheme": "https"'),
        (("hypercorn", "wsgi:plain:application", *TLS, "-b", "127.0.0.1:0"), "https"),
        (("flask", "--app", "flask_app", "run", "--cert", "cert.pem", "--key", "key.pem", "--port", "0"), "Hello There!"),
        (("flask", "--app", "flask_app:create_app('x')", "run", "--cert", "cert.pem", "--key", "key.pem", "-p", "0"), "Hello There!"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, tuple) else "",
)
def test_certificate_makes_it_https(place: Place, command: tuple[str, ...], text: str) -> None:
    pytest.importorskip("flask")
    server = place.start(*command)
    assert text in place.get(server.https + "/").text
    assert server.http == ""
    redirect = httpx.get(server.https.replace("https", "http") + "/a?b", timeout=PATIENCE)
    assert (redirect.status_code, redirect.headers["location"]) == (301, server.https + "/a?b")


@pytest.mark.parametrize(
    "command",
    [
        ("gunicorn", "plain", "-b", "127.0.0.1:0"),
        ("uvicorn", "star_app:app", "--port", "0"),
        ("hypercorn", "star_app:app", "-b", "127.0.0.1:0"),
        ("flask", "--app", "flask_app", "run", "-p", "0"),
    ],
    ids=lambda value: value[0],
)
def test_without_a_certificate_it_is_plain_and_says_so(place: Place, command: tuple[str, ...]) -> None:
    pytest.importorskip("flask")
    server = place.start(*command)
    assert server.https == ""
    assert httpx.get(server.http + "/", timeout=PATIENCE).status_code == 200
    server.stop()
    assert "everything is served over plain HTTP" in server.log


def test_configuration_file_is_run_and_read_again(place: Place) -> None:
    settings = """
        import os
        print("from the file")
        bind = ["127.0.0.1:0"]
        certfile, keyfile = "cert.pem", "key.pem"
        workers = {workers}
        wsgi_app = "flask_app"
        raw_env = ["NAME=" + os.path.basename(__file__)]
    """
    pytest.importorskip("flask")
    place.write("gunicorn.conf.py", settings.format(workers=1))
    server = place.start("gunicorn", GUNICORN_CMD_ARGS="--threads 3")
    assert place.get(server.https + "/name").text == "gunicorn.conf.py"
    assert len(workers(server)) == 1
    place.write("gunicorn.conf.py", settings.format(workers=2))
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + PATIENCE
    while len(workers(server)) != 2 or server.log.count("from the file") < 2:
        assert time.monotonic() < deadline, server.log
        place.get(server.https + "/name")


def test_what_is_printed_serves_the_same(place: Place) -> None:
    printed = place.run("import", "gunicorn", "-b", "127.0.0.1:0", "-w", "2", "--threads", "3", *TLS, "plain").stdout
    place.write("tlsgi.toml", printed)
    server = place.start("serve")
    assert place.get(server.https + "/").text.startswith("https ")
    assert len(workers(server)) == 2


def test_client_certificates_are_asked_for(place: Place) -> None:
    place.run("mkcert", "-client", "-cert-file", "me.pem", "-key-file", "me.key", "me")
    command = ("gunicorn", "-b", "127.0.0.1:0", *TLS, "--ca-certs", "ca/rootCA.pem", "--cert-reqs", "2", "plain")
    server = place.start(*command)
    assert place.get(server.https + "/").status_code == 403
    place.context.load_cert_chain(place.directory / "me.pem", place.directory / "me.key")
    assert place.get(server.https + "/").status_code == 200


def test_insecure_bind_is_the_same_application(place: Place) -> None:
    place.write("hypercorn.toml", 'bind = "127.0.0.1:0"\ninsecure_bind = "127.0.0.1:0"\ncertfile = "cert.pem"\nkeyfile = "key.pem"\n')
    server = place.start("hypercorn", "-c", "hypercorn.toml", "wsgi:plain:application")
    scheme, process, identity = place.get(server.https + "/").text.split()
    other = httpx.get(server.http + "/", timeout=PATIENCE).text.split()
    assert (scheme, other) == ("https", ["http", process, identity])


def test_variables_of_the_original_count(place: Place) -> None:
    variables = {"UVICORN_SSL_CERTFILE": "cert.pem", "UVICORN_SSL_KEYFILE": "key.pem", "UVICORN_PORT": "0", "WEB_CONCURRENCY": "2"}
    place.write("app.env", "NAME='from the file'\n")
    server = place.start("uvicorn", "star_app:app", "--env-file", "app.env", **variables)
    assert place.get(server.https + "/").json()["name"] == "from the file"
    assert len(workers(server)) == 2


def test_ad_hoc_certificate_and_files_of_variables(place: Place) -> None:
    pytest.importorskip("flask")
    place.write(".flaskenv", "FLASK_APP=flask_app\nFLASK_RUN_PORT=0\nNAME=weaker\n")
    place.write(".env", "NAME=stronger\n")
    server = place.start("flask", "run", "--cert", "adhoc")
    assert place.get(server.https + "/name").text == "stronger"


def test_debug_shows_exceptions_in_the_browser(place: Place) -> None:
    pytest.importorskip("flask")
    server = place.start("flask", "--app", "flask_app", "run", "--debug", "--cert", "adhoc", "-p", "0")
    page = place.get(server.https + "/fault")
    assert (page.status_code, "Werkzeug Debugger" in page.text) == (500, True)


@pytest.mark.parametrize(
    ("command", "status", "text"),
    [
        (("gunicorn", "-c", "broken.py", "plain"), 2, "NameError: name 'nothing' is not defined"),
        (("gunicorn", "-c", "leaves.py", "plain"), 2, "SystemExit: 3"),
        (("gunicorn", "-c", "syntax.py", "plain"), 2, "SyntaxError"),
        (("gunicorn", "-c", "python:not_there", "plain"), 2, "No module named 'not_there'"),
        (("gunicorn", "-c", "hook.py", "plain"), 2, "`on_starting` cannot be done"),
        (("hypercorn", "-c", "file:broken.py", "star_app:app"), 2, "NameError"),
        (("gunicorn", "--certfile", "cert.pem", "--keyfile", "cert.pem", "-b", "127.0.0.1:0", "plain"), 4, "cert.pem"),
        (("gunicorn", *TLS, "-b", "127.0.0.1:0", "absent:app"), 3, 'there is no module "absent"'),
        (("flask", "run", "--cert", "adhoc", "-p", "0"), 3, "Could not locate a Flask application"),
        (("uvicorn", "star_app:app", "--ssl-crtfile", "x"), 2, "did you mean `--ssl-certfile`?"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_said_once(place: Place, command: tuple[str, ...], status: int, text: str) -> None:
    pytest.importorskip("flask")
    place.write("broken.py", "bind = nothing\n")
    place.write("leaves.py", "import sys\nsys.exit(3)\n")
    place.write("syntax.py", "bind = (\n")
    place.write("hook.py", "def on_starting(server):\n    pass\n")
    assert place.run(*command, status=status).stderr.count(text) == 1


def test_certbot_files_are_followed(place: Place) -> None:
    archive, live = place.directory / "archive/example", place.directory / "live/example"
    archive.mkdir(parents=True)
    live.mkdir(parents=True)
    for name, file in (("fullchain", "cert.pem"), ("privkey", "key.pem")):
        (archive / f"{name}1.pem").write_bytes((place.directory / file).read_bytes())
        (live / f"{name}.pem").symlink_to(f"../../archive/example/{name}1.pem")
    files = ("--certfile", "live/example/fullchain.pem", "--keyfile", "live/example/privkey.pem")
    server = place.start("gunicorn", *files, "-b", "127.0.0.1:0", "plain")
    before = ssl.get_server_certificate(("127.0.0.1", int(server.https.rpartition(":")[2])))
    place.run("mkcert", "-cert-file", "cert.pem", "-key-file", "key.pem", "localhost", "127.0.0.1", "renewed.test")
    for name, file in (("fullchain", "cert.pem"), ("privkey", "key.pem")):
        (archive / f"{name}2.pem").write_bytes((place.directory / file).read_bytes())
        link = live / f"{name}.new"
        link.symlink_to(f"../../archive/example/{name}2.pem")
        link.replace(live / f"{name}.pem")
    deadline = time.monotonic() + PATIENCE
    while ssl.get_server_certificate(("127.0.0.1", int(server.https.rpartition(":")[2]))) == before:
        assert time.monotonic() < deadline, server.log


FLASK_PROGRAM = """
    from flask import Flask

    application = Flask(__name__)

    @application.route("/")
    def hello():
        return "<h1 style='color:blue'>Hello There!</h1>"

    if __name__ == "__main__":
        application.run({arguments})
"""


@pytest.mark.parametrize(
    "arguments",
    ["port=0, ssl_context=('cert.pem', 'key.pem')", "port=0, ssl_context=('cert.pem', 'key.pem'), debug=True", "port=0"],
)
def test_flask_program_is_run_as_it_is(place: Place, arguments: str) -> None:
    pytest.importorskip("flask")
    place.write("program.py", FLASK_PROGRAM.format(arguments=arguments))
    server = place.start("python", "program.py")
    answer = place.get(server.https + "/") if "ssl" in arguments else httpx.get(server.http + "/", timeout=PATIENCE)
    assert "Hello There!" in answer.text
    assert answer.headers["server"] == "tlsgi"


def test_uvicorn_program_is_run_as_it_is(place: Place) -> None:
    pytest.importorskip("uvicorn")
    run = "uvicorn.run(app, port=0, ssl_keyfile='key.pem', ssl_certfile='cert.pem', ssl_version=ssl.PROTOCOL_TLS_SERVER)"
    place.write("program.py", f"import ssl\nimport uvicorn\nfrom star_app import app\nif __name__ == '__main__':\n    {run}\n")
    server = place.start("python", "program.py")
    assert place.get(server.https + "/").json()["scheme"] == "https"


def test_program_that_starts_no_server_runs_and_ends(place: Place) -> None:
    place.write("program.py", "import sys\nprint(__name__, sys.argv)\nsys.exit(5)\n")
    assert place.run("python", "program.py", "a", status=5).stdout == "__main__ ['program.py', 'a']\n"
    assert "usage" in place.run("python", status=1).stderr


@pytest.mark.parametrize(
    "command",
    [("uvicorn", "star_app:app", "--host", "127.0.0.1", "--port", "0"), ("hypercorn", "star_app:app", "-b", "127.0.0.1:0")],
    ids=lambda value: value[0],
)
def test_root_path_is_for_proxies_that_cut_it_off_and_for_those_that_do_not(place: Place, command: tuple[str, ...]) -> None:
    server = place.start(*command, "--root-path", "/shop")
    for path in ("/cart", "/shop/cart"):
        answer = httpx.get(server.http + path, timeout=PATIENCE)
        assert (answer.status_code, answer.json()["path"]) == (200, "/shop/cart"), path
