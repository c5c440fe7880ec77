"""An HTTPS server for Python web applications: one command, WSGI and ASGI, certificates included."""

from __future__ import annotations

from typing import Any, Callable, Union

from tlsgi._worker import __version__

__all__ = ["__version__", "run"]


def run(app: Union[str, Callable[..., Any]], **options: Any) -> None:
    """Serves ``app`` over HTTPS until told to stop (Ctrl-C, SIGTERM).

    ``app`` is a WSGI or ASGI application: this process runs it, so it sees everything that was set up here. Or it is a
    reference such as ``"package.module:app"``: then the server imports it in processes of its own, as many as ``processes``
    says, and can reload it. An object that ``processes``, ``reload`` and the like are asked for is imported the same way, from
    the module that has it under a name; of a script, what stands under ``if __name__ == "__main__":`` is not run again.

    Every option of the command is a keyword: ``run(app, https_port=443, certfile="cert.pem", keyfile="key.pem")``. A list
    repeats an option, ``True`` and ``False`` are switches, ``None`` leaves it out. ``port`` alone, without ``https_port`` or
    ``bind``, is the port for HTTPS.

    The keywords of ``uvicorn.run`` (``ssl_keyfile``, ``ssl_certfile``, ``ssl_cert_reqs``, ``workers``, ``uds``, …) and of Flask's
    ``app.run`` (``ssl_context="adhoc"`` or ``(certificate, key)``, ``debug``, ``threaded``, …) are taken as well; what has no
    effect here is a warning that says why.

    Raises ``SystemExit`` with the exit status of the command when the server cannot start; it has then said why.
    """
    # Not above: a worker is started as ``-m tlsgi.worker``, which must not have been imported before.
    from tlsgi import embed

    embed.run(app, options)
