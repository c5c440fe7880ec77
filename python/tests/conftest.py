"""Starts workers for tests and ends them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from wire import Worker


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
