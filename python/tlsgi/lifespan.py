"""The ASGI lifespan protocol: startup before the first request, shutdown after the last."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import traceback
from typing import Any, Optional

from tlsgi.failure import Failure
from tlsgi.log import logger

_HAS_CONTEXT = sys.version_info >= (3, 11)


class Lifespan:
    """Runs the application's lifespan as one task from startup to shutdown.

    ``mode`` is ``auto`` (an application that does not speak the protocol is served without it), ``on`` or ``off``.
    ``context`` is where it runs: what it sets there, requests see.
    """

    def __init__(self, application: Any, mode: str, context: contextvars.Context) -> None:
        self.state: dict[str, Any] = {}
        self._application = application
        self._mode = mode
        self._context = context
        self._events: asyncio.Queue[dict[str, Any]]
        self._task: Optional[asyncio.Task[None]] = None
        self._started: asyncio.Future[None]
        self._stopped: asyncio.Future[None]
        self._phase = "startup"

    async def startup(self) -> None:
        """Returns when requests may come; raises :class:`Failure` when the application says or shows that they may not."""
        if self._mode == "off":
            return
        loop = asyncio.get_running_loop()
        self._events = asyncio.Queue()
        self._started = loop.create_future()
        self._stopped = loop.create_future()
        self._events.put_nowait({"type": "lifespan.startup"})
        coroutine = self._run()
        if _HAS_CONTEXT:
            self._task = loop.create_task(coroutine, context=self._context)  # type: ignore[call-arg,unused-ignore]
        else:
            self._task = self._context.run(loop.create_task, coroutine)
        await asyncio.wait([self._started, self._task], return_when=asyncio.FIRST_COMPLETED)
        if self._started.done():
            self._started.result()
            self._phase = "running"
            return
        self._judge_end()

    async def shutdown(self, timeout: float) -> None:
        """Runs the shutdown half, for at most ``timeout`` seconds. What goes wrong is logged: the worker ends anyway."""
        task = self._task
        if task is None:
            return
        if not task.done():
            self._phase = "shutdown"
            self._events.put_nowait({"type": "lifespan.shutdown"})
            await asyncio.wait([self._stopped, task], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if not self._stopped.done() and not task.done():
                logger().error("the lifespan shutdown took longer than %g s and was cancelled", timeout)
            # The application may still have something to do between its last event and its end.
            await asyncio.wait([task], timeout=0 if not self._stopped.done() else min(timeout, 1.0))
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1.0)
        if task.done() and not task.cancelled() and task.exception() is not None:
            logger().error("the lifespan ended with an exception", exc_info=task.exception())

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        await self._application(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        return await self._events.get()

    async def _send(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind in ("lifespan.startup.complete", "lifespan.startup.failed"):
            if self._started.done():
                raise RuntimeError(f"unexpected event '{kind}': the startup is over")
            if kind == "lifespan.startup.complete":
                self._started.set_result(None)
            else:
                text = str(event.get("message", ""))
                self._started.set_exception(Failure("lifespan", text or "the application's startup failed"))
        elif kind in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
            if self._phase != "shutdown" or self._stopped.done():
                raise RuntimeError(f"unexpected event '{kind}': no shutdown was asked for")
            if kind == "lifespan.shutdown.failed":
                logger().error("the application's shutdown failed: %s", event.get("message", ""))
            self._stopped.set_result(None)
        else:
            raise RuntimeError(f"unexpected event '{kind}' on a lifespan scope")

    def _judge_end(self) -> None:
        """The application ended before it said anything: it does not speak the protocol, unless it must."""
        task, self._task = self._task, None
        assert task is not None
        error = None if task.cancelled() else task.exception()
        if self._mode != "on":
            return
        if error is None:
            raise Failure("lifespan", "the application returned from its lifespan without starting")
        detail = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        raise Failure("lifespan", f"the application does not support the lifespan protocol: {error!r}", detail)
