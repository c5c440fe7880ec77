"""One worker process: ``python -m tlsgi.worker DESCRIPTOR``, started by the supervisor."""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

from tlsgi import __version__, importer, interface
from tlsgi._worker import set_title
from tlsgi.control import Control
from tlsgi.failure import EXIT_STATUS, Failure
from tlsgi.start import Start

if TYPE_CHECKING:
    from tlsgi import hooks

_EXIT_TIME = 3.0
"""Seconds that the interpreter has to end after the last request."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the worker behind the control socket whose descriptor is the only argument; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1 or not arguments[0].isdigit():
        print("usage: python -m tlsgi.worker DESCRIPTOR (started by tlsgi, not by hand)", file=sys.stderr)
        return 2
    prepare_signals()
    control = Control.from_descriptor(int(arguments[0]))
    try:
        message = control.receive()
        if message is None or message.op != "start":
            return 0
        return run(Start.from_message(message.content), control)
    finally:
        control.close()


def run(start: Start, control: Control) -> int:
    """Imports the application and serves it until told to stop."""
    set_title(f"tlsgi: worker {start.name}")
    try:
        if start.version and start.version != __version__:
            raise Failure("version", f"the server is tlsgi {start.version}, the worker's module is {__version__}")
        importer.prepare_path(start.directory, start.python_path)
        functions = _hooks(start)
        if functions is not None and not start.preload:
            functions.post_fork()
        application = importer.load(start.reference, start.is_factory)
        served = interface.examine(application, start.interface)
        if start.preload:
            from tlsgi import preload

            return preload.serve(served, start, control, functions)
    except Failure as failure:
        return report_failure(failure, control)
    return serve_or_report(served, start, control, functions)


def _hooks(start: Start) -> Optional[hooks.Hooks]:
    if start.hooks is None:
        return None
    from tlsgi import hooks

    return hooks.load(start.hooks, start.name)


def serve_or_report(
    served: interface.Served,
    start: Start,
    control: Control,
    functions: Optional[hooks.Hooks] = None,
    is_forked: bool = False,
) -> int:
    """As :func:`serve`; a failure to start is told to the supervisor."""
    global _at_end
    try:
        if functions is None:
            return serve(served, start, control)
        _at_end = functions.worker_exit
        if is_forked:
            functions.post_fork()
        functions.post_worker_init(served.application)
        if served.interface == "wsgi":
            served = served._replace(application=functions.around(served.application))
        return serve(served, start, control)
    except Failure as failure:
        return report_failure(failure, control)
    finally:
        _end()


_at_end: Optional[Callable[[], None]] = None
"""What the application's own functions do at the end of the process."""


def _end() -> None:
    global _at_end
    end, _at_end = _at_end, None
    if end is not None:
        end()


def report_failure(failure: Failure, control: Control) -> int:
    """Tells the supervisor why this process cannot serve; returns the exit status."""
    control.send("failed", phase=failure.phase, message=failure.message, detail=failure.detail)
    return EXIT_STATUS


def serve(served: interface.Served, start: Start, control: Control) -> int:
    """Serves until told to stop; returns the exit status. Sends ``ready`` when requests can be taken."""
    if served.interface == "wsgi":
        from tlsgi import _wsgi

        return _wsgi.serve(served.application, start, control)
    from tlsgi import _asgi

    return _asgi.serve(served.application, start, control)


def interpreter() -> str:
    """Name and version of the interpreter, such as ``CPython 3.13.0``."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    name = {"cpython": "CPython", "pypy": "PyPy"}.get(sys.implementation.name, sys.implementation.name)
    return f"{name} {version}"


def send_ready(control: Control, interface_name: str) -> None:
    """Tells the supervisor that requests can be taken."""
    control.send("ready", interface=interface_name, interpreter=interpreter(), process=os.getpid())


def prepare_signals() -> None:
    """Stacks on crash and on SIGUSR1; a terminal's SIGINT is the supervisor's to decide."""
    # A handler that does nothing, rather than none: programs that the application starts get the default back.
    signal.signal(signal.SIGINT, _ignore)
    if sys.stderr is not None:
        try:
            faulthandler.enable()
            faulthandler.register(signal.SIGUSR1, all_threads=True)
        except (OSError, ValueError):
            # Standard error was replaced by something without a descriptor: no stacks then.
            pass


def _ignore(number: int, frame: Any) -> None:
    pass


class SignalPipe:
    """SIGTERM as something to poll; for the main thread."""

    def __init__(self) -> None:
        self._awake, self._waker = socket.socketpair()
        self._awake.setblocking(False)
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, _ignore)

    def fileno(self) -> int:
        """Readable after a signal."""
        return self._awake.fileno()

    def close(self) -> None:
        """Gives the signals back."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._awake.close()
        self._waker.close()

    def read(self) -> set[int]:
        """The numbers of the signals that came."""
        try:
            return set(self._awake.recv(4096))
        except BlockingIOError:
            return set()


def leave(status: int) -> None:
    """Ends the process at once, without waiting for threads that still run application code."""
    _end()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(status)


def _main() -> Any:
    try:
        status = main()
    except BaseException:
        traceback.print_exc()
        leave(1)
    else:
        # Threads of the application that never end do not keep the process.
        watchdog = threading.Timer(_EXIT_TIME, leave, [status])
        watchdog.daemon = True
        watchdog.start()
        sys.exit(status)


if __name__ == "__main__":
    _main()
