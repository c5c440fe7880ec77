"""How a worker with an ASGI application starts, drains and stops."""

from __future__ import annotations

import os
import time

import pytest

from wire import ABORT, DONE, RESPONSE

LIFESPAN = """
    import contextvars, sys
    database = contextvars.ContextVar("database")
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            assert scope["asgi"] == {"version": "3.0", "spec_version": "2.0"}
            assert await receive() == {"type": "lifespan.startup"}
            scope["state"]["shared"] = []
            database.set("open")
            await send({"type": "lifespan.startup.complete"})
            assert await receive() == {"type": "lifespan.shutdown"}
            print("shutting down", scope["state"], file=sys.stderr, flush=True)
            await send({"type": "lifespan.shutdown.complete"})
            return
        scope["state"]["own"] = 1
        scope["state"]["shared"].append(1)
        await send({"type": "http.response.start", "status": 200})
        body = repr((scope["state"], database.get(None))).encode()
        await send({"type": "http.response.body", "body": body})
"""


def test_state_is_copied_for_every_request(serve):
    worker, link = serve(LIFESPAN, lifespan="auto")
    assert link.request().body.startswith(b"({'shared': [1], 'own': 1}")
    assert link.request().body.startswith(b"({'shared': [1, 1], 'own': 1}")
    assert worker.stop() == 0
    assert "shutting down {'shared': [1, 1]}" in worker.log.read_text()


def test_requests_see_the_context_of_the_lifespan(serve):
    import sys

    if sys.version_info < (3, 11):
        pytest.skip("tasks take no context before Python 3.11")
    _, link = serve(LIFESPAN, lifespan="on")
    assert link.request().body.endswith(b"'open')")


@pytest.mark.parametrize("unsupported", ["raise ValueError('not me')", "return", "assert scope['type'] == 'http'"])
def test_application_without_lifespan_is_served(serve, unsupported):
    worker, link = serve(f"""
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                {unsupported}
            await send({{"type": "http.response.start", "status": 200}})
            await send({{"type": "http.response.body", "body": repr(scope["state"]).encode()}})
    """, lifespan="auto")
    assert link.request().body == b"{}"
    assert worker.stop() == 0
    assert worker.log.read_text() == ""


@pytest.mark.parametrize("lifespan,event", [("auto", "http.response.start"), ("auto", "lifespan.nonsense")])
def test_application_that_answers_lifespan_as_a_request_is_served(serve, lifespan, event):
    _, link = serve(f"""
        async def app(scope, receive, send):
            await send({{"type": {event!r} if scope["type"] == "lifespan" else "http.response.start", "status": 200}})
            await send({{"type": "http.response.body", "body": b"ok"}})
    """, lifespan=lifespan)
    assert link.request().body == b"ok"


def test_failed_startup_is_told_and_ends_with_3(start):
    worker = start("""
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "no database"})
    """, interface="asgi")
    message = worker.receive()
    assert (message["op"], message["phase"], message["message"]) == ("failed", "lifespan", "no database")
    assert worker.wait() == 3


def test_lifespan_that_must_work_and_does_not_ends_with_3(start):
    worker = start("""
        async def app(scope, receive, send):
            raise ValueError("not me")
    """, interface="asgi", lifespan="on")
    message = worker.receive()
    assert (message["op"], message["phase"]) == ("failed", "lifespan")
    assert "not me" in message["message"] and "Traceback" in message["detail"]
    assert worker.wait() == 3


def test_lifespan_off_is_not_called(serve):
    _, link = serve("""
        called = []
        async def app(scope, receive, send):
            called.append(scope["type"])
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": repr(called).encode()})
    """, lifespan="off")
    assert link.request().body == b"['http']"


def test_lifespan_runs_on_the_loop_of_the_requests(serve):
    _, link = serve("""
        import asyncio
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                await receive()
                scope["state"]["lock"] = asyncio.Lock()
                scope["state"]["loop"] = asyncio.get_running_loop()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await send({"type": "lifespan.shutdown.complete"})
                return
            assert scope["state"]["loop"] is asyncio.get_running_loop()
            async with scope["state"]["lock"]:
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body"})
    """, lifespan="auto")
    assert link.request().status == 200


