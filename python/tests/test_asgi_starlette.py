"""Starlette as it is, on a real worker."""

from __future__ import annotations

import json

import pytest

from wire import ACCEPT, CLOSE, DONE, FILE, MESSAGE

pytest.importorskip("starlette")

APPLICATION = """
    import contextlib, asyncio, sys
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, StreamingResponse
    from starlette.routing import Mount, Route, WebSocketRoute
    from starlette.websockets import WebSocketDisconnect

    @contextlib.asynccontextmanager
    async def lifespan(app):
        yield {"started": "yes"}
        print("stopped", file=sys.stderr, flush=True)

    async def home(request):
        return JSONResponse({"state": request.state.started, "url": str(request.url), "client": request.client.host})

    async def echo(request):
        return PlainTextResponse(str(len(await request.body())))

    async def form(request):
        async with request.form() as form:
            return JSONResponse(dict(form))

    async def file(request):
        return FileResponse(__file__)

    async def stream(request):
        async def pieces():
            for number in range(100):
                yield f"{number}\\n"
                await asyncio.sleep(0)
        return StreamingResponse(pieces(), media_type="text/event-stream")

    async def endless(request):
        async def pieces():
            try:
                while True:
                    yield "x" * 1000
                    await asyncio.sleep(0.01)
            finally:
                print("generator closed", file=sys.stderr, flush=True)
        return StreamingResponse(pieces())

    async def background(request):
        async def later():
            await asyncio.sleep(0.05)
            print("in the background", file=sys.stderr, flush=True)
        return PlainTextResponse("ok", background=BackgroundTask(later))

    async def threaded(request):
        return PlainTextResponse(await asyncio.to_thread(lambda: "from a thread"))

    async def chat(websocket):
        await websocket.accept(subprotocol="chat")
        try:
            async for text in websocket.iter_text():
                await websocket.send_text(text.upper())
        except WebSocketDisconnect:
            pass

    async def denied(websocket):
        await websocket.send_denial_response(PlainTextResponse("no", 418))

    app = Starlette(lifespan=lifespan, routes=[
        Route("/", home), Route("/echo", echo, methods=["POST"]), Route("/form", form, methods=["POST"]),
        Route("/file", file), Route("/stream", stream), Route("/endless", endless), Route("/background", background),
        Route("/threaded", threaded), WebSocketRoute("/chat", chat), WebSocketRoute("/denied", denied),
        Mount("/mounted", routes=[Route("/inner", home)]),
    ])
"""


@pytest.fixture
def site(serve):
    return serve(APPLICATION, lifespan="on")


def test_state_and_url(site):
    worker, link = site
    headers = [(b"host", b"example.org")]
    link.connect(2, is_https=True)
    said = json.loads(link.request(connection=2, headers=headers, query=b"a=1").body)
    assert said == {"state": "yes", "url": "https://example.org/?a=1", "client": "127.0.0.1"}
    assert link.request(path=b"/nothing").status == 404
    assert link.request(path=b"/echo").status == 405
    assert worker.stop() == 0
    assert "stopped" in worker.log.read_text()


def test_mount_of_the_front_is_the_root_path(site):
    _, link = site
    answer = link.request(path=b"/prefix/mounted/inner", mount="/prefix", headers=[(b"host", b"h")])
    assert json.loads(answer.body)["url"] == "http://h/prefix/mounted/inner"
    # A proxy in front cut it off.
    answer = link.request(path=b"/mounted/inner", mount="/prefix", headers=[(b"host", b"h")])
    assert json.loads(answer.body)["url"] == "http://h/prefix/mounted/inner"


def test_bodies(site):
    _, link = site
    assert link.request(method="POST", path=b"/echo", body=b"12345").body == b"5"
    headers = [(b"host", b"h"), (b"content-type", b"application/x-www-form-urlencoded")]
    pytest.importorskip("python_multipart")
    answer = link.request(method="POST", path=b"/form", headers=headers, body=b"a=1&b=2")
    assert json.loads(answer.body) == {"a": "1", "b": "2"}


def test_file_response_hands_the_file_over(site):
    _, link = site
    answer = link.request(path=b"/file")
    assert FILE in [got.kind for got in answer.frames]
    assert b"from starlette.applications" in answer.body
    assert answer.header(b"content-length") == str(len(answer.body)).encode()
    assert link.request(method="HEAD", path=b"/file").body == b""


def test_streaming_background_and_threads(site):
    worker, link = site
    assert link.request(path=b"/stream").body == "".join(f"{number}\n" for number in range(100)).encode()
    assert link.request(path=b"/background").body == b"ok"
    worker.logged("in the background")
    assert link.request(path=b"/threaded").body == b"from a thread"


def test_stream_ends_when_the_client_leaves(site):
    worker, link = site
    exchange = link.open(path=b"/endless")
    link.frame_of(exchange)
    link.cancel(exchange)
    while not exchange.is_done:
        link.frame_of(exchange)
    assert "Traceback" not in worker.logged("generator closed")


def test_websocket(site):
    worker, link = site
    exchange = link.open(path=b"/chat", is_websocket=True)
    assert link.expect(exchange, ACCEPT).text == "chat"
    link.message(exchange, "hello")
    assert link.expect(exchange, MESSAGE).body == b"HELLO"
    link.close_websocket(exchange, 1001)
    assert link.expect(exchange, DONE)
    answer = link.response(link.open(path=b"/denied", is_websocket=True))
    assert (answer.status, answer.body) == (418, b"no")
    answer = link.response(link.open(path=b"/nowhere", is_websocket=True))
    assert answer.status in (403, 404)
    assert CLOSE not in [got.kind for got in answer.frames]
    assert "Traceback" not in worker.log.read_text()
