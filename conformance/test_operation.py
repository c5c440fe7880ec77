"""What an operator does: new certificates, reload, stop, and processes that end."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

import pytest

from .http1 import Connection, Truncated
from .peers import make_certificate
from .servers import INTERFACES, Server, StartError

Start = Callable[..., Server]
Pair = tuple[Path, Path]


@pytest.fixture
def interface() -> str:
    """One that the server has."""
    from .conftest import KIND

    return sorted(INTERFACES[KIND])[-1]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """A certificate of this check and its key."""
    pair = tmp_path / "certificate.pem", tmp_path / "key.pem"
    make_certificate(*pair)
    return pair


def replace(pair: Pair) -> str:
    """Puts another certificate and key in place, each at once, and returns what will be served."""
    certificate, key = (path.with_suffix(".new") for path in pair)
    make_certificate(certificate, key)
    shutil.copystat(pair[0], certificate)
    os.utime(certificate)
    os.replace(key, pair[1])
    os.replace(certificate, pair[0])
    return pair[0].read_text()


def served(server: Server) -> str:
    """The certificate of a new connection."""
    return ssl.get_server_certificate(("127.0.0.1", server.port or 0))


def is_served(server: Server, wanted: str, seconds: float) -> bool:
    """Whether new connections get this certificate in time; those that fail meanwhile do not count."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if served(server).split() == wanted.split():
                return True
        except OSError:
            pass
        time.sleep(0.1)
    return False


def test_new_certificate_is_served_without_a_signal(start: Start, interface: str, pair: Pair) -> None:
    """Whoever renews certificates cannot be asked to send one."""
    server = start(interface, certificate=pair)
    before = served(server)
    wanted = replace(pair)
    assert is_served(server, wanted, 8) and wanted.split() != before.split()


def test_new_certificate_is_served_after_hup(start: Start, interface: str, pair: Pair) -> None:
    """At the latest."""
    server = start(interface, certificate=pair)
    wanted = replace(pair)
    server.signal(signal.SIGHUP)
    assert is_served(server, wanted, 10)


def test_hup_refuses_nobody_and_finishes_what_runs(start: Start, interface: str) -> None:
    """Eight clients that connect all the time, and a response that had begun."""
    server = start(interface)
    end = time.monotonic() + 6

    def keep_asking() -> None:
        while time.monotonic() < end:
            with server.connect() as other:
                assert other.get("/unread").status == 200

    with ThreadPoolExecutor(8) as clients, server.connect() as running:
        running.send(b"GET /delay HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert running.head().status == 200 and running.chunk() == b"first"
        asking = [clients.submit(keep_asking) for _ in range(8)]
        server.signal(signal.SIGHUP)
        assert running.chunk() == b"second"
        for one in asking:
            one.result()


def test_process_that_ends_is_replaced(start: Start, interface: str) -> None:
    """Whatever ended it."""
    server = start(interface)
    with server.connect() as connection:
        try:
            assert connection.get("/die").status >= 500
        except Truncated:
            pass
    deadline, status = time.monotonic() + 10, 0
    while status != 200 and time.monotonic() < deadline:
        try:
            with server.connect() as connection:
                status = connection.get("/unread").status
        except (OSError, Truncated):
            time.sleep(0.1)
    assert status == 200


def test_sessions_resume_with_several_workers(start: Start, interface: str) -> None:
    """Whichever of four takes the connection, and for so long that more than one had one."""
    server = start(interface, workers=4)
    context = server.context("http/1.1")
    session, resumed, workers = None, [], set()
    end = time.monotonic() + 6
    while len(resumed) < 13 or len(workers) < 2 and time.monotonic() < end:
        opened = context.wrap_socket(server.tcp(), server_hostname="localhost", session=session)
        with Connection(opened) as connection:
            workers.add(connection.get("/pid").json())
            resumed.append(opened.session_reused)
            session = opened.session
    assert resumed == [False] + [True] * (len(resumed) - 1)


@pytest.mark.parametrize("form", ["PKCS#1", "SEC1", "PKCS#8"])
def test_key_is_loaded(start: Start, interface: str, tmp_path: Path, form: str) -> None:
    """In every form that openssl writes."""
    pair = tmp_path / "certificate.pem", tmp_path / "key.pem"
    make_certificate(*pair, form)
    try:
        server = start(interface, certificate=pair)
    except StartError as error:
        pytest.fail(str(error))
    with server.connect() as connection:
        assert connection.get("/unread").status == 200


def test_plain_port_redirects(start: Start, interface: str) -> None:
    """Beside the TLS port, to the same path there."""
    server = start(interface, redirects=True)
    assert server.plain_port, "it has one port, with or without TLS"
    with server.connect_plain() as connection:
        response = connection.get("/a%20b?c=d")
    assert response.status in (301, 308)
    assert response.one("location") == f"https://localhost:{server.port}/a%20b?c=d"
