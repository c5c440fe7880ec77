"""HTTP exchanges of ASGI applications."""

from __future__ import annotations

import ast
import json
import os
import struct
import time

import pytest

from wire import (
    ABORT,
    BEGIN,
    CREDIT,
    DATA,
    DONE,
    EARLY_HINTS,
    END_FLAG,
    LARGEST_REQUEST_WINDOW,
    RESPONSE,
    RESPONSE_CREDIT,
    REQUEST_CREDIT,
    TRAILERS,
    Link,
)

HELLO = """
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"hello"})
"""

SCOPE = """
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": repr(scope).encode()})
"""


def scope_of(link: Link, **request):
    return ast.literal_eval(link.request(**request).body.decode())


def test_single_body_answer_is_one_frame(serve):
    _, link = serve(HELLO)
    for _ in range(3):
        answer = link.request()
        assert [(got.kind, got.is_end) for got in answer.frames if got.kind != DONE] == [(RESPONSE, True)]
        assert (answer.status, answer.body) == (200, b"hello")
        assert answer.fields == [(b"content-type", b"text/plain")]


def test_answers_of_quick_applications_carry_done_and_leave_together(serve):
    _, link = serve(HELLO)
    for _ in range(60):
        for exchange in [link.open() for _ in range(20)]:
            link.response(exchange)
    link.reads = 0
    encoded = [link.encode_request() for _ in range(20)]
    link.send(b"".join(data for _, data in encoded))
    kinds = set()
    for exchange, _ in encoded:
        kinds |= {got.kind for got in link.response(exchange).frames}
    assert kinds <= {BEGIN, RESPONSE}
    assert link.reads <= 12


@pytest.mark.parametrize("late", ["", "await asyncio.sleep(0)"])
def test_answer_does_not_wait_for_an_application_that_blocks(serve, tmp_path, late):
    _, link = serve(f"""
        import asyncio
        async def app(scope, receive, send):
            {late}
            if scope["path"] == "/slow":
                open({str(tmp_path / "block")!r}).read()
            await send({{"type": "http.response.start", "status": 200}})
            await send({{"type": "http.response.body", "body": b"done"}})
            if scope["path"] == "/background":
                open({str(tmp_path / "block")!r}).read()
    """)
    os.mkfifo(tmp_path / "block")
    for path in (b"/slow", b"/background"):
        quick, slow = link.encode_request(path=b"/quick"), link.encode_request(path=path)
        link.send(quick[1] + slow[1])
        assert link.expect(quick[0], RESPONSE).body == b"done"
        if path == b"/background":
            assert link.expect(slow[0], RESPONSE).body == b"done"
        (tmp_path / "block").write_text("")
        for exchange, _ in (quick, slow):
            while not exchange.is_done:
                link.frame_of(exchange)


def test_scope_has_every_key_with_its_type(serve):
    _, link = serve(SCOPE)
    link.connect(2, client=("2001:db8::1", 1234), server=("example.org", 443), is_https=True)
    scope = scope_of(
        link,
        connection=2,
        method="POST",
        path=b"/app/caf%C3%A9/%ff",
        query=b"a=%20b",
        mount="/app",
        version=20,
        headers=[(b"host", b"example.org"), (b"x-twice", b"1"), (b"x-twice", b"2"), (b"cookie", b"a=b; c=d")],
    )
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "2",
        "method": "POST",
        "scheme": "https",
        "path": "/app/café/\ufffd",
        "raw_path": b"/app/caf%C3%A9/%ff",
        "query_string": b"a=%20b",
        "root_path": "/app",
        "headers": [(b"host", b"example.org"), (b"x-twice", b"1"), (b"x-twice", b"2"), (b"cookie", b"a=b; c=d")],
        "client": ("2001:db8::1", 1234),
        "server": ("example.org", 443),
        "state": {},
        "extensions": {
            "http.response.pathsend": {},
            "http.response.zerocopysend": {},
            "http.response.early_hint": {},
            "http.response.trailers": {},
        },
    }


@pytest.mark.parametrize("number,name", [(10, "1.0"), (11, "1.1"), (20, "2")])
def test_http_version(serve, number, name):
    _, link = serve(SCOPE)
    assert scope_of(link)["http_version"] == "1.1"
    assert scope_of(link, version=number)["http_version"] == name


