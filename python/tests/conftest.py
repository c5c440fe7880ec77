"""Starts workers for tests and ends them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from wire import Link, Worker


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """``start(source, **options)``: a worker process for the application ``app`` in the source text."""
    workers: list[Worker] = []

    def start_worker(source: str, **options: Any) -> Worker:
        directory = tmp_path / str(len(workers))
        directory.mkdir()
        (directory / "application.py").write_text(textwrap.dedent(source))
        workers.append(Worker(directory, **options))
        return workers[-1]

    yield start_worker
    for worker in workers:
        worker.close()


@pytest.fixture(params=["asyncio", "uvloop"])
def serve(request: pytest.FixtureRequest, start: Callable[..., Worker]) -> Callable[..., tuple[Worker, Link]]:
    """``serve(source, **options)``: an ASGI application that is ready, and a link to it; on each event loop."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop")

    def serve_application(source: str, **options: Any) -> tuple[Worker, Link]:
        options.setdefault("lifespan", "off")
        worker = start(source, event_loop=request.param, interface="asgi", **options)
        worker.ready()
        return worker, worker.attach()

    return serve_application
