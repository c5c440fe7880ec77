"""``manage.py runsslserver [--certificate FILE --key FILE] [address:port]``: the project over HTTPS, for development."""

from __future__ import annotations

import os
from typing import Any, Optional

from django.core.management.base import CommandError

from tlsgi.django.command import ServeCommand, has_key, key_beside


class Command(ServeCommand):
    """Without a certificate, the local CA issues one."""

    help = "Runs the project over HTTPS, for development."

    def add_arguments(self, parser: Any) -> None:
        """Those of ``runserver``, and the certificate."""
        super().add_arguments(parser)
        parser.add_argument("--certificate", help="certificate in PEM; without one the local CA issues it")
        parser.add_argument("--key", help="private key in PEM")
        parser.add_argument(
            "--static", action="store_true", dest="use_static_handler", default=None, help="serve static files always"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Becomes the server."""
        self.serve(options, self._files(options["certificate"], options["key"]), is_plain=False)

    def _files(self, certificate: Optional[str], key: Optional[str]) -> Optional[tuple[str, str]]:
        if certificate is None and key is None:
            return None
        if certificate is None:
            raise CommandError("--key needs --certificate")
        if not os.path.exists(certificate):
            raise CommandError(f"Can't find certificate at {certificate}")
        if os.path.isdir(certificate) and key is None:
            return (certificate, certificate)
        if key is not None and not os.path.exists(key):
            raise CommandError(f"Can't find key at {key}")
        found = key if key is not None and has_key(key) else key_beside(certificate)
        if found is None:
            raise CommandError(f"There is no private key in {key or certificate}: name its file with --key")
        if key is not None and found != key:
            self.stderr.write(f"There is no private key in {key}: using {found}")
        return (certificate, found)
