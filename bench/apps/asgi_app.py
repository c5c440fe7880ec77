"""The ASGI application of the benchmark, the same for every server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

HELLO = b"Hello, world!\n"
MEBIBYTE = bytes(1 << 20)
MEBIBYTES = 100
PIECE = 1 << 16

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answers by path; echoes what comes over a WebSocket."""
    if scope["type"] == "lifespan":
        return await _live(receive, send)
    if scope["type"] == "websocket":
        return await _echo(receive, send)
    path = scope["path"]
    if path == "/mebibyte":
        return await _answer(send, MEBIBYTE)
    if path == "/download":
        return await _stream(send)
    if path == "/upload":
        return await _answer(send, b"%d\n" % await _received(receive))
    if path == "/process":
        return await _answer(send, b"%d\n" % os.getpid())
    if path == "/wait":
        await asyncio.sleep(0.010)
    await _answer(send, HELLO)


async def _live(receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _echo(receive: Receive, send: Send) -> None:
    while (event := await receive())["type"] != "websocket.disconnect":
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "websocket.send", "bytes": event["bytes"]})


async def _start(send: Send, length: int) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _answer(send: Send, body: bytes) -> None:
    await _start(send, len(body))
    await send({"type": "http.response.body", "body": body})


async def _stream(send: Send) -> None:
    await _start(send, MEBIBYTES << 20)
    piece = MEBIBYTE[:PIECE]
    for _ in range((MEBIBYTES << 20) // PIECE):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _received(receive: Receive) -> int:
    count, is_more = 0, True
    while is_more:
        event = await receive()
        if event["type"] == "http.disconnect":
            break
        count += len(event.get("body", b""))
        is_more = event.get("more_body", False)
    return count
