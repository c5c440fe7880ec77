"""What the workers of the management commands import: the project's application, with static files and system checks."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

CHECKED = "TLSGI__DJANGO_CHECKED"
"""What the command's own system checks said: they are not said again. Not set when there are none to be made."""

INTERFACE = "TLSGI__DJANGO_INTERFACE"
"""``wsgi`` or ``asgi``."""

STATIC = "TLSGI__DJANGO_STATIC"
"""Static files are served from where the project's applications have them."""

DEBUGGER = "TLSGI__DJANGO_DEBUGGER"
"""Exceptions are shown in Werkzeug's debugger instead of Django's page."""

PRINT_SQL = "TLSGI__DJANGO_SQL"
"""Queries are logged."""


def load() -> Any:
    """The project's application, as the command asked for it."""
    import django

    django.setup()
    if CHECKED in os.environ:
        _check(os.environ[CHECKED])
    if PRINT_SQL in os.environ:
        _print_queries()
    is_asgi = os.environ.get(INTERFACE) == "asgi"
    application = _asgi_application() if is_asgi else _wsgi_application()
    if STATIC in os.environ:
        application = _with_static(application, is_asgi)
    if DEBUGGER in os.environ and not is_asgi:
        application = _with_debugger(application)
    return application


def findings() -> list[Any]:
    """What the system checks find, errors included."""
    from django.core import checks

    return [found for found in checks.run_checks() if not found.is_silenced()]


def fingerprint(found: list[Any]) -> str:
    """The same for the same findings, in every process."""
    import hashlib

    return hashlib.sha256("\n".join(sorted(str(one) for one in found)).encode()).hexdigest()


def _check(said: str) -> None:
    """Tells what the checks find since the command made them; an error stops the start."""
    from django.core.management.base import BaseCommand

    if fingerprint(findings()) != said:
        BaseCommand(stdout=sys.stderr, stderr=sys.stderr).check(display_num_errors=True)  # type: ignore[arg-type]


def _wsgi_application() -> Any:
    from django.core.servers.basehttp import get_internal_wsgi_application

    return get_internal_wsgi_application()


def _asgi_application() -> Any:
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.utils.module_loading import import_string

    reference = getattr(settings, "ASGI_APPLICATION", None)
    # Some write it as servers want it.
    return import_string(reference.replace(":", ".")) if reference else get_asgi_application()


def _with_static(application: Any, is_asgi: bool) -> Any:
    from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler, StaticFilesHandler

    return ASGIStaticFilesHandler(application) if is_asgi else StaticFilesHandler(application)


def _with_debugger(application: Any) -> Any:
    from django.views import debug as views

    from tlsgi.debug import with_debugger

    wrapped = with_debugger(application)
    if wrapped is not application:
        views.technical_500_response = _raise
    return wrapped


def _raise(request: Any, kind: Any, error: BaseException, trace: Any, status_code: int = 500) -> Any:
    raise error.with_traceback(trace)


def _print_queries() -> None:
    from django.db import connections

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("django.db.backends")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    for connection in connections.all():
        connection.force_debug_cursor = True
