"""Says which copy of the application answers and what it was given."""

import json
import os
import sys

copy = object()
FIELDS = {"/headers": [("X-Own", "of the application"), ("Server", "own"), ("Strict-Transport-Security", "max-age=1")]}


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path.endswith("/fault"):
        raise RuntimeError("a fault of the application")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    umask = os.umask(0)
    os.umask(umask)
    answer = {
        "process": os.getpid(),
        "copy": id(copy),
        "users": os.getresuid(),
        "groups": [*os.getresgid(), *sorted(os.getgroups())],
        "umask": f"{umask:03o}",
        "directory": os.getcwd(),
        "body": body.decode("latin-1"),
        "arguments": sys.argv,
        "variables": {name: value for name, value in os.environ.items() if name.startswith("CASE_")},
        "environ": {name: value if isinstance(value, (str, bool)) else type(value).__name__ for name, value in environ.items()},
    }
    start_response("200 OK", [("Content-Type", "application/json"), *FIELDS.get(path, [])])
    return [json.dumps(answer).encode()]
