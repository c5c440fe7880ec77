"""A WSGI application with one room for each check; the first segment of the path chooses the room."""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import threading
import time
from urllib.parse import parse_qs
from wsgiref.validate import validator

EVENTS = {}
GATES = {}
PLAIN = [("Content-Type", "text/plain")]


def application(environ, start_response):
    """Calls the room, or shows the environ."""
    name = environ["PATH_INFO"].strip("/").split("/")[0]
    return ROOMS.get(name, show)(environ, start_response)


def note(environ, event):
    """Remembers what happened, under the query string."""
    EVENTS.setdefault(environ["QUERY_STRING"], []).append(event)


def answer(start_response, value):
    """JSON."""
    body = json.dumps(value).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def last(environ):
    """The second segment of the path."""
    return environ["PATH_INFO"].split("/")[2]


def show(environ, start_response):
    """Every string of the environ, and the types of everything."""
    strings = {name: value for name, value in environ.items() if type(value) is str}
    types = {name: type(value).__name__ for name, value in environ.items()}
    flags = {name: value for name, value in environ.items() if type(value) in (bool, tuple)}
    environ["conformance.mark"] = "left by an earlier request"
    return answer(
        start_response,
        {"strings": strings, "types": types, "flags": flags, "environ": type(environ) is dict},
    )


def events(environ, start_response):
    """What was remembered under the query string."""
    return answer(start_response, EVENTS.get(environ["QUERY_STRING"], []))


