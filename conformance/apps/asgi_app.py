"""An ASGI application with one room for each check; the first segment of the path chooses the room."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import tempfile

EVENTS = {}
GATES = {}
PLAIN = [(b"content-type", b"text/plain")]


async def application(scope, receive, send):
    """Calls the room, or shows the scope."""
    if scope["type"] == "lifespan":
        return await lifespan(scope, receive, send)
    name = scope["path"].strip("/").split("/")[0]
    rooms = SOCKET_ROOMS if scope["type"] == "websocket" else ROOMS
    return await rooms.get(name, show_socket if scope["type"] == "websocket" else show)(scope, receive, send)


async def lifespan(scope, receive, send):
    """Puts something into the state and remembers the loop."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            scope["state"]["made"] = "at startup"
            scope["state"]["shared"] = []
            scope["state"]["loop"] = id(asyncio.get_running_loop())
            scope["state"]["spec"] = scope["asgi"].get("spec_version")
            await send({"type": "lifespan.startup.complete"})
        else:
            print("shutdown was told", flush=True)
            await send({"type": "lifespan.shutdown.complete"})
            return


def key(scope):
    """What events and gates are kept under."""
    return scope["query_string"].decode()


def note(scope, event):
    """Remembers what happened."""
    EVENTS.setdefault(key(scope), []).append(event)


def gate(scope):
    """An event that /open sets."""
    return GATES.setdefault(key(scope), asyncio.Event())


def last(scope):
    """The second segment of the path."""
    return scope["path"].split("/")[2]


def shown(value):
    """Something that JSON can carry: bytes as {"bytes": …}, tuples as lists."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": bytes(value).decode("latin-1")}
    if isinstance(value, dict):
        return {str(name): shown(inner) for name, inner in value.items()}
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if hasattr(value, "__iter__"):
        return [shown(inner) for inner in value]
    return type(value).__name__


async def answer(send, value, status=200):
    """JSON."""
    body = json.dumps(value).encode()
    fields = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def read(receive):
    """The whole body."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def show(scope, receive, send):
    """The scope."""
    types = {name: type(value).__name__ for name, value in scope.items()}
    facts = {
        "is dict": type(scope) is dict,
        "task": asyncio.current_task() is not None,
        "loop": scope.get("state", {}).get("loop") == id(asyncio.get_running_loop()),
        "mark": scope.get("conformance.mark"),
    }
    copy = shown(scope)
    scope["conformance.mark"] = "left by an earlier request"
    if "state" in scope:
        scope["state"]["made by a request"] = True
        scope["state"].get("shared", []).append(1)
    await answer(send, {"scope": copy, "types": types, "facts": facts})


async def events(scope, receive, send):
    """What was remembered under the query string."""
    await answer(send, EVENTS.get(key(scope), []))


async def open_gate(scope, receive, send):
    """Lets a waiting room go on."""
    gate(scope).set()
    await answer(send, "open")


async def echo(scope, receive, send):
    """The body, in the pieces in which it came."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    while True:
        message = await receive()
        await send({"type": "http.response.body", "body": message["body"], "more_body": message["more_body"]})
        if not message["more_body"]:
            return


async def count(scope, receive, send):
    """The size of the body."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await answer(send, size)


async def messages(scope, receive, send):
    """The messages of the request, and of one receive() after the response."""
    got = []
    while not got or got[-1].get("more_body"):
        got.append(await receive())
    await answer(send, [shown(message) for message in got])
    for _ in range(2):
        note(scope, shown(await asyncio.wait_for(receive(), 10)))


async def unread(scope, receive, send):
    """Ignores the body."""
    await answer(send, "ignored")


async def gone(scope, receive, send):
    """Waits for the client to leave, then sends."""
    await read(receive)
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    note(scope, shown(await receive()))
    note(scope, shown(await receive()))
    try:
        for _ in range(3):
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
    except OSError:
        note(scope, "OSError")
        raise
    except Exception as error:
        note(scope, type(error).__name__)
        raise
    note(scope, "sent")


