"""An HTTPS server for Python web applications: one command, WSGI and ASGI, certificates included."""

from tlsgi._worker import __version__

__all__ = ["__version__"]