def echo(environ, start_response):
    """The body."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
    return [body]


def count(environ, start_response):
    """The size of the body, read in pieces."""
    size = 0
    while piece := environ["wsgi.input"].read(65536):
        size += len(piece)
    return answer(start_response, size)


READERS = {
    "read": lambda stream: [stream.read()],
    "read -1": lambda stream: [stream.read(-1)],
    "read 0": lambda stream: [stream.read(0), stream.read()],
    "read 4": lambda stream: list(iter(lambda: stream.read(4), b"")),
    "read beyond": lambda stream: [stream.read(1 << 20)],
    "readline": lambda stream: list(iter(stream.readline, b"")),
    "readline 3": lambda stream: list(iter(lambda: stream.readline(3), b"")),
    "readline -1": lambda stream: list(iter(lambda: stream.readline(-1), b"")),
    "readlines": lambda stream: stream.readlines(),
    "readlines 5": lambda stream: stream.readlines(5) + stream.readlines(),
    "iterate": lambda stream: [line for line in stream],
    "list": list,
    "mixed": lambda stream: [stream.read(2), stream.readline(), next(iter(stream)), stream.read()],
    "end": lambda stream: [stream.read(), stream.read(), stream.read(5), stream.readline(), *stream.readlines()],
}


def reads(environ, start_response):
    """Uses one of the methods of the input."""
    pieces = READERS[last(environ)](environ["wsgi.input"])
    return answer(start_response, [piece.decode("latin-1") for piece in pieces])


def unread(environ, start_response):
    """Ignores the body."""
    return answer(start_response, "ignored")


def upload(environ, start_response):
    """Reads a body whose client may leave."""
    note(environ, "begun")
    try:
        body = environ["wsgi.input"].read()
    except OSError as error:
        note(environ, f"OSError {isinstance(error, OSError)}")
        raise
    except Exception as error:
        note(environ, f"{type(error).__name__}: {error}")
        raise
    note(environ, f"{len(body)} bytes")
    return answer(start_response, len(body))


def late(environ, start_response):
    """A generator that starts the response in its first iteration."""
    start_response("404 Late", [("Content-Type", "text/plain"), ("X-Late", "yes")])
    yield b"late"


def write(environ, start_response):
    """Writes, then returns more."""
    written = start_response("200 OK", PLAIN)
    written(b"one ")
    written(b"")
    written(b"two ")
    return [b"three"]


def write_only(environ, start_response):
    """Writes everything."""
    written = start_response("200 OK", PLAIN + [("Content-Length", "7")])
    written(b"written")
    return []


def replace(environ, start_response):
    """Replaces a response that has not begun."""
    start_response("200 OK", PLAIN + [("X-First", "yes")])
    try:
        raise ValueError("replaced")
    except ValueError:
        start_response("500 Replaced", PLAIN, sys.exc_info())
    return [b"replaced"]


def replace_late(environ, start_response):
    """Tries to replace a response that has begun."""
    start_response("200 OK", PLAIN)
    yield b"begun"
    try:
        raise ValueError("too late")
    except ValueError:
        try:
            start_response("500 Replaced", PLAIN, sys.exc_info())
        except ValueError as error:
            note(environ, f"raised {error}")
            raise
        note(environ, "returned")
    yield b"not reached"


def replace_empty(environ, start_response):
    """An empty chunk has no effect, so the response can still be replaced."""
    start_response("200 OK", PLAIN)
    yield b""
    try:
        raise ValueError("replaced")
    except ValueError:
        start_response("503 Replaced", PLAIN, sys.exc_info())
    yield b"replaced"


def twice(environ, start_response):
    """Starts twice."""
    start_response("200 OK", PLAIN)
    try:
        start_response("200 OK", PLAIN)
    except AssertionError:
        note(environ, "AssertionError")
        raise
    note(environ, "nothing")
    return [b"twice"]


WRONG = {
    "status without a reason": ("200", PLAIN),
    "status of bytes": (b"200 OK", PLAIN),
    "status of two digits": ("20 OK", PLAIN),
    "line feed in the status": ("200 OK\r\nX-Injected: yes", PLAIN),
    "fields as a tuple": ("200 OK", tuple(PLAIN)),
    "field name of bytes": ("200 OK", [(b"X-Bytes", "value")]),
    "field value of bytes": ("200 OK", [("X-Bytes", b"value")]),
    "field value a number": ("200 OK", [("Content-Length", 2)]),
    "line feed in a value": ("200 OK", [("X-Value", "a\r\nX-Injected: yes")]),
    "bare line feed in a value": ("200 OK", [("X-Value", "a\nX-Injected: yes")]),
    "NUL in a value": ("200 OK", [("X-Value", "a\0b")]),
    "line feed in a name": ("200 OK", [("X-Name\r\nX-Injected", "yes")]),
    "space in a name": ("200 OK", [("X Name", "yes")]),
    "colon in a name": ("200 OK", [("X-Injected: yes, X", "yes")]),
    "empty name": ("200 OK", [("", "yes")]),
    "value beyond latin-1": ("200 OK", [("X-Value", "\u20ac")]),
    "informational status": ("103 Early Hints", PLAIN),
}


def wrong(environ, start_response):
    """Tells start_response something wrong; whether it was refused."""
    status, fields = WRONG[last(environ)]
    try:
        start_response(status, fields)
    except Exception as error:
        start_response("200 OK", PLAIN)
        return [f"refused: {type(error).__name__}".encode()]
    return [b"ok"]


class Closing:
    """An iterable that counts how often it is closed."""

    def __init__(self, environ, mode):
        self.environ, self.mode, self.sent = environ, mode, 0

    def __iter__(self):
        return self

    def __next__(self):
        self.sent += 1
        if self.mode == "raises" and self.sent == 2:
            raise ValueError("in the middle")
        if self.mode == "raises at once":
            raise ValueError("at once")
        if self.sent > (5000 if self.mode == "client leaves" else 2):
            raise StopIteration
        return b"x" * (65536 if self.mode == "client leaves" else 4)

    def close(self):
        note(self.environ, "close")


def closing(environ, start_response):
    """Returns something that must be closed."""
    mode = last(environ)
    fields = PLAIN + [("Content-Length", "4")] if mode == "is too long" else PLAIN
    start_response("204 No Content" if mode == "has no body" else "200 OK", fields)
    return Closing(environ, mode)


def text(environ, start_response):
    """Yields str instead of bytes."""
    start_response("200 OK", PLAIN)
    return ["text"]


def never(environ, start_response):
    """Does not start the response."""
    return [b"never started"]


def never_empty(environ, start_response):
    """Neither starts nor yields."""
    return []


def raises(environ, start_response):
    """Fails before anything was sent."""
    raise ValueError("raised on purpose")


def raises_late(environ, start_response):
    """Fails after the first chunk."""
    start_response("200 OK", PLAIN)
    yield b"first"
    raise ValueError("raised late on purpose")


def exits(environ, start_response):
    """Raises SystemExit."""
    raise SystemExit(3)


def step(environ, start_response):
    """Yields a block, waits for /open, yields another one."""
    gate = GATES.setdefault(environ["QUERY_STRING"], threading.Event())
    start_response("200 OK", PLAIN)
    yield b"first"
    gate.wait(20)
    yield b"second"


def write_step(environ, start_response):
    """As step, with write()."""
    gate = GATES.setdefault(environ["QUERY_STRING"], threading.Event())
    written = start_response("200 OK", PLAIN)
    written(b"first")
    gate.wait(20)
    return [b"second"]


def open_gate(environ, start_response):
    """Lets step go on."""
    GATES.setdefault(environ["QUERY_STRING"], threading.Event()).set()
    return answer(start_response, "open")


def length(environ, start_response):
    """/length/DECLARED/SENT: declares and sends so many bytes, in pieces of up to four."""
    declared, sent = environ["PATH_INFO"].split("/")[2:4]
    start_response("200 OK", PLAIN + [("Content-Length", declared)])
    body = b"0123456789abcdef"[: int(sent)]
    return [body[index : index + 4] for index in range(0, len(body), 4)]


def write_too_much(environ, start_response):
    """Writes beyond the declared length."""
    written = start_response("200 OK", PLAIN + [("Content-Length", "4")])
    try:
        written(b"0123")
        written(b"4567")
    except Exception:
        note(environ, "raised")
    return []


def status(environ, start_response):
    """/status/CODE: with a body and its length, whatever the status is."""
    query = parse_qs(environ["QUERY_STRING"])
    fields = [] if last(environ) in ("204", "304") else list(PLAIN)
    if "length" in query:
        fields.append(("Content-Length", "4"))
    start_response(f"{last(environ)} Chosen", fields)
    return [] if "empty" in query else [b"body"]


def single(environ, start_response):
    """One block, no length."""
    start_response("200 OK", PLAIN)
    return [b"single"]


def several(environ, start_response):
    """Several blocks, no length."""
    start_response("200 OK", PLAIN)
    return iter([b"one ", b"two ", b"three"])


def nothing(environ, start_response):
    """No block at all."""
    start_response("200 OK", PLAIN)
    return []


def fields(environ, start_response):
    """/fields/KIND: response fields of some kind."""
    chosen = {
        "cookies": [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Expires=Wed, 09 Jun 2027 10:18:14 GMT")],
        "hop": [("Connection", "keep-alive"), ("Transfer-Encoding", "chunked"), ("Content-Length", "2")],
        "close": [("Connection", "close")],
        "date": [("Date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("Server", "mine")],
        "latin": [("X-Latin", "caf\xe9")],
        "empty": [("X-Empty", "")],
        "case": [("X-CaSe", "kept")],
    }[last(environ)]
    start_response("200 Very OK", PLAIN + chosen)
    return [b"ok"]


class FileLike:
    """A file without a descriptor."""

    def __init__(self, environ, data):
        self.environ, self.data = environ, io.BytesIO(data)

    def read(self, size=-1):
        return self.data.read(size)

    def close(self):
        note(self.environ, "close")


class Wrapped(FileLike):
    """A real file that counts how often it is closed."""

    def __init__(self, environ, opened):
        super().__init__(environ, b"")
        self.data = opened

    def fileno(self):
        return self.data.fileno()

    def tell(self):
        return self.data.tell()

    def seek(self, *arguments):
        return self.data.seek(*arguments)


def file(environ, start_response):
    """/file/KIND: hands over a file in some way."""
    kind = last(environ)
    wrapper = environ["wsgi.file_wrapper"]
    opened = tempfile.TemporaryFile()
    opened.write(b"0123456789" * 10000)
    opened.seek(0)
    if kind == "offset":
        opened.read(99990)
        start_response("200 OK", PLAIN)
        return wrapper(opened)
    if kind == "length":
        start_response("200 OK", PLAIN + [("Content-Length", "15")])
        return wrapper(opened, 4)
    if kind == "whole":
        start_response("200 OK", PLAIN + [("Content-Length", "100000")])
        return wrapper(opened)
    if kind == "like":
        start_response("200 OK", PLAIN)
        return wrapper(FileLike(environ, b"like a file"), 3)
    if kind == "closed":
        start_response("200 OK", PLAIN)
        return wrapper(Wrapped(environ, opened))
    start_response("200 OK", PLAIN)
    return (block.replace(b"0", b"o") for block in wrapper(opened, 7))


def hints(environ, start_response):
    """Two early hints, then the answer."""
    environ["wsgi.early_hints"]([("Link", "</a.css>; rel=preload; as=style")])
    environ["wsgi.early_hints"]([("Link", "</b.js>; rel=preload; as=script")])
    return answer(start_response, "hinted")


def errors(environ, start_response):
    """Uses every method of wsgi.errors."""
    stream = environ["wsgi.errors"]
    stream.write("conformance \u20ac one\n")
    stream.writelines(["conformance two\n", "conformance three\n"])
    stream.flush()
    return answer(start_response, "written")


def sleep(environ, start_response):
    """Answers when /open is asked."""
    GATES.setdefault(environ["QUERY_STRING"], threading.Event()).wait(20)
    return answer(start_response, "woken")


def delay(environ, start_response):
    """Half of the answer after a second."""
    start_response("200 OK", PLAIN)
    yield b"first"
    time.sleep(1)
    yield b"second"


def die(environ, start_response):
    """Ends the process."""
    os._exit(1)


def hints_wrong(environ, start_response):
    """An early hint that would be two fields."""
    early_hints = environ["wsgi.early_hints"]
    try:
        early_hints([("Link", "</a.css>\r\nX-Injected: yes")])
    except Exception as error:
        return answer(start_response, f"refused: {type(error).__name__}")
    return answer(start_response, "accepted")


def pid(environ, start_response):
    """The process."""
    return answer(start_response, os.getpid())


def stream(environ, start_response):
    """/stream/SIZE: so many bytes in blocks of 64 KiB."""
    left = int(last(environ))
    start_response("200 OK", PLAIN)
    while left > 0:
        yield b"s" * min(left, 65536)
        left -= 65536


@validator
def validated(environ, start_response):
    """Under wsgiref.validate: iterates over the body and shows the environ."""
    stream = environ["wsgi.input"]
    pieces = {"read": lambda: [stream.read(1 << 20)], "line": lambda: [stream.readline(), stream.read(9)]}
    body = b"".join(pieces.get(last(environ), lambda: list(stream))())
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Length", str(len(body)))])
    environ["wsgi.errors"].flush()
    return [body[:1], body[1:]]


@validator
def validated_write(environ, start_response):
    """Under wsgiref.validate: write() and a generator."""
    written = start_response("200 OK", [("Content-Type", "text/plain")])
    written(b"written ")
    return iter([b"and ", b"returned"])


ROOMS = {
    "events": events, "echo": echo, "count": count, "reads": reads, "unread": unread, "upload": upload, "late": late,
    "write": write, "write-only": write_only, "replace": replace, "replace-late": replace_late,
    "replace-empty": replace_empty, "twice": twice, "wrong": wrong, "closing": closing, "text": text, "never": never,
    "never-empty": never_empty, "raises": raises, "raises-late": raises_late, "exits": exits, "step": step,
    "write-step": write_step, "open": open_gate, "length": length, "write-too-much": write_too_much, "status": status,
    "single": single, "several": several, "nothing": nothing, "fields": fields, "file": file, "hints": hints,
    "errors": errors, "sleep": sleep, "delay": delay, "die": die, "hints-wrong": hints_wrong, "pid": pid, "stream": stream, "validated": validated,
    "validated-write": validated_write,
}  # fmt: skip
