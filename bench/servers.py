"""What a server is to the benchmark, and one that runs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from keeper import Kept

APPLICATIONS = Path(__file__).resolve().parent / "apps"
PATIENCE = 30.0


@dataclass(frozen=True)
class Setup:
    """What a load wants served.

    ``interface`` is wsgi, asgi, or any: WSGI where the server has it. ``threads`` is 0 where each server's own
    documentation decides.
    """

    module: str
    interface: str
    threads: int = 0
    key: str = "p256"
    workers: int = 1

    @property
    def target(self) -> str:
        """The application in the notation of every server."""
        return f"{self.module}:application"

    def of(self, server: Server) -> Setup:
        """This setup with the interface decided."""
        if self.interface != "any":
            return self
        interface = "asgi" if "asgi" in server.abilities and "wsgi" not in server.abilities else "wsgi"
        return replace(self, interface=interface, module=f"{interface}_app")


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


Command = Callable[[Place, Setup, int, Path], "list[str]"]


@dataclass(frozen=True)
class Server:
    """One competitor.

    ``abilities`` are what a load may need: wsgi, asgi, h2, h3, files, websocket, reload, constant. ``lacks`` says why
    for what people may look for and not find. ``reload`` asks for a rolling reload.
    """

    name: str
    abilities: frozenset[str]
    command: Command
    program: str
    how_to_get: str = "pip"
    reload: Callable[[Running], None] = field(default=lambda running: os.kill(running.kept.command, signal.SIGHUP))
    lacks: tuple[tuple[str, str], ...] = ()

    def is_present(self, place: Place) -> bool:
        """False where what pip cannot bring alone is missing."""
        return (
            self.name == "tlsgi"
            or Path(place.installed(self.program)).exists()
            or shutil.which(self.program) is not None
        )


class StartError(Exception):
    """The server does not answer; the text is what it wrote."""


class Running:
    """A server that answers; ``started_in`` is the time from its start to its first answer in seconds."""

    def __init__(self, server: Server, place: Place, setup: Setup) -> None:
        self.server, self.place, self.setup = server, place, setup
        chosen = setup.of(server)
        self.port = free_port()
        self.certificate = place.certificate(chosen.key)
        self.directory = place.directory / f"run-{server.name}-{self.port}"
        self.directory.mkdir()
        command = server.command(place, chosen, self.port, self.directory)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TLSGI_")}
        if server.name == "tlsgi":
            environment["PYTHONPATH"] = str(place.tlsgi_package)
        self.log = self.directory / "log"
        began = time.perf_counter()
        try:
            self.kept = Kept(command, APPLICATIONS, environment, self.log)
        except OSError as error:
            raise StartError(f"{server.name} cannot be started: {error}") from error
        try:
            self._wait_for_answer()
        except BaseException:
            self.close()
            raise
        self.started_in = time.perf_counter() - began

    @property
    def root(self) -> int:
        """The top of its process tree, which is no part of the server itself."""
        return self.kept.keeper

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
        """A client that trusts the certificate of this run; TLS 1.3 only, as every server here speaks it."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context

    def close(self) -> None:
        """Ends the server and all that it left behind."""
        self.kept.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _wait_for_answer(self) -> None:
        context, pause = self.context(), threading.Event()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.kept.is_running:
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
