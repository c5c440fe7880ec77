"""Django with its usual middleware and one view."""

from __future__ import annotations

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of no use outside of the benchmark",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)


def greeting(_request: HttpRequest) -> JsonResponse:
    """A small object."""
    return JsonResponse({"message": "Hello, world!", "numbers": [1, 2, 3]})


urlpatterns = [path("", greeting)]
application = get_wsgi_application()
