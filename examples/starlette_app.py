"""Starlette with a WebSocket page and server-sent events: tlsgi serve examples/starlette_app.py"""

import asyncio

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

PAGE = """<!doctype html>
<title>tlsgi: WebSocket and events</title>
<h1>WebSocket and events</h1>
<p>WebSocket: <output id="echo">connecting</output></p>
<p>Events: <output id="events">waiting</output></p>
<script>
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/echo`);
  socket.onopen = () => socket.send("hello over the socket");
  socket.onmessage = (event) => { document.getElementById("echo").textContent = event.data; };
  socket.onerror = () => { document.getElementById("echo").textContent = "failed"; };
  const source = new EventSource("/events");
  source.onmessage = (event) => {
    document.getElementById("events").textContent = event.data;
    if (event.data === "3") { source.close(); document.title = "done"; }
  };
</script>
"""


async def page(request):
    return HTMLResponse(PAGE)


async def as_json(request):
    return JSONResponse({"message": "Hello, world!", "scheme": request.url.scheme})


async def events(request):
    async def numbers():
        for number in (1, 2, 3):
            yield f"data: {number}\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(numbers(), media_type="text/event-stream")


async def echo(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


app = Starlette(
    routes=[Route("/", page), Route("/json", as_json), Route("/events", events), WebSocketRoute("/echo", echo)]
)
