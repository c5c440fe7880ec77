"""The WSGI application of the benchmark, the same for every server."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

HELLO = b"Hello, world!\n"
MEBIBYTE = bytes(1 << 20)
MEBIBYTES = 100
PIECE = 1 << 16


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers by path."""
    path = environ["PATH_INFO"]
    if path == "/mebibyte":
        return _answer(start_response, [MEBIBYTE], len(MEBIBYTE))
    if path == "/download":
        return _answer(start_response, _pieces(), MEBIBYTES << 20)
    if path == "/upload":
        body = b"%d\n" % _received(environ["wsgi.input"])
        return _answer(start_response, [body], len(body))
    if path == "/process":
        body = b"%d\n" % os.getpid()
        return _answer(start_response, [body], len(body))
    if path == "/wait":
        time.sleep(0.010)
    return _answer(start_response, [HELLO], len(HELLO))


def _answer(start_response: Callable[..., Any], body: Iterable[bytes], length: int) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(length))])
    return body


def _pieces() -> Iterator[bytes]:
    piece = MEBIBYTE[:PIECE]
    for _ in range((MEBIBYTES << 20) // PIECE):
        yield piece


def _received(body: Any) -> int:
    count = 0
    while piece := body.read(PIECE):
        count += len(piece)
    return count
