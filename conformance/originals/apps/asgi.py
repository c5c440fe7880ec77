"""Says which copy of the application answers and what it was given."""

import json
import os

copy = object()


async def application(scope, receive, send):
    assert scope["type"] == "http", scope["type"]
    if scope["path"].endswith("/fault"):
        raise RuntimeError("a fault of the application")
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    shown = {name: value for name, value in scope.items() if name in ("scheme", "path", "root_path", "http_version", "method")}
    fields = {"HTTP_" + name.decode().upper().replace("-", "_"): value.decode("latin-1") for name, value in scope["headers"]}
    shown.update(fields, client=(scope.get("client") or [None])[0], tls=str("tls" in scope.get("extensions", {})))
    answer = {
        "process": os.getpid(),
        "copy": id(copy),
        "users": os.getresuid(),
        "groups": [*os.getresgid(), *sorted(os.getgroups())],
        "directory": os.getcwd(),
        "body": body.decode("latin-1"),
        "environ": {"wsgi.url_scheme": scope["scheme"], **shown},
        "variables": {name: value for name, value in os.environ.items() if name.startswith("CASE_")},
    }
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
