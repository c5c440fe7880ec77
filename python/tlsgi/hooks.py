"""Functions of a Python file that are called in the life of a worker: after its start, around requests, before its end."""

from __future__ import annotations

import inspect
import logging
import os
import time
import traceback
import types
from typing import Any, Callable, Iterable, Iterator, Optional

from tlsgi import settings
from tlsgi.failure import Failure
from tlsgi.log import logger

_ABOUT_START = ("post_fork", "post_worker_init")
_ABOUT_REQUESTS = ("pre_request", "post_request")


class Hooks:
    """The functions of one file. Several requests may call them at a time."""

    def __init__(self, names: dict[str, Any], worker_name: str) -> None:
        known = (*_ABOUT_START, *_ABOUT_REQUESTS, "worker_exit")
        self._functions = {name: names[name] for name in known if callable(names.get(name))}
        self._settings = types.SimpleNamespace(**{name: value for name, value in names.items() if name[:1] != "_"})
        self._worker_name = worker_name
        self._has_ended = False
        self.server: Any = None
        self.worker: Any = None
        self.is_now_in(worker_name)

    def is_now_in(self, worker_name: str) -> None:
        """This process is the worker of this name, be it forked or not."""
        number = worker_name.rpartition("/")[2]
        common = {"log": _Log(), "cfg": self._settings}
        self.server = _StandIn("server", pid=os.getppid(), **common)
        age = int(number) if number.isdigit() else 0
        self.worker = _StandIn("worker", pid=os.getpid(), ppid=os.getppid(), age=age, nr=0, alive=True, wsgi=None, **common)

    def post_fork(self) -> None:
        """The process is there; where nothing was preloaded, the application is not imported yet."""
        self._start("post_fork", self.server, self.worker)

    def post_worker_init(self, application: Any) -> None:
        """The application is imported."""
        self.worker.wsgi = application
        self._start("post_worker_init", self.worker)

    def worker_exit(self) -> None:
        """The process ends; once, and without an effect on its status."""
        if self._has_ended or "worker_exit" not in self._functions:
            return
        self._has_ended = True
        self.worker.alive = False
        try:
            self._functions["worker_exit"](self.server, self.worker)
        except Exception:
            logger().exception("worker_exit failed")

    def around(self, application: Callable[..., Any]) -> Callable[..., Any]:
        """The WSGI application with what is called before and after each request; itself where there is nothing."""
        before, after = (self._functions.get(name) for name in _ABOUT_REQUESTS)
        if before is None and after is None:
            return application
        count = _arity(after) if after is not None else 0

        def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            request = Request(environ)
            if before is not None:
                before(self.worker, request)
            if after is None:
                return application(environ, start_response)
            response = Response()

            def start(status: str, headers: list[tuple[str, str]], *exception: Any) -> Any:
                response.begin(status, headers)
                return start_response(status, headers, *exception)

            def end() -> None:
                arguments = (self.worker, request, environ, response)[: count or 4]
                try:
                    after(*arguments)
                except Exception:
                    logger().exception("post_request failed")

            try:
                return _Body(application(environ, start), response, end)
            except BaseException:
                end()
                raise

        return call

    def _start(self, name: str, *arguments: Any) -> None:
        function = self._functions.get(name)
        if function is None:
            return
        try:
            function(*arguments)
        except BaseException as error:
            last = traceback.format_exception_only(type(error), error)[-1].strip()
            raise Failure("hooks", f"{name} failed: {last}", traceback.format_exc().rstrip()) from error


class Request:
    """A request, as far as functions before and after it need to know."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.uri: str = environ.get("RAW_URI", "")
        self.path: str = self.uri.partition("?")[0]
        self.query: str = environ.get("QUERY_STRING", "")
        self.scheme: str = environ.get("wsgi.url_scheme", "")
        self.remote_addr = (environ.get("REMOTE_ADDR", ""), int(environ.get("REMOTE_PORT") or 0))
        digits = environ.get("SERVER_PROTOCOL", "HTTP/1.1").partition("/")[2].split(".")
        self.version = tuple(int(digit) for digit in digits if digit.isdigit())

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names in capitals, with dashes."""
        found = [(name[5:].replace("_", "-"), text) for name, text in self._environ.items() if name.startswith("HTTP_")]
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if self._environ.get(name):
                found.append((name.replace("_", "-"), self._environ[name]))
        return found


class Response:
    """What was answered so far."""

    def __init__(self) -> None:
        self.status: Optional[str] = None
        self.status_code: Optional[int] = None
        self.headers: list[tuple[str, str]] = []
        self.response_length: Optional[int] = None
        self.sent = 0

    def begin(self, status: str, headers: list[tuple[str, str]]) -> None:
        """The application has said its status and headers."""
        self.status, self.headers = status, list(headers)
        code = status[:3]
        self.status_code = int(code) if code.isdigit() else None
        lengths = [text for name, text in headers if name.lower() == "content-length"]
        self.response_length = int(lengths[0]) if lengths and lengths[0].isdigit() else None


class _Body:
    """A response body whose end is told once."""

    def __init__(self, body: Iterable[bytes], response: Response, end: Callable[[], None]) -> None:
        self._body, self._response, self._end = body, response, end
        self._pieces: Iterator[bytes] = iter(body)

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self._response.sent += len(piece)
        return piece

    def close(self) -> None:
        """Called by the server at the end, however it comes."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            end, self._end = self._end, _nothing
            end()


class _StandIn:
    """What functions are given in the place of another server's objects."""

    def __init__(self, kind: str, **known: Any) -> None:
        self._kind = kind
        self.__dict__.update(known)

    def __getattr__(self, name: str) -> Any:
        known = ", ".join(sorted(name for name in self.__dict__ if name[:1] != "_"))
        raise AttributeError(f"the {self._kind} that is given here has no {name}; it has {known}")


class _Log:
    """The methods of a logger; lines go to standard error."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("tlsgi.hooks")
        if not self._logger.handlers and not self._logger.manager.root.handlers:
            handler = logging.StreamHandler()
            handler.setFormatter(_Format("[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s"))
            self._logger.addHandler(handler)
            self._logger.setLevel(logging.INFO)
            self._logger.propagate = False

    def __getattr__(self, name: str) -> Any:
        # `dictConfig` disables every logger that it does not name.
        self._logger.disabled = False
        return getattr(self._logger, name)


class _Format(logging.Formatter):
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    converter = staticmethod(time.gmtime)


def load(source: str, worker_name: str) -> Hooks:
    """Runs the file, or imports the module behind ``python:``."""
    try:
        names = settings.names(source)
    except BaseException as error:
        last = traceback.format_exception_only(type(error), error)[-1].strip()
        raise Failure("hooks", f'running "{source}" failed: {last}', traceback.format_exc().rstrip()) from error
    return Hooks(names, worker_name)


def _arity(function: Callable[..., Any]) -> int:
    """How many of four arguments it takes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 4
    if any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters):
        return 4
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return max(1, min(4, sum(parameter.kind in positional for parameter in parameters)))


def _nothing() -> None:
    pass
