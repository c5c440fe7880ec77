"""``manage.py runserver_plus [--cert-file FILE --key-file FILE] [address:port]``: the project, for development."""

from __future__ import annotations

import os
import subprocess
import webbrowser
from typing import Any, Optional

from django.conf import settings
from django.core.management.base import CommandError

from tlsgi import embed
from tlsgi.django import application
from tlsgi.django.command import ServeCommand, has_key, key_beside

_WITHOUT_EFFECT = {
    "output_file": "--output: the server's log is standard error, which the shell can send anywhere",
    "truncate_sql": "--truncate-sql: queries are shown whole",
    "print_sql_location": "--print-sql-location: queries are shown without it",
    "extra_files": "--extra-file: files that end in .py are watched",
    "exclude_patterns": "--exclude-pattern: files that end in .py are watched",
    "reloader_interval": "--reloader-interval: the kernel reports changes at once",
    "reloader_type": "--reloader-type: the kernel reports changes",
    "keep_meta_shutdown_func": "--keep-meta-shutdown: there is no such function",
}


class Command(ServeCommand):
    """With a certificate it is HTTPS; without one it is plain HTTP."""

    help = "Runs the project, for development; over HTTPS with --cert-file."

    def add_arguments(self, parser: Any) -> None:
        """Those of ``runserver``, the certificate, and what concerns development."""
        super().add_arguments(parser)
        certificate = parser.add_mutually_exclusive_group()
        certificate.add_argument("--cert-file", dest="cert_path", help="certificate in PEM; made when it is missing")
        certificate.add_argument("--cert", dest="cert_path", help="the same as --cert-file")
        parser.add_argument("--key-file", dest="key_file_path", help="private key in PEM")
        parser.add_argument("--threaded", action="store_true", dest="use_threading", help="several requests at a time")
        parser.add_argument("--browser", action="store_true", dest="open_browser", help="open a browser")
        parser.add_argument("--print-sql", action="store_true", help="log queries")
        parser.add_argument("--nopin", action="store_true", help="no PIN for the debugger")
        for flag in ("--pdb", "--ipdb", "--pm"):
            parser.add_argument(flag, action="store_true", help="not here: write breakpoint() into the view")
        parser.add_argument("--output", dest="output_file", help="has no effect")
        parser.add_argument("--truncate-sql", type=int, help="has no effect")
        parser.add_argument("--print-sql-location", action="store_true", help="has no effect")
        parser.add_argument("--extra-file", dest="extra_files", action="append", help="has no effect")
        parser.add_argument("--exclude-pattern", dest="exclude_patterns", action="append", help="has no effect")
        parser.add_argument("--reloader-interval", help="has no effect")
        parser.add_argument("--reloader-type", help="has no effect")
        parser.add_argument("--startup-messages", default="reload", help="reload, once, always, never")
        parser.add_argument("--keep-meta-shutdown", dest="keep_meta_shutdown_func", action="store_true", help="has no effect")

    def handle(self, *args: Any, **options: Any) -> None:
        """Becomes the server."""
        for flag in ("pdb", "ipdb", "pm"):
            if options[flag]:
                raise CommandError(f"--{flag} cannot be done: write breakpoint() into the view that should stop")
        for name, reason in _WITHOUT_EFFECT.items():
            if options.get(name):
                self.stderr.write(f"{reason.replace(':', ' has no effect:', 1)}")
        options["addrport"] = options["addrport"] or getattr(settings, "RUNSERVERPLUS_SERVER_ADDRESS_PORT", None)
        host, port = self.address(options)
        files = self._files(options["cert_path"], options["key_file_path"])
        if files is None:
            self.stderr.write("This is plain HTTP: with --cert-file cert.crt it is HTTPS")
        if options["open_browser"]:
            shown = f"[{host}]" if ":" in host else host
            webbrowser.open(f"{'https' if files else 'http'}://{shown}:{port}/")
        self.serve(options, files, is_plain=files is None, environment=self._environment(options, host))

    def _environment(self, options: dict[str, Any], host: str) -> dict[str, str]:
        environment = {}
        if settings.DEBUG and embed.is_loopback(host):
            environment[application.DEBUGGER] = "1"
        if options["nopin"]:
            environment["WERKZEUG_DEBUG_PIN"] = "off"
        if options["print_sql"]:
            environment[application.PRINT_SQL] = "1"
        return environment

    def _files(self, certificate: Optional[str], key: Optional[str]) -> Optional[tuple[str, str]]:
        """Certificate and key; the name of one is made from the other's."""
        if certificate is None and key is None:
            return None
        certificate = os.path.expanduser(certificate or os.path.splitext(key or "")[0] + ".crt")
        wanted = os.path.expanduser(key or os.path.splitext(certificate)[0] + ".key")
        if os.path.isdir(certificate):
            return (certificate, certificate)
        if not os.path.exists(certificate):
            if os.path.exists(wanted):
                raise CommandError(f"{wanted} exists, and {certificate} does not: name both with --cert-file and --key-file")
            self._make(certificate, wanted)
            return (certificate, wanted)
        found = wanted if has_key(wanted) else key_beside(certificate)
        if found is None:
            raise CommandError(f"There is no private key in {wanted}: name its file with --key-file")
        if key is not None and found != wanted:
            self.stderr.write(f"There is no private key in {wanted}: using {found}")
        return (certificate, found)

    def _make(self, certificate: str, key: str) -> None:
        """Has the local CA issue what is missing."""
        names = ["localhost", "127.0.0.1", "::1"]
        command = [embed.executable(), "mkcert", "-cert-file", certificate, "-key-file", key, *names]
        if subprocess.run(command, check=False).returncode != 0:
            raise CommandError(f"{certificate} does not exist and could not be made")
