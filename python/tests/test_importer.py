"""References to applications, and what is said when one leads nowhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Iterator

import pytest

from tlsgi import importer
from tlsgi.failure import Failure

SOURCE = """
def application(environ, start_response): ...
def other(environ, start_response): ...
class space:
    deep = other
def create_app(name="default", *, debug=False):
    def app(environ, start_response): ...
    app.made = (name, debug)
    return app
def returns_none(): ...
def fails(): raise RuntimeError("no database")
number = 5
"""


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = dict(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "shop.py").write_text(SOURCE)
    package = tmp_path / "pack" / "inner"
    package.mkdir(parents=True)
    (tmp_path / "pack" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "site.py").write_text("from . import __name__ as parent\ndef app(environ, start_response): ...\n")
    importer.prepare_path(None, ())
    yield tmp_path
    for name in set(sys.modules) - set(before):
        del sys.modules[name]
    sys.modules.update(before)


def failure(reference: str, **options: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        importer.load(reference, **options)
    return caught.value


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("shop", "application"),
        ("shop:application", "application"),
        ("shop:other", "other"),
        ("shop:space.deep", "other"),
        ("shop.py", "application"),
        ("./shop.py:other", "other"),
        ("pack.inner.site", "app"),
        ("pack/inner/site.py", "app"),
    ],
)
def test_reference_is_found(reference, name):
    assert importer.load(reference).__name__ == name


@pytest.mark.parametrize(
    ("reference", "is_factory", "made"),
    [
        ("shop:create_app()", False, ("default", False)),
        ("shop:create_app('x', debug=True)", False, ("x", True)),
        ("shop:create_app", True, ("default", False)),
        ("shop", True, ("default", False)),
        ("shop.py:create_app(name='y')", True, ("y", False)),
    ],
)
def test_factory_is_called(reference, is_factory, made):
    assert importer.load(reference, is_factory).made == made


def test_factory_is_the_last_resort(clean):
    (clean / "only.py").write_text("def make_app():\n    return make_app\n")
    assert importer.load("only").__name__ == "make_app"


def test_file_in_a_package_is_imported_as_part_of_it():
    assert importer.load("pack/inner/site.py").__module__ == "pack.inner.site"
    assert "pack" in sys.modules


def test_file_outside_the_directory_brings_its_own_along(clean):
    elsewhere = clean / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "helper_of_it.py").write_text("VALUE = 1\n")
    (elsewhere / "my-app.wsgi").write_text("import helper_of_it\ndef application(environ, start_response): ...\n")
    assert importer.load("elsewhere/my-app.wsgi").__module__ == "my_app"


def test_file_named_like_a_loaded_module_does_not_replace_it(clean):
    import json

    (clean / "json.py").write_text("def app(environ, start_response): ...\n")
    assert importer.load("json.py").__name__ == "app"
    assert sys.modules["json"] is json


def test_missing_module_says_where_it_looked_and_what_is_near():
    told = failure("shpo:app")
    assert (told.phase, told.message) == ("import", 'there is no module "shpo"')
    assert str(Path.cwd()) in told.detail and "near it: shop" in told.detail


def test_missing_file_says_what_is_there():
    told = failure("shpo.py")
    assert told.phase == "import" and "shop.py" in told.detail


def test_missing_name_says_what_the_module_has():
    told = failure("shop:aplication")
    assert (told.phase, told.message) == ("lookup", 'module "shop" has no attribute "aplication"')
    assert "other" in told.detail and 'did you mean "application"?' in told.detail


def test_module_without_an_application_says_what_it_has(clean):
    (clean / "bare.py").write_text("value = 1\nimport os\n")
    told = failure("bare")
    assert told.phase == "lookup" and "application, app, create_app(), make_app()" in told.message
    assert "value" in told.detail


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("import missing_dependency\n", "ModuleNotFoundError: No module named 'missing_dependency'"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def (:\n", "SyntaxError: invalid syntax"),
        ("raise SystemExit(1)\n", "SystemExit: 1"),
    ],
)
@pytest.mark.parametrize("reference", ["broken", "broken.py"])
def test_failing_import_gives_the_user_s_traceback(clean, source, last, reference):
    (clean / "broken.py").write_text(source)
    told = failure(reference)
    assert told.phase == "import" and last in told.message
    assert "broken.py" in told.detail and "importlib" not in told.detail and "importer.py" not in told.detail


def test_failing_and_empty_factories_are_told_apart():
    assert "RuntimeError: no database" in failure("shop:fails()").message
    assert "returned None" in failure("shop:returns_none()").message
    assert "cannot be called" in failure("shop:number()").message


@pytest.mark.parametrize("reference", ["", ":app", "a b:app", "shop:__import__('os').getcwd() or 1", "shop:f(g())", "shop:5"])
def test_nonsense_is_refused(reference):
    assert failure(reference).phase == "lookup"


def test_directory_and_python_path_come_first(clean):
    (clean / "lib").mkdir()
    importer.prepare_path(str(clean / "pack"), (str(clean / "lib"),))
    assert sys.path[:2] == [str(clean / "lib"), str(clean / "pack")]
    assert Path.cwd() == clean / "pack"


def test_missing_directory_is_a_failure():
    with pytest.raises(Failure, match="No such file"):
        importer.prepare_path("/nowhere/at/all", ())
