"""Where an application object can be imported from, by a process that has not seen it."""

from __future__ import annotations

import ast
import os
import sys
from types import ModuleType
from typing import Any, Iterable, Iterator, NamedTuple, Optional

_WORKER = "tlsgi.worker"


class Location(NamedTuple):
    """A reference for the importer, and what must be at the front of ``sys.path``."""

    reference: str
    python_path: list[str]


def locate(application: Any, why: str) -> Location:
    """The place where a module has this very object. Raises ``ValueError`` that says what to do when there is none.

    ``why`` says what needs it.
    """
    for module in _candidates(application):
        name = _name_of(application, module)
        if name is not None:
            reference = _reference(module, name, why)
            if reference is not None:
                return Location(reference, further_path())
    raise ValueError(
        f"{why} needs an application that other processes can import, and no module has this object: "
        'assign it to a name at the top level of its module, or give a reference such as tlsgi.run("module:app")'
    )


def is_worker() -> bool:
    """This process is a worker of the server, which imports the application."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and spec.name == _WORKER


def _candidates(application: Any) -> Iterator[ModuleType]:
    """The program first, then the module that the object names as its own, then those that are not installed packages."""
    named = [getattr(application, attribute, None) for attribute in ("import_name", "__module__")]
    first = ["__main__", *(name for name in named if isinstance(name, str)), type(application).__module__]
    rest = [name for name in list(sys.modules) if not _is_installed(sys.modules[name])]
    for name in dict.fromkeys([*first, *rest]):
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            yield module


def _is_installed(module: Any) -> bool:
    file = getattr(module, "__file__", None)
    return not file or "site-packages" in file or file.startswith(os.path.join(sys.base_prefix, "lib"))


def _name_of(application: Any, module: ModuleType) -> Optional[str]:
    names = [name for name, value in list(vars(module).items()) if value is application and name.isidentifier()]
    names.sort(key=lambda name: (name not in ("application", "app"), name.startswith("_")))
    return names[0] if names else None


def _reference(module: ModuleType, name: str, why: str) -> Optional[str]:
    if module.__name__ != "__main__":
        return f"{module.__name__}:{name}"
    spec = getattr(module, "__spec__", None)
    if spec is not None and spec.name:
        return f"{spec.name}:{name}"
    file = getattr(module, "__file__", None)
    if not file or not os.path.isfile(file):
        return None
    path = os.path.abspath(file)
    _check_guard(path, name, why)
    return f"{path}:{name}"


def _check_guard(path: str, name: str, why: str) -> None:
    """The name must be there when the file is imported, which leaves out what stands under ``if __name__ == "__main__"``."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
    except (OSError, SyntaxError, ValueError):
        return
    if name not in set(_bound(node for node in tree.body if not _is_guard(node))) and name in set(_bound(tree.body)):
        raise ValueError(
            f'{why} imports {os.path.basename(path)} in other processes, where "{name}" is missing: it is made under '
            f'`if __name__ == "__main__":`. Make it above that line'
        )


def _is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test))


def _bound(nodes: Iterable[ast.stmt]) -> Iterator[str]:
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id
            elif isinstance(part, ast.alias):
                yield part.asname or part.name.partition(".")[0]
            elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield part.name


def further_path() -> list[str]:
    """What this program added to ``sys.path``, which other processes would not have."""
    here = os.getcwd()
    entries = (os.path.abspath(entry) for entry in sys.path if entry)
    prefixes = tuple(os.path.join(prefix, "lib") for prefix in {sys.prefix, sys.base_prefix})
    return [entry for entry in dict.fromkeys(entries) if os.path.isdir(entry) and entry != here and not entry.startswith(prefixes)]
