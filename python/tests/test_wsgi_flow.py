"""Threads, queue, begin, credit, cancellation, links and the end of a WSGI worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wire import ABORT, BEGIN, DATA, DONE, HELLO, MAX_DATA, RESPONSE, RESPONSE_CREDIT, Link

ECHO = """
    def app(environ, start_response):
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]
"""

GATES = """
    import threading
    gates = {}
    def gate(name):
        return gates.setdefault(name, threading.Event())
    def app(environ, start_response):
        verb, _, name = environ["PATH_INFO"].strip("/").partition("/")
        if verb == "wait":
            gate(name).wait()
        elif verb == "open":
            gate(name).set()
        start_response("200 OK", [])
        return [threading.current_thread().name.encode()]
"""


def serve(start: Any, source: str, **options: Any) -> tuple[Any, Link]:
    worker = start(source, **options)
    worker.ready()
    return worker, worker.attach()


def begins(link: Link) -> list[int]:
    """The ids for which `Begin` was written, of all that was read."""
    return [frame.id for exchange in link.exchanges.values() for frame in exchange.frames if frame.kind == BEGIN]


def test_ready_and_hello_tell_what_runs(start):
    worker = start(ECHO, threads=3)
    message = worker.ready()
    version = ".".join(map(str, sys.version_info[:3]))
    assert message == {"op": "ready", "interface": "wsgi", "interpreter": f"CPython {version}", "process": worker.process.pid}
    hello = worker.attach().hello
    assert (hello.kind, hello.number, hello.flags, hello.text) == (HELLO, 3, 0, f"CPython {version}")


def test_requests_run_in_their_order_and_begin_is_written_as_the_front_counts(start):
    # The harness fails on a response of an exchange that neither `Begin` nor the rule made begun.
    worker, link = serve(start, ECHO, threads=1)
    opened = [link.encode_request(path=b"/%d" % number) for number in range(50)]
    link.send(b"".join(data for _, data in opened))
    for number, (exchange, _) in enumerate(opened):
        assert link.response(exchange).body == b"/%d" % number
    assert begins(link) == []


def test_second_thread_writes_begin(start):
    worker, link = serve(start, GATES, threads=2)
    waiting = link.open(path=b"/wait/a")
    other = link.open(path=b"/open/a")
    link.response(other)
    link.response(waiting)
    assert begins(link) == [other.id]


def test_waiting_request_gets_a_thread_while_another_is_busy(start):
    worker, link = serve(start, GATES, threads=4)
    waiting = [link.open(path=b"/wait/%d" % number) for number in range(3)]
    for number in (2, 0, 1):
        link.request(path=b"/open/%d" % number)
        assert link.response(waiting[number]).status == 200


def test_begin_of_the_next_request_travels_with_the_response_before(start):
    # Two exchanges are begun on the link, so that the third is not presumed.
    worker, link = serve(start, GATES, threads=2)
    held = link.open(path=b"/wait/a")
    first = link.open(path=b"/wait/b")
    assert link.expect(first, BEGIN).id == first.id
    queued = link.open(path=b"/wait/c")
    opener = worker.attach()
    reads = link.reads
    # Nothing runs on the second link while both threads wait, so the gate is opened by a signal of the test's own.
    assert opener.is_quiet(0.01)
    opener.close()
    link.cancel(queued)
    assert link.frame_of(queued).kind == DONE
    assert link.reads == reads + 1
    assert not any(frame.kind == BEGIN for frame in queued.frames)
    del held


def test_finished_response_and_next_begin_are_one_write(start):
    worker, link = serve(
        start,
        """
        import threading
        ready, go = threading.Event(), threading.Event()
        def app(environ, start_response):
            start_response("200 OK", [])
            if environ["PATH_INFO"] == "/hold":
                go.wait()
            elif environ["PATH_INFO"] == "/work":
                ready.wait(0.3)
            elif environ["PATH_INFO"] == "/release":
                go.set()
            return []
        """,
        threads=2,
    )
    link.open(path=b"/hold")
    work, data = link.encode_request(path=b"/work")
    release, more = link.encode_request(path=b"/release")
    link.send(data + more)
    assert link.expect(work, BEGIN)
    reads = link.reads
    assert link.expect(work, RESPONSE).is_done
    assert link.frame_of(release).kind == BEGIN
    assert link.reads == reads + 1


def test_unbegun_request_is_dropped_when_cancelled(start):
    worker, link = serve(start, GATES, threads=1)
    held = link.open(path=b"/wait/a")
    queued = link.open(path=b"/open/a")
    link.cancel(queued)
    assert [frame.kind for frame in link.response(queued).frames] == [DONE]
    assert worker.process.poll() is None
    link.cancel(held)
    link.open(path=b"/open/a")
    worker.process.send_signal(signal.SIGKILL)


def test_response_stops_at_the_end_of_credit_and_goes_on_with_more(start):
    worker, link = serve(
        start,
        """
        def app(environ, start_response):
            start_response("200 OK", [])
            return [bytes([number % 256]) * 50_000 for number in range(20)] if environ["QUERY_STRING"] else (
                bytes([number % 256]) * 50_000 for number in range(20))
        """,
        threads=2,
    )
    whole = b"".join(bytes([number]) * 50_000 for number in range(20))
    for query in (b"", b"list"):
        exchange = link.open(query=query)
        got = b""
        while len(got) < RESPONSE_CREDIT:
            frame = link.frame_of(exchange)
            assert frame.kind in (RESPONSE, DATA)
            got += frame.body
        assert len(got) == RESPONSE_CREDIT and link.is_quiet()
        link.grant(exchange, 10)
        assert len(link.frame_of(exchange).body) == 10
        link.grant(exchange, 2 << 20)
        rest = link.response(exchange, grants=False)
        assert got + whole[len(got) : len(got) + 10] + rest.body == whole
        assert rest.is_complete


def test_one_large_chunk_is_cut_into_pieces(start):
    worker, link = serve(start, "def app(e, s):\n    s('200 OK', [])\n    return [b'x' * 3_000_000]\n")
    response = link.request()
    assert len(response.body) == 3_000_000
    assert response.header(b"content-length") == b"3000000"
    assert all(len(frame.body) <= MAX_DATA for frame in response.frames)
    # The last piece went out from the application's own memory; the exchange is over with a frame of its own.
    assert response.frames[-2].is_end and response.frames[-1].kind == DONE


def test_slow_reader_keeps_memory_bounded_and_blocks_nobody(start):
    worker, link = serve(
        start,
        """
        def app(environ, start_response):
            start_response("200 OK", [])
            if environ["PATH_INFO"] == "/large":
                return (b"x" * 1_000_000 for _ in range(500))
            return [b"small"]
        """,
        threads=3,
    )
    assert link.request().body == b"small"
    before = worker.memory()
    stalled = [link.open(path=b"/large") for _ in range(2)]
    for _ in range(50):
        assert link.request().body == b"small"
    assert worker.memory() - before < 16 << 20
    for exchange in stalled:
        link.cancel(exchange)
        assert link.response(exchange, grants=False).frames[-1].kind == ABORT


def test_link_that_is_not_read_blocks_no_other(start):
    worker, link = serve(
        start, "def app(e, s):\n    s('200 OK', [])\n    return [b'x' * 200_000]\n", threads=8
    )
    stuck = worker.attach()
    for _ in range(6):
        stuck.open()
    for _ in range(20):
        assert len(link.request().body) == 200_000
    for exchange in list(stuck.exchanges.values()):
        assert len(stuck.response(exchange).body) == 200_000


@pytest.mark.parametrize("large", ["write", "yield"])
def test_cancel_reaches_an_application_that_sends(start, large):
    worker, link = serve(
        start,
        f"""
        import sys
        class Body:
            def __init__(self, write): self.write = write
            def __iter__(self): return self
            def __next__(self):
                if {large!r} == "write":
                    self.write(b"x" * 100_000)
                    return b""
                return b"x" * 100_000
            def close(self): print("closed", file=sys.stderr, flush=True)
        def app(environ, start_response):
            return Body(start_response("200 OK", []))
        """,
        threads=1,
    )
    exchange = link.open()
    link.expect(exchange, RESPONSE)
    link.cancel(exchange)
    response = link.response(exchange, grants=False)
    assert response.frames[-1].is_done
    assert "Traceback" not in worker.logged("closed")
    assert link.open()


def test_front_that_dies_ends_what_ran_for_it_only(start):
    worker, link = serve(
        start,
        """
        import sys
        def app(environ, start_response):
            start_response("200 OK", [])
            def body():
                try:
                    while True:
                        yield b"x" * 10_000
                finally:
                    print("over", file=sys.stderr, flush=True)
            return body() if environ["PATH_INFO"] == "/endless" else [b"fine"]
        """,
        threads=2,
    )
    other = worker.attach()
    exchange = link.open(path=b"/endless")
    link.expect(exchange, RESPONSE)
    link.close()
    worker.logged("over")
    assert other.request().body == b"fine"
    assert worker.attach().request().body == b"fine"


def test_capacity_is_used_by_all_links_together(start):
    worker, link = serve(start, GATES, threads=2)
    links = [link, worker.attach(), worker.attach()]
    exchanges = [(one, one.open(path=b"/open/x")) for one in links for _ in range(5)]
    for one, exchange in exchanges:
        assert one.response(exchange).status == 200


def test_threads_are_real_python_threads(start):
    worker, link = serve(start, GATES, threads=2)
    assert link.request(path=b"/").body in (b"tlsgi-1", b"tlsgi-2")


def test_drained_link_is_closed_by_the_worker(start):
    worker, link = serve(start, GATES, threads=2)
    other = worker.attach()
    waiting = link.open(path=b"/wait/a")
    link.drain()
    assert link.is_quiet()
    other.request(path=b"/open/a")
    assert link.response(waiting).status == 200
    with pytest.raises(EOFError):
        link.read_frame()
    assert other.request(path=b"/").status == 200


def test_idle_link_is_closed_at_once_when_drained(start):
    worker, link = serve(start, ECHO)
    link.drain()
    with pytest.raises(EOFError):
        link.read_frame()


def test_stop_finishes_what_runs(start):
    worker, link = serve(
        start,
        """
        import atexit, sys, time
        atexit.register(lambda: print("at exit", file=sys.stderr, flush=True))
        def app(environ, start_response):
            start_response("200 OK", [])
            yield b"a"
            time.sleep(0.2)
            yield b"b"
        """,
    )
    exchange = link.open()
    link.expect(exchange, RESPONSE)
    worker.send("stop", timeout=10)
    response = link.response(exchange)
    assert response.is_complete
    assert worker.wait() == 0
    assert "at exit" in worker.log.read_text()


def test_stop_waits_no_longer_than_told(start):
    worker, link = serve(start, GATES)
    link.open(path=b"/wait/for-ever")
    assert link.is_quiet()
    worker.send("stop", timeout=0.2)
    assert worker.wait() == 0


def test_sigterm_is_a_stop_and_sigint_is_nothing(start):
    worker, link = serve(start, ECHO)
    worker.process.send_signal(signal.SIGINT)
    assert link.request().status == 200
    worker.process.send_signal(signal.SIGTERM)
    assert worker.wait() == 0


def test_worker_ends_with_its_supervisor(start):
    worker, link = serve(start, GATES)
    link.open(path=b"/wait/for-ever")
    assert link.is_quiet()
    worker.control.close()
    assert worker.wait() == 0


def test_sigusr1_dumps_the_stacks_of_all_threads(start):
    worker, link = serve(start, "import time\ndef stuck_here(e, s):\n    time.sleep(60)\napp = stuck_here\n")
    link.open()
    assert link.is_quiet()
    worker.process.send_signal(signal.SIGUSR1)
    assert "stuck_here" in worker.logged("_run_module_as_main")


def test_max_requests_asks_for_retirement_once_and_goes_on(start):
    worker, link = serve(start, ECHO, max_requests=3)
    for _ in range(5):
        assert link.request().status == 200
    assert worker.receive() == {"op": "retire", "reason": "max_requests"}
    assert worker.stop() == 0
    assert worker.receive() is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xff\xff\x04\0\0\0\0", "over the limit"),
        (b"\0\0\0\x63\0\0\0\0", "unknown frame kind 99"),
        (b"\0\0\0\x15\0\0\0\0", "wrong side"),
        (b"\x01\0\0\x04\x01\0\0\0\0", "cut short"),
        (b"\x03\0\0\x01\0\0\0\0\x63\0\0", "cut short"),
        (b"\x05\0\0\x01\0\0\0\0\x63\0\0\0\0", "version 99"),
    ],
)
def test_broken_frame_ends_the_worker(start, data, message):
    worker, link = serve(start, ECHO)
    link.send(data)
    assert worker.wait() == 1
    assert message in worker.log.read_text()


def test_request_with_an_open_id_ends_the_worker(start):
    worker, link = serve(start, GATES)
    exchange, data = link.encode_request(path=b"/wait/x")
    link.send(data + data)
    assert worker.wait() == 1
    assert "out of order" in worker.log.read_text()


def test_request_on_an_unknown_connection_ends_the_worker(start):
    worker, link = serve(start, ECHO)
    link.open(connection=9)
    assert worker.wait() == 1


def test_frames_may_come_byte_by_byte(start):
    worker, link = serve(start, ECHO)
    link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    exchange, data = link.encode_request(path=b"/slow")
    for at in range(len(data)):
        link.send(data[at : at + 1])
    assert link.response(exchange).body == b"/slow"


def test_header_block_larger_than_the_read_buffer(start):
    worker, link = serve(
        start,
        """
        def app(environ, start_response):
            start_response("200 OK", [])
            return [str(sum(len(value) for key, value in environ.items() if key.startswith("HTTP_X"))).encode()]
        """,
    )
    headers = [(b"host", b"a")] + [(b"x-%d" % number, b"v" * 60_000) for number in range(15)]
    assert link.request(headers=headers).body == b"900000"
    assert link.request().body == b"0"


def test_many_connections_come_and_go(start):
    from wire import CONNECTION_END, frame

    worker, link = serve(start, ECHO)
    for number in range(2000):
        link.connect(2 + number % 7, client=(f"10.0.0.{number % 250}", number))
        assert link.request(connection=2 + number % 7).status == 200
        link.send(frame(CONNECTION_END, 2 + number % 7))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_forked_child_keeps_no_link_open(start):
    worker, link = serve(
        start,
        """
        import os, time
        def app(environ, start_response):
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)
            start_response("200 OK", [])
            return [str(child).encode()]
        """,
    )
    child = int(link.request().body)
    try:
        worker.process.kill()
        with pytest.raises((EOFError, ConnectionResetError)):
            link.read_frame()
        assert worker.receive() is None
    finally:
        os.kill(child, signal.SIGKILL)


def test_started_program_inherits_nothing_of_ours(start):
    worker, link = serve(
        start,
        """
        import subprocess, sys
        SCRIPT = "import os, signal; print([os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if n not in '012' and os.path.exists(f'/proc/self/fd/{n}')], signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
        def app(environ, start_response):
            start_response("200 OK", [])
            return [subprocess.run([sys.executable, "-c", SCRIPT], close_fds=False, capture_output=True).stdout]
        """,
    )
    body = link.request().body
    assert b"socket" not in body and b"True" in body, body


def test_multiprocessing_child_can_be_terminated(start):
    worker, link = serve(
        start,
        """
        import multiprocessing, time
        def app(environ, start_response):
            process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
            process.start()
            process.terminate()
            process.join(20)
            start_response("200 OK", [])
            return [str(process.exitcode).encode()]
        """,
    )
    assert link.request().body == b"-15"
    assert link.request().body == b"-15"


def test_process_has_a_title(start):
    worker, link = serve(start, ECHO, name="shop/2")
    assert Path(f"/proc/{worker.process.pid}/cmdline").read_bytes().startswith(b"tlsgi: worker shop/2\0")


def test_usage_without_a_descriptor():
    from wire import ROOT

    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    run = subprocess.run([sys.executable, "-m", "tlsgi.worker"], env=environment, capture_output=True, timeout=60)
    assert run.returncode == 2 and b"usage" in run.stderr