def test_shutdown_that_hangs_is_cancelled(serve):
    worker, link = serve("""
        import asyncio, sys
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            try:
                await asyncio.sleep(60)
            finally:
                print("cancelled", file=sys.stderr, flush=True)
    """, lifespan="auto", stop_timeout=1)
    started = time.monotonic()
    assert worker.stop(timeout=0.1) == 0
    assert time.monotonic() - started < 10
    assert "took longer" in worker.logged("cancelled")


def test_lifespan_failing_in_shutdown_is_logged(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            raise ValueError("cannot stop")
    """, lifespan="auto")
    assert worker.stop() == 0
    assert "cannot stop" in worker.log.read_text()


def test_stop_during_a_slow_startup(start):
    worker = start("""
        import asyncio, sys
        async def app(scope, receive, send):
            print("starting", file=sys.stderr, flush=True)
            await asyncio.sleep(60)
    """, interface="asgi")
    worker.logged("starting")
    assert worker.stop() == 0


def test_running_requests_finish_on_stop(serve):
    worker, link = serve("""
        import asyncio, sys
        async def app(scope, receive, send):
            print("called", file=sys.stderr, flush=True)
            await asyncio.sleep(0.4)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"finished"})
    """)
    exchange = link.open()
    worker.logged("called")
    worker.send("stop", timeout=20)
    assert link.response(exchange).body == b"finished"
    assert worker.wait() == 0


def test_what_outlives_the_timeout_is_cancelled(serve):
    worker, link = serve("""
        import asyncio, sys
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"some", "more_body": True})
            try:
                await asyncio.sleep(60)
            finally:
                print("cancelled", file=sys.stderr, flush=True)
    """)
    exchange = link.open()
    link.expect(exchange, RESPONSE)
    worker.send("stop", timeout=0.2)
    answer = link.response(exchange)
    assert answer.frames[-1].kind == ABORT
    assert worker.wait() == 0
    log = worker.log.read_text()
    assert "cancelled" in log and "Traceback" not in log


def test_application_that_ignores_its_cancellation_does_not_keep_the_worker(serve):
    worker, link = serve("""
        import asyncio
        async def app(scope, receive, send):
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass
    """)
    link.open()
    started = time.monotonic()
    assert worker.stop(timeout=0.1) == 0
    assert time.monotonic() - started < 10


def test_drained_link_ends_with_its_last_exchange(serve):
    worker, link = serve("""
        import asyncio
        async def app(scope, receive, send):
            await asyncio.sleep(0.2)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"last"})
    """)
    other = worker.attach()
    exchange = link.open()
    link.drain()
    assert link.response(exchange).body == b"last"
    with pytest.raises(EOFError):
        link.read_frame()
    assert other.request().body == b"last"
    other.drain()
    with pytest.raises(EOFError):
        other.read_frame()
    assert worker.stop() == 0


def test_idle_link_ends_when_drained(serve):
    worker, link = serve(LIFESPAN, lifespan="auto")
    link.drain()
    with pytest.raises(EOFError):
        link.read_frame()
    assert worker.stop() == 0


def test_request_that_crossed_the_stop_is_answered(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"late"})
    """)
    worker.send("stop", timeout=20)
    assert link.request().body == b"late"
    link.drain()
    assert worker.wait() == 0


def test_lost_link_is_a_disconnect_for_its_requests(serve):
    worker, link = serve("""
        import sys
        async def app(scope, receive, send):
            if scope["path"] == "/wait":
                await receive()
                print("waiting", file=sys.stderr, flush=True)
                print(await receive(), file=sys.stderr, flush=True)
                try:
                    await send({"type": "http.response.start", "status": 200})
                finally:
                    print("gone", file=sys.stderr, flush=True)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"served"})
    """)
    link.open(path=b"/wait")
    worker.logged("waiting")
    link.close()
    log = worker.logged("gone")
    assert "http.disconnect" in log and "Traceback" not in log
    assert worker.attach().request().body == b"served"
    assert worker.stop() == 0


def test_lost_supervisor_ends_the_worker(serve):
    worker, link = serve(LIFESPAN, lifespan="auto")
    worker.control.close()
    assert worker.wait() == 0
    assert "shutting down" in worker.log.read_text()


