"""How a worker starts, fails to start, and is forked from a preloaded parent."""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import struct
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from wire import Link, Worker

ECHO = """
    import os
    print("imported", flush=True)
    def app(environ, start_response):
        start_response("200 OK", [])
        return [str(os.getpid()).encode()]
"""


@pytest.mark.parametrize(
    ("source", "options", "phase", "text"),
    [
        ("raise ValueError('broken')", {}, "import", "ValueError: broken"),
        ("x = 1", {}, "lookup", 'has no attribute "app"'),
        ("app = 5", {}, "interface", "cannot be called"),
        ("def app(*a): ...", {}, "interface", "WSGI or ASGI"),
        ("def app(e, s): ...", {"version": "0.0.1"}, "version", "tlsgi 0.0.1"),
        ("def app(e, s): ...", {"directory_": "/nowhere"}, "import", "/nowhere"),
    ],
)
def test_failure_is_told_and_exits_with_3(tmp_path, source, options, phase, text):
    (tmp_path / "application.py").write_text(source)
    worker = Worker(tmp_path, **{name.rstrip("_"): value for name, value in options.items() if name != "directory_"})
    if "directory_" in options:
        worker.close()
        worker = start_elsewhere(tmp_path, options["directory_"])
    try:
        message = worker.receive()
        assert message is not None and (message["op"], message["phase"]) == ("failed", phase), message
        assert text in message["message"]
        assert worker.wait() == 3
        assert worker.log.read_text() == ""
    finally:
        worker.close()


def start_elsewhere(tmp_path: Any, directory: str) -> Worker:
    class Elsewhere(Worker):
        def send(self, op: str, descriptors: Any = (), **content: Any) -> None:
            super().send(op, descriptors, **{**content, "directory": directory})

    return Elsewhere(tmp_path)


def test_supervisor_that_leaves_before_start(tmp_path):
    class Silent(Worker):
        def send(self, op: str, descriptors: Any = (), **content: Any) -> None:
            pass

    worker = Silent(tmp_path)
    worker.control.close()
    assert worker.wait() == 0
    worker.close()


def test_factory_and_path_and_interface_options(start):
    worker = start("def create_app():\n    return lambda *a: (a[1]('200 OK', []), [b'made'])[1]\n", reference="./application.py", interface="wsgi")
    worker.ready()
    assert worker.attach().request().body == b"made"


def test_attach_before_ready_is_served(start):
    worker = start("import time; time.sleep(0.3)\ndef app(e, s):\n    s('200 OK', [])\n    return []\n")
    ours, theirs = socket.socketpair()
    with theirs:
        worker.send("attach", [theirs.fileno()])
    link = Link(ours)
    worker.links.append(link)
    assert link.request().status == 200


def test_several_links_in_one_message(start):
    worker = start(ECHO)
    worker.ready()
    pairs = [socket.socketpair() for _ in range(3)]
    worker.send("attach", [theirs.fileno() for _, theirs in pairs])
    for ours, theirs in pairs:
        theirs.close()
        link = Link(ours)
        worker.links.append(link)
        assert link.request().status == 200


@pytest.fixture
def fork() -> Iterator[Callable[..., Forked]]:
    """``fork(parent)``: a worker that the parent forked, and its process id."""
    workers: list[Forked] = []

    def fork_from(parent: Worker, **content: Any) -> Forked:
        workers.append(Forked(parent, **content))
        message = parent.receive()
        assert message is not None and message["op"] == "forked", message
        workers[-1].pid = message["process"]
        return workers[-1]

    yield fork_from
    for worker in workers:
        for link in worker.links:
            link.close()
        worker.control.close()


class Forked(Worker):
    """A worker that a preloaded parent forked: the same messages on a control socket of its own."""

    def __init__(self, parent: Worker, **content: Any) -> None:
        self.control, theirs = socket.socketpair()
        self.control.settimeout(20)
        self.log = parent.log
        self.links: list[Link] = []
        message = json.dumps({"op": "fork", **content}).encode()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))]
        with theirs:
            parent.control.sendmsg([struct.pack("<I", len(message)) + message], rights)


def test_preloaded_parent_forks_workers(start, fork):
    parent = start(ECHO, preload=True)
    assert parent.ready()["interface"] == "wsgi"
    workers = [fork(parent), fork(parent)]
    processes = [worker.pid for worker in workers]
    assert len({*processes, parent.process.pid}) == 3
    for worker in workers:
        assert worker.ready()["process"] == worker.pid
        assert worker.attach().request().body == str(worker.pid).encode()
    workers[0].send("stop", timeout=5)
    assert parent.receive() == {"op": "exited", "process": processes[0], "status": 0}
    os.kill(processes[1], signal.SIGKILL)
    assert parent.receive() == {"op": "exited", "process": processes[1], "status": -9}
    assert parent.stop() == 0
    assert parent.log.read_text() == ""


def test_forked_worker_ends_with_its_own_control_socket(start, fork):
    parent = start(ECHO, preload=True)
    parent.ready()
    worker = fork(parent)
    worker.ready()
    worker.control.close()
    assert parent.receive() == {"op": "exited", "process": worker.pid, "status": 0}


def test_forked_worker_keeps_no_socket_of_its_siblings(start, fork):
    parent = start(ECHO, preload=True)
    parent.ready()
    first = fork(parent)
    first.ready()
    link = first.attach()
    fork(parent).ready()
    os.kill(int(link.request().body), signal.SIGKILL)
    with pytest.raises((EOFError, ConnectionResetError)):
        link.read_frame()
    assert first.receive() is None


def test_forked_worker_has_a_name_and_a_limit_of_its_own(start, fork):
    parent = start(ECHO, preload=True, name="shop/1", max_requests=1)
    parent.ready()
    worker = fork(parent, name="shop/2", max_requests=2)
    worker.ready()
    link = worker.attach()
    assert link.request().status == 200
    title = Path(f"/proc/{worker.pid}/cmdline").read_bytes()
    assert title.startswith(b"tlsgi: worker shop/2\0")
    assert link.request().status == 200
    assert worker.receive() == {"op": "retire", "reason": "max_requests"}


def test_preload_failure_is_told(start):
    parent = start("1 / 0", preload=True)
    assert parent.receive()["phase"] == "import"
    assert parent.wait() == 3


def test_preload_serves_asgi_too(start, fork):
    parent = start(
        """
        async def app(scope, receive, send):
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"async"})
        """,
        preload=True,
    )
    assert parent.ready()["interface"] == "asgi"
    worker = fork(parent)
    worker.ready()
    assert worker.attach().request().body == b"async"
