"""What the workers of ``tlsgi flask run`` import: the application, as Flask's own command finds it."""

from __future__ import annotations

import os
from typing import Any

from tlsgi.debug import with_debugger
from tlsgi.failure import Failure

DEBUGGER = "TLSGI__DEBUGGER"
"""Exceptions are shown in Werkzeug's debugger."""


def load() -> Any:
    """The application of ``FLASK_APP``, else of ``wsgi.py`` or ``app.py`` in the current directory."""
    try:
        import click
        from flask.cli import ScriptInfo
        from flask.helpers import get_debug_flag
    except ImportError as error:
        raise Failure("import", f"Flask is not installed for this interpreter: {error}") from error
    # The environment is complete: files of variables were read by the server.
    os.environ["FLASK_SKIP_DOTENV"] = "1"
    info = ScriptInfo(app_import_path=os.environ.get("FLASK_APP") or None)
    try:
        application = info.load_app()
    except click.ClickException as error:
        raise Failure("lookup", error.format_message()) from error
    if "FLASK_DEBUG" in os.environ:
        application.debug = get_debug_flag()
    return with_debugger(application) if DEBUGGER in os.environ else application
