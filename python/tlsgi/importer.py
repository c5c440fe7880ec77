"""Turns a reference such as ``shop.wsgi:application`` into the application object."""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.machinery
import importlib.util
import os
import re
import sys
import traceback
from types import ModuleType
from typing import Any, NamedTuple, NoReturn, Optional

from tlsgi.failure import Failure

_APPLICATIONS = ("application", "app")
_FACTORIES = ("create_app", "make_app")
_MOST_NAMES = 40


class Reference(NamedTuple):
    """A reference in its parts: module name or file, and the expression behind the colon (empty if none)."""

    module: str
    is_path: bool
    attribute: str


def parse(text: str) -> Reference:
    """Splits ``module``, ``module:attr``, ``path.py``, ``path.py:attr``, ``module:factory()``."""
    module, _, attribute = text.strip().partition(":")
    # `site.wsgi` is what Django's projects call their module; a script of that ending is one only when it is there.
    is_script = module.endswith(".wsgi") and os.path.isfile(module)
    is_path = module.endswith(".py") or os.sep in module or is_script
    if not module or (not is_path and not all(part.isidentifier() for part in module.split("."))):
        _fail_lookup(f'"{text}" is neither a module nor a file', "expected module, module:name, file.py or file.py:name")
    return Reference(module, is_path, attribute.strip())


def load(text: str, is_factory: bool = False) -> Any:
    """Imports what ``text`` refers to; raises :class:`Failure` with all that helps to correct it."""
    reference = parse(text)
    module = _import_path(reference.module) if reference.is_path else _import_module(reference.module)
    found, is_call = _find(module, reference, is_factory)
    if is_factory and not is_call:
        return _call(found, (), {}, f"{text}()")
    return found


def prepare_path(directory: Optional[str], python_path: tuple[str, ...]) -> None:
    """Enters the application's directory and puts it, after ``python_path``, at the front of ``sys.path``."""
    started_in = os.getcwd()
    if directory:
        try:
            os.chdir(directory)
        except OSError as error:
            raise Failure("import", f"cannot enter the application's directory {directory}: {error.strerror}") from error
        if sys.path and sys.path[0] in ("", started_in):
            del sys.path[0]
    current = os.getcwd()
    if sys.path[:1] != [current]:
        sys.path.insert(0, current)
    for entry in reversed(python_path):
        sys.path.insert(0, os.path.abspath(entry))


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            _fail_missing(name, error.name)
        _fail_import(name)
    except BaseException:
        # SystemExit as well: a module that exits on import is a failed import, not an orderly end.
        _fail_import(name)


def _import_path(path: str) -> ModuleType:
    path = os.path.abspath(path)
    if not os.path.isfile(path):
        _fail_no_file(path)
    directory, file = os.path.split(path)
    names = [os.path.splitext(file)[0]]
    is_package_file = names == ["__init__"]
    while os.path.isfile(os.path.join(directory, "__init__.py")):
        directory, package = os.path.split(directory)
        names.insert(0, package)
    if directory not in sys.path:
        sys.path.insert(0, directory)
    if len(names) > 1 and all(name.isidentifier() for name in names) and path.endswith(".py"):
        return _import_module(".".join(names[:-1] if is_package_file else names))
    return _import_file(path, names[-1])


def _import_file(path: str, stem: str) -> ModuleType:
    name = re.sub(r"\W", "_", stem) or "application"
    already = sys.modules.get(name)
    if already is not None and os.path.realpath(getattr(already, "__file__", None) or "") == os.path.realpath(path):
        return already
    if already is not None or name in sys.builtin_module_names:
        # A file called io.py must not replace the io that everything else has imported.
        name = f"tlsgi_application_{name}"
    loader = importlib.machinery.SourceFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None, "a loader was given"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        _fail_import(path)
    return module


def _find(module: ModuleType, reference: Reference, is_factory: bool) -> tuple[Any, bool]:
    """The object, and whether it is what a factory returned."""
    if reference.attribute:
        return _evaluate(module, reference.attribute)
    for name in () if is_factory else _APPLICATIONS:
        if hasattr(module, name):
            return getattr(module, name), False
    for name in _FACTORIES:
        if callable(getattr(module, name, None)):
            return _call(getattr(module, name), (), {}, f"{module.__name__}:{name}()"), True
    looked_for = _FACTORIES if is_factory else _APPLICATIONS + tuple(f"{name}()" for name in _FACTORIES)
    _fail_lookup(f'module "{module.__name__}" has none of {", ".join(looked_for)}', _names_text(module, "application"))