async def timeout(scope, receive, send):
    """Uses asyncio.wait_for around receive() after the body was read."""
    await read(receive)
    try:
        await asyncio.wait_for(receive(), 0.05)
    except asyncio.TimeoutError:
        return await answer(send, "timed out")
    await answer(send, "received")


async def delay(scope, receive, send):
    """Answers after a second."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    await asyncio.sleep(1)
    await send({"type": "http.response.body", "body": b"second"})


async def step(scope, receive, send):
    """Sends a piece, waits for /open, sends another one."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    await gate(scope).wait()
    await send({"type": "http.response.body", "body": b"second"})


async def sleep(scope, receive, send):
    """Answers when /open is asked."""
    await gate(scope).wait()
    await answer(send, "woken")


def events_of(kind):
    """Messages that a server must refuse."""
    start = {"type": "http.response.start", "status": 200, "headers": []}
    return {
        "unknown type": {"type": "http.response.unknown"},
        "no type": {"status": 200},
        "body before the start": {"type": "http.response.body", "body": b"x"},
        "no status": {"type": "http.response.start", "headers": []},
        "status as text": {**start, "status": "200"},
        "field of text": {**start, "headers": [("x-name", "value")]},
        "line feed in a value": {**start, "headers": [(b"x-value", b"a\r\nx-injected: yes")]},
        "NUL in a value": {**start, "headers": [(b"x-value", b"a\0b")]},
        "line feed in a name": {**start, "headers": [(b"x-name\r\nx-injected", b"yes")]},
        "space in a name": {**start, "headers": [(b"x name", b"yes")]},
        "empty name": {**start, "headers": [(b"", b"yes")]},
        "message of a WebSocket": {"type": "websocket.send", "text": "x"},
        "informational status": {**start, "status": 103},
    }[kind]


async def wrong(scope, receive, send):
    """Sends something wrong; whether it was refused."""
    try:
        await send(events_of(last(scope)))
    except Exception as error:
        await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
        return await send({"type": "http.response.body", "body": f"refused: {type(error).__name__}".encode()})
    await send({"type": "http.response.body", "body": b"ok"})


async def wrong_body(scope, receive, send):
    """Sends a body of text after a good start, then a second start."""
    body = {"text": "text", "none": None}.get(last(scope))
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    try:
        if last(scope) == "start":
            await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
        else:
            await send({"type": "http.response.body", "body": body})
    except Exception:
        note(scope, "refused")
        raise
    note(scope, "accepted")


async def after(scope, receive, send):
    """Sends a body after the last one."""
    await answer(send, "done")
    try:
        await send({"type": "http.response.body", "body": b"more"})
    except Exception:
        note(scope, "refused")
        raise
    note(scope, "accepted")


async def kinds(scope, receive, send):
    """bytearray, memoryview, tuples, upper case, defaults left out."""
    fields = ((b"Content-Type", b"text/plain"), [b"X-List", b"yes"])
    await send({"type": "http.response.start", "status": 200, "headers": fields, "unknown": "ignored"})
    await send({"type": "http.response.body", "body": bytearray(b"array "), "more_body": True})
    await send({"type": "http.response.body", "body": memoryview(b"view"), "more_body": True})
    await send({"type": "http.response.body"})


async def field_kinds(scope, receive, send):
    """bytearray and memoryview as names and values."""
    fields = [(bytearray(b"x-array"), bytearray(b"array")), (memoryview(b"x-view"), memoryview(b"view"))]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"ok"})


async def die(scope, receive, send):
    """Ends the process."""
    os._exit(1)


async def pid(scope, receive, send):
    """The process."""
    await answer(send, os.getpid())


async def generator(scope, receive, send):
    """Fields from a generator."""
    fields = ((name, b"yes") for name in (b"x-one", b"x-two"))
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"ok"})


async def raises(scope, receive, send):
    """Fails before anything was sent."""
    raise ValueError("raised on purpose")


