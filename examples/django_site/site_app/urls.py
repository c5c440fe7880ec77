"""The admin and two small views."""

from django.contrib import admin
from django.http import HttpResponse, JsonResponse
from django.urls import path


def index(request):
    return HttpResponse("<!doctype html><title>tlsgi</title><h1>It works</h1><p><a href='/admin/'>Admin</a></p>")


def as_json(request):
    return JsonResponse({"message": "Hello, world!", "secure": request.is_secure()})


urlpatterns = [path("", index), path("json", as_json), path("admin/", admin.site.urls)]