def test_worker_asks_to_be_replaced_once(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})
    """, max_requests=3)
    for _ in range(6):
        assert link.request().status == 200
    assert worker.receive() == {"op": "retire", "reason": "max_requests"}
    worker.send("stop", timeout=5)
    assert worker.receive() is None


def test_hello_announces_the_concurrency(serve):
    worker, link = serve(LIFESPAN, concurrency=77, lifespan="off")
    assert (link.hello.number, link.hello.flags, link.hello.id) == (77, 1, 0)
    assert link.hello.text.startswith("CPython 3.")


def test_wrong_wire_version_ends_the_worker(start, monkeypatch):
    import wire

    worker = start(LIFESPAN, interface="asgi")
    worker.ready()
    monkeypatch.setattr(wire, "VERSION", wire.VERSION + 1)
    with pytest.raises((AssertionError, EOFError, ConnectionError)):
        worker.attach()
    assert worker.wait() == 1
    assert f"speaks version {wire.VERSION} of the wire" in worker.log.read_text()


def test_event_loop_that_is_not_installed_is_told(start):
    worker = start(LIFESPAN, interface="asgi", event_loop="uvloop", environment={"PYTHONPATH": hide_uvloop()})
    message = worker.receive()
    assert message["op"] == "failed" and "uvloop" in message["message"]
    assert worker.wait() == 3


def hide_uvloop() -> str:
    """A path on which importing uvloop fails."""
    import tempfile

    from wire import ROOT

    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "uvloop.py"), "w") as module:
        module.write("raise ImportError('hidden')")
    return f"{folder}:{ROOT / 'python'}"


def test_logging_of_the_application_is_left_alone(serve):
    worker, link = serve("""
        import logging, logging.config
        logging.config.dictConfig({
            "version": 1,
            "disable_existing_loggers": True,
            "formatters": {"plain": {"format": "APP %(name)s %(message)s"}},
            "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "plain"}},
            "root": {"handlers": ["err"], "level": "INFO"},
        })
        async def app(scope, receive, send):
            logging.getLogger("mine").info("hello")
            raise ValueError("oh dear")
    """)
    assert [got.kind for got in link.request().frames] == [DONE]
    log = worker.logged("oh dear")
    assert log.count("APP mine hello") == 1
    assert log.count("ValueError: oh dear") == 1


def test_terminated_worker_finishes_its_requests(serve):
    worker, link = serve("""
        import asyncio, sys
        async def app(scope, receive, send):
            print("called", file=sys.stderr, flush=True)
            await asyncio.sleep(0.3)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"finished"})
    """)
    exchange = link.open()
    worker.logged("called")
    worker.process.terminate()
    assert link.response(exchange).body == b"finished"
    assert worker.wait() == 0


def test_thread_that_never_ends_does_not_keep_the_process(serve):
    worker, link = serve("""
        import asyncio, time
        async def app(scope, receive, send):
            asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})
    """)
    link.request()
    started = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - started < 15


def test_log_names_the_request_and_cannot_be_forged(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            raise ValueError("oh dear")
    """)
    link.request(path=b"/a%0A%1b[31mb", headers=[(b"host", b"h"), (b"x-request-id", b"abc123")])
    assert "exception in the application: GET /a\\n\\x1b[31mb (abc123)\n" in worker.logged("oh dear")


def test_forked_child_does_not_keep_the_link(serve):
    worker, link = serve("""
        import os, sys, time
        async def app(scope, receive, send):
            child = os.fork()
            if child == 0:
                print("child", os.getpid(), file=sys.stderr, flush=True)
                time.sleep(60)
                os._exit(0)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": str(child).encode()})
    """)
    child = int(link.request().body)
    worker.logged(f"child {child}")
    worker.process.kill()
    try:
        with pytest.raises((EOFError, ConnectionError)):
            link.read_frame()
    finally:
        os.kill(child, 9)


def test_what_the_import_made_on_the_current_loop_works(start):
    worker = start("""
        import asyncio, sys, warnings
        warnings.simplefilter("ignore")
        loop = asyncio.get_event_loop() if sys.version_info < (3, 12) else asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        answer = loop.create_future()
        loop.call_later(0.01, answer.set_result, b"set later")
        async def app(scope, receive, send):
            assert asyncio.get_running_loop() is loop
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": await answer})
    """, interface="asgi", lifespan="off")
    worker.ready()
    assert worker.attach().request().body == b"set later"
    assert worker.stop() == 0
