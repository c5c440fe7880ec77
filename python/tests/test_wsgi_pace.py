"""Answers that leave together while the application is quick, and what must not come of it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from wire import BEGIN, DATA, DONE, PATIENCE, RESPONSE, Exchange, Link

QUICK = 1200
"""More calls than it takes until the pace counts as steady."""

SOON = 1.0
"""Seconds within which a finished answer comes whatever runs after it; a thousand times what the watchdog takes."""

APPLICATION = """
    import os, signal
    log = os.open("calls", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def wait():
        os.close(os.open("gate", os.O_RDONLY))  # until the other end of the pipe is opened

    class Closing(list):
        def close(self):
            wait()

    def pieces():
        yield b"first"
        wait()
        yield b"second"

    def app(environ, start_response):
        path = environ["PATH_INFO"]
        if path != "/":
            os.write(log, path.encode() + b"\\n")
        if path.startswith("/wait"):
            wait()
        elif path.startswith("/die"):
            os.kill(os.getpid(), signal.SIGKILL)
        elif path == "/close":
            start_response("200 OK", [("Content-Length", "4")])
            return Closing([b"done"])
        elif path == "/pieces":
            start_response("200 OK", [])
            return pieces()
        start_response("200 OK", [])
        return [path.encode()]
"""


class Gate:
    """What ``wait()`` of the application waits for."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "gate"
        os.mkfifo(self.path)

    def open(self) -> None:
        os.close(os.open(self.path, os.O_WRONLY))  # waits for the application


@pytest.fixture
def serve(start: Any, tmp_path: Path) -> Iterator[Any]:
    """``serve(threads)``: worker, link, and gate of the application above, which has been quick for long."""

    def serve_application(threads: int = 1) -> tuple[Any, Link, Gate]:
        worker = start(APPLICATION, threads=threads)
        worker.ready()
        link = worker.attach()
        hurry(link)
        return worker, link, Gate(tmp_path / "0")

    yield serve_application


def hurry(link: Link) -> None:
    """Quick requests until the pace is steady."""
    for _ in range(QUICK // 12):
        batch(link, *["/"] * 12, is_read=True)


def batch(link: Link, *paths: str, is_read: bool = False) -> list[Exchange]:
    """Opens requests with one write."""
    opened = [link.encode_request(path=path.encode()) for path in paths]
    link.send(b"".join(data for _, data in opened))
    exchanges = [exchange for exchange, _ in opened]
    if is_read:
        for exchange in exchanges:
            link.response(exchange)
    return exchanges


def calls(directory: Path) -> list[str]:
    return (directory / "0" / "calls").read_text().split()


def is_told(exchange: Exchange) -> bool:
    """Whether the front has read that the application is called for it."""
    return any(frame.kind == BEGIN for frame in exchange.frames)


def test_answers_of_a_quick_application_leave_together(serve):
    _, link, _ = serve()
    fewest = 12
    for _ in range(50):
        before = link.reads
        batch(link, *["/"] * 12, is_read=True)
        fewest = min(fewest, link.reads - before)
    assert fewest <= 6


def test_answers_leave_one_by_one_until_the_application_has_been_quick_for_long(start):
    worker = start(APPLICATION, threads=1)
    worker.ready()
    link = worker.attach()
    for _ in range(50):
        batch(link, *["/"] * 12, is_read=True)
    assert not any(is_told(exchange) for exchange in link.exchanges.values())


def test_finished_answer_does_not_wait_for_a_slow_call(serve):
    _, link, gate = serve()
    were_ahead: list[bool] = []
    deadline = time.monotonic() + PATIENCE
    # On a slow machine few calls are quick enough for the next ones to be told ahead.
    while len(were_ahead) < 5 or not any(were_ahead) and time.monotonic() < deadline:
        hurry(link)
        start = time.monotonic()
        *quick, slow, last = batch(link, "/a", "/b", "/c", "/d", "/wait", "/e")
        for exchange in quick[:2]:
            assert link.response(exchange).is_complete
        were_ahead.append(is_told(slow))
        for exchange in quick[2:]:
            assert link.response(exchange).is_complete
        assert time.monotonic() - start < SOON
        assert not slow.is_done
        gate.open()
        assert link.response(slow).is_complete
        assert link.response(last).is_complete
    assert any(were_ahead), "no answer was ever at stake"


def test_complete_answer_does_not_wait_for_close(serve):
    _, link, gate = serve()
    start = time.monotonic()
    before, closing, after = batch(link, "/a", "/close", "/b")
    assert link.response(before).is_complete
    assert link.expect(closing, RESPONSE).is_end
    assert time.monotonic() - start < SOON
    assert not closing.is_done
    gate.open()
    assert link.frame_of(closing).kind == DONE
    assert link.response(after).is_complete


def test_piece_of_an_answer_does_not_wait_for_the_next(serve):
    _, link, gate = serve()
    before, streamed = batch(link, "/a", "/pieces")
    assert link.response(before).is_complete
    assert link.expect(streamed, RESPONSE).body == b"first"
    gate.open()
    assert link.expect(streamed, DATA).body == b"second"


def test_requests_behind_a_slow_call_are_run_by_another_thread(serve):
    _, link, gate = serve(threads=2)
    first, slow, *others = batch(link, "/a", "/wait", "/b", "/c", "/d")
    for exchange in (first, *others):
        assert link.response(exchange).is_complete
    assert not slow.is_done
    gate.open()
    assert link.response(slow).is_complete


def test_cancelled_request_behind_a_slow_call_is_never_called(serve, tmp_path):
    _, link, gate = serve()
    first, slow, unwanted = batch(link, "/a", "/wait", "/unwanted")
    assert link.response(first).is_complete
    link.cancel(unwanted)
    assert [frame.kind for frame in link.response(unwanted).frames if frame.kind != BEGIN] == [DONE]
    gate.open()
    assert link.response(slow).is_complete
    assert link.request().is_complete
    assert calls(tmp_path) == ["/a", "/wait"]


@pytest.mark.parametrize("place", [0, 1, 2, 6, 11])
def test_what_was_called_counts_as_begun_when_the_worker_dies(serve, tmp_path, place):
    worker, link, _ = serve()
    paths = [f"/{number}" for number in range(12)]
    paths[place] = "/die"
    opened = dict(zip(paths, batch(link, *paths)))
    drain(link)
    worker.wait()
    assert calls(tmp_path) == paths[: place + 1]
    check_begun(calls(tmp_path), opened)


@pytest.mark.parametrize("place", [3, 7, 8])
def test_what_was_called_counts_as_begun_on_every_link(serve, tmp_path, place):
    worker, link, _ = serve()
    links = [link, worker.attach()]
    for _ in range(20):
        for opened in [batch(link, "/", "/", "/") for link in links]:
            for exchange in opened:
                assert next(link for link in links if link.exchanges.get(exchange.id) is exchange).response(exchange)
    paths = [f"/{number}" for number in range(12)]
    paths[place] = "/die"
    opened = {}
    for start in range(0, 12, 2):
        opened.update(zip(paths[start : start + 2], batch(links[start // 2 % 2], *paths[start : start + 2])))
    for link in links:
        drain(link)
    worker.wait()
    assert "/die" in calls(tmp_path)
    check_begun(calls(tmp_path), opened)


def test_calls_are_noted_and_what_waits_is_not(start, tmp_path):
    worker = start(APPLICATION, threads=1)
    worker.ready()
    link, gate = worker.attach(), Gate(tmp_path / "0")
    # The front numbers its requests as it picks ids here, but from 0.
    done = link.open(path=b"/a")
    link.response(done)
    running, waiting = batch(link, "/wait", "/b")
    while calls(tmp_path) != ["/a", "/wait"]:
        assert not link.is_quiet(0.01) or worker.process.poll() is None
    assert [link.noted(each) for each in (done, running, waiting)] == [done.id, running.id, 0]
    gate.open()
    link.response(running)
    link.response(waiting)
    assert link.noted(waiting) == waiting.id


def drain(link: Link) -> None:
    """Reads what a dead worker has sent."""
    try:
        while True:
            link.read_frame()
    except (EOFError, ConnectionResetError):
        pass


def check_begun(called: list[str], opened: dict[str, Exchange]) -> None:
    """Whatever was called, the front takes for begun and gives to no other worker."""
    begun = {path for path, exchange in opened.items() if exchange.is_begun}
    assert set(called) <= begun, (called, begun)
