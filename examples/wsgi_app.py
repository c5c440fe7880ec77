"""A WSGI application without a framework: tlsgi serve examples/wsgi_app.py"""


def application(environ, start_response):
    body = f"Hello from {environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}{environ['PATH_INFO']}\n".encode("latin-1")
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
