"""What Django is told of the package."""

from __future__ import annotations

from django.apps import AppConfig


class TlsgiConfig(AppConfig):
    """The application ``tlsgi.django``; it has commands and no models."""

    name = "tlsgi.django"
    label = "tlsgi"
    verbose_name = "tlsgi"
