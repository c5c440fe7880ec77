"""Threads of an application that only computes: one is enough, until a call waits."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from typing import Any, Iterator

import pytest

from wire import Exchange, Link

THREADS = 5
OPEN = 16
"""Requests that are open at any time."""

STREAK = 300
"""So many answers in a row from one thread: by chance, or by turns of the interpreter lock, it does not happen."""

PATIENCE = 40.0
"""Seconds; it is tried every few tenths while the machine is too busy to tell."""

APPLICATION = """
    import os, threading

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/wait":
            os.close(os.open("gate", os.O_RDONLY))  # until the other end of the pipe is opened
        else:
            sum(number * number for number in range(4000))
        start_response("200 OK", [])
        return [threading.current_thread().name.encode()]
"""

pytestmark = pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="threads compute at the same time"
)


@pytest.fixture
def link(start: Any) -> Iterator[Link]:
    worker = start(APPLICATION, threads=THREADS)
    worker.ready()
    yield worker.attach()


def names(link: Link) -> Iterator[str]:
    """Names of the threads that answered, while there are always requests to run."""
    waiting: deque[Exchange] = deque(link.open(path=b"/") for _ in range(OPEN))
    while True:
        yield link.response(waiting.popleft()).body.decode()
        waiting.append(link.open(path=b"/"))


def wait_for_one(link: Link) -> None:
    """Until one thread answers everything."""
    deadline = time.monotonic() + PATIENCE
    last, streak = "", 0
    for name in names(link):
        last, streak = name, streak + 1 if name == last else 1
        if streak == STREAK:
            break
        assert time.monotonic() < deadline, f"at most {streak} answers in a row by {name}"
    # What is still open.
    for exchange in list(link.exchanges.values()):
        if not exchange.is_done:
            link.response(exchange)


def test_one_thread_runs_what_only_computes(link):
    wait_for_one(link)


def test_a_call_that_waits_holds_up_nobody_though_one_thread_ran_everything(link, tmp_path):
    os.mkfifo(tmp_path / "0" / "gate")
    wait_for_one(link)
    waiting = [link.open(path=b"/wait") for _ in range(THREADS - 1)]
    others = [link.open(path=b"/") for _ in range(OPEN)]
    for other in others:
        assert link.response(other).is_complete
    assert not any(exchange.is_done for exchange in waiting)
    os.close(os.open(tmp_path / "0" / "gate", os.O_WRONLY))
    for exchange in waiting:
        assert link.response(exchange).is_complete
