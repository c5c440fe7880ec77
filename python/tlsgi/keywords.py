"""The keywords of :func:`tlsgi.run`: options of the command, and what ``uvicorn.run`` and Flask's ``app.run`` call them."""

from __future__ import annotations

import ssl
import sys
import warnings
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

_RENAMED = {
    "cert_reqs": "ssl_cert_reqs",
    "limit_concurrency": "concurrency",
    "limit_max_requests": "max_requests",
    "limit_max_requests_jitter": "max_requests_jitter",
    "reload_dirs": "reload_dir",
    "app_dir": "python_path",
    "ssl_ca_certs": "client_ca",
    "ssl_certfile": "certfile",
    "ssl_keyfile": "keyfile",
    "timeout_graceful_shutdown": "graceful_timeout",
    "timeout_keep_alive": "keep_alive_timeout",
    "use_reloader": "reload",
    "workers": "processes",
    "ws_max_size": "websocket_max_message",
    "ws_ping_interval": "websocket_ping_interval",
    "ws_ping_timeout": "websocket_ping_timeout",
    "h11_max_incomplete_event_size": "max_header_size",
}

_WITHOUT_EFFECT = {
    "http": "there is one HTTP implementation, for HTTP/1.1 and HTTP/2",
    "http2": "HTTP/2 is always offered",
    "ws": "WebSockets are always served",
    "ws_max_queue": "a message waits in the client's connection until the application receives it",
    "ws_per_message_deflate": "compression is agreed on with each client that asks for it",
    "log_config": "it configures another server's loggers; here it is log_level, log_format and access_log",
    "use_colors": "colours are used on a terminal, and not otherwise",
    "reload_includes": "files that end in .py are watched",
    "reload_excludes": "files that end in .py are watched, below reload_dir",
    "reload_delay": "the kernel reports changes at once",
    "reset_contextvars": "every request has a context of its own",
    "timeout_notify": "there is nothing to notify",
    "timeout_worker_healthcheck": "a worker that ends is noticed at once",
    "date_header": "a Date field is always sent",
    "server_header": "the Server field names no version",
    "extra_files": "files that end in .py are watched, below reload_dir",
    "exclude_patterns": "files that end in .py are watched, below reload_dir",
    "reloader_interval": "the kernel reports changes at once",
    "reloader_type": "the kernel reports changes",
    "passthrough_errors": "exceptions are logged, and the server goes on",
    "load_dotenv": "set the variables before, or name the file with env_file",
}

_REFUSED = {
    "ssl_context_factory": "an SSLContext cannot be handed over: give the files with certfile, keyfile and client_ca",
    "callback_notify": "nothing calls back while serving: start a task in the application's lifespan",
    "request_handler": "requests are not handled in Python",
}

_LEVELS = {"critical": "error", "fatal": "error", "warn": "warning", "trace": "debug"}
_NUMERIC_LEVELS = ((40, "error"), (30, "warning"), (20, "info"), (0, "debug"))
_INTERFACES = {"auto": None, "asgi3": "asgi", "asgi2": "asgi"}
_LISTENING = ("https_port", "bind", "bind_http", "http_port")


@dataclass
class Request:
    """What was asked for: options of the command, and what is done in this process."""

    options: dict[str, Any]
    is_factory: bool = False
    debug: Optional[bool] = None
    wants_debugger: bool = False
    key_password: Optional[str] = None
    environment: dict[str, str] = field(default_factory=dict)


def read(given: dict[str, Any]) -> Request:
    """Translates the keywords of one call. Raises ``ValueError`` or ``TypeError`` for what cannot be done, naming it."""
    options = {_RENAMED.get(name, name): value for name, value in given.items() if not _is_unsaid(name, value)}
    for name, reason in _REFUSED.items():
        if options.pop(name, None) is not None:
            raise ValueError(f"tlsgi.run() does not take {name}: {reason}")
    for name, reason in _WITHOUT_EFFECT.items():
        if name in options and not _is_default(name, options.pop(name)):
            _note(f"{name} has no effect: {reason}")
    request = Request(options, is_factory=bool(options.pop("factory", False)))
    for step in (_words, _development, _key_password, _ssl_context, _client_certificates, _policy):
        step(request)
    for step in (_addresses, _proxies, _env_file):
        step(request)
    return request


def _is_unsaid(name: str, value: Any) -> bool:
    return value is None or (name in ("root_path", "app_dir") and not value)


def _is_default(name: str, value: Any) -> bool:
    if name in _ON:
        return value is True
    return value in ("auto", False, (), []) or value == _NUMBERS.get(name, "auto")


_ON = {"server_header", "date_header", "load_dotenv", "ws_per_message_deflate"}
_NUMBERS = {"ws_max_queue": 32, "reload_delay": 0.25, "timeout_notify": 30, "timeout_worker_healthcheck": 5, "reloader_interval": 1}


def _note(text: str) -> None:
    warnings.warn(f"tlsgi.run(): {text}", stacklevel=_outside())


