"""What a configuration file in Python says, as JSON: ``python -m tlsgi.settings FILE|python:MODULE``, run by the server."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import types
from typing import Any, Optional, Sequence

_MOST_DEPTH = 5
_MOST_ITEMS = 1000
_MOST_BYTES = 1 << 20


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Writes ``{"settings": …}`` or ``{"error": …}`` to standard output; what the file prints goes to standard error."""
    (source,) = sys.argv[1:] if arguments is None else arguments
    # A duplicate that programs which the file starts do not have: they must not hold up the answer.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.insert(0, os.getcwd())
    try:
        answer = json.dumps({"settings": read(source)})
    except BaseException as error:
        answer = json.dumps({"error": explain(error)})
    if len(answer) > _MOST_BYTES:
        answer = json.dumps({"error": "its settings are longer than 1 MiB"})
    with out:
        out.write(answer)
    return 0


def read(source: str) -> dict[str, Any]:
    """The names that the file, or the module behind ``python:``, binds."""
    found = {name: value for name, value in names(source).items() if not name.startswith("_")}
    return {name: plain(value) for name, value in found.items() if not isinstance(value, types.ModuleType)}


def names(source: str) -> dict[str, Any]:
    """Everything that the file binds when it is run, or the module behind ``python:`` when it is imported."""
    if source.startswith("python:"):
        return dict(vars(importlib.import_module(source[len("python:") :])))
    module = types.ModuleType("__config__")
    module.__file__ = source
    # What the file defines may be looked up by its module's name.
    sys.modules["__config__"] = module
    with open(source, "rb") as file:
        code = compile(file.read(), source, "exec", dont_inherit=True)
    exec(code, vars(module))
    return dict(vars(module))


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON has it; what JSON cannot say is named."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else {"$object": "float"}
    if depth < _MOST_DEPTH:
        if isinstance(value, dict):
            return {str(key): plain(item, depth + 1) for key, item in list(value.items())[:_MOST_ITEMS]}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [plain(item, depth + 1) for item in list(value)[:_MOST_ITEMS]]
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    if callable(value):
        return {"$callable": getattr(value, "__qualname__", type(value).__name__)}
    return {"$object": type(value).__name__}


def explain(error: BaseException) -> str:
    """The last line of the traceback, and the line of the file that it comes from."""
    last = traceback.format_exception_only(type(error), error)[-1].strip()
    if isinstance(error, SyntaxError):
        return f"{last} (line {error.lineno})"
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    own = [frame for frame in own if not frame.filename.startswith("<frozen")]
    return f"{last} ({own[-1].filename}:{own[-1].lineno})" if own else last


if __name__ == "__main__":
    sys.exit(main())
