"""``tlsgi python FILE …``: a program as it is, but the server that it starts is tlsgi."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import runpy
import sys
from types import ModuleType
from typing import Any, Callable, Optional, Sequence

_USAGE = "usage: tlsgi python FILE [ARGUMENTS] | -m MODULE [ARGUMENTS]"
_SAME_NAMES = ("use_reloader", "use_debugger", "use_evalex", "extra_files", "exclude_patterns", "threaded", "processes")


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Runs the program of the arguments as ``__main__``."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or (words[0].startswith("-") and words[0] != "-m") or words == ["-m"]:
        raise SystemExit(_USAGE)
    sys.meta_path.insert(0, _Changes())
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = words
    sys.path[0] = os.path.dirname(os.path.abspath(words[0]))
    runpy.run_path(words[0], run_name="__main__")


def _run(app: Any, **keywords: Any) -> None:
    """``uvicorn.run``, and what the others come down to: without a certificate it is plain HTTP, as there."""
    import tlsgi

    has_certificate = any(keywords.get(name) for name in ("ssl_certfile", "certfile", "ssl_context"))
    port, host = keywords.pop("port", None), keywords.pop("host", None) or "127.0.0.1"
    port = 8000 if port is None else port
    if has_certificate or keywords.get("uds") or keywords.get("fd") is not None:
        tlsgi.run(app, host=host, port=port, **keywords)
        return
    print("This is plain HTTP, as the program asks for; with a certificate it is HTTPS", file=sys.stderr)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    tlsgi.run(app, bind_http=address, allow_http=True, **keywords)


def _run_simple(hostname: str, port: int, application: Any, *rest: Any, **keywords: Any) -> None:
    """``werkzeug.serving.run_simple``, which Flask's ``app.run`` calls."""
    keywords = {**dict(zip(_SAME_NAMES, rest)), **keywords}
    # Most programs name none of these: what is off is off there too.
    keywords = {name: value for name, value in keywords.items() if value not in (None, False, [], 1) or name == "threaded"}
    if hasattr(application, "debug"):
        # Debugging alone starts no reloader: that was said by itself.
        keywords.setdefault("use_reloader", False)
        keywords.setdefault("use_debugger", False)
        keywords["debug"] = bool(application.debug)
    _run(application, host=hostname, port=port, **keywords)


def _change_uvicorn(module: ModuleType) -> None:
    setattr(module, "run", _run)


def _change_werkzeug(module: ModuleType) -> None:
    setattr(module, "run_simple", _run_simple)


def _change_django(module: ModuleType) -> None:
    load: Callable[..., Any] = getattr(module, "load_command_class")

    def load_command_class(app_name: Any, name: str) -> Any:
        if name in ("runsslserver", "runserver_plus"):
            return load("tlsgi.django", name)
        return load(app_name, name)

    setattr(module, "load_command_class", load_command_class)


_CHANGES: dict[str, Callable[[ModuleType], None]] = {
    "uvicorn.main": _change_uvicorn,
    "werkzeug.serving": _change_werkzeug,
    "django.core.management": _change_django,
}


class _Changes(importlib.abc.MetaPathFinder):
    """Finds the modules that start servers where they are, and changes them once they are loaded."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        """The module's own spec, with a loader that changes it afterwards."""
        change = _CHANGES.get(name)
        if change is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            change(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if __name__ == "__main__":
    # Under its own name: `__main__` belongs to the program.
    from tlsgi import script

    script.main()