def test_unix_sockets_have_no_ports(serve):
    _, link = serve(SCOPE)
    link.connect(3, client=("", 0), server=("/run/tlsgi.sock", 0))
    scope = scope_of(link, connection=3)
    assert scope["client"] is None
    assert scope["server"] == ("/run/tlsgi.sock", None)


def test_tls_extension_has_every_key(serve):
    _, link = serve(SCOPE)
    pem = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
    link.connect(
        4,
        is_https=True,
        tls={
            "version": 0x0303,
            "cipher_suite": 0xC02F,
            "server_certificate": pem.format("S"),
            "client_chain": pem.format("A") + pem.format("B"),
            "client_name": "CN=someone",
        },
    )
    link.connect(5, is_https=True, tls={"client_error": "expired"})
    tls = scope_of(link, connection=4)["extensions"]["tls"]
    assert tls["server_cert"] == pem.format("S")
    assert tls["client_cert_chain"] == [pem.format("A"), pem.format("B")]
    assert tls["client_cert_name"] == "CN=someone"
    assert tls["client_cert_error"] is None
    assert (tls["tls_version"], tls["cipher_suite"]) == (0x0303, 0xC02F)
    tls = scope_of(link, connection=5)["extensions"]["tls"]
    assert (tls["server_cert"], tls["client_cert_chain"], tls["client_cert_name"]) == (None, [], None)
    assert (tls["client_cert_error"], tls["tls_version"]) == ("expired", 0x0304)
    assert "tls" not in scope_of(link)["extensions"]


def test_scopes_share_nothing_that_can_be_changed(serve):
    _, link = serve("""
        seen = []
        async def app(scope, receive, send):
            seen.append(repr((scope["state"], scope["extensions"], scope["asgi"], scope["headers"])))
            scope["state"]["x"] = scope["extensions"]["x"] = scope["asgi"]["x"] = 1
            scope["headers"].append((b"x", b"y"))
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": str(len(set(seen))).encode()})
    """)
    assert link.request().body == b"1"
    assert link.request().body == b"1"


