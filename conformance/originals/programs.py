"""How each server is started, by itself and as a dialect of tlsgi, with the same words and files."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path
from typing import Callable, NamedTuple

from .. import peers
from .place import Place, package, worker_python

OURS = os.environ.get("TLSGI_COMMAND", str(peers.ROOT / "target" / "venv" / "bin" / "tlsgi"))


class Command(NamedTuple):
    """What is typed, the variables that go with it, and what it says once it serves, besides that its ports are open."""

    words: list[str]
    environment: dict[str, str]
    banner: str = ""


class Program(NamedTuple):
    """``dialect`` follows `tlsgi`; ``last`` is the signal that ends it. ``missing`` says why it cannot be run here."""

    dialect: str
    start: Callable[[Place, list[str]], list[str]]
    missing: Callable[[], str | None]
    last: str = "SIGTERM"
    prelude: Callable[[Place], str] | None = None
    has_packages: bool = False


def ours(program: Program, words: list[str]) -> Command:
    """tlsgi with the same words; with the interpreter of the original where packages are needed that only that one has."""
    python = installed("python") if program.has_packages else worker_python()
    environment = {"TLSGI_PYTHON": python or "", "PYTHONPATH": str(package())}
    return Command([OURS, *program.dialect.split(), *words], environment, banner="\n  pool  ")


def installed(name: str) -> str:
    """Path of a server in the environment of the peers."""
    return str(peers.DIRECTORY / "bin" / name)


def _in_environment(name: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        if Path(installed(name)).exists():
            return None
        return f"{installed(name)} is not there: python -m conformance.peers"

    return missing


def _plain(name: str) -> Callable[[Place, list[str]], list[str]]:
    return lambda _place, words: [installed(name), *words]


def _express(place: Place, words: list[str]) -> list[str]:
    return [installed("mod_wsgi-express"), *words, "--server-root", str(place.directory / "root"), "--log-to-terminal"]


def _no_apache() -> str | None:
    if shutil.which("apache2") is None:
        return "there is no apache2 (Debian: apt install apache2)"
    return _in_environment("mod_wsgi-express")()


def _apache(place: Place, words: list[str]) -> list[str]:
    return ["apache2", "-f", str(place.directory / words[0]), "-DFOREGROUND"]


_MODULES = (
    "mpm_event", "authn_core", "authz_core", "authz_host", "access_compat", "ssl", "socache_shmcb", "alias",
    "headers", "rewrite", "dir", "setenvif", "env", "reqtimeout",
)  # fmt: skip


def _apache_prelude(place: Place) -> str:
    """What a distribution's main file says before it includes the sites."""
    loaded = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in _MODULES)
    folder = peers.DIRECTORY / "lib" / f"python{sysconfig.get_python_version()}"
    found = sorted((peers.DIRECTORY / "lib").glob("python*/site-packages/mod_wsgi/server/mod_wsgi-py*.so"))
    module = found[0] if found else folder / "mod_wsgi.so"
    users = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    return (
        f"ServerRoot {place.directory}\nPidFile apache.pid\nErrorLog /dev/stderr\nServerName localhost\nMutex pthread\n"
        f"{loaded}LoadModule wsgi_module {module}\n{users}WSGISocketPrefix {place.directory}/wsgi\n"
    )


PROGRAMS = {
    "express": Program("mod_wsgi-express", _express, _no_apache),
    "apache": Program("apache", _apache, _no_apache, prelude=_apache_prelude),
    "uwsgi": Program("uwsgi", _plain("uwsgi"), _in_environment("uwsgi"), last="SIGINT"),
    "gunicorn": Program("gunicorn", _plain("gunicorn"), _in_environment("gunicorn"), has_packages=True),
    "uvicorn": Program("uvicorn", _plain("uvicorn"), _in_environment("uvicorn"), has_packages=True),
    "hypercorn": Program("hypercorn", _plain("hypercorn"), _in_environment("hypercorn"), has_packages=True),
    "flask": Program("flask", _plain("flask"), _in_environment("flask"), last="SIGINT", has_packages=True),
}
