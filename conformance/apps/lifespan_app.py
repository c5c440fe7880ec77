"""ASGI applications that differ in what they do with lifespan."""


async def respond(send, body):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def failing(scope, receive, send):
    """Reports that it cannot start."""
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "the database is on fire"})


async def raising(scope, receive, send):
    """Does not know lifespan."""
    if scope["type"] == "lifespan":
        raise NotImplementedError("no lifespan here")
    await respond(send, b"served")


async def returning(scope, receive, send):
    """Returns from lifespan at once."""
    if scope["type"] == "http":
        await respond(send, b"served")


async def waiting(scope, receive, send):
    """Serves requests only after startup is complete."""
    import asyncio

    if scope["type"] == "lifespan":
        assert set(scope) >= {"type", "asgi", "state"}, scope
        assert (await receive()) == {"type": "lifespan.startup"}
        await asyncio.sleep(0.5)
        scope["state"]["ready"] = True
        await send({"type": "lifespan.startup.complete"})
        assert (await receive()) == {"type": "lifespan.shutdown"}
        await asyncio.sleep(0.2)
        print("lifespan ended in order", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    await respond(send, b"ready" if scope["state"].get("ready") else b"too early")


def double(scope):
    """ASGI 2: a callable that returns a callable."""

    async def instance(receive, send):
        await respond(send, b"double")

    return instance
