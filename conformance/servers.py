"""Starts the servers under test on free loopback ports and ends them by their own pid."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from . import peers
from .http1 import Connection

ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "CONFORMANCE_SECRET": "of the process"}
APPLICATIONS = Path(__file__).resolve().parent / "apps"
PATIENCE = 20.0

INTERFACES = {
    "tlsgi": {"wsgi", "asgi"},
    "gunicorn": {"wsgi"},
    "uvicorn": {"asgi"},
    "granian": {"wsgi", "asgi"},
}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class StartError(Exception):
    """The server ended instead of serving; the text is what it wrote."""


class Server:
    """One running server: ``port`` speaks TLS, ``plain_port`` does not (None where the server cannot do both)."""

    def __init__(self, kind: str, interface: str, application: str, *, is_tls: bool = True, **options: Any) -> None:
        self.kind, self.interface = kind, interface
        self.directory = Path(tempfile.mkdtemp(prefix="conformance-"))
        self.log_path = self.directory / "log"
        self.port = self.plain_port = None
        self.certificate, self.key = options.get("certificate", (peers.CERTIFICATE, peers.KEY))
        arguments, environment = globals()[f"_{kind}"](self, application, is_tls, options)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TLSGI_")}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                arguments,
                cwd=options.get("directory", APPLICATIONS),
                env={**inherited, **ENVIRONMENT, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise
        self.trust = ssl.create_default_context(cafile=str(self.certificate))
        self.trust.check_hostname = False

    def log(self) -> str:
        """All that the server wrote so far."""
        return self.log_path.read_text(errors="replace")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise StartError(self.log())
            if self.kind == "tlsgi":
                found = {word: int(port) for word, port in re.findall(r"^ +(https?)://[^/]*:(\d+)/", self.log(), re.M)}
                self.port, self.plain_port = found.get("https"), found.get("http")
                if self.port and "  pool  " in self.log():
                    return
            else:
                try:
                    socket.create_connection(("127.0.0.1", self.port or self.plain_port), 1).close()
                    return
                except OSError:
                    pass
            time.sleep(0.02)
        raise StartError("not ready in time:\n" + self.log())

    def is_listening(self) -> bool:
        """Whether it still takes connections: a check may have ended it."""
        try:
            self.tcp().close()
        except OSError:
            return False
        return self.process.poll() is None

    def tcp(self, port: int | None = None) -> socket.socket:
        """A bare connection, by default to the TLS port."""
        opened = socket.create_connection(("127.0.0.1", port or self.port or self.plain_port), PATIENCE)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def context(self, *protocols: str) -> ssl.SSLContext:
        """A TLS client that offers these protocols by ALPN."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.check_hostname = False
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def tls(self, *protocols: str, name: str = "localhost") -> ssl.SSLSocket:
        """A TLS connection; truncation by the peer is an error, not an end."""
        context = self.context(*protocols) if protocols else self.trust
        return context.wrap_socket(self.tcp(), server_hostname=name, suppress_ragged_eofs=False)

    def connect(self) -> Connection:
        """An HTTP/1 connection."""
        return Connection(self.tls("http/1.1"))

    def connect_plain(self) -> Connection:
        """An HTTP/1 connection without TLS."""
        return Connection(self.tcp(self.plain_port))

    def signal(self, number: int) -> None:
        """Sends a signal to the process that was started."""
        self.process.send_signal(number)

    def wait(self, timeout: float = PATIENCE) -> int:
        """The exit status."""
        return self.process.wait(timeout)

    def close(self) -> None:
        """Ends the server, gently at first."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def _tlsgi(server: Server, application: str, is_tls: bool, options: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    installed = peers.ROOT / "target" / "venv" / "bin" / "tlsgi"
    state = server.directory / "state"
    if "certificate" not in options:
        server.certificate = state / "ca" / "rootCA.pem"
    arguments = [os.environ.get("TLSGI_COMMAND", str(installed)), "serve", application]
    arguments += ["--host", "127.0.0.1", "--https-port", "0", "--port", "0", "--state-dir", str(state)]
    arguments += ["--no-access-log", "--threads", "8", "--graceful-timeout", "3s"]
    arguments += ["--interface", server.interface, "--processes", str(options.get("workers", 1))]
    if not options.get("redirects"):
        arguments += ["--allow-http"]
    if "certificate" in options:
        arguments += ["--certfile", str(server.certificate), "--keyfile", str(server.key)]
    if "ping" in options:
        arguments += ["--websocket-ping-interval", f"{options['ping']}s"]
    if "mount" in options:
        arguments += ["--mount", options["mount"]]
    if options.get("is_impatient"):
        arguments += ["--handshake-timeout", "1s", "--header-timeout", "1s", "--body-grace", "1s"]
        arguments += ["--keep-alive-timeout", "1s", "--write-timeout", "1s"]
    if "lifespan" in options:
        arguments += ["--lifespan", options["lifespan"]]
    return arguments, {}


def _gunicorn(server: Server, application: str, is_tls: bool, options: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    port = _listen(server, is_tls)
    arguments = [peers.command("gunicorn"), application, "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    arguments += ["--worker-class", "gthread", "--threads", "8", "--graceful-timeout", "3"]
    arguments += ["--workers", str(options.get("workers", 1))]
    if is_tls:
        arguments += ["--certfile", str(server.certificate), "--keyfile", str(server.key)]
    if options.get("is_impatient"):
        arguments += ["--timeout", "2", "--keep-alive", "1"]
    return arguments, {"SCRIPT_NAME": options["mount"]} if "mount" in options else {}


def _uvicorn(server: Server, application: str, is_tls: bool, options: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    port = _listen(server, is_tls)
    arguments = [peers.command("uvicorn"), application, "--host", "127.0.0.1", "--port", str(port)]
    arguments += ["--no-access-log", "--timeout-graceful-shutdown", "3", "--lifespan", options.get("lifespan", "auto")]
    if "workers" in options:
        arguments += ["--workers", str(options["workers"])]
    if "ping" in options:
        arguments += ["--ws-ping-interval", str(options["ping"])]
    if is_tls:
        arguments += ["--ssl-certfile", str(server.certificate), "--ssl-keyfile", str(server.key)]
    if "mount" in options:
        arguments += ["--root-path", options["mount"]]
    if options.get("is_impatient"):
        arguments += ["--timeout-keep-alive", "1"]
    return arguments, {}


def _granian(server: Server, application: str, is_tls: bool, options: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    port = _listen(server, is_tls)
    interface = server.interface
    if interface == "asgi" and options.get("lifespan") == "off":
        interface = "asginl"
    arguments = [peers.command("granian"), application, "--interface", interface, "--host", "127.0.0.1"]
    arguments += ["--port", str(port), "--workers-kill-timeout", "3", "--no-access-log"]
    arguments += ["--workers", str(options.get("workers", 1))]
    if server.interface == "wsgi":
        arguments += ["--blocking-threads", "8"]
    if is_tls:
        arguments += ["--ssl-certificate", str(server.certificate), "--ssl-keyfile", str(server.key)]
    if "mount" in options:
        arguments += ["--url-path-prefix", options["mount"]]
    if options.get("is_impatient"):
        arguments += ["--http1-header-read-timeout", "1000"]
    return arguments, {}


def _listen(server: Server, is_tls: bool) -> int:
    """These servers speak either TLS or plain HTTP, on a port that must be named."""
    port = free_port()
    if is_tls:
        server.port = port
    else:
        server.plain_port = port
    return port
