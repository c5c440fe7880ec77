"""WSGI or ASGI, by looking at the object."""

from __future__ import annotations

import asyncio
import functools
from wsgiref.validate import validator

import pytest

from tlsgi.failure import Failure
from tlsgi.interface import examine


def wsgi(environ, start_response): ...
def wsgi_with_more(environ, start_response, extra=None): ...
def wsgi_by_number(a, b): ...
async def asgi(scope, receive, send): ...
def asgi_plain(scope, receive, send): ...
def asgi_by_number(a, b, c): ...


class WsgiObject:
    def __call__(self, environ, start_response): ...


class WsgiClass:
    def __init__(self, environ, start_response): ...
    def __iter__(self): ...


class AsgiObject:
    async def __call__(self, scope, receive, send): ...


class AsgiWrapper:
    """Decides in its constructor, as some monitoring middleware does."""

    def __init__(self):
        self.__call__ = self.run

    async def run(self, scope, receive, send): ...
    def __call__(self, *arguments): ...


class Asgi2Class:
    def __init__(self, scope): ...
    async def __call__(self, receive, send): ...


def asgi2(scope):
    async def instance(receive, send):
        scope["seen"] = (receive, send)

    return instance


def passing(inner):
    def wrapper(*arguments, **keywords):
        return inner(*arguments, **keywords)

    return wrapper


class Passing:
    def __init__(self, app):
        self.app = app

    def __call__(self, *arguments):
        return self.app(*arguments)


@pytest.mark.parametrize(
    "application",
    [wsgi, wsgi_with_more, wsgi_by_number, WsgiObject(), WsgiClass, functools.partial(asgi_by_number, 1), validator(wsgi)]
    + [passing(wsgi), passing(passing(WsgiObject())), Passing(wsgi), Passing(Passing(passing(wsgi)))],
)
def test_wsgi_is_recognised(application):
    assert examine(application) == ("wsgi", application)


@pytest.mark.parametrize(
    "application",
    [asgi, asgi_plain, asgi_by_number, AsgiObject(), AsgiWrapper(), functools.partial(asgi), Passing(asgi), passing(asgi)],
)
def test_asgi_is_recognised(application):
    assert examine(application) == ("asgi", application)


@pytest.mark.parametrize("application", [asgi2, Asgi2Class])
def test_double_callables_become_single(application):
    found = examine(application)
    assert found.interface == "asgi"
    scope = {}
    if application is asgi2:
        asyncio.run(found.application(scope, "receive", "send"))
        assert scope == {"seen": ("receive", "send")}
    assert examine(application, "asgi").application is not application


@pytest.mark.parametrize("application", [lambda *_: None, print, Passing(lambda *_: None), lambda: None, lambda a: None])
def test_unknown_is_a_failure_with_a_hint(application):
    with pytest.raises(Failure) as caught:
        examine(application)
    assert caught.value.phase == "interface" and "--interface" in caught.value.detail


def test_word_of_the_user_decides():
    unknown = lambda *_: None  # noqa: E731
    assert examine(unknown, "wsgi") == ("wsgi", unknown)
    assert examine(unknown, "asgi") == ("asgi", unknown)


@pytest.mark.parametrize("thing", [5, "app", None, asyncio])
def test_what_cannot_be_called_is_a_failure(thing):
    with pytest.raises(Failure, match="cannot be called"):
        examine(thing)


def test_factory_given_as_an_application_is_explained():
    with pytest.raises(Failure) as caught:
        examine(lambda config=None: None)
    assert "module:name()" in caught.value.detail


def test_frameworks_are_recognised():
    flask = pytest.importorskip("flask")
    starlette = pytest.importorskip("starlette.applications")
    assert examine(flask.Flask("x")).interface == "wsgi"
    assert examine(starlette.Starlette()).interface == "asgi"


def test_django_is_recognised():
    pytest.importorskip("django")
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler

    assert examine(WSGIHandler.__new__(WSGIHandler)).interface == "wsgi"
    assert examine(ASGIHandler.__new__(ASGIHandler)).interface == "asgi"
