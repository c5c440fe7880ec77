"""A server that was started for one run, by the original or by tlsgi, and is ended by its own process id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from typing import Iterable

from .place import Place
from .programs import Command

PATIENCE = 30.0
SETTLED = 0.7
"""Seconds after the first port for the others: a server binds all its ports before it serves, or never."""


class Running:
    """Standard output and error are in ``log()``."""

    def __init__(self, place: Place, command: Command) -> None:
        self.place, self.banner = place, command.banner
        self.path = place.directory / "log.txt"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TLSGI_")}
        own = {"TLSGI_STATE_DIR": str(place.directory / "state"), "LC_ALL": "C.UTF-8", **command.environment}
        with self.path.open("wb") as log:
            self.process = subprocess.Popen(
                command.words,
                cwd=place.directory,
                env={**inherited, **own},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self) -> str:
        """All that was said so far."""
        return self.path.read_text(errors="replace")

    def wait_for(self, ports: Iterable[int]) -> set[int]:
        """Those that take connections, once one does; none where the program ended."""
        wanted, deadline = set(ports), time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            open_ports = {port for port in wanted if listens(port)}
            if open_ports and self.banner in self.log():
                settled = time.monotonic() + SETTLED
                while open_ports != wanted and time.monotonic() < settled:
                    time.sleep(0.02)
                    open_ports = {port for port in wanted if listens(port)}
                return open_ports
            time.sleep(0.02)
        return set()

    def wait_until(self, condition: object, seconds: float = PATIENCE) -> bool:
        """Whether it held in time."""
        deadline = time.monotonic() + seconds
        assert callable(condition)
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def send(self, name: str) -> None:
        """A signal by name."""
        self.process.send_signal(getattr(signal, name))

    def end(self, name: str) -> str:
        """How it ended after that signal, in words."""
        if self.process.poll() is None:
            self.send(name)
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            return "goes on"
        return "0" if code == 0 else f"{code}"

    def close(self) -> None:
        """Ends what is left of it, gently at first."""
        for name in ("SIGINT", "SIGTERM", "SIGKILL"):
            if self.process.poll() is None:
                self.send(name)
                try:
                    self.process.wait(5)
                except subprocess.TimeoutExpired:
                    continue
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def listens(port: int) -> bool:
    """Whether a connection is taken."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
