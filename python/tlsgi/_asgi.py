"""Serves an ASGI application: the event loop, the control socket and the order of starting and stopping."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import os
import signal
import sys
from typing import Any, Callable, Optional

from tlsgi import worker
from tlsgi._worker import AsgiServer, ClientDisconnected
from tlsgi.control import Control, ControlError, Message
from tlsgi.failure import Failure
from tlsgi.forks import close_in_children
from tlsgi.lifespan import Lifespan
from tlsgi.log import logger
from tlsgi.report import printable
from tlsgi.start import Start

_IS_EAGER = sys.version_info >= (3, 12)

_QUIET = 0.25
"""Seconds without an exchange after which a stopping worker whose links are still open may end."""

_CANCEL_TIME = 2.0
"""Seconds that cancelled applications have to end."""

_SHUTDOWN_TIME = 5.0
"""Least seconds for the lifespan shutdown, however late it starts."""


def serve(application: Any, start: Start, control: Control) -> int:
    """Serves until told to stop; returns the exit status. Raises :class:`Failure` when the application cannot be started."""
    loop = _current_loop(start) or _new_loop(start.event_loop)
    asyncio.set_event_loop(loop)
    host = Host(application, start, control, loop)
    try:
        status = _run(loop, host.main())
    finally:
        _close(loop)
    return status


class Host:
    """What the native server asks and tells, and the life of the worker around it."""

    def __init__(
        self, application: Any, start: Start, control: Control, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._start = start
        self._control = control
        self._loop = loop
        self._context = contextvars.copy_context()
        self._lifespan = Lifespan(application, start.lifespan, self._context)
        self._server = AsgiServer(
            _as_coroutine_function(application),
            self,
            loop,
            self._lifespan.state,
            task=asyncio.Task,
            task_options={"loop": loop, "eager_start": True} if _IS_EAGER else {"loop": loop},
            is_eager=_IS_EAGER,
            capacity=start.concurrency,
            interpreter=worker.interpreter(),
            max_requests=start.max_requests,
        )
        self._stopped = loop.create_future()
        self._deadline: Optional[float] = None
        self._timers: list[asyncio.TimerHandle] = []
        self._quiet: Optional[asyncio.TimerHandle] = None
        self._is_cancelled = False
        self._is_ready = False
        self._waiting: list[Message] = []

    async def main(self) -> int:
        """From startup to shutdown."""
        close_in_children(self._control.fileno())
        self._loop.add_reader(self._control.fileno(), self._on_control)
        self._loop.add_signal_handler(signal.SIGTERM, self._stop, self._start.stop_timeout)
        startup = self._loop.create_task(self._lifespan.startup())
        await asyncio.wait([startup, self._stopped], return_when=asyncio.FIRST_COMPLETED)
        if not startup.done():
            startup.cancel()
            await asyncio.wait([startup])
        else:
            startup.result()
            # What the application is made of stays: the collector need not look at it while requests come and go.
            gc.freeze()
            self._is_ready = True
            worker.send_ready(self._control, "asgi")
            for message in self._waiting:
                self._attach(message)
        status = await self._stopped
        for timer in self._timers:
            timer.cancel()
        self._server.close()
        left = (self._deadline or 0.0) - self._loop.time()
        await self._lifespan.shutdown(max(left, _SHUTDOWN_TIME))
        self._loop.remove_reader(self._control.fileno())
        self._loop.remove_signal_handler(signal.SIGTERM)
        return int(status)

    def _on_control(self) -> None:
        try:
            while True:
                message = self._control.receive(wait=False)
                if message is None:
                    # The supervisor is gone: so are the fronts it kept, or soon.
                    self._loop.remove_reader(self._control.fileno())
                    self._stop(_SHUTDOWN_TIME)
                    return
                if message.op == "attach":
                    self._attach(message)
                elif message.op == "stop":
                    self._stop(float(message.content.get("timeout", self._start.stop_timeout)))
        except BlockingIOError:
            pass
        except ControlError as error:
            self.fail(str(error))

    def _attach(self, message: Message) -> None:
        if not self._is_ready:
            self._waiting.append(message)
            return
        for descriptor in message.descriptors:
            # Applications run in copies of this context: they see what the lifespan set.
            close_in_children(self._context.run(self._server.attach, descriptor))
            os.close(descriptor)

    def _stop(self, timeout: float) -> None:
        self._deadline = self._loop.time() + timeout
        for timer in self._timers:
            timer.cancel()
        if not self._is_ready:
            self._end(0)
            return
        self._timers = [self._loop.call_later(timeout, self._cancel)]
        self._server.stop()

    def _cancel(self) -> None:
        self._is_cancelled = True
        open_exchanges = self._server.open
        logger().warning("%d requests did not end in time and are cancelled", open_exchanges)
        self._timers.append(self._loop.call_later(_CANCEL_TIME, self._end, 0))
        self._server.cancel()

    def _end(self, status: int) -> None:
        if not self._stopped.done():
            self._stopped.set_result(status)

    def _end_if_quiet(self) -> None:
        self._quiet = None
        if self._server.open == 0:
            self._end(0)

    def idle(self) -> None:
        """No exchange is open while stopping. Requests may be on their way until the front closed the links."""
        if self._server.links == 0:
            self._end(0)
        elif self._quiet is None:
            self._quiet = self._loop.call_later(_QUIET, self._end_if_quiet)

    def retire(self) -> None:
        """The last request that this worker should take was taken."""
        self._control.send("retire", reason="max_requests")

    def fail(self, text: str) -> None:
        """Nothing more can be served."""
        logger().critical("the worker must end: %s", text)
        self._end(1)

    def warn(self, method: str, path: str, request_id: Optional[bytes], text: str) -> None:
        """The application broke the rules without an exception."""
        logger().error("%s%s", text, _name(method, path, request_id))

    def report(
        self, method: str, path: str, request_id: Optional[bytes], error: BaseException, is_client_gone: bool
    ) -> None:
        """An exception left the application."""
        if _is_disconnect(error):
            return
        request = _name(method, path, request_id)
        if isinstance(error, asyncio.CancelledError):
            if not self._is_cancelled and not is_client_gone:
                logger().error("the application was cancelled%s", request)
            return
        trace = (type(error), error, error.__traceback__)
        logger().error("exception in the application%s", request, exc_info=trace)


def _name(method: str, path: str, request_id: Optional[bytes]) -> str:
    """The request, as it stands behind what is said about it."""
    identity = f" ({printable(request_id.decode('latin-1'))})" if request_id else ""
    return f": {method} {printable(path)}{identity}"


def _is_disconnect(error: Optional[BaseException], depth: int = 8) -> bool:
    """Whether an exception only says that the client left, perhaps in the words of a framework."""
    if error is None or depth == 0:
        return False
    if isinstance(error, ClientDisconnected):
        return True
    members = getattr(error, "exceptions", None)
    if isinstance(members, tuple) and members:
        return all(_is_disconnect(member, depth - 1) for member in members)
    return _is_disconnect(error.__cause__ or error.__context__, depth - 1)


def _as_coroutine_function(application: Any) -> Callable[..., Any]:
    """The application, or a coroutine function around it when its call may run code outside of a task."""
    target = application
    while isinstance(target, functools.partial):
        target = target.func
    if inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(getattr(type(target), "__call__", None)):
        return application  # type: ignore[no-any-return]

    async def call(scope: Any, receive: Any, send: Any) -> None:
        await application(scope, receive, send)

    return call


def _current_loop(start: Start) -> Optional[asyncio.AbstractEventLoop]:
    """The loop that the application made current while it was imported, if any: what it made there belongs to it."""
    if start.event_loop == "uvloop" or start.preload:
        # A loop from before a fork shares its selector with the other children.
        return None
    policy = getattr(asyncio.events, "_event_loop_policy", None)
    loop = getattr(getattr(policy, "_local", None), "_loop", None)
    return loop if isinstance(loop, asyncio.AbstractEventLoop) and not loop.is_closed() else None


def _new_loop(name: str) -> asyncio.AbstractEventLoop:
    if name != "asyncio":
        try:
            import uvloop
        except ImportError:
            if name == "uvloop":
                raise Failure("import", "event_loop is uvloop, which is not installed for this interpreter") from None
        else:
            loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
            return loop
    return asyncio.new_event_loop()


def _run(loop: asyncio.AbstractEventLoop, main: Any) -> int:
    task = loop.create_task(main)
    while True:
        try:
            return int(loop.run_until_complete(task))
        except (SystemExit, KeyboardInterrupt):
            # An application called exit(): its task ended with it, and was reported. Others go on. Ctrl-C is the
            # supervisor's to act on.
            if task.done():
                raise


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """What :func:`asyncio.run` does at its end, for a bounded time."""
    try:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=_CANCEL_TIME))
        loop.run_until_complete(loop.shutdown_asyncgens())
    except Exception:
        logger().exception("the event loop could not be closed")
    finally:
        asyncio.set_event_loop(None)
        loop.close()
