"""WebSockets of ASGI applications."""

from __future__ import annotations

import ast

import pytest

from wire import (
    ACCEPT,
    BEGIN,
    CLOSE,
    CREDIT,
    DONE,
    MAX_DATA,
    MESSAGE,
    REQUEST_CREDIT,
    RESPONSE,
    RESPONSE_CREDIT,
    TEXT_FLAG,
    Exchange,
    Link,
)

ECHO = """
    async def app(scope, receive, send):
        event = await receive()
        assert event == {"type": "websocket.connect"}, event
        await send({"type": "websocket.accept"})
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                break
            await send({**event, "type": "websocket.send"})
"""


def open_websocket(link: Link, **request) -> Exchange:
    return link.open(is_websocket=True, **request)


def rest(link: Link, exchange: Exchange):
    frames = []
    while not exchange.is_done:
        frames.append(link.frame_of(exchange))
    return [got for got in frames if got.kind not in (BEGIN, CREDIT)]


def read_message(link: Link, exchange: Exchange):
    """A whole message: text or bytes."""
    data = b""
    while True:
        got = link.expect(exchange, MESSAGE)
        data += got.body
        link.grant(exchange, len(got.body))
        if got.is_end:
            return data.decode() if got.flags & TEXT_FLAG else data


def test_messages_go_both_ways(serve):
    _, link = serve(ECHO)
    exchange = open_websocket(link)
    link.expect(exchange, ACCEPT)
    for message in ["hello", b"bytes", "", b"", "grüße \U0001f600", "x" * 1000]:
        link.message(exchange, message)
        assert read_message(link, exchange) == message
    link.close_websocket(exchange, 1001, "away")
    assert [got.kind for got in rest(link, exchange)] == [DONE]


def test_scope_of_a_websocket(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": repr(scope)})
    """)
    link.connect(2, is_https=True)
    headers = [(b"host", b"h"), (b"sec-websocket-protocol", b"one, two"), (b"sec-websocket-protocol", b"three")]
    exchange = open_websocket(link, connection=2, path=b"/chat", query=b"q", version=20, headers=headers)
    link.expect(exchange, ACCEPT)
    scope = ast.literal_eval(read_message(link, exchange))
    assert scope == {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "2",
        "scheme": "wss",
        "path": "/chat",
        "raw_path": b"/chat",
        "query_string": b"q",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8443),
        "subprotocols": ["one", "two", "three"],
        "state": {},
        "extensions": {"websocket.http.response": {}},
    }


def test_accept_carries_subprotocol_and_headers(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            await receive()
            for headers in [[(b"sec-websocket-protocol", b"x")], [(b"a", b"b\\n")]]:
                try:
                    await send({"type": "websocket.accept", "headers": headers})
                except ValueError:
                    pass
            headers = [(b"X-Session", b"1"), (b"connection", b"close"), (b"sec-websocket-accept", b"no")]
            await send({"type": "websocket.accept", "subprotocol": "two", "headers": headers})
    """)
    exchange = open_websocket(link)
    got = link.expect(exchange, ACCEPT)
    assert (got.text, got.fields) == ("two", [(b"x-session", b"1")])
    closing, done = rest(link, exchange)
    assert (closing.kind, closing.number, done.kind) == (CLOSE, 1000, DONE)


@pytest.mark.parametrize(
    "said,code,reason",
    [
        ('{"type": "websocket.close"}', 1000, ""),
        ('{"type": "websocket.close", "code": 4000, "reason": "enough"}', 4000, "enough"),
        ('{"type": "websocket.close", "code": 1001, "reason": None}', 1001, ""),
        ('{"type": "websocket.close", "reason": "é" * 100}', 1000, "é" * 61),
    ],
)
def test_application_closes(serve, said, code, reason):
    worker, link = serve(f"""
        import sys
        async def app(scope, receive, send):
            await receive()
            await send({{"type": "websocket.accept"}})
            await send({said})
            print(await receive(), file=sys.stderr, flush=True)
            try:
                await send({{"type": "websocket.send", "text": "late"}})
            except RuntimeError:
                print("refused", file=sys.stderr, flush=True)
    """)
    exchange = open_websocket(link)
    link.expect(exchange, ACCEPT)
    closing, done = rest(link, exchange)
    assert (closing.kind, closing.number, closing.text, done.kind) == (CLOSE, code, reason, DONE)
    assert f"'code': {code}" in worker.logged("refused")