def _evaluate(module: ModuleType, text: str) -> tuple[Any, bool]:
    """``name``, ``name.name`` or one call of such with literal arguments; nothing else is run."""
    try:
        node: Any = ast.parse(text, mode="eval").body
        call = node if isinstance(node, ast.Call) else None
        arguments = tuple(ast.literal_eval(value) for value in call.args) if call else ()
        keywords = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords} if call else {}
        names = _dotted(call.func if call else node)
    except (SyntaxError, ValueError):
        _fail_lookup(f'"{text}" is neither a name nor a call of one with literal arguments', "")
    found: Any = module
    for name in names:
        if not hasattr(found, name):
            owner = f'module "{module.__name__}"' if found is module else f'"{text}"'
            _fail_lookup(f'{owner} has no attribute "{name}"', _names_text(found, name))
        found = getattr(found, name)
    if call:
        return _call(found, arguments, keywords, f"{module.__name__}:{text}"), True
    return found, False


def _dotted(node: Any) -> list[str]:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise ValueError("not a name")
    return [node.id, *names]


def _call(factory: Any, arguments: tuple[Any, ...], keywords: dict[str, Any], text: str) -> Any:
    if not callable(factory):
        _fail_lookup(f'"{text}" names {type(factory).__name__}, which cannot be called as a factory', "")
    try:
        application = factory(*arguments, **keywords)
    except Failure:
        raise
    except BaseException as error:
        raise Failure("import", f"the factory {text} failed: {_last_line(error)}", _traceback_text(error)) from error
    if application is None:
        _fail_lookup(f"the factory {text} returned None", "")
    return application


def _fail_import(what: str) -> NoReturn:
    error = sys.exc_info()[1]
    assert error is not None, "called while an exception is handled"
    raise Failure("import", f'importing "{what}" failed: {_last_line(error)}', _traceback_text(error)) from error


def _fail_missing(name: str, missing: str) -> NoReturn:
    places = "\n".join(f"  {entry or os.getcwd()}{_reproach(entry or os.getcwd())}" for entry in sys.path[:6])
    near = difflib.get_close_matches(missing.rpartition(".")[2], _modules_here(), n=3)
    hint = f"\nnear it: {', '.join(near)}" if near else ""
    raise Failure("import", f'there is no module "{missing}"', f'looked for "{name}" in\n{places}{hint}')


def _fail_no_file(path: str) -> NoReturn:
    closed = _closed(path)
    if closed:
        raise Failure("import", f"{path} cannot be read: {_user()} may not enter {closed}")
    directory = os.path.dirname(path)
    try:
        files = sorted(name for name in os.listdir(directory) if name.endswith((".py", ".wsgi")))
    except OSError:
        files = []
    detail = f"{directory} has: {', '.join(files[:_MOST_NAMES])}" if files else f"{directory} has no Python file"
    raise Failure("import", f"there is no file {path}", detail)


def _fail_lookup(message: str, detail: str) -> NoReturn:
    raise Failure("lookup", message, detail)


def _closed(path: str) -> str:
    """The first directory on the way to a path that this process may not enter; empty when there is none."""
    here = os.sep
    for part in os.path.dirname(os.path.abspath(path)).split(os.sep):
        here = os.path.join(here, part)
        if os.path.isdir(here) and not os.access(here, os.X_OK):
            return here
    return ""


def _reproach(directory: str) -> str:
    """What is to be said about a place where modules are looked for."""
    closed = _closed(os.path.join(directory, ""))
    return f" ({_user()} may not enter {closed})" if closed else ""


def _user() -> str:
    """Who this process is, in words."""
    try:
        import pwd

        return f"the user {pwd.getpwuid(os.geteuid()).pw_name}"
    except (ImportError, KeyError):
        return f"the user {os.geteuid()}"


def _modules_here() -> list[str]:
    try:
        entries = os.listdir(os.getcwd())
    except OSError:
        return []
    return [entry[:-3] if entry.endswith(".py") else entry for entry in entries if not entry.startswith((".", "_"))]


def _names_text(owner: Any, wanted: str) -> str:
    names = [name for name in vars(owner) if not name.startswith("_")] if hasattr(owner, "__dict__") else []
    if not names:
        return "it has no public names"
    more = ", …" if len(names) > _MOST_NAMES else ""
    near = difflib.get_close_matches(wanted, names, n=1)
    hint = f'\ndid you mean "{near[0]}"?' if near else ""
    return f"it has: {', '.join(sorted(names)[:_MOST_NAMES])}{more}{hint}"


def _last_line(error: BaseException) -> str:
    return traceback.format_exception_only(type(error), error)[-1].strip()


def _traceback_text(error: BaseException) -> str:
    """The traceback without the frames of this file and of importlib, which tell the user nothing."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


def _is_ours(file: str) -> bool:
    return file == __file__ or file == importlib.__file__ or file.startswith("<frozen importlib")