def test_body_comes_with_the_head_or_in_pieces(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            events = [await receive()]
            while events[-1]["more_body"]:
                events.append(await receive())
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": repr(events).encode()})
    """)
    whole = [{"type": "http.request", "body": b"abc", "more_body": False}]
    assert ast.literal_eval(link.request(method="POST", body=b"abc").body.decode()) == whole
    exchange = link.open(method="POST", body=b"one", is_end=False)
    link.data(exchange, b"two")
    assert link.expect(exchange, BEGIN) if not exchange.is_begun else True
    link.data(exchange, b"", is_end=True)
    events = ast.literal_eval(link.response(exchange).body.decode())
    assert b"".join(event["body"] for event in events) == b"onetwo"
    assert [event["more_body"] for event in events][-1] is False


def test_receive_says_disconnect_after_the_response(serve):
    worker, link = serve("""
        import asyncio, sys
        async def app(scope, receive, send):
            await receive()
            waiting = asyncio.create_task(receive())
            await asyncio.sleep(0)
            assert not waiting.done()
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"x"})
            print(await waiting, await receive(), await receive(), file=sys.stderr)
    """)
    assert link.request().body == b"x"
    assert worker.logged("disconnect").count("{'type': 'http.disconnect'}") == 3


def test_cancel_is_heard_and_the_task_goes_on(serve):
    worker, link = serve("""
        import asyncio, sys
        async def app(scope, receive, send):
            await receive()
            print("waiting", file=sys.stderr, flush=True)
            print(await receive(), await receive(), file=sys.stderr)
            try:
                await send({"type": "http.response.start", "status": 200})
            except OSError as error:
                print("then", type(error).__name__, file=sys.stderr, flush=True)
            await asyncio.sleep(0.05)
            await send({"type": "http.response.body"})
    """)
    exchange = link.open()
    worker.logged("waiting")
    link.cancel(exchange)
    answer = link.response(exchange)
    assert [got.kind for got in answer.frames] == [DONE]
    log = worker.logged("then ClientDisconnected")
    assert log.count("{'type': 'http.disconnect'}") == 2
    assert "Traceback" not in log


def test_request_cancelled_before_it_began_is_not_called(serve):
    worker, link = serve("""
        import sys
        async def app(scope, receive, send):
            print("called", scope["path"], file=sys.stderr, flush=True)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})
    """)
    first, data = link.encode_request(path=b"/first")
    second, more = link.encode_request(path=b"/second")
    cancel = bytes([1, 0, 0, 5]) + second.id.to_bytes(4, "little") + b"\1"
    second.is_cancelled = True
    link.send(data + more + cancel)
    assert [got.kind for got in link.response(second).frames] == [DONE]
    assert link.response(first).status == 200
    assert "/second" not in worker.logged("/first")


def test_begin_is_written_before_the_application_is_called(serve, tmp_path):
    worker, link = serve(f"""
        import asyncio, sys
        async def app(scope, receive, send):
            print("called", scope["path"], file=sys.stderr, flush=True)
            if scope["path"] == "/block":
                open({str(tmp_path / "block")!r}).read()
            if scope["path"] == "/wait":
                await receive()
                await receive()
            await send({{"type": "http.response.start", "status": 200}})
            await send({{"type": "http.response.body"}})
    """)
    os.mkfifo(tmp_path / "block")
    encoded = [link.encode_request(path=b"/block"), link.encode_request(path=b"/b"), link.encode_request(path=b"/c")]
    link.send(b"".join(data for _, data in encoded))
    begun = [link.read_frame(), link.read_frame()]
    assert [(got.kind, got.id) for got in begun] == [(BEGIN, encoded[1][0].id), (BEGIN, encoded[2][0].id)]
    (tmp_path / "block").write_text("")
    for exchange, _ in encoded:
        assert link.response(exchange).status == 200
    long = link.open(path=b"/wait")
    worker.logged("/wait")
    assert link.is_quiet(0.05)
    short = link.open(path=b"/d")
    assert link.expect(short, BEGIN)
    assert link.response(short).status == 200
    link.cancel(long)
    assert [got.kind for got in link.response(long).frames] == [DONE]


def test_upload_is_bounded_by_credit(serve):
    _, link = serve("""
        import asyncio
        async def app(scope, receive, send):
            total, pieces, more = 0, 0, True
            while more:
                event = await receive()
                assert len(event["body"]) <= 262144
                total, pieces, more = total + len(event["body"]), pieces + 1, event["more_body"]
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": str(total).encode()})
    """)
    size, window = 3 << 20, REQUEST_CREDIT
    exchange = link.open(method="POST", is_end=False, length=size)
    sent = 0
    while sent < size:
        piece = min(window, size - sent, 16384)
        if piece:
            link.data(exchange, b"u" * piece, is_end=sent + piece == size)
            sent, window = sent + piece, window - piece
        else:
            got = link.frame_of(exchange)
            assert got.kind == CREDIT, got
            window += got.number
            assert window <= LARGEST_REQUEST_WINDOW
    assert link.response(exchange).body == str(size).encode()


def test_unread_upload_gets_no_credit(serve):
    _, link = serve("""
        import asyncio
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"no thanks"})
    """)
    answer = link.request(method="POST", body=b"u" * REQUEST_CREDIT, is_end=False)
    assert [got.kind for got in answer.frames if got.kind == CREDIT] == []
    assert answer.body == b"no thanks"


def test_first_receive_asks_for_a_withheld_body(serve):
    worker, link = serve("""
        import asyncio, sys
        async def app(scope, receive, send):
            print("called", file=sys.stderr, flush=True)
            if scope["path"] == "/read":
                await asyncio.sleep(0.05)
                event = await receive()
                assert event["body"] == b"now" and not event["more_body"], event
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})
    """)
    exchange = link.open(method="POST", path=b"/read", is_end=False, expects_continue=True, length=3)
    got = link.frame_of(exchange)
    assert (got.kind, got.number) == (CREDIT, REQUEST_CREDIT)
    link.data(exchange, b"now", is_end=True)
    assert link.response(exchange).status == 200
    answer = link.request(method="POST", is_end=False, expects_continue=True, length=3)
    assert CREDIT not in [got.kind for got in answer.frames]


def test_download_waits_for_credit(serve):
    worker, link = serve("""
        import sys
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            for number in range(64):
                await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
                print("sent", number, file=sys.stderr, flush=True)
            await send({"type": "http.response.body"})
    """)
    exchange = link.open()
    received = 0
    while received < RESPONSE_CREDIT:
        received += len(link.frame_of(exchange).body)
    assert link.is_quiet()
    assert "sent 5" not in worker.log.read_text()
    link.grant(exchange, received)
    assert received + len(link.response(exchange).body) == 64 * 65536


def test_large_single_body_goes_in_pieces(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3000000")]})
            await send({"type": "http.response.body", "body": b"0123456789" * 300000})
    """)
    answer = link.request()
    assert answer.body == b"0123456789" * 300000
    assert answer.is_complete