def test_closing_before_accepting_is_a_403(serve):
    worker, link = serve("""
        import sys
        async def app(scope, receive, send):
            await receive()
            await send({"type": "websocket.close", "code": 4001})
            print(await receive(), file=sys.stderr, flush=True)
    """)
    exchange = open_websocket(link)
    got = link.expect(exchange, RESPONSE)
    assert (got.status, got.is_end, got.body) == (403, True, b"")
    rest(link, exchange)
    assert "'code': 1006" in worker.logged("websocket.disconnect")


def test_denial_response(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            await receive()
            await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"X-Why", b"no")]})
            await send({"type": "websocket.http.response.body", "body": b"who ", "more_body": True})
            await send({"type": "websocket.http.response.body", "body": b"are you?"})
            for event in [{"type": "websocket.accept"}, {"type": "websocket.http.response.body"}]:
                try:
                    await send(event)
                    raise AssertionError(event)
                except RuntimeError:
                    pass
    """)
    answer = link.response(open_websocket(link))
    assert (answer.status, answer.fields, answer.body) == (401, [(b"x-why", b"no")], b"who are you?")
    assert answer.is_complete


def test_failure_closes_with_1011(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await receive()
            if scope["path"] == "/accepted":
                await send({"type": "websocket.accept"})
            raise ValueError("oh dear")
    """)
    assert [got.kind for got in rest(link, open_websocket(link))] == [DONE]
    exchange = open_websocket(link, path=b"/accepted")
    accept, closing, done = rest(link, exchange)
    assert (accept.kind, closing.kind, closing.number, done.kind) == (ACCEPT, CLOSE, 1011, DONE)
    assert worker.logged("exception in the application: GET /accepted").count("ValueError: oh dear") == 2


def test_returning_without_accepting_is_logged(serve):
    worker, link = serve("""
        async def app(scope, receive, send):
            await receive()
    """)
    assert [got.kind for got in rest(link, open_websocket(link))] == [DONE]
    worker.logged("without completing")


@pytest.mark.parametrize("code,reason", [(1000, ""), (1005, ""), (4321, "grüße")])
def test_client_closes(serve, code, reason):
    worker, link = serve("""
        import sys
        async def app(scope, receive, send):
            await receive()
            await send({"type": "websocket.accept"})
            print(await receive(), await receive(), file=sys.stderr, flush=True)
            try:
                await send({"type": "websocket.send", "text": "late"})
            except OSError as error:
                print(type(error).__name__, file=sys.stderr, flush=True)
                raise
    """)
    exchange = open_websocket(link)
    link.expect(exchange, ACCEPT)
    link.close_websocket(exchange, code, reason)
    assert [got.kind for got in rest(link, exchange)] == [DONE]
    log = worker.logged("ClientDisconnected")
    assert log.count(str({"type": "websocket.disconnect", "code": code, "reason": reason})) == 2
    assert "Traceback" not in log


def test_broken_connection_is_1006(serve):
    worker, link = serve("""
        import sys
        async def app(scope, receive, send):
            print("called", file=sys.stderr, flush=True)
            print(await receive(), await receive(), file=sys.stderr, flush=True)
    """)
    exchange = open_websocket(link)
    worker.logged("called")
    link.cancel(exchange)
    rest(link, exchange)
    assert "'code': 1006" in worker.logged("websocket.disconnect")


def test_large_messages_go_in_pieces_under_credit(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "bytes": b"0123456789" * 200000})
            await send({"type": "websocket.send", "text": "ä" * 500000})
            await send({"type": "websocket.send", "text": "end"})
    """)
    exchange = open_websocket(link)
    link.expect(exchange, ACCEPT)
    received = 0
    pieces = []
    while received < RESPONSE_CREDIT:
        pieces.append(link.expect(exchange, MESSAGE))
        received += len(pieces[-1].body)
        assert len(pieces[-1].body) <= MAX_DATA and not pieces[-1].is_end
    assert link.is_quiet()
    link.grant(exchange, received)
    assert b"".join(got.body for got in pieces) + read_message(link, exchange) == b"0123456789" * 200000
    assert read_message(link, exchange) == "ä" * 500000
    assert read_message(link, exchange) == "end"
    assert [got.kind for got in rest(link, exchange)] == [CLOSE, DONE]


def test_pieces_are_put_together_and_granted_on_arrival(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            await receive()
            await send({"type": "websocket.accept"})
            event = await receive()
            await send({"type": "websocket.send", "text": str(len(event["text"]))})
    """)
    exchange = open_websocket(link)
    link.expect(exchange, ACCEPT)
    size, sent, window = 2 << 20, 0, REQUEST_CREDIT
    while sent < size:
        piece = min(window, 30001, size - sent)
        if piece:
            link.message(exchange, "a" * piece, is_end=sent + piece == size)
            sent, window = sent + piece, window - piece
        else:
            got = link.frame_of(exchange)
            assert got.kind == CREDIT, got
            window += got.number
    assert read_message(link, exchange) == str(size)


