"""Finds out by looking whether an application speaks WSGI or ASGI."""

from __future__ import annotations

import functools
import inspect
from typing import Any, NamedTuple, Optional

from tlsgi.failure import Failure

_HINT = "say which it is with --interface wsgi or --interface asgi"
_SCOPE_NAMES = frozenset({"scope"})
_WRAPPED_NAMES = ("app", "application", "_app", "wrapped", "__wrapped__", "wsgi_app", "asgi_app")
_MOST_WRAPPERS = 20
_ENVIRON_NAMES = frozenset({"environ", "env", "environment"})


class Served(NamedTuple):
    """An application and how it is called: ``wsgi``, or ``asgi`` with three arguments."""

    interface: str
    application: Any


def examine(application: Any, wanted: Optional[str] = None) -> Served:
    """Decides how ``application`` is called; ``wanted`` is the user's word. Raises :class:`Failure` when nothing tells."""
    if not callable(application):
        raise Failure("interface", f"the application is {_describe(application)}, which cannot be called")
    if wanted == "wsgi":
        return Served("wsgi", application)
    found = _look(application)
    if wanted == "asgi":
        return Served("asgi", _as_single(application) if found == "asgi2" else application)
    if found == "asgi2":
        return Served("asgi", _as_single(application))
    if found is None:
        message = f"cannot tell whether {_describe(application)} speaks WSGI or ASGI"
        raise Failure("interface", message, "\n".join([*_signature_lines(application), _HINT]))
    return Served(found, application)


def _look(application: Any, depth: int = 0) -> Optional[str]:
    target = application
    while isinstance(target, functools.partial):
        target = target.func
    if isinstance(target, type):
        return _look_at_class(target, application)
    if _is_async(target) or _is_async(getattr(target, "__call__", None)):
        return "asgi"
    return _look_at_signature(application) or _look_inside(target, depth)


def _look_inside(wrapper: Any, depth: int) -> Optional[str]:
    """A wrapper that passes on whatever it is given speaks what the application speaks that it wraps."""
    if depth >= _MOST_WRAPPERS:
        return None
    cells = getattr(wrapper, "__closure__", None) or ()
    wrapped = [cell.cell_contents for cell in cells if _is_filled(cell)]
    wrapped += [getattr(wrapper, name, None) for name in _WRAPPED_NAMES]
    found = {_look(inner, depth + 1) for inner in wrapped if callable(inner) and inner is not wrapper} - {None}
    return found.pop() if len(found) == 1 else None


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _look_at_class(target: type, application: Any) -> Optional[str]:
    """A class is called for every request: ``App(environ, start_response)`` is iterated, ``App(scope)`` is called again."""
    if _is_async(getattr(target, "__call__", None)):
        return "asgi2"
    if hasattr(target, "__await__"):
        return "asgi"
    if hasattr(target, "__iter__"):
        return "wsgi"
    return _look_at_signature(application)


def _look_at_signature(application: Any) -> Optional[str]:
    try:
        parameters = list(inspect.signature(application).parameters.values())
    except (TypeError, ValueError):
        return None
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        return None
    first = positional[0].name.lstrip("_") if positional else ""
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if first in _SCOPE_NAMES:
        return "asgi2" if len(positional) == 1 and not takes_any else "asgi"
    if first in _ENVIRON_NAMES:
        return "wsgi"
    if takes_any:
        return None
    if len(required) <= 3 <= len(positional) and len(required) != 2:
        return "asgi"
    if len(required) <= 2 <= len(positional):
        return "wsgi"
    return None


def _is_async(function: Any) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function)


def _as_single(application: Any) -> Any:
    """The ASGI 2 form ``application(scope)(receive, send)`` as one call."""

    async def single(scope: Any, receive: Any, send: Any) -> None:
        await application(scope)(receive, send)

    return single


def _describe(application: Any) -> str:
    kind = "class" if isinstance(application, type) else type(application).__name__
    name = getattr(application, "__qualname__", None)
    return f"{kind} {name}" if name else f"an object of {type(application).__module__}.{type(application).__qualname__}"


def _signature_lines(application: Any) -> list[str]:
    try:
        signature = inspect.signature(application)
    except (TypeError, ValueError):
        return []
    lines = [f"it is called as {signature}"]
    if all(p.default is not p.empty for p in signature.parameters.values()):
        lines.append('if it returns the application, write it as a call: "module:name()"')
    return lines
