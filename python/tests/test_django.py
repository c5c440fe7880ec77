"""``tlsgi.django`` in a project: ``runsslserver`` and ``runserver_plus`` as people type them."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from server import COMMAND, PATIENCE, Server

httpx = pytest.importorskip("httpx")
pytest.importorskip("django")
pytestmark = pytest.mark.skipif(not Path(COMMAND).exists(), reason="the command is not built: cargo xtask install")

MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_app.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""

SETTINGS = """
from pathlib import Path
BASE = Path(__file__).resolve().parent
SECRET_KEY = "only-for-a-test-0123456789-abcdefghijklmnopqrstuvwxyz"
DEBUG = {debug}
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INSTALLED_APPS = ["django.contrib.staticfiles", "tlsgi.django", "site_app"]
MIDDLEWARE = []
ROOT_URLCONF = "site_app.urls"
TEMPLATES = []
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": BASE / "db.sqlite3"}}}}
STATIC_URL = "/static/"
USE_TZ = True
{more}
"""

URLS = """
from django.http import JsonResponse
from django.urls import path

def index(request):
    return JsonResponse({"secure": request.is_secure(), "interface": type(request).__name__, "version": 1})

def fault(request):
    return JsonResponse({"never": 1 // 0})

urlpatterns = [path("", index), path("fault", fault)]
"""

ASGI = "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n"


class Project:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.servers: list[Server] = []

    def write(self, debug: bool = True, more: str = "") -> None:
        package = self.directory / "site_app"
        (package / "static/site").mkdir(parents=True, exist_ok=True)
        (package / "static/site/page.css").write_text("body {}")
        (package / "__init__.py").touch()
        (package / "asgi.py").write_text(ASGI)
        (package / "urls.py").write_text(URLS)
        (package / "settings.py").write_text(SETTINGS.format(debug=debug, more=more))
        (self.directory / "manage.py").write_text(MANAGE)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", *arguments]

    def start(self, *arguments: str) -> Server:
        self.servers.append(Server(self.directory, program=self.command(*arguments), cwd=self.directory))
        return self.servers[-1]

    def refuse(self, *arguments: str) -> str:
        environment = {**os.environ, "TLSGI_STATE_DIR": str(self.directory / "state")}
        command = self.command(*arguments)
        ended = subprocess.run(command, cwd=self.directory, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        assert ended.returncode != 0, ended.stdout
        return ended.stderr


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    found = Project(tmp_path)
    found.write()
    yield found
    for server in found.servers:
        assert server.stop() == 0, server.log


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    files = ["-cert-file", "cert.pem", "-key-file", "key.pem"]
    command = [COMMAND, "mkcert", *files, "localhost", "127.0.0.1", "::1"]
    subprocess.run(command, cwd=tmp_path, env={"CAROOT": str(tmp_path / "ca"), "HOME": str(tmp_path)}, check=True, capture_output=True)
    return ssl.create_default_context(cafile=tmp_path / "ca/rootCA.pem")


def get(server: Server, path: str, context: Any = None) -> Any:
    return httpx.get(server.https + path, verify=context or server.context(), timeout=PATIENCE)


@pytest.mark.parametrize(
    "arguments",
    [
        ("runsslserver", "--certificate", "cert.pem", "--key", "key.pem"),
        ("runsslserver", "--certificate", "cert.pem"),
        ("runsslserver", "--certificate", "cert.pem", "--key", "key.pem", "--noreload", "--nothreading"),
        ("runserver_plus", "--cert-file", "cert.pem", "--key-file", "key.pem"),
        ("runserver_plus", "--cert", "cert.pem", "--key-file", "key.pem"),
        ("runserver_plus", "--cert-file", "cert.pem", "--key-file", "cert.pem"),
    ],
    ids=" ".join,
)
def test_own_certificate_is_served(project: Project, certificate: ssl.SSLContext, arguments: tuple[str, ...]) -> None:
    server = project.start(*arguments, "127.0.0.1:0")
    assert get(server, "/", certificate).json() == {"secure": True, "interface": "WSGIRequest", "version": 1}
    assert get(server, "/static/site/page.css", certificate).text == "body {}"
    redirect = httpx.get(server.https.replace("https", "http") + "/a", timeout=PATIENCE)
    assert (redirect.status_code, redirect.headers["location"]) == (301, server.https + "/a")


def test_without_a_certificate_the_local_ca_issues_one(project: Project) -> None:
    server = project.start("runsslserver", "0")
    assert get(server, "/").json()["secure"] is True
    page = get(server, "/fault")
    assert page.status_code == 500
    assert "ZeroDivisionError" in page.text and "You’re seeing this error because you have" in page.text.replace("&#x27;", "’")
    assert "site_app.urls" in get(server, "/nowhere").text


def test_asynchronous_project_is_served_as_one(project: Project) -> None:
    project.write(more='ASGI_APPLICATION = "site_app.asgi.application"')
    server = project.start("runsslserver", "127.0.0.1:0")
    assert get(server, "/").json()["interface"] == "ASGIRequest"
    assert get(server, "/static/site/page.css").text == "body {}"


def test_static_files_are_left_out_when_asked(project: Project) -> None:
    assert get(project.start("runsslserver", "--nostatic", "0"), "/static/site/page.css").status_code == 404


@pytest.mark.parametrize(("flags", "status"), [((), 404), (("--insecure",), 200)])
def test_static_files_without_debug_need_to_be_asked_for(project: Project, flags: tuple[str, ...], status: int) -> None:
    project.write(debug=False)
    server = project.start("runsslserver", *flags, "0")
    assert get(server, "/static/site/page.css").status_code == status


def test_changed_code_is_served(project: Project) -> None:
    server = project.start("runsslserver", "0")
    assert get(server, "/").json()["version"] == 1
    (project.directory / "site_app/urls.py").write_text(URLS.replace('"version": 1', '"version": 2'))
    deadline = time.monotonic() + PATIENCE
    while get(server, "/").json()["version"] != 2:
        assert time.monotonic() < deadline, server.log


def test_plain_without_a_certificate_as_there(project: Project) -> None:
    server = project.start("runserver_plus", "0")
    assert server.https == ""
    assert httpx.get(server.http, timeout=PATIENCE).json()["secure"] is False


def test_missing_certificate_is_made(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAROOT", str(tmp_path / "ca"))
    server = project.start("runserver_plus", "--cert-file", "made.crt", "0")
    context = ssl.create_default_context(cafile=tmp_path / "ca/rootCA.pem")
    assert get(server, "/", context).json()["secure"] is True
    assert (tmp_path / "made.crt").exists() and (tmp_path / "made.key").exists()


def test_exceptions_are_shown_in_the_debugger(project: Project, certificate: ssl.SSLContext) -> None:
    pytest.importorskip("werkzeug")
    server = project.start("runserver_plus", "--cert-file", "cert.pem", "--key-file", "key.pem", "0")
    page = get(server, "/fault", certificate)
    assert (page.status_code, "Werkzeug Debugger" in page.text) == (500, True)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("runsslserver", "here"), '"here" is not a port or address:port'),
        (("runsslserver", "99999"), '"99999" is not a port or address:port'),
        (("runsslserver", "-6", "127.0.0.1:0"), "is not an IPv6 address"),
        (("runsslserver", "--key", "key.pem"), "--key needs --certificate"),
        (("runsslserver", "--certificate", "absent.pem"), "Can't find certificate at absent.pem"),
        (("runserver_plus", "--pdb"), "write breakpoint()"),
        (("runserver_plus", "--key-file", "manage.py", "--cert-file", "absent"), "manage.py exists, and absent does not"),
        (("runserver_plus", "--cert-file", "manage.py"), "There is no private key in manage.key"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_is_explained(project: Project, arguments: tuple[str, ...], text: str) -> None:
    assert text in project.refuse(*arguments)


def test_failing_checks_stop_the_start(project: Project) -> None:
    project.write(more='STATICFILES_DIRS = "static"')
    assert "SystemCheckError" in project.refuse("runsslserver", "0")


def test_names_must_be_allowed_without_debug(project: Project) -> None:
    project.write(debug=False, more="ALLOWED_HOSTS = []")
    assert "ALLOWED_HOSTS" in project.refuse("runsslserver", "0")