def test_unread_messages_get_no_credit(serve):
    worker, link = serve("""
        import asyncio
        async def app(scope, receive, send):
            await receive()
            await send({"type": "websocket.accept"})
            await asyncio.sleep(0.4)
            for _ in range(4):
                event = await receive()
                assert len(event["bytes"]) == 16384
    """)
    exchange = open_websocket(link)
    link.expect(exchange, ACCEPT)
    for _ in range(4):
        link.message(exchange, bytes(16384))
    assert link.is_quiet(0.2)
    got = link.frame_of(exchange)
    assert (got.kind, got.number) == (CREDIT, REQUEST_CREDIT // 2 + REQUEST_CREDIT)


def test_flood_of_empty_messages_is_cut_off(serve):
    worker, link = serve("""
        import asyncio
        async def app(scope, receive, send):
            await receive()
            await send({"type": "websocket.accept"})
            await asyncio.sleep(60)
    """)
    exchange = open_websocket(link)
    link.expect(exchange, ACCEPT)
    empty = bytes([1, 0, 0, MESSAGE]) + exchange.id.to_bytes(4, "little") + bytes([1])
    link.send(empty * 6000)
    assert link.expect(exchange, CLOSE).number == 1008


@pytest.mark.parametrize(
    "event,error",
    [
        ({"type": "websocket.send"}, "ValueError"),
        ({"type": "websocket.send", "text": None, "bytes": None}, "ValueError"),
        ({"type": "websocket.send", "text": "a", "bytes": b"b"}, "ValueError"),
        ({"type": "websocket.send", "text": b"a"}, "TypeError"),
        ({"type": "websocket.send", "bytes": "a"}, "TypeError"),
        ({"type": "websocket.send", "text": "\ud800"}, "UnicodeEncodeError"),
        ({"type": "websocket.close", "code": 1005}, "ValueError"),
        ({"type": "websocket.close", "code": "1000"}, "TypeError"),
        ({"type": "websocket.close", "reason": 5}, "TypeError"),
        ({"type": "websocket.accept"}, "RuntimeError"),
        ({"type": "websocket.http.response.start", "status": 400}, "RuntimeError"),
        ({"type": "http.response.start", "status": 400}, "RuntimeError"),
        ({"type": "websocket.nonsense"}, "RuntimeError"),
    ],
)
def test_bad_event_raises_in_the_application(start, event, error):
    worker = start(f"""
        async def app(scope, receive, send):
            await receive()
            await send({{"type": "websocket.accept"}})
            try:
                await send({event!r})
            except Exception as error:
                await send({{"type": "websocket.send", "text": type(error).__name__}})
    """, lifespan="off", interface="asgi")
    worker.ready()
    link = worker.attach()
    exchange = open_websocket(link)
    link.expect(exchange, ACCEPT)
    assert read_message(link, exchange) == error


def test_sending_before_accepting_raises(serve):
    _, link = serve("""
        async def app(scope, receive, send):
            await receive()
            try:
                await send({"type": "websocket.send", "text": "early"})
            except RuntimeError:
                await send({"type": "websocket.close"})
    """)
    exchange = open_websocket(link)
    assert link.expect(exchange, RESPONSE).status == 403


def test_stop_closes_with_1012(serve):
    worker, link = serve("""
        import sys
        async def app(scope, receive, send):
            await receive()
            await send({"type": "websocket.accept"})
            print(await receive(), file=sys.stderr, flush=True)
    """)
    exchange = open_websocket(link)
    link.expect(exchange, ACCEPT)
    worker.send("stop", timeout=20)
    closing = link.expect(exchange, CLOSE)
    assert closing.number == 1012
    assert [got.kind for got in rest(link, exchange)] == [DONE]
    assert worker.wait() == 0
    assert "'code': 1012" in worker.log.read_text()
