"""Behind :func:`tlsgi.run`: this process becomes the worker, the server is started beside it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from typing import Any, Callable, Iterable, Iterator, Union

from tlsgi import interface as interfaces
from tlsgi import worker
from tlsgi.control import Control
from tlsgi.start import Start

_ONLY_BY_NAME = ("reload", "preload", "max_requests", "max_worker_memory")


def run(app: Union[str, Callable[..., Any]], options: dict[str, Any]) -> None:
    """As :func:`tlsgi.run`."""
    if isinstance(app, str):
        _serve_by_name(app, options)
        return
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("tlsgi.run() needs the main thread, where signals arrive")
    wanted = [name for name in _ONLY_BY_NAME if options.get(name)]
    wanted += ["processes"] if options.get("processes", 1) not in (None, 1) else []
    if wanted:
        raise ValueError(f'{", ".join(wanted)}: only with a reference such as run("module:app"), which can be imported again')
    served = interfaces.examine(app, options.pop("interface", None))
    _serve_here(served, [*arguments(options), "--interface", served.interface])


def arguments(options: dict[str, Any]) -> Iterator[str]:
    """The options as the command line has them."""
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            yield flag
        elif value is False:
            yield "--no-" + flag[2:]
        elif value is not None:
            values: Iterable[Any] = value if isinstance(value, (list, tuple)) else [value]
            for single in values:
                yield f"{flag}={os.fspath(single) if isinstance(single, os.PathLike) else single}"


def executable() -> str:
    """The ``tlsgi`` command that was installed with this package."""
    beside = shutil.which("tlsgi", path=sysconfig.get_path("scripts") + os.pathsep + os.path.dirname(sys.executable))
    found = beside or shutil.which("tlsgi")
    if found is None:
        raise RuntimeError("the tlsgi command was not found beside this interpreter nor on PATH")
    return found


def _serve_by_name(reference: str, options: dict[str, Any]) -> None:
    options.setdefault("python", sys.executable)
    server = subprocess.Popen([executable(), "serve", *arguments(options), "--", reference])
    before = signal.getsignal(signal.SIGTERM)
    is_main = threading.current_thread() is threading.main_thread()
    if is_main:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    status = _wait(server)
    if is_main and before is not None:
        signal.signal(signal.SIGTERM, before)
    _leave_unless_zero(status)


def _serve_here(served: interfaces.Served, flags: list[str]) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        number = theirs.fileno()
        # The name is for messages: nothing is imported.
        flags += ["--python", sys.executable]
        command = [executable(), "__beside", str(number), "serve", *flags, "--", "__main__:app"]
        server = subprocess.Popen(command, pass_fds=[number], stdin=subprocess.DEVNULL)
    control = Control(ours)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    worker.prepare_signals()
    try:
        message = control.receive()
        if message is not None and message.op == "start":
            worker.serve_or_report(served, Start.from_message(message.content), control)
    finally:
        control.close()
        status = _wait(server)
        for number, handler in handlers.items():
            if handler is not None:
                signal.signal(number, handler)
    _leave_unless_zero(status)


def _wait(server: subprocess.Popen[bytes]) -> int:
    """Waits for the server, which hears Ctrl-C itself and stops in its own time."""
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:
            continue


def _leave_unless_zero(status: int) -> None:
    if status != 0:
        raise SystemExit(status if status > 0 else 128 - status)

