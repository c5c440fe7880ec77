"""``wsgi.errors``, and what goes wrong in WSGI requests."""

from __future__ import annotations

import sys
from typing import Any, Iterable, Optional

from tlsgi.log import logger


class ErrorStream:
    """``wsgi.errors``: writes to whatever ``sys.stderr`` is at the moment; an application cannot close it."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def write(self, text: str) -> int:
        """Writes text; characters that the stream cannot show are escaped."""
        stream = sys.stderr
        if stream is None:
            return len(text)
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = getattr(stream, "encoding", None) or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flushes standard error."""
        if sys.stderr is not None:
            sys.stderr.flush()

    def isatty(self) -> bool:
        """Whether standard error is a terminal."""
        return sys.stderr is not None and sys.stderr.isatty()

    def writable(self) -> bool:
        """It is."""
        return True


def report(environ: dict[str, Any], what: str, error: Optional[BaseException] = None) -> None:
    """Logs what went wrong in a request, with its traceback."""
    method, target, request_id = (environ.get(key) for key in ("REQUEST_METHOD", "RAW_URI", "HTTP_X_REQUEST_ID"))
    request = f": {method} {printable(target)}" if method else ""
    identity = f" ({printable(request_id)})" if request_id else ""
    trace = (type(error), error, error.__traceback__) if error is not None else None
    logger().error("%s%s%s", what, request, identity, exc_info=trace)


def printable(text: Optional[str]) -> str:
    """Text from a client, so that it cannot pass for lines of the log."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text or "")