async def raises_late(scope, receive, send):
    """Fails after the first piece."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    raise ValueError("raised late on purpose")


async def raises_between(scope, receive, send):
    """Fails after the start and before any body."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    raise ValueError("raised between on purpose")


async def never(scope, receive, send):
    """Returns without a response."""


async def unfinished(scope, receive, send):
    """Returns in the middle of a response."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})


async def length(scope, receive, send):
    """/length/DECLARED/SENT."""
    declared, sent = scope["path"].split("/")[2:4]
    fields = PLAIN + [(b"content-length", declared.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    body = b"0123456789abcdef"[: int(sent)]
    for index in range(0, len(body), 4):
        await send({"type": "http.response.body", "body": body[index : index + 4], "more_body": True})
    await send({"type": "http.response.body"})


async def status(scope, receive, send):
    """/status/CODE: with a body and its length, whatever the status is."""
    fields = [] if last(scope) in ("204", "304") else list(PLAIN)
    if b"length" in scope["query_string"]:
        fields.append((b"content-length", b"4"))
    await send({"type": "http.response.start", "status": int(last(scope)), "headers": fields})
    await send({"type": "http.response.body", "body": b"" if b"empty" in scope["query_string"] else b"body"})


async def several(scope, receive, send):
    """Several pieces, no length."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    for piece in (b"one ", b"", b"two "):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"three"})


async def fields(scope, receive, send):
    """/fields/KIND: response fields of some kind."""
    chosen = {
        "cookies": [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2; Expires=Wed, 09 Jun 2027 10:18:14 GMT")],
        "hop": [(b"connection", b"keep-alive"), (b"transfer-encoding", b"chunked"), (b"content-length", b"2")],
        "close": [(b"connection", b"close")],
        "latin": [(b"x-latin", b"caf\xe9")],
    }[last(scope)]
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN + chosen})
    await send({"type": "http.response.body", "body": b"ok"})


async def hints(scope, receive, send):
    """Early hints, then the answer."""
    links = [b"</a.css>; rel=preload; as=style", b"</b.js>; rel=preload; as=script"]
    await send({"type": "http.response.early_hint", "links": links})
    await answer(send, "hinted")


async def hints_late(scope, receive, send):
    """An early hint between the start and the body."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload; as=style"]})
    await send({"type": "http.response.body", "body": b"hinted"})


async def trailers(scope, receive, send):
    """A body with trailers."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN, "trailers": True})
    await send({"type": "http.response.body", "body": b"body"})
    await send({"type": "http.response.trailers", "headers": [(b"x-first", b"1")], "more_trailers": True})
    await send({"type": "http.response.trailers", "headers": [(b"x-second", b"2")]})


def temporary(data):
    """A file that the caller removes or closes."""
    descriptor, path = tempfile.mkstemp()
    os.write(descriptor, data)
    os.close(descriptor)
    return path


