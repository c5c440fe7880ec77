"""The parent of forked workers: imports the application once, then forks a worker for every control socket it is given."""

from __future__ import annotations

import os
import select
import signal
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, Optional

from tlsgi import worker
from tlsgi._worker import set_title
from tlsgi.control import Control, Message
from tlsgi.forks import close_in_children
from tlsgi.interface import Served
from tlsgi.start import Start

if TYPE_CHECKING:
    from tlsgi.hooks import Hooks


def serve(served: Served, start: Start, control: Control, functions: Optional[Hooks] = None) -> int:
    """Forks workers until told to stop. Has no threads and no event loop, so a fork is safe."""
    set_title(f"tlsgi: preload {start.name}")
    signals = worker.SignalPipe()
    signal.signal(signal.SIGCHLD, lambda *_: None)
    close_in_children(control.fileno())
    close_in_children(signals.fileno())
    worker.send_ready(control, served.interface)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(signals, select.POLLIN)
    while True:
        events = dict(poll.poll())
        if signals.fileno() in events:
            if signal.SIGTERM in signals.read():
                break
            _report_exits(control)
        if control.fileno() in events:
            message = control.receive()
            if message is None or message.op == "stop":
                break
            if message.op == "fork":
                _fork(message, served, start, control, functions)
    signals.close()
    return 0


def _fork(message: Message, served: Served, start: Start, control: Control, functions: Optional[Hooks]) -> None:
    process = os.fork()
    if process == 0:
        _run_child(message, served, start, functions)
    for descriptor in message.descriptors:
        os.close(descriptor)
    control.send("forked", process=process)


def _run_child(message: Message, served: Served, start: Start, functions: Optional[Hooks]) -> NoReturn:
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        worker.prepare_signals()
        own = Control.from_descriptor(message.descriptors[0])
        changed = {name: value for name, value in message.content.items() if name in ("name", "max_requests")}
        start = replace(start, **changed)
        set_title(f"tlsgi: worker {start.name}")
        if functions is not None:
            functions.is_now_in(start.name)
        status = worker.serve_or_report(served, start, own, functions, is_forked=True)
    except BaseException:
        traceback.print_exc()
    finally:
        worker.leave(status)


def _report_exits(control: Control) -> None:
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if process == 0:
            return
        control.send("exited", process=process, status=os.waitstatus_to_exitcode(status))
