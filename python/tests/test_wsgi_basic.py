"""A first request through a WSGI worker."""


def test_hello(start):
    worker = start("def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hello']\n")
    worker.ready()
    link = worker.attach()
    response = link.request()
    assert (response.status, response.body, response.is_complete) == (200, b"hello", True)