def test_body_left_when_the_application_returned_is_still_sent(serve):
    worker, link = serve("""
        import asyncio, sys
        tasks = []
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            send({"type": "http.response.body", "body": bytes(1000000)})
    """)
    answer = link.request()
    assert len(answer.body) == 1000000
    assert answer.frames[-1].kind == DATA and answer.frames[-1].is_done


def test_memory_stays_bounded_in_both_directions(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            more = True
            while more:
                event = await receive()
                more = event["more_body"]
                await send({"type": "http.response.body", "body": event["body"], "more_body": more})
    """)
    link.request(method="POST", body=b"warm")
    before = worker.memory()
    size, sent, window, received = 128 << 20, 0, REQUEST_CREDIT, 0
    exchange = link.open(method="POST", is_end=False)
    while received < size:
        while window and sent < size:
            piece = min(window, 65536, size - sent)
            link.data(exchange, b"d" * piece, is_end=sent + piece == size)
            sent, window = sent + piece, window - piece
        got = link.frame_of(exchange)
        if got.kind == CREDIT:
            window += got.number
        else:
            received += len(got.body)
            link.grant(exchange, len(got.body))
    assert worker.memory() - before < 16 << 20


@pytest.mark.parametrize(
    "event,error",
    [
        ({"status": 200}, "KeyError"),
        ({"type": "http.response.nonsense"}, "RuntimeError"),
        ({"type": 5}, "TypeError"),
        ({"type": "websocket.accept"}, "RuntimeError"),
        ({"type": "http.response.body", "body": b"x"}, "RuntimeError"),
        ({"type": "http.response.start"}, "KeyError"),
        ({"type": "http.response.start", "status": "200"}, "TypeError"),
        ({"type": "http.response.start", "status": 99}, "ValueError"),
        ({"type": "http.response.start", "status": 101}, "ValueError"),
        ({"type": "http.response.start", "status": 1000}, "ValueError"),
        ({"type": "http.response.start", "status": 200, "headers": [("a", "b")]}, "TypeError"),
        ({"type": "http.response.start", "status": 200, "headers": [(b"a",)]}, "ValueError"),
        ({"type": "http.response.start", "status": 200, "headers": [b"ab"]}, "TypeError"),
        ({"type": "http.response.start", "status": 200, "headers": 5}, "TypeError"),
        ({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\r\nc: d")]}, "ValueError"),
        ({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\0")]}, "ValueError"),
        ({"type": "http.response.start", "status": 200, "headers": [(b"a b", b"c")]}, "ValueError"),
        ({"type": "http.response.start", "status": 200, "headers": [(b"a:", b"c")]}, "ValueError"),
        ({"type": "http.response.start", "status": 200, "headers": [(b"", b"c")]}, "ValueError"),
        ({"type": "http.response.start", "status": 200, "headers": [(b"x" * 100 + b"\n", b"c")]}, "ValueError"),
        ({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"-1")]}, "ValueError"),
        ({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1, 1")]}, "ValueError"),
    ],
)
def test_bad_event_raises_in_the_application(start, event, error):
    worker = start(f"""
        import sys
        async def app(scope, receive, send):
            try:
                await send({event!r})
            except Exception as error:
                name = type(error).__name__
            await send({{"type": "http.response.start", "status": 200}})
            await send({{"type": "http.response.body", "body": name.encode()}})
    """, lifespan="off")
    worker.ready()
    assert worker.attach().request().body == error.encode()


def test_events_out_of_order_raise(serve):
    _, link = serve("""
        async def attempt(send, event):
            try:
                await send(event)
            except RuntimeError as error:
                return str(error)
        async def app(scope, receive, send):
            start = {"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"b")]}
            await send(start)
            said = [await attempt(send, start), await attempt(send, {"type": "http.response.trailers"})]
            await send({"type": "http.response.body", "body": repr(said).encode()})
            assert await attempt(send, {"type": "http.response.body"})
            assert await attempt(send, start)
    """)
    answer = link.request()
    assert ast.literal_eval(answer.body.decode()) == [
        "the response was started already",
        "trailers come after the body of a response that announced them",
    ]


def test_body_may_be_any_bytes_and_headers_any_iterable(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            fields = [(b"X-One", b" 1 "), (b"x-two", b"2"), (bytearray(b"X-Three"), memoryview(b"x3x")[1:2])]
            headers = ([name, value] for name, value in fields)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": bytearray(b"a"), "more_body": True})
            await send({"type": "http.response.body", "body": memoryview(b"xbx")[1:2], "more_body": True})
            await send({"type": "http.response.body", "body": memoryview(b"cxdx")[::2], "extra": 1})
    """)
    answer = link.request()
    assert (answer.fields, answer.body) == ([(b"x-one", b"1"), (b"x-two", b"2"), (b"x-three", b"3")], b"abcd")


def test_hop_by_hop_fields_are_dropped(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            names = [b"Connection", b"keep-alive", b"transfer-encoding", b"Upgrade", b"proxy-connection", b"x-kept"]
            await send({"type": "http.response.start", "status": 200, "headers": [(name, b"x") for name in names]})
            await send({"type": "http.response.body"})
    """)
    assert link.request().fields == [(b"x-kept", b"x")]


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_too_much_body_is_truncated_and_logged(serve, pieces):
    worker, link = serve(f"""
        async def app(scope, receive, send):
            await send({{"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}})
            for at in range({pieces}):
                await send({{"type": "http.response.body", "body": b"1234567", "more_body": at < {pieces} - 1}})
    """)
    answer = link.request()
    assert (answer.body, answer.is_complete, answer.is_aborted) == (b"12345", True, False)
    assert worker.logged("longer than its content-length").count("longer") == 1


def test_end_comes_with_the_last_declared_byte(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
            await send({"type": "http.response.body", "body": b"ab", "more_body": True})
            await send({"type": "http.response.body", "body": b"cd", "more_body": True})
            await receive()
            await receive()
    """)
    exchange = link.open()
    frames = [link.frame_of(exchange)]
    while not frames[-1].is_end:
        frames.append(link.frame_of(exchange))
    assert b"".join(got.body for got in frames) == b"abcd"
    link.cancel(exchange)
    assert [got.kind for got in link.response(exchange).frames] == [DONE]
    assert worker.log.read_text() == ""


def test_too_little_body_is_an_abort(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            if scope["path"] == "/pieces":
                await send({"type": "http.response.body", "body": b"12345", "more_body": True})
            await send({"type": "http.response.body", "body": b"67"})
    """)
    for path in (b"/", b"/pieces"):
        answer = link.request(path=path)
        assert answer.is_aborted and not answer.is_complete
    assert worker.logged("shorter than its content-length")


@pytest.mark.parametrize("method,status", [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 205)])
def test_no_body_where_none_belongs(serve, method, status):
    worker, link = serve(f"""
        async def app(scope, receive, send):
            await send({{"type": "http.response.start", "status": {status}, "headers": [(b"content-length", b"4")]}})
            await send({{"type": "http.response.body", "body": b"ab", "more_body": True}})
            await send({{"type": "http.response.body", "body": b"cd"}})
    """)
    answer = link.request(method=method)
    assert (answer.status, answer.body, answer.is_complete, answer.is_aborted) == (status, b"", True, False)
    length = {204: None, 205: None}.get(status, b"4")
    assert answer.header(b"content-length") == length
    assert worker.log.read_text() == ""


def test_head_tells_the_length_of_a_single_body(serve):
    _, link = serve(HELLO)
    answer = link.request(method="HEAD")
    assert (answer.body, answer.header(b"content-length")) == (b"", b"5")


def test_failure_before_the_response(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            if scope["path"] == "/started":
                await send({"type": "http.response.start", "status": 200})
            raise ValueError("oh dear")
    """)
    for path in (b"/", b"/started"):
        assert [got.kind for got in link.request(path=path).frames] == [DONE]
    log = worker.logged("exception in the application: GET /started")
    assert log.count("ValueError: oh dear") == 2
    assert "application.py" in log


def test_failure_after_the_start_cuts_the_response(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"some", "more_body": True})
            raise ValueError("oh dear")
    """)
    answer = link.request()
    assert (answer.body, answer.is_aborted, answer.frames[-1].kind) == (b"some", True, ABORT)
    worker.logged("oh dear")


def test_failure_after_the_response_is_only_logged(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"all"})
            raise ValueError("oh dear")
    """)
    answer = link.request()
    assert (answer.body, answer.is_complete, answer.is_aborted) == (b"all", True, False)
    worker.logged("oh dear")


@pytest.mark.parametrize(
    "body",
    ["pass", 'await send({"type": "http.response.start", "status": 200})'],
)
def test_returning_without_a_response_is_logged(serve, body):
    worker, link = serve(f"""
        async def app(scope, receive, send):
            {body}
    """)
    assert [got.kind for got in link.request().frames] == [DONE]
    worker.logged("returned without completing its response")


@pytest.mark.parametrize("raised", ["SystemExit(3)", "KeyboardInterrupt()", "asyncio.CancelledError()", "BaseException('b')"])
def test_application_that_exits_fails_alone(serve, raised):
    worker, link = serve(f"""
        import asyncio
        async def app(scope, receive, send):
            if scope["path"] == "/late":
                await asyncio.sleep(0.01)
            if scope["path"] != "/fine":
                raise {raised}
            await send({{"type": "http.response.start", "status": 200}})
            await send({{"type": "http.response.body"}})
    """)
    for _ in range(2):
        assert [got.kind for got in link.request(path=b"/").frames] == [DONE]
        assert [got.kind for got in link.request(path=b"/late").frames] == [DONE]
        assert link.request(path=b"/fine").status == 200
    assert worker.stop() == 0


def test_background_work_after_the_response(serve, tmp_path):
    worker, link = serve(f"""
        import asyncio, os, sys
        async def app(scope, receive, send):
            await send({{"type": "http.response.start", "status": 200}})
            await send({{"type": "http.response.body", "body": b"early"}})
            while not os.path.exists({str(tmp_path / "go")!r}):
                await asyncio.sleep(0.01)
            print("finished", file=sys.stderr, flush=True)
    """)
    exchange = link.open()
    got = link.frame_of(exchange)
    assert (got.body, got.is_end, got.is_done) == (b"early", True, False)
    (tmp_path / "go").touch()
    assert link.frame_of(exchange).kind == DONE
    worker.logged("finished")


def test_every_request_is_a_task_in_its_own_context(serve):
    _, link = serve("""
        import asyncio, contextvars
        variable = contextvars.ContextVar("variable", default=0)
        tasks = []
        async def app(scope, receive, send):
            assert variable.get() == 0
            variable.set(1)
            assert asyncio.current_task() not in tasks
            tasks.append(asyncio.current_task())
            try:
                await asyncio.wait_for(asyncio.sleep(60), 0.01)
            except asyncio.TimeoutError:
                pass
            assert variable.get() == 1
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"ok"})
    """)
    exchanges = [link.open() for _ in range(5)]
    assert [link.response(exchange).body for exchange in exchanges] == [b"ok"] * 5


def test_task_shows_where_the_application_is(serve):
    _, link = serve("""
        import asyncio, inspect, json
        async def pause():
            await asyncio.sleep(0.05)
        async def look(task):
            coroutine = task.get_coro()
            await asyncio.sleep(0.01)
            return [
                coroutine.__qualname__,
                inspect.getcoroutinestate(coroutine),
                [frame.f_code.co_name for frame in task.get_stack()],
                coroutine.cr_await.__qualname__,
                "app()" in repr(task) and "app" in repr(coroutine),
                asyncio.iscoroutine(coroutine) and not hasattr(coroutine, "no_such_thing"),
            ]
        async def app(scope, receive, send):
            other = asyncio.ensure_future(look(asyncio.current_task()))
            await pause()
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": json.dumps(await other).encode()})
    """)
    assert json.loads(link.request().body) == ["app", "CORO_SUSPENDED", ["app"], "pause", True, True]


@pytest.mark.parametrize("sleep", ["pass", "await asyncio.sleep(0.01)"])
def test_whoever_watches_the_task_sees_how_it_ended(serve, sleep):
    worker, link = serve(f"""
        import asyncio, sys
        def note(task):
            print("watched", "cancelled" if task.cancelled() else repr(task.exception()), file=sys.stderr, flush=True)
        async def app(scope, receive, send):
            asyncio.current_task().add_done_callback(note)
            await send({{"type": "http.response.start", "status": 200}})
            {sleep}
            if scope["path"] == "/cancelled":
                asyncio.current_task().cancel()
                await asyncio.sleep(60)
            await send({{"type": "http.response.body", "body": b"all"}})
            if scope["path"] == "/failed":
                raise ValueError("oh dear")
    """)
    assert link.request().body == b"all"
    worker.logged("watched None")
    assert link.request(path=b"/failed").body == b"all"
    worker.logged("watched ValueError('oh dear')")
    log = worker.logged("exception in the application: GET /failed")
    assert [got.kind for got in link.request(path=b"/cancelled").frames] == [DONE]
    log = worker.logged("the application was cancelled: GET /cancelled")
    assert "watched cancelled" in log and "never retrieved" not in log


def test_collector_leaves_what_was_there_before_the_first_request(serve):
    _, link = serve("""
        import gc
        made_by_import = [[]]
        async def app(scope, receive, send):
            known = any(other is made_by_import for other in gc.get_objects())
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": str((known, gc.get_freeze_count() > 1000)).encode()})
    """)
    assert link.request().body == b"(False, True)"


def test_call_that_is_no_coroutine_function_runs_inside_the_task(serve):
    _, link = serve("""
        import asyncio, contextvars
        variable = contextvars.ContextVar("variable", default=0)
        async def inner(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"ok"})
        def app(scope, receive, send):
            assert asyncio.current_task() is not None
            assert variable.get() == 0
            variable.set(1)
            return inner(scope, receive, send)
    """)
    assert [link.request().body for _ in range(3)] == [b"ok"] * 3


def test_double_callable_is_served(serve):
    _, link = serve("""
        class App:
            def __init__(self, scope):
                self.scope = scope
            async def __call__(self, receive, send):
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": self.scope["path"].encode()})
        app = App
    """)
    assert link.request(path=b"/two").body == b"/two"


def test_operations_can_be_made_into_tasks_and_cancelled_without_loss(serve):
    _, link = serve("""
        import asyncio
        async def app(scope, receive, send):
            assert (await asyncio.create_task(receive()))["more_body"]
            for _ in range(3):
                try:
                    await asyncio.wait_for(receive(), 0.02)
                    raise AssertionError("nothing was sent")
                except asyncio.TimeoutError:
                    pass
            await send({"type": "http.response.start", "status": 200})
            await asyncio.create_task(send({"type": "http.response.body", "body": b"1", "more_body": True}))
            event = await asyncio.ensure_future(receive())
            await asyncio.gather(send({"type": "http.response.body", "body": event["body"]}))
    """)
    exchange = link.open(method="POST", body=b"a", is_end=False)
    while link.frame_of(exchange).kind != RESPONSE:
        pass
    link.data(exchange, b"2", is_end=True)
    body = b""
    while not exchange.is_done:
        body += link.frame_of(exchange).body
    assert body == b"2"


def test_early_hints_go_before_the_response(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            hint = {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload", b"</b.js>; rel=preload"]}
            await send(hint)
            await send({"type": "http.response.start", "status": 200})
            await send(hint)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await send(hint)
            await send({"type": "http.response.body"})
    """)
    answer = link.request()
    kinds = [got.kind for got in answer.frames if got.kind != DONE]
    assert kinds[:3] == [EARLY_HINTS, EARLY_HINTS, RESPONSE] and EARLY_HINTS not in kinds[3:]
    assert answer.frames[0].fields == [(b"link", b"</a.css>; rel=preload"), (b"link", b"</b.js>; rel=preload")]


def test_trailers_end_the_response(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "trailers": True})
            await send({"type": "http.response.body", "body": b"x"})
            if scope["path"] == "/forgotten":
                return
            await send({"type": "http.response.trailers", "headers": [(b"X-Sum", b"1")], "more_trailers": True})
            await send({"type": "http.response.trailers", "headers": [(b"x-more", b"2"), (b"content-length", b"3")]})
    """)
    answer = link.request()
    trailers = next(got for got in answer.frames if got.kind == TRAILERS)
    assert trailers.fields == [(b"x-sum", b"1"), (b"x-more", b"2")]
    assert not answer.frames[0].is_end and answer.frames[0].flags & 4
    answer = link.request(path=b"/forgotten")
    assert next(got for got in answer.frames if got.kind == TRAILERS).fields == []


def test_wrapped_disconnect_is_silent(serve):
    worker, link = serve("""
        import asyncio, sys
        class Gone(Exception):
            pass
        async def app(scope, receive, send):
            print("called", file=sys.stderr, flush=True)
            await receive()
            await receive()
            try:
                await send({"type": "http.response.start", "status": 200})
            except OSError:
                raise Gone()
    """)
    exchange = link.open()
    worker.logged("called")
    link.cancel(exchange)
    link.response(exchange)
    assert worker.stop() == 0
    assert "Traceback" not in worker.log.read_text()


def test_cancelled_download_wakes_its_sender(serve):
    worker, link = serve("""
        import sys
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            try:
                while True:
                    await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
            except OSError as error:
                print("woken by", type(error).__name__, file=sys.stderr, flush=True)
                raise
    """)
    exchange = link.open()
    received = 0
    while received < RESPONSE_CREDIT:
        received += len(link.frame_of(exchange).body)
    link.cancel(exchange)
    while not exchange.is_done:
        link.frame_of(exchange)
    assert "Traceback" not in worker.logged("woken by ClientDisconnected")


def test_many_slow_readers_do_not_block_others(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": bytes(1 << 20 if scope["path"] == "/big" else 1)})
    """)
    slow = [link.open(path=b"/big") for _ in range(8)]
    quick = link.open()
    assert len(link.response(quick).body) == 1
    assert all(len(link.response(exchange).body) == 1 << 20 for exchange in slow)


def test_unknown_frames_for_finished_exchanges_are_ignored(serve):
    _, link = serve(HELLO)
    exchange = link.open()
    link.response(exchange)
    link.data(exchange, b"late", is_end=True)
    link.grant(exchange, 5)
    link.cancel(exchange)
    assert link.request().status == 200


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<I", 0)[:3] + bytes([99]) + bytes(4),
        b"\xff\xff\xff" + bytes([DATA]) + bytes(4),
        bytes(3) + bytes([RESPONSE]) + bytes(4),
        bytes([1, 0, 0, 4]) + bytes(4) + b"\0",
    ],
)
def test_broken_frame_ends_the_worker(start, data):
    worker = start(HELLO, interface="asgi")
    worker.ready()
    link = worker.attach()
    link.send(data)
    assert worker.wait() == 1
    assert "breaks the protocol" in worker.log.read_text()


def test_too_much_upload_ends_the_worker(start):
    worker = start("""
        import asyncio
        async def app(scope, receive, send):
            await asyncio.sleep(60)
    """, interface="asgi", lifespan="off")
    worker.ready()
    link = worker.attach()
    exchange = link.open(method="POST", body=b"u" * REQUEST_CREDIT, is_end=False)
    link.data(exchange, b"x")
    assert worker.wait() == 1
    assert "over the credit" in worker.log.read_text()


def test_frames_cut_anywhere_are_put_together(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            body, more = b"", True
            while more:
                event = await receive()
                body, more = body + event["body"], event["more_body"]
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": body})
    """)
    exchange, data = link.encode_request(method="POST", body=b"first", is_end=False)
    data += bytes([7, 0, 0, DATA]) + exchange.id.to_bytes(4, "little") + bytes([END_FLAG]) + b"second"
    for at in range(len(data)):
        link.send(data[at : at + 1])
    assert link.response(exchange).body == b"firstsecond"


def test_full_socket_is_written_when_the_front_reads_again(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": bytes(200000)})
    """)
    exchanges = [link.open() for _ in range(40)]
    time.sleep(0.3)
    assert all(len(link.response(exchange).body) == 200000 for exchange in exchanges)
    assert link.request().status == 200


