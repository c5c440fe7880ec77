"""Behind :func:`tlsgi.run`: this process becomes the worker, the server is started beside it."""

from __future__ import annotations

import ctypes
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterable, Iterator, Optional, Union

from tlsgi import interface as interfaces
from tlsgi import keywords, locate, worker
from tlsgi.control import Control
from tlsgi.keywords import Request
from tlsgi.start import Start

_ONLY_BY_NAME = ("reload", "preload", "max_requests", "max_worker_memory")
"""What needs processes that import the application themselves."""


_PARENT_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG``."""


def run(app: Union[str, Callable[..., Any]], given: dict[str, Any]) -> None:
    """As :func:`tlsgi.run`."""
    if locate.is_worker():
        raise RuntimeError(
            'tlsgi.run() was called while the server imports the application: put it under `if __name__ == "__main__":`'
        )
    request = keywords.read(given)
    wanted = _wanted_by_name(request.options)
    with _key_passphrase(request):
        if isinstance(app, str):
            _serve_by_name(app, request)
        elif wanted:
            location = locate.locate(app, f"tlsgi.run() with {', '.join(wanted)}")
            _add(request.options, "python_path", location.python_path)
            _serve_by_name(location.reference, request)
        else:
            _serve_object(app() if request.is_factory else app, request)


def _wanted_by_name(options: dict[str, Any]) -> list[str]:
    wanted = [name for name in _ONLY_BY_NAME if options.get(name)]
    return wanted + (["processes"] if options.get("processes", 1) not in (None, 1) else [])


def _serve_object(app: Any, request: Request) -> None:
    """This process runs the application."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("tlsgi.run() needs the main thread, where signals arrive")
    options = request.options
    for name in _ONLY_BY_NAME + ("processes",):
        options.pop(name, None)
    os.environ.update(request.environment)
    served = interfaces.examine(app, options.pop("interface", None))
    if request.debug is not None and hasattr(app, "debug"):
        app.debug = request.debug
    if request.wants_debugger and served.interface == "wsgi" and _is_private(options):
        from tlsgi.debug import with_debugger

        served = served._replace(application=with_debugger(served.application))
    _serve_here(served, [*arguments(options), "--interface", served.interface])


def _directories(reference: str) -> list[str]:
    """Where the code of an application is, as far as its reference tells."""
    beside = os.path.dirname(reference.partition(":")[0])
    return list(dict.fromkeys([os.getcwd(), *([beside] if os.path.isdir(beside) else [])]))


def _is_private(options: dict[str, Any]) -> bool:
    """Nobody but this machine reaches the server."""
    hosts = options.get("host")
    listed = hosts if isinstance(hosts, (list, tuple)) else [hosts] if hosts else []
    return not any(name in options for name in ("bind", "bind_http")) and all(is_loopback(str(host)) for host in listed)


def is_loopback(host: str) -> bool:
    """The address, or ``localhost``, is for this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _add(options: dict[str, Any], name: str, more: list[str]) -> None:
    had = options.get(name)
    before = list(had) if isinstance(had, (list, tuple)) else [had] if had else []
    if before or more:
        options[name] = before + more


@contextmanager
def _key_passphrase(request: Request) -> Iterator[None]:
    """A file for what opens the private key: not on the command line, where every user of the machine could read it."""
    if request.key_password is None:
        yield
        return
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("passphrase"), "w", encoding="utf-8") as memory:
            memory.write(request.key_password + "\n")
            memory.flush()
            request.options["key_passphrase_file"] = f"/proc/{os.getpid()}/fd/{memory.fileno()}"
            yield
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(request.key_password + "\n")
        file.flush()
        request.options["key_passphrase_file"] = file.name
        yield


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


def _serve_by_name(reference: str, request: Request) -> None:
    options = request.options
    options.setdefault("python", sys.executable)
    if request.is_factory:
        options["factory"] = True
    environment = dict(request.environment)
    if request.debug is not None:
        environment["FLASK_DEBUG"] = str(int(request.debug))
    if request.wants_debugger and _is_private(options):
        environment["TLSGI__DEBUGGED"] = reference + ("()" if options.pop("factory", False) else "")
        reference = "tlsgi.debug:load()"
        if options.get("reload") and not options.get("reload_dir"):
            options["reload_dir"] = _directories(environment["TLSGI__DEBUGGED"])
    command = [executable(), "serve", *arguments(options), "--", reference]
    server = subprocess.Popen(command, env={**os.environ, **environment}, preexec_fn=_ends_with_parent())
    before = signal.getsignal(signal.SIGTERM)
    is_main = threading.current_thread() is threading.main_thread()
    if is_main:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    status = _wait(server)
    if is_main and before is not None:
        signal.signal(signal.SIGTERM, before)
    _leave_unless_zero(status)


def _ends_with_parent() -> Optional[Callable[[], Any]]:
    """For a child: it is told to stop when this process ends, however it ends."""
    if not sys.platform.startswith("linux") or threading.current_thread() is not threading.main_thread():
        # The kernel looks at the thread that started the child.
        return None
    try:
        control_process = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    return lambda: control_process(_PARENT_DEATH_SIGNAL, int(signal.SIGTERM))


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

