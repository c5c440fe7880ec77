"""The servers of the benchmark: how each is started in the settings its own documentation recommends, and ended."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

APPLICATIONS = Path(__file__).resolve().parent / "apps"
PATIENCE = 30.0
KEEP_ALIVE = "75"
BACKLOG = "4096"


@dataclass(frozen=True)
class Setup:
    """What a load wants served."""

    module: str
    interface: str
    threads: int
    key: str = "p256"

    @property
    def target(self) -> str:
        """The application in the notation of every server."""
        return f"{self.module}:application"


@dataclass(frozen=True)
class Place:
    """Where everything of this run lies."""

    directory: Path
    environment: Path
    tlsgi_binary: Path
    tlsgi_package: Path
    tlsgi_python: Path

    def certificate(self, key: str) -> Path:
        """Certificate of the kind ``p256`` or ``rsa2048``."""
        return self.directory / f"{key}.pem"

    def private_key(self, key: str) -> Path:
        """Its key, in PKCS#8: granian takes nothing else."""
        return self.directory / f"{key}.key"

    @property
    def files(self) -> Path:
        """The directory with static files."""
        return self.directory / "static"

    def installed(self, name: str) -> str:
        """A command of the benchmark's environment."""
        return str(self.environment / "bin" / name)


@dataclass(frozen=True)
class Server:
    """One competitor: ``abilities`` are what a load may need (wsgi, asgi, h2, files, websocket, constant)."""

    name: str
    abilities: frozenset[str]
    command: Callable[[Place, Setup, int, Path], list[str]]
    program: str | None = None

    @property
    def is_present(self) -> bool:
        """False where a system package that pip cannot bring is missing."""
        return self.program is None or shutil.which(self.program) is not None


class StartError(Exception):
    """The server does not answer; the text is what it wrote."""


