"""What the management commands have in common: where they listen, what they check, and how the server is started."""

from __future__ import annotations

import os
import re
import socket
import sys
from typing import Any, Optional

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tlsgi import embed, locate
from tlsgi.django import application

_ADDRESS = re.compile(
    r"(?:(?P<host>(?P<ipv4>\d{1,3}(?:\.\d{1,3}){3})|(?P<ipv6>\[[0-9a-fA-F:.]+\])|(?P<name>[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*)):)?"
    r"(?P<port>\d{1,5})"
)


class ServeCommand(BaseCommand):
    """A command that becomes the server."""

    requires_system_checks: list[str] = []
    stealth_options = ("shutdown_message",)
    default_port = "8000"

    def add_arguments(self, parser: Any) -> None:
        """The arguments that ``runserver`` has."""
        parser.add_argument("addrport", nargs="?", help="port, or address:port; 127.0.0.1:8000 when not given")
        parser.add_argument("--ipv6", "-6", action="store_true", dest="use_ipv6", help="listen on an IPv6 address")
        parser.add_argument("--nothreading", action="store_false", dest="use_threading", help="one request at a time")
        parser.add_argument("--noreload", action="store_false", dest="use_reloader", help="do not restart when code changes")
        parser.add_argument("--skip-checks", action="store_true", help="skip the system checks")
        parser.add_argument(
            "--nostatic", action="store_false", dest="use_static_handler", default=None, help="do not serve static files"
        )
        parser.add_argument(
            "--insecure", action="store_true", dest="insecure_serving", help="serve static files even if DEBUG is False"
        )

    def serve(self, options: dict[str, Any], files: Optional[tuple[str, str]], is_plain: bool, **more: Any) -> None:
        """Checks, and becomes the server. ``files`` are certificate and key; without any, the local CA issues one."""
        if not settings.DEBUG and not settings.ALLOWED_HOSTS:
            raise CommandError("settings.ALLOWED_HOSTS must have the names that are served when DEBUG is False.")
        host, port = self.address(options)
        environment = dict(more.pop("environment", {}))
        interface = "asgi" if getattr(settings, "ASGI_APPLICATION", None) else "wsgi"
        environment[application.INTERFACE] = interface
        if self._serves_static(options):
            environment[application.STATIC] = "1"
        if not options.get("skip_checks"):
            environment[application.CHECKED] = self._check()
        self.check_migrations()
        chosen: dict[str, Any] = {"interface": interface, "python": sys.executable, "python_path": locate.further_path(), **more}
        if not options["use_threading"]:
            chosen.update({"threads": 1} if interface == "wsgi" else {"concurrency": 1})
        if options["use_reloader"]:
            chosen.update(reload=True, reload_dir=_code())
        if is_plain:
            chosen.update(bind_http=f"[{host}]:{port}" if ":" in host else f"{host}:{port}", allow_http=True)
        else:
            chosen.update(host=host, https_port=port, http=False)
        if files:
            chosen.update(certfile=files[0], keyfile=files[1])
        self._become(chosen, environment)

    def address(self, options: dict[str, Any]) -> tuple[str, int]:
        """Address and port to listen on. Raises ``CommandError`` for what is none."""
        text = options["addrport"] or self.default_port
        found = _ADDRESS.fullmatch(text)
        if found is None or int(found["port"]) > 65535:
            raise CommandError(f'"{text}" is not a port or address:port')
        is_ipv6 = options["use_ipv6"] or found["ipv6"] is not None
        if options["use_ipv6"] and found["ipv4"]:
            raise CommandError(f'"{found["host"]}" is not an IPv6 address')
        if found["ipv6"]:
            return found["ipv6"][1:-1], int(found["port"])
        if found["name"]:
            return _resolve(found["name"], is_ipv6), int(found["port"])
        return found["ipv4"] or ("::1" if is_ipv6 else "127.0.0.1"), int(found["port"])

    def _serves_static(self, options: dict[str, Any]) -> bool:
        wanted = options.get("use_static_handler")
        if wanted is False or "django.contrib.staticfiles" not in settings.INSTALLED_APPS:
            return False
        if "whitenoise.runserver_nostatic" in settings.INSTALLED_APPS and wanted is None:
            return False
        return bool(wanted or settings.DEBUG or options.get("insecure_serving"))

    def _check(self) -> str:
        self.stdout.write("Performing system checks...\n\n")
        self.check(display_num_errors=True)
        return application.fingerprint(application.findings())

    def _become(self, chosen: dict[str, Any], environment: dict[str, str]) -> None:
        """Replaces this process: whoever stops the command stops the server."""
        executable = embed.executable()
        command = [executable, "serve", *embed.arguments(chosen), "--", "tlsgi.django.application:load()"]
        self.stdout.write(
            f"Django version {self.get_version()}, using settings {settings.SETTINGS_MODULE!r}\nQuit the server with CONTROL-C.\n"
        )
        for stream in (self.stdout, self.stderr, sys.stdout, sys.stderr):
            stream.flush()
        os.execve(executable, command, {**os.environ, **environment})


def key_beside(certificate: str) -> Optional[str]:
    """The file with the private key of a certificate when none is named: the same one, or one of the usual names beside it."""
    if has_key(certificate):
        return certificate
    directory, name = os.path.split(certificate)
    stem = os.path.splitext(name)[0]
    names = (f"{stem}.key", f"{stem}-key.pem", "key.pem", "privkey.pem")
    return next((path for path in (os.path.join(directory, name) for name in names) if has_key(path)), None)


def has_key(path: str) -> bool:
    """The file has a private key in PEM."""
    try:
        with open(path, "rb") as file:
            return b"PRIVATE KEY-----" in file.read(1 << 20)
    except OSError:
        return False


def _resolve(name: str, is_ipv6: bool) -> str:
    if name == "0":
        return "0.0.0.0"
    family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
    try:
        return str(socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise CommandError(f'"{name}" is no address of this machine: {error}') from error


def _code() -> list[str]:
    """Directories whose code belongs to the project: where it was started, and its applications outside of installed packages."""
    from django.apps import apps

    paths = [os.getcwd(), *(os.path.realpath(config.path) for config in apps.get_app_configs())]
    own = [path for path in paths if "site-packages" not in path and "dist-packages" not in path]
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    outer = [path for path in dict.fromkeys(own) if path == os.getcwd() or not path.startswith(here + os.sep)]
    return [path for path in outer if not any(path != other and path.startswith(other + os.sep) for other in outer)]
