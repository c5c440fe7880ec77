"""Why a worker cannot start: what the supervisor prints before it gives up."""

from __future__ import annotations

EXIT_STATUS = 3
"""Exit status of a worker that reported a failure."""


class Failure(Exception):
    """A start that failed for a reason the user can act on.

    ``phase`` is one of ``import``, ``lookup``, ``interface``, ``lifespan`` and ``version``; ``message`` is one sentence;
    ``detail`` is a traceback, or what was found instead.
    """

    def __init__(self, phase: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.phase = phase
        self.message = message
        self.detail = detail