class Running:
    """A server that answers; ``started_in`` is the time from its start to its first answer in seconds."""

    def __init__(self, server: Server, place: Place, setup: Setup) -> None:
        self.server, self.place = server, place
        self.port = free_port()
        self.certificate = place.certificate(setup.key)
        self.directory = place.directory / f"run-{server.name}-{self.port}"
        self.directory.mkdir()
        command = server.command(place, setup, self.port, self.directory)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TLSGI_")}
        if server.name == "tlsgi":
            environment["PYTHONPATH"] = str(place.tlsgi_package)
        self.log = self.directory / "log"
        began = time.perf_counter()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=APPLICATIONS,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_for_answer()
        except BaseException:
            self.close()
            raise
        self.started_in = time.perf_counter() - began

    def url(self, path: str) -> str:
        """Address of a path, without a name to resolve."""
        return f"https://127.0.0.1:{self.port}{path}"

    def connect(
        self, context: ssl.SSLContext, session: ssl.SSLSession | None = None, patience: float = PATIENCE
    ) -> ssl.SSLSocket:
        """A TLS connection."""
        opened = socket.create_connection(("127.0.0.1", self.port), patience)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            return context.wrap_socket(opened, server_hostname="localhost", session=session)
        except BaseException:
            opened.close()
            raise

    def context(self) -> ssl.SSLContext:
        """A client that trusts the certificate of this run."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def close(self) -> None:
        """Ends the server, gently at first, and what it left behind in its process group."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _wait_for_answer(self) -> None:
        context, pause = self.context(), threading.Event()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with self.connect(context) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                        return
            except OSError:
                pass
            pause.wait(0.002)
        raise StartError(f"{self.server.name} does not answer:\n{self.log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tlsgi(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    command = [str(place.tlsgi_binary), "serve", setup.target, "--interface", setup.interface]
    command += ["--host", "127.0.0.1", "--https-port", str(port), "--no-http", "--no-access-log"]
    command += ["--certfile", str(place.certificate(setup.key)), "--keyfile", str(place.private_key(setup.key))]
    command += ["--processes", "1", "--threads", str(setup.threads), "--python", str(place.tlsgi_python)]
    command += ["--keep-alive-timeout", f"{KEEP_ALIVE}s", "--state-dir", str(directory / "state")]
    return [*command, "--static", f"/static={place.files}"]


def _granian(place: Place, setup: Setup, port: int, _directory: Path) -> list[str]:
    command = [place.installed("granian"), setup.target, "--interface", setup.interface, "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--backlog", BACKLOG]
    command += _ssl_files(place, setup, "--ssl-certificate", "--ssl-keyfile")
    command += ["--static-path-route", "/static", "--static-path-mount", str(place.files)]
    if setup.interface == "wsgi":
        return [*command, "--blocking-threads", str(setup.threads)]
    return [*command, "--loop", "uvloop"]


def _uvicorn(place: Place, setup: Setup, port: int, _directory: Path) -> list[str]:
    command = [place.installed("uvicorn"), setup.target, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--timeout-keep-alive", KEEP_ALIVE]
    return [*command, "--backlog", BACKLOG, *_ssl_files(place, setup, "--ssl-certfile", "--ssl-keyfile")]


def _gunicorn(place: Place, setup: Setup, port: int, _directory: Path) -> list[str]:
    command = [*_gunicorn_at(place, setup, f"127.0.0.1:{port}"), *_ssl_files(place, setup, "--certfile", "--keyfile")]
    if setup.interface == "asgi":
        return [*command, "--worker-class", "asgi", "--asgi-loop", "uvloop"]
    return [*command, "--worker-class", "gthread", "--threads", str(setup.threads)]


def _gunicorn_at(place: Place, setup: Setup, address: str) -> list[str]:
    command = [place.installed("gunicorn"), setup.target, "--bind", address, "--workers", "1"]
    return [*command, "--keep-alive", KEEP_ALIVE, "--worker-connections", BACKLOG, "--no-control-socket", "--log-level", "warning"]


def _hypercorn(place: Place, setup: Setup, port: int, _directory: Path) -> list[str]:
    target = setup.target if setup.interface == "asgi" else f"wsgi:{setup.target}"
    command = [place.installed("hypercorn"), target, "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    command += ["--worker-class", "uvloop", "--keep-alive", KEEP_ALIVE, "--backlog", BACKLOG]
    return [*command, *_ssl_files(place, setup, "--certfile", "--keyfile")]


def _uwsgi(place: Place, setup: Setup, port: int, _directory: Path) -> list[str]:
    listen = f"127.0.0.1:{port},{place.certificate(setup.key)},{place.private_key(setup.key)}"
    command = ["uwsgi", "--plugins", "python3", "--home", str(place.environment), "--https", listen, "--master"]
    command += ["--module", setup.target, "--processes", "1", "--threads", str(setup.threads), "--need-app"]
    command += ["--die-on-term", "--disable-logging", "--http-keepalive", "--so-keepalive", "--thunder-lock"]
    return [*command, "--static-map", f"/static={place.files}"]


def _mod_wsgi(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    command = ["mod_wsgi-express", "start-server", "--application-type", "module", setup.module]
    command += ["--https-port", str(port), "--port", str(free_port()), "--server-name", "localhost"]
    command += ["--ssl-certificate-file", str(place.certificate(setup.key))]
    command += ["--ssl-certificate-key-file", str(place.private_key(setup.key))]
    command += ["--processes", "1", "--threads", str(setup.threads), "--server-root", str(directory / "httpd")]
    command += ["--python-path", str(APPLICATIONS), "--url-alias", "/static", str(place.files)]
    return [*command, *(["--user", "www-data", "--group", "www-data"] if os.geteuid() == 0 else [])]


def _nginx(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    return ["nginx", "-c", _nginx_file(place, setup, port, directory, 'return 200 "Hello, world!\\n";')]


def _nginx_gunicorn(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    address = f"unix:{directory}/gunicorn"
    forward = f"proxy_pass http://{address}:; proxy_http_version 1.1; proxy_set_header Host $host;"
    behind = [*_gunicorn_at(place, setup, address), "--worker-class", "gthread", "--threads", str(setup.threads)]
    front = ["nginx", "-c", _nginx_file(place, setup, port, directory, forward)]
    return ["sh", "-c", f"{shlex.join(behind)} & exec {shlex.join(front)}"]


def _nginx_file(place: Place, setup: Setup, port: int, directory: Path, answer: str) -> str:
    temporary = "\n".join(
        f"{name}_temp_path {directory}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    written = directory / "nginx.conf"
    written.write_text(f"""
daemon off; worker_processes 1; pid {directory}/pid; error_log stderr warn;
events {{ worker_connections {BACKLOG}; }}
http {{
{temporary}
access_log off; sendfile on; keepalive_timeout {KEEP_ALIVE}; keepalive_requests 1000000; client_max_body_size 0;
ssl_session_cache shared:tls:10m; ssl_protocols TLSv1.2 TLSv1.3; default_type text/plain;
server {{
  listen 127.0.0.1:{port} ssl http2 backlog={BACKLOG};
  ssl_certificate {place.certificate(setup.key)}; ssl_certificate_key {place.private_key(setup.key)};
  location /static/ {{ root {place.directory}; }}
  location / {{ {answer} }}
}}
}}
""")
    return str(written)


def _ssl_files(place: Place, setup: Setup, certificate: str, key: str) -> list[str]:
    return [certificate, str(place.certificate(setup.key)), key, str(place.private_key(setup.key))]


SERVERS = (
    Server("tlsgi", frozenset({"wsgi", "asgi", "h2", "files", "websocket"}), _tlsgi),
    Server("granian", frozenset({"wsgi", "asgi", "h2", "files", "websocket"}), _granian),
    Server("uvicorn", frozenset({"asgi", "websocket"}), _uvicorn),
    Server("gunicorn", frozenset({"wsgi", "asgi", "websocket"}), _gunicorn),
    Server("hypercorn", frozenset({"wsgi", "asgi", "h2", "websocket"}), _hypercorn),
    Server("uwsgi", frozenset({"wsgi", "files"}), _uwsgi, "uwsgi"),
    Server("mod_wsgi", frozenset({"wsgi", "files"}), _mod_wsgi, "mod_wsgi-express"),
    Server("nginx+gunicorn", frozenset({"wsgi", "h2", "files"}), _nginx_gunicorn, "nginx"),
    Server("nginx", frozenset({"constant", "h2", "files"}), _nginx, "nginx"),
)
