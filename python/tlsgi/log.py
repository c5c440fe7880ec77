"""Where the worker says what applications did wrong: the logger ``tlsgi.error``, on standard error unless configured."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

_NAME = "tlsgi.error"


class _StandardError(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to whatever ``sys.stderr`` is at the time."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr


def logger() -> logging.Logger:
    """The logger. The application's own configuration of logging is left alone, and may configure this one too."""
    found = logging.getLogger(_NAME)
    if not found.handlers and not found.manager.root.handlers:
        handler = _StandardError()
        handler.setFormatter(logging.Formatter("[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s"))
        found.addHandler(handler)
        found.propagate = False
    # ``dictConfig`` disables every logger it does not name; failures must be seen all the same.
    found.disabled = False
    return found
