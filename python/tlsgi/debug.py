"""For development: an application whose exceptions are shown in the browser, by Werkzeug's debugger where it is installed."""

from __future__ import annotations

import os
from typing import Any

from tlsgi import importer, interface
from tlsgi.log import logger

REFERENCE = "TLSGI__DEBUGGED"
"""The variable that names the application of :func:`load`."""


def load() -> Any:
    """The application that the variable names, with its own debugging on, inside the debugger."""
    application = importer.load(os.environ[REFERENCE])
    if hasattr(application, "debug"):
        application.debug = True
    if interface.examine(application).interface != "wsgi":
        return application
    return with_debugger(application)


def with_debugger(application: Any) -> Any:
    """A WSGI application with Werkzeug's interactive debugger around it. It runs what the browser sends: only for servers that
    nobody else reaches."""
    try:
        from werkzeug.debug import DebuggedApplication
    except ImportError:
        logger().warning("no interactive debugger: werkzeug is not installed")
        return application
    # Only where it takes itself for the restarted process does it say its PIN.
    os.environ.setdefault("WERKZEUG_RUN_MAIN", "true")
    return DebuggedApplication(application, evalex=True)
