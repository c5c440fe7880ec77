"""Starts the real command on free ports and ends it by its own pid."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = os.environ.get("TLSGI_COMMAND", str(ROOT / "target/venv/bin/tlsgi"))
PATIENCE = 60


class Server:
    """``tlsgi serve …``, running once the banner has come."""

    def __init__(
        self,
        directory: Path,
        *arguments: str,
        environment: dict[str, str] | None = None,
        cwd: Path = ROOT,
        options: list[str] | None = None,
        program: list[str] | None = None,
    ) -> None:
        """``program`` is a command of another name that serves, on free ports, instead of ``tlsgi serve``."""
        self.state = directory / "state"
        ports = ["--host", "127.0.0.1", "--https-port", "0", "--port", "0"]
        command = [COMMAND, "serve", *arguments, *ports, "--python", sys.executable, *(options or ["--state-dir", str(self.state)])]
        if program is not None:
            command = program
            environment = {"TLSGI_STATE_DIR": str(self.state), "PYTHONWARNINGS": "default", **(environment or {})}
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log = ""
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        self.https, self.http = self._read_banner()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log += line

    def _read_banner(self) -> tuple[str, str]:
        assert self.process.stdout is not None
        found = {"https": "", "http": ""}
        for line in self.process.stdout:
            words = line.split()
            if words and "://" in words[0]:
                scheme = words[0].split(":")[0]
                found[scheme] = words[0].rstrip("/")
            if words and words[0] == "front":
                return found["https"], found["http"]
        self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        raise AssertionError(f"the server did not start:\n{self.log}")

    @property
    def root(self) -> str:
        return str(self.state / "ca/rootCA.pem")

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.root)

    def processes(self) -> list[int]:
        """The supervisor and everything below it."""
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    queue += [int(child) for child in tasks.read_text().split()]
        return found

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code
