"""``tlsgi.run``: options as the command line has them, and what is refused before anything is started."""

import threading
from pathlib import Path

import pytest

import tlsgi
from tlsgi import embed


def application(environ, start_response):
    start_response("200 OK", [])
    return []


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        ({"https_port": 8443}, ["--https-port=8443"]),
        ({"reload": True, "access_log": False}, ["--reload", "--no-access-log"]),
        ({"host": ["127.0.0.1", "::1"]}, ["--host=127.0.0.1", "--host=::1"]),
        ({"certfile": Path("/etc/cert.pem")}, ["--certfile=/etc/cert.pem"]),
        ({"keyfile": None}, []),
        ({"hsts": "max-age=1; preload"}, ["--hsts=max-age=1; preload"]),
    ],
)
def test_keywords_become_options(options, flags):
    assert list(embed.arguments(options)) == flags


@pytest.mark.parametrize("options", [{"reload": True}, {"processes": 2}, {"preload": True}, {"max_requests": 9}])
def test_object_that_no_module_has_cannot_be_imported_again(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} needs an application that other processes can import"):
        tlsgi.run(lambda environ, start_response: [], **options)


def test_what_is_no_application_is_refused():
    with pytest.raises(Exception, match="cannot be called"):
        tlsgi.run(42)


def test_another_thread_than_the_main_one_is_refused():
    raised = []

    def run():
        try:
            tlsgi.run(application)
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "main thread" in str(raised[0])


def test_missing_command_is_an_error_that_says_so(monkeypatch):
    monkeypatch.setattr(embed.shutil, "which", lambda *_, **__: None)
    with pytest.raises(RuntimeError, match="tlsgi command was not found"):
        tlsgi.run("module:app")