def _outside() -> int:
    """Frames up to the caller's line, so that the warning points there."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "tlsgi":
        depth, frame = depth + 1, frame.f_back
    return depth


def _words(request: Request) -> None:
    """Values that have other names here."""
    options = request.options
    level = options.get("log_level")
    if isinstance(level, int) and not isinstance(level, bool):
        options["log_level"] = next(word for least, word in _NUMERIC_LEVELS if level >= least)
    elif isinstance(level, str):
        options["log_level"] = _LEVELS.get(level.lower(), level.lower())
    if options.get("access_log") is True:
        del options["access_log"]
    if options.get("interface") in _INTERFACES:
        options["interface"] = _INTERFACES[options["interface"]]
    if options.get("loop") == "none":
        options["loop"] = "asyncio"
    if "root_path" in options:
        # Requests come with the prefix, or without it where a proxy in front cut it off.
        routes = options.get("route", [])
        own = [routes] if isinstance(routes, str) else list(routes)
        options["route"] = [*own, "/=pool:app@/" + str(options.pop("root_path")).strip("/")]
    if "threaded" in options and not options.pop("threaded"):
        options.setdefault("threads", 1)
    if options.get("host") == "0":
        options["host"] = "0.0.0.0"


def _development(request: Request) -> None:
    options = request.options
    debug = options.pop("debug", None)
    request.debug = None if debug is None else bool(debug)
    if request.debug:
        options.setdefault("reload", True)
    request.wants_debugger = bool(options.pop("use_debugger", request.debug or False))
    if not options.pop("use_evalex", True):
        request.wants_debugger = False


def _key_password(request: Request) -> None:
    password = request.options.pop("ssl_keyfile_password", None)
    if password is not None:
        request.key_password = password.decode() if isinstance(password, bytes) else str(password)


def _ssl_context(request: Request) -> None:
    """Flask's ``ssl_context``: ``"adhoc"``, or the files of certificate and key."""
    context = request.options.pop("ssl_context", None)
    if context is None or context == "adhoc":
        return
    if isinstance(context, ssl.SSLContext):
        raise TypeError(
            "tlsgi.run() cannot take an SSLContext, whose key never leaves it: give ssl_context=(certificate, key) with their files"
        )
    if not isinstance(context, (tuple, list)) or not 1 <= len(context) <= 3:
        raise TypeError('ssl_context is "adhoc" or the files (certificate, key)')
    for name, value in zip(("certfile", "keyfile"), context):
        if value is not None:
            request.options.setdefault(name, value)
    if len(context) == 3:
        request.options.setdefault("ssl_version", context[2])


def _client_certificates(request: Request) -> None:
    options = request.options
    wanted = options.pop("ssl_cert_reqs", None)
    if wanted is None or "client_cert" in options:
        return
    word = {0: "off", 1: "request", 2: "require"}.get(int(wanted))
    if word is None:
        raise ValueError(f"ssl_cert_reqs is ssl.CERT_NONE, CERT_OPTIONAL or CERT_REQUIRED, not {wanted!r}")
    if "client_ca" in options:
        options["client_cert"] = word
        if word == "off":
            del options["client_ca"], options["client_cert"]
    elif word == "require":
        raise ValueError("ssl_cert_reqs=CERT_REQUIRED needs ssl_ca_certs: the file with the authorities that are accepted")
    elif word == "request":
        _note("ssl_cert_reqs=CERT_OPTIONAL has no effect without ssl_ca_certs: no client is asked for a certificate")


_OLD = ("PROTOCOL_SSLv2", "PROTOCOL_SSLv3", "PROTOCOL_TLSv1", "PROTOCOL_TLSv1_1", "PROTOCOL_TLSv1_2")


def _policy(request: Request) -> None:
    version = request.options.pop("ssl_version", None)
    with warnings.catch_warnings():
        # The constants themselves are deprecated.
        warnings.simplefilter("ignore")
        old = [name for name in _OLD if getattr(ssl, name, None) == version and version is not None]
    if old:
        _note(f"ssl_version={old[0]} has no effect: TLS 1.2 and 1.3 are served")
    ciphers = request.options.pop("ssl_ciphers", None)
    if ciphers not in (None, "", "TLSv1"):
        request.options.setdefault("tls_ciphers", ciphers)


def _addresses(request: Request) -> None:
    """One ``port`` is the port, as it is with the functions that this one stands in for: HTTPS, and plain HTTP is redirected."""
    options = request.options
    if "uds" in options:
        where = f"unix:{options.pop('uds')}"
        if "certfile" in options:
            options.setdefault("bind", where)
        else:
            # Somebody else's TLS ends before such a socket.
            options.setdefault("bind_http", where)
            options.setdefault("allow_http", True)
            options.pop("port", None)
            options.pop("host", None)
    if "fd" in options:
        options.setdefault("bind", f"fd://{int(options.pop('fd'))}")
        options.pop("port", None)
    if "port" in options and not any(name in options for name in _LISTENING):
        options["https_port"] = options.pop("port")
        options.setdefault("http", False)


def _proxies(request: Request) -> None:
    options = request.options
    wanted = options.pop("proxy_headers", None)
    allowed = options.pop("forwarded_allow_ips", None)
    if wanted is False or (wanted is None and allowed is None):
        return
    if "trusted_proxy" in options:
        return
    named = allowed.split(",") if isinstance(allowed, str) else list(allowed or ("127.0.0.1", "::1"))
    proxies = [str(name).strip() for name in named if str(name).strip()]
    if "*" in proxies:
        _note("forwarded_allow_ips='*' lets every client name its own address and scheme; name the proxies instead")
        proxies = ["0.0.0.0/0", "::/0"]
    options["trusted_proxy"] = proxies
    options.setdefault("trust", ["X-Forwarded-For", "X-Forwarded-Proto"])


def _env_file(request: Request) -> None:
    file = request.options.pop("env_file", None)
    if file is None:
        return
    try:
        from dotenv import dotenv_values
    except ImportError:
        raise ValueError("env_file needs python-dotenv: pip install python-dotenv") from None
    read_values: Callable[..., Any] = dotenv_values
    request.environment.update({name: value for name, value in read_values(file).items() if value is not None})
