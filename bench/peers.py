"""How each server is started, in the settings that its own documentation recommends for production."""

from __future__ import annotations

import os
import shlex
import signal
from pathlib import Path

from servers import APPLICATIONS, Place, Running, Server, Setup, free_port

KEEP_ALIVE = "75"
CONNECTIONS = "16384"
"""Above the idle connections of any load, for the servers that have a bound of their own."""
BACKLOG = "4096"


def _tlsgi(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    """Its defaults; only ports, state and the number of workers are said."""
    command = [str(place.tlsgi_binary), "serve", setup.target, "--interface", setup.interface]
    command += ["--host", "127.0.0.1", "--https-port", str(port), "--no-http", "--no-access-log"]
    command += ["--certfile", str(place.certificate(setup.key)), "--keyfile", str(place.private_key(setup.key))]
    command += ["--processes", str(setup.workers), "--python", str(place.tlsgi_python)]
    command += ["--threads", str(setup.threads)] if setup.threads else []
    command += ["--state-dir", str(directory / "state")]
    return [*command, "--static", f"/static={place.files}"]


def _granian(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    """Threads are left to it, as its documentation asks; the back pressure must exceed the connections that are kept."""
    command = [place.installed("granian"), setup.target, "--interface", setup.interface]
    command += ["--workers", str(setup.workers), "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    command += ["--backlog", BACKLOG, "--backpressure", CONNECTIONS]
    command += _ssl_files(place, setup, "--ssl-certificate", "--ssl-keyfile")
    command += ["--static-path-route", "/static", "--static-path-mount", str(place.files)]
    if setup.interface == "wsgi":
        return [*command, *(["--blocking-threads", str(setup.threads)] if setup.threads else [])]
    return [*command, "--loop", "uvloop"]


def _uvicorn(place: Place, setup: Setup, port: int, _directory: Path) -> list[str]:
    command = [place.installed("uvicorn"), setup.target, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", str(setup.workers), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    command += ["--timeout-keep-alive", KEEP_ALIVE, "--backlog", BACKLOG]
    return [*command, *_ssl_files(place, setup, "--ssl-certfile", "--ssl-keyfile")]


def _gunicorn(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    command = _gunicorn_at(place, setup, f"127.0.0.1:{port}", directory)
    command += _ssl_files(place, setup, "--certfile", "--keyfile")
    return [*command, "--worker-class", "asgi", "--asgi-loop", "uvloop"] if setup.interface == "asgi" else command


def _gunicorn_at(place: Place, setup: Setup, address: str, directory: Path) -> list[str]:
    """``/dev/shm`` for the heartbeat and 2 to 4 threads a core, as its documentation says; gthread for WSGI."""
    command = [place.installed("gunicorn"), setup.target, "--bind", address, "--workers", str(setup.workers)]
    command += ["--keep-alive", KEEP_ALIVE, "--worker-connections", CONNECTIONS, "--backlog", BACKLOG]
    command += ["--no-control-socket", "--log-level", "warning", "--worker-tmp-dir", "/dev/shm"]
    command += ["--pid", str(directory / "gunicorn.pid")]
    if setup.interface == "wsgi":
        threads = setup.threads or 2 * (os.cpu_count() or 1)
        command += ["--worker-class", "gthread", "--threads", str(threads)]
    return command


def _hypercorn(place: Place, setup: Setup, port: int, _directory: Path) -> list[str]:
    target = setup.target if setup.interface == "asgi" else f"wsgi:{setup.target}"
    command = [place.installed("hypercorn"), target, "--bind", f"127.0.0.1:{port}", "--workers", str(setup.workers)]
    command += ["--worker-class", "uvloop", "--keep-alive", KEEP_ALIVE, "--backlog", BACKLOG]
    command += ["--quic-bind", f"127.0.0.1:{port}"] if setup.module == "asgi_app" else []
    return [*command, *_ssl_files(place, setup, "--certfile", "--keyfile")]


def _uwsgi(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    """The options that its page on things to know recommends, and a chain reload, which its page on reloading does."""
    listen = f"127.0.0.1:{port},{place.certificate(setup.key)},{place.private_key(setup.key)}"
    command = [place.installed("uwsgi"), "--https", listen, "--master", "--home", str(place.environment)]
    command += ["--module", setup.target, "--processes", str(setup.workers), "--threads", str(setup.threads or 2)]
    command += ["--need-app", "--single-interpreter", "--die-on-term", "--vacuum", "--lazy-apps", "--disable-logging"]
    command += ["--http-keepalive", "--so-keepalive", "--thunder-lock", "--https-session-context", "benchmark"]
    command += ["--master-fifo", str(directory / "fifo"), "--max-fd", CONNECTIONS, "--listen", "1024"]
    return [*command, "--offload-threads", "2", "--static-map", f"/static={place.files}"]


def _mod_wsgi(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    command = [place.installed("mod_wsgi-express"), "start-server", "--application-type", "module", setup.module]
    command += ["--https-port", str(port), "--port", str(free_port()), "--server-name", "localhost"]
    command += ["--server-alias", "127.0.0.1", "--http2"]
    command += ["--ssl-certificate-file", str(place.certificate(setup.key)), "--keep-alive-timeout", KEEP_ALIVE]
    command += ["--ssl-certificate-key-file", str(place.private_key(setup.key))]
    command += ["--processes", str(setup.workers), "--threads", str(setup.threads or 5)]
    command += ["--server-root", str(directory / "httpd"), "--log-to-terminal", "--limit-request-body", "0"]
    command += ["--working-directory", str(APPLICATIONS), "--python-path", str(APPLICATIONS)]
    command += ["--url-alias", "/static", str(place.files)]
    return [*command, *(["--user", "www-data", "--group", "www-data"] if os.geteuid() == 0 else [])]


def _nginx(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    return ["nginx", "-c", _nginx_file(place, setup, port, directory, 'return 200 "Hello, world!\\n";')]


def _nginx_gunicorn(place: Place, setup: Setup, port: int, directory: Path) -> list[str]:
    """gunicorn on a socket, behind the nginx of its own page on deployment, with connections kept."""
    address = f"unix:{directory}/gunicorn"
    forward = "proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Host $host;"
    forward += 'proxy_set_header Connection "";'
    upstream = f"upstream behind {{ server {address}; keepalive 32; }}"
    behind = _gunicorn_at(place, setup, address, directory)
    front = ["nginx", "-c", _nginx_file(place, setup, port, directory, forward, upstream)]
    return ["sh", "-c", f"{shlex.join(behind)} & exec {shlex.join(front)}"]


def _nginx_file(place: Place, setup: Setup, port: int, directory: Path, answer: str, upstream: str = "") -> str:
    temporary = "\n".join(
        f"{name}_temp_path {directory}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    written = directory / "nginx.conf"
    written.write_text(f"""
daemon off; worker_processes {setup.workers}; pid {directory}/pid; error_log stderr warn;
events {{ worker_connections {CONNECTIONS}; }}
http {{
{temporary}
access_log off; sendfile on; tcp_nopush on; keepalive_timeout {KEEP_ALIVE}; keepalive_requests 1000000;
client_max_body_size 0; ssl_session_cache shared:tls:10m; ssl_protocols TLSv1.2 TLSv1.3; default_type text/plain;
{upstream}
server {{
  listen 127.0.0.1:{port} ssl http2 backlog={BACKLOG};
  ssl_certificate {place.certificate(setup.key)}; ssl_certificate_key {place.private_key(setup.key)};
  location /static/ {{ root {place.directory}; }}
  location / {{ {answer} }}
}}
}}
""")
    return str(written)


def _ssl_files(place: Place, setup: Setup, certificate: str, key: str) -> list[str]:
    return [certificate, str(place.certificate(setup.key)), key, str(place.private_key(setup.key))]


def _reload_uwsgi(running: Running) -> None:
    (running.directory / "fifo").write_text("c")


def _reload_gunicorn(running: Running) -> None:
    os.kill(int((running.directory / "gunicorn.pid").read_text()), signal.SIGHUP)


def _reload_mod_wsgi(running: Running) -> None:
    os.kill(int((running.directory / "httpd" / "httpd.pid").read_text()), signal.SIGUSR1)


_PYTHON = {"wsgi", "asgi", "h2", "websocket", "reload"}

SERVERS = (
    Server("tlsgi", frozenset(_PYTHON | {"files"}), _tlsgi, "tlsgi", lacks=(("h3", "no HTTP/3 yet"),)),
    Server("granian", frozenset(_PYTHON | {"files"}), _granian, "granian"),
    Server("uvicorn", frozenset({"asgi", "websocket", "reload"}), _uvicorn, "uvicorn"),
    Server(
        "gunicorn",
        frozenset({"wsgi", "asgi", "websocket", "reload"}),
        _gunicorn,
        "gunicorn",
        reload=_reload_gunicorn,
        lacks=(("h2", "HTTP/2 is a beta that must be asked for"),),
    ),
    Server(
        "hypercorn",
        frozenset({"wsgi", "asgi", "h2", "h3", "websocket"}),
        _hypercorn,
        "hypercorn",
        lacks=(("reload", "no rolling reload"),),
    ),
    Server(
        "uwsgi",
        frozenset({"wsgi", "files", "reload"}),
        _uwsgi,
        "uwsgi",
        "pip, built from source: a C compiler, python3-dev and libssl-dev",
        reload=_reload_uwsgi,
    ),
    Server(
        "mod_wsgi",
        frozenset({"wsgi", "h2", "files", "reload"}),
        _mod_wsgi,
        "mod_wsgi-express",
        "pip, built from source: a C compiler, python3-dev, apache2 and apache2-dev",
        reload=_reload_mod_wsgi,
    ),
    Server(
        "nginx+gunicorn",
        frozenset({"wsgi", "h2", "files", "reload"}),
        _nginx_gunicorn,
        "nginx",
        "apt install nginx",
        reload=_reload_gunicorn,
    ),
    Server("nginx", frozenset({"constant", "h2", "files"}), _nginx, "nginx", "apt install nginx"),
)