async def pathsend(scope, receive, send):
    """A file by its path, which stays: a server may open it after the message."""
    path = temporary(b"0123456789" * 30000)
    atexit.register(os.unlink, path)
    fields = PLAIN + [(b"content-length", b"300000")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.pathsend", "path": path})


async def zerocopysend(scope, receive, send):
    """Parts of a file between bytes."""
    path = temporary(b"0123456789" * 30000)
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await send({"type": "http.response.body", "body": b"<", "more_body": True})
    with open(path, "rb") as opened:
        await send({"type": "http.response.zerocopysend", "file": opened, "offset": 5, "count": 10, "more_body": True})
        await send({"type": "http.response.body", "body": b"|", "more_body": True})
        await send({"type": "http.response.zerocopysend", "file": opened, "offset": 0})
    os.unlink(path)


async def stream(scope, receive, send):
    """/stream/SIZE: so many bytes in pieces of 64 KiB; notes how far it came."""
    size = int(last(scope))
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    EVENTS[key(scope)] = [0]
    for sent in range(0, size, 65536):
        await send({"type": "http.response.body", "body": b"s" * 65536, "more_body": True})
        EVENTS[key(scope)] = [sent + 65536]
    await send({"type": "http.response.body"})


async def show_socket(scope, receive, send):
    """Accepts and sends the scope."""
    first = await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": json.dumps({"scope": shown(scope), "first": first})})
    note(scope, shown(await receive()))


async def socket_echo(scope, receive, send):
    """Sends back what comes, of the same kind."""
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return note(scope, shown(message))
        kind = "text" if message.get("text") is not None else "bytes"
        await send({"type": "websocket.send", kind: message[kind]})


async def socket_keys(scope, receive, send):
    """Shows the messages as they come."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": json.dumps(shown(message))})


async def socket_accept(scope, receive, send):
    """Chooses a subprotocol and adds fields."""
    await receive()
    fields = [(b"x-accepted", b"yes"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][-1], "headers": fields})
    await send({"type": "websocket.close"})


async def socket_reject(scope, receive, send):
    """Closes instead of accepting."""
    await receive()
    await send({"type": "websocket.close"})


async def socket_answer(scope, receive, send):
    """Answers with a response instead of accepting."""
    await receive()
    start = {"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-denied", b"yes")]}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": b"den", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"ied"})


async def socket_close(scope, receive, send):
    """/close/CODE: closes with this code and a reason."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": int(last(scope)), "reason": "because"})
    note(scope, shown(await receive()))
    try:
        await send({"type": "websocket.send", "text": "late"})
    except Exception as error:
        note(scope, f"OSError {isinstance(error, OSError)}")


async def socket_return(scope, receive, send):
    """Returns without closing."""
    await receive()
    await send({"type": "websocket.accept"})


async def socket_raise(scope, receive, send):
    """Fails after accepting."""
    await receive()
    await send({"type": "websocket.accept"})
    raise ValueError("raised on purpose")


async def socket_raise_early(scope, receive, send):
    """Fails before accepting."""
    raise ValueError("raised on purpose")


async def socket_wrong(scope, receive, send):
    """/wrong/KIND: sends something wrong after accepting; whether it was refused."""
    await receive()
    await send({"type": "websocket.accept"})
    message = {
        "neither": {"type": "websocket.send"},
        "unknown": {"type": "websocket.unknown"},
        "http": {"type": "http.response.body", "body": b"x"},
        "accept": {"type": "websocket.accept"},
        "types": {"type": "websocket.send", "text": b"bytes"},
    }[last(scope)]
    try:
        await send(message)
    except Exception:
        await send({"type": "websocket.send", "text": "refused"})
    else:
        await send({"type": "websocket.send", "text": "accepted"})
    await send({"type": "websocket.close"})


async def socket_wait(scope, receive, send):
    """Accepts and waits for the end."""
    await receive()
    await send({"type": "websocket.accept"})
    note(scope, shown(await receive()))


ROOMS = {
    "events": events, "open": open_gate, "echo": echo, "count": count, "messages": messages, "unread": unread,
    "gone": gone, "timeout": timeout, "step": step, "delay": delay, "sleep": sleep, "wrong": wrong, "wrong-body": wrong_body,
    "after": after, "kinds": kinds, "generator": generator, "raises": raises, "raises-late": raises_late,
    "raises-between": raises_between, "never": never, "unfinished": unfinished, "length": length, "status": status,
    "several": several, "fields": fields, "hints": hints, "hints-late": hints_late, "trailers": trailers, "pathsend": pathsend,
    "zerocopysend": zerocopysend, "stream": stream, "field-kinds": field_kinds, "die": die, "pid": pid,
}  # fmt: skip
SOCKET_ROOMS = {
    "echo": socket_echo, "keys": socket_keys, "accept": socket_accept, "reject": socket_reject,
    "answer": socket_answer, "close": socket_close, "return": socket_return, "raise": socket_raise,
    "raise-early": socket_raise_early, "wrong": socket_wrong, "wait": socket_wait,
}  # fmt: skip
