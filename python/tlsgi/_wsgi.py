"""Runs a WSGI application: threads, links and the control socket. The rest is in the native module."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
import traceback
from typing import Any, Callable, Optional

from tlsgi import worker
from tlsgi._worker import WsgiServer
from tlsgi.control import Control
from tlsgi.forks import close_in_children
from tlsgi.report import ErrorStream, report
from tlsgi.start import Start


def serve(application: Callable[..., Any], start: Start, control: Control) -> int:
    """Serves until told to stop; returns the exit status."""
    return _Worker(application, start, control).run()


class _Worker:
    def __init__(self, application: Callable[..., Any], start: Start, control: Control) -> None:
        self._control = control
        self._stop_timeout = start.stop_timeout
        self._server = WsgiServer(
            application,
            threads=start.threads,
            interpreter=worker.interpreter(),
            errors=ErrorStream(),
            report=report,
            max_requests=start.max_requests,
            is_parallel=not getattr(sys, "_is_gil_enabled", lambda: True)(),
        )
        names = (f"tlsgi-{number}" for number in range(1, start.threads + 1))
        self._threads = [threading.Thread(target=self._serve, name=name, daemon=True) for name in names]
        self._deadline: Optional[float] = None
        self._signals = worker.SignalPipe()

    def run(self) -> int:
        close_in_children(self._control.fileno())
        close_in_children(self._server.fileno())
        for thread in self._threads:
            thread.start()
        worker.send_ready(self._control, "wsgi")
        poll = select.poll()
        for source in (self._control, self._server, self._signals):
            poll.register(source, select.POLLIN)
        status: Optional[int] = None
        while status is None:
            ready = {descriptor for descriptor, _ in poll.poll(self._patience())}
            status = self._turn(ready)
        return self._end(status)

    def _turn(self, ready: set[int]) -> Optional[int]:
        """What happened; the exit status when the worker is through."""
        if self._signals.fileno() in ready and signal.SIGTERM in self._signals.read():
            self._stop(self._stop_timeout)
        if self._server.fileno() in ready:
            for notice in self._server.notices():
                if notice == "i":
                    return 0
                if notice == "f":
                    print(f"tlsgi: worker {os.getpid()} ends: {self._server.failure()}", file=sys.stderr)
                    return 1
                self._control.send("retire", reason="max_requests")
        if self._control.fileno() in ready and not self._hear():
            # Without a supervisor nobody would stop this process.
            worker.leave(0)
        if self._deadline is not None and time.monotonic() >= self._deadline:
            worker.leave(0)
        return None

    def _hear(self) -> bool:
        message = self._control.receive()
        if message is None:
            return False
        if message.op == "attach":
            for descriptor in message.descriptors:
                close_in_children(self._server.attach(descriptor))
                os.close(descriptor)
        elif message.op == "stop":
            self._stop(float(message.content.get("timeout", self._stop_timeout)))
        return True

    def _stop(self, timeout: float) -> None:
        if self._deadline is None:
            self._server.stop()
        self._deadline = time.monotonic() + timeout

    def _patience(self) -> Optional[float]:
        if self._deadline is None:
            return None
        return max(0.0, self._deadline - time.monotonic()) * 1000 + 1

    def _end(self, status: int) -> int:
        """Lets threads that have nothing to do return; a thread that is still busy does not keep the process."""
        until = time.monotonic() + 1.0
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            worker.leave(status)
        self._signals.close()
        return status

    def _serve(self) -> None:
        try:
            self._server.serve()
        except BaseException:
            # Only a fault of the native module comes here: a request would be left open for ever.
            traceback.print_exc()
            worker.leave(1)
