"""Startup and shutdown of ASGI applications."""

from __future__ import annotations

import signal
from typing import Callable

import pytest

from .servers import Server, StartError


@pytest.mark.parametrize("application", ["raising", "returning"])
def test_application_without_lifespan_is_served(start: Callable[..., Server], application: str) -> None:
    """An exception means that it is not supported."""
    server = start("asgi", f"lifespan_app:{application}")
    with server.connect() as connection:
        assert connection.get("/").body == b"served"


def test_application_without_lifespan_is_refused_when_it_is_required(start: Callable[..., Server]) -> None:
    """``--lifespan on``."""
    with pytest.raises(StartError):
        server = start("asgi", "lifespan_app:raising", lifespan="on")
        server.wait(5)
        raise StartError(server.log())


def test_failed_startup_ends_the_server(start: Callable[..., Server]) -> None:
    """With the application's message and an exit status that is not 0, before anything is answered."""
    try:
        server = start("asgi", "lifespan_app:failing")
    except StartError as error:
        assert "the database is on fire" in str(error)
        return
    assert server.wait(10) != 0
    assert "the database is on fire" in server.log()


def test_requests_wait_for_startup(start: Callable[..., Server]) -> None:
    """No request is seen before the application says that it is complete."""
    server = start("asgi", "lifespan_app:waiting")
    with server.connect() as connection:
        assert connection.get("/").body == b"ready"


def test_shutdown_is_told_and_waited_for(start: Callable[..., Server]) -> None:
    """Before the server ends."""
    server = start("asgi", "lifespan_app:waiting")
    with server.connect() as connection:
        assert connection.get("/").body == b"ready"
    server.signal(signal.SIGTERM)
    server.wait(15)
    assert "lifespan ended in order" in server.log()


def test_stop_in_order_has_the_status_0(start: Callable[..., Server]) -> None:
    """SIGTERM is an order, not an accident."""
    server = start("asgi", "lifespan_app:waiting")
    server.signal(signal.SIGTERM)
    assert server.wait(15) == 0


def test_running_request_is_finished_before_the_stop(start: Callable[..., Server]) -> None:
    """It was accepted."""
    server = start("asgi")
    with server.connect() as connection:
        connection.send(b"GET /delay HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.head().status == 200 and connection.chunk() == b"first"
        server.signal(signal.SIGTERM)
        assert connection.chunk() == b"second" and connection.chunk() == b""
    assert server.wait(15) is not None
