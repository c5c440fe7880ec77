"""Starts a server under a keeper: a process that inherits every descendant whose parent ended, so that no CPU time is lost.

Linux adds the time of an ended process to the parent that waits for it. A server that leaves its own children behind (a shell in front of
a daemon, a master that is replaced by its successor) would take their time along; the keeper is a subreaper and waits for them all.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import measure

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


class Kept:
    """A command that runs under a keeper. ``keeper`` is the root of the process tree, ``command`` the process asked for."""

    def __init__(self, command: list[str], directory: Path, environment: dict[str, str], log: Path) -> None:
        reading, writing = os.pipe()
        sys.stdout.flush()
        self.keeper = os.fork()
        if self.keeper == 0:
            _keep(command, directory, environment, log, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.readline().decode()
        self._ended = os.pidfd_open(self.keeper)
        if not told.startswith("pid "):
            self.close()
            raise OSError(told.strip() or "the keeper ended")
        self.command = int(told.split()[1])

    @property
    def is_running(self) -> bool:
        """Whether the command, and not only something that it left behind, is there."""
        return Path(f"/proc/{self.command}").exists()

    def close(self, grace: float = 5.0) -> None:
        """Ends the command gently, then all that is left of its tree."""
        deadline = time.monotonic() + grace
        _send(getattr(self, "command", 0), signal.SIGTERM)
        while getattr(self, "command", 0) and self.is_running and time.monotonic() < deadline:
            select.select([self._ended], [], [], 0.02)
        while True:
            left = [process for process in measure.tree(self.keeper) if process != self.keeper]
            for process in left:
                _send(process, signal.SIGKILL)
            if select.select([self._ended], [], [], 0.2)[0]:
                break
        os.waitpid(self.keeper, 0)
        os.close(self._ended)


def _send(process: int, number: signal.Signals) -> None:
    if process > 1:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            pass


def _keep(command: list[str], directory: Path, environment: dict[str, str], log: Path, report: int) -> None:
    """The keeper's life: never returns."""
    try:
        os.setsid()
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # The run that started this keeper died: nobody is left who would end the server.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        signal.signal(signal.SIGTERM, _end_tree)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        os.write(report, f"pid {process.pid}\n".encode())
        os.close(report)
        while True:
            os.wait()
    except ChildProcessError:
        os._exit(0)
    except BaseException as error:
        os.write(report, f"{error}\n".encode())
        os._exit(1)


def _end_tree(_number: int, _frame: object) -> None:
    for process in measure.tree(os.getpid()):
        if process != os.getpid():
            _send(process, signal.SIGKILL)
