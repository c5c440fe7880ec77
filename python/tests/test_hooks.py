"""Functions of a file that workers call: when, with what, and what follows when they fail."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from tlsgi import hooks
from tlsgi.failure import Failure

FILE = """
workers = 2
_private = 1
calls = []

def post_fork(server, worker):
    calls.append(("post_fork", server.pid, worker.pid, worker.age, server.cfg.workers))

def post_worker_init(worker):
    calls.append(("post_worker_init", worker.wsgi))

def worker_exit(server, worker):
    calls.append(("worker_exit", worker.alive))

def pre_request(worker, req):
    calls.append(("pre_request", req.method, req.path, req.query, req.uri, req.version, req.remote_addr, req.headers))

def post_request(worker, req, environ, resp):
    calls.append(("post_request", req.path, environ["PATH_INFO"], resp.status, resp.status_code, resp.sent, resp.response_length))
"""

ENVIRON = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/a b",
    "RAW_URI": "/a%20b?x=1",
    "QUERY_STRING": "x=1",
    "SERVER_PROTOCOL": "HTTP/2.0",
    "REMOTE_ADDR": "127.0.0.1",
    "REMOTE_PORT": "4000",
    "wsgi.url_scheme": "https",
    "HTTP_X_ONE": "1",
    "CONTENT_TYPE": "text/plain",
    "CONTENT_LENGTH": "",
}


def load(tmp_path: Path, text: str = FILE) -> hooks.Hooks:
    file = tmp_path / "conf.py"
    file.write_text(text)
    return hooks.load(str(file), "app/7")


def calls(functions: hooks.Hooks) -> Any:
    return functions.worker.cfg.calls


def test_functions_are_called_with_what_they_are_told(tmp_path: Path) -> None:
    functions = load(tmp_path)
    functions.post_fork()
    functions.post_worker_init("the application")
    functions.worker_exit()
    functions.worker_exit()
    assert calls(functions) == [
        ("post_fork", os.getppid(), os.getpid(), 7, 2),
        ("post_worker_init", "the application"),
        ("worker_exit", False),
    ]


class Body:
    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = iter(pieces)
        self.is_closed = False

    def __iter__(self) -> Any:
        return self.pieces

    def close(self) -> None:
        self.is_closed = True


def test_requests_are_told_before_and_after(tmp_path: Path) -> None:
    functions = load(tmp_path)
    body = Body([b"one", b"two"])

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        assert calls(functions)[-1][0] == "pre_request"
        start_response("200 OK", [("Content-Length", "6")])
        return body

    started: list[Any] = []
    answer = functions.around(application)(dict(ENVIRON), lambda *words: started.append(words))
    assert b"".join(answer) == b"onetwo"
    assert calls(functions)[-1][0] == "pre_request"
    answer.close()  # type: ignore[attr-defined]
    answer.close()  # type: ignore[attr-defined]
    assert body.is_closed and started == [("200 OK", [("Content-Length", "6")])]
    headers = [("X-ONE", "1"), ("CONTENT-TYPE", "text/plain")]
    before = ("pre_request", "GET", "/a%20b", "x=1", "/a%20b?x=1", (2, 0), ("127.0.0.1", 4000), headers)
    assert calls(functions) == [before, ("post_request", "/a%20b", "/a b", "200 OK", 200, 6, 6)]


def test_application_that_raises_is_told_too(tmp_path: Path) -> None:
    functions = load(tmp_path)

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        raise ValueError("no")

    with pytest.raises(ValueError):
        functions.around(application)(dict(ENVIRON), lambda *words: None)
    assert calls(functions)[-1] == ("post_request", "/a%20b", "/a b", None, None, 0, None)


def test_application_stays_itself_where_nothing_is_about_requests(tmp_path: Path) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        return []

    assert load(tmp_path, "def post_fork(server, worker): pass").around(application) is application


@pytest.mark.parametrize("parameters", ["worker, req", "worker, req, environ", "*words"])
def test_function_after_requests_may_take_fewer_words(tmp_path: Path, parameters: str) -> None:
    functions = load(tmp_path, f"calls = []\ndef post_request({parameters}): calls.append(1)")
    list(functions.around(lambda environ, start_response: [])(dict(ENVIRON), lambda *words: None))
    answer: Any = functions.around(lambda environ, start_response: [])(dict(ENVIRON), lambda *words: None)
    answer.close()
    assert calls(functions) == [1]


def test_failure_at_the_start_is_a_start_error_and_later_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions = load(
        tmp_path,
        "def post_fork(server, worker): server.address\n"
        "def post_request(worker, req): 1 / 0\n"
        "def worker_exit(server, worker): 1 / 0\n",
    )
    with pytest.raises(Failure, match="post_fork failed: AttributeError: the server that is given here has no address"):
        functions.post_fork()
    monkeypatch.setattr(logging.getLogger("tlsgi.error"), "propagate", True)
    answer: Any = functions.around(lambda environ, start_response: [b"x"])(dict(ENVIRON), lambda *words: None)
    assert list(answer) == [b"x"]
    answer.close()
    functions.worker_exit()
    assert "post_request failed" in caplog.text and "worker_exit failed" in caplog.text


def test_file_that_fails_is_a_start_error(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="failed: NameError"):
        load(tmp_path, "nothing")
    with pytest.raises(Failure, match="failed: ModuleNotFoundError"):
        hooks.load("python:no_such_module_here", "app/1")
