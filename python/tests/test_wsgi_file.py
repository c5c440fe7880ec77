"""`wsgi.file_wrapper`: plain files are handed to the front, everything else is read."""

from __future__ import annotations

import textwrap
from typing import Any, Callable

import pytest

from wire import ABORT, DATA, DONE, FILE, RESPONSE, Link

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def serve(start, tmp_path) -> Callable[..., Link]:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)

    def serve_body(body: str, **options: Any) -> Link:
        source = f"import gzip, io, os, sys, tempfile\nPATH = {str(path)!r}\ndef app(environ, start_response):\n"
        source += "    wrap = environ['wsgi.file_wrapper']\n    start_response('200 OK', [])\n"
        worker = start(source + textwrap.indent(textwrap.dedent(body), "    "), **options)
        worker.ready()
        link = worker.attach()
        link.worker = worker
        return link

    return serve_body


def kinds(response: Any) -> list[int]:
    return [frame.kind for frame in response.frames]


@pytest.mark.parametrize(
    "file",
    [
        "open(PATH, 'rb')",
        "open(PATH, 'rb', buffering=0)",
        "open(PATH, 'r+b')",
    ],
)
def test_plain_file_is_handed_over(serve, file):
    response = serve(f"return wrap({file}, 4096)").request()
    assert kinds(response) == [RESPONSE, FILE, DONE]
    assert response.body == CONTENT and response.is_complete


def test_temporary_file_is_handed_over_with_what_was_just_written(serve):
    link = serve("f = tempfile.NamedTemporaryFile(); f.write(b'x' * 100); f.seek(10); return wrap(f)")
    response = link.request()
    assert kinds(response) == [RESPONSE, FILE, DONE]
    assert response.body == b"x" * 90


def test_it_starts_at_the_current_position(serve):
    response = serve("f = open(PATH, 'rb'); f.read(1000); return wrap(f)").request()
    assert kinds(response) == [RESPONSE, FILE, DONE]
    assert response.body == CONTENT[1000:]


def test_it_stops_at_the_declared_length(start, serve):
    link = serve("start_response('200 OK', [('Content-Length', '10')], (None, None, None)); return wrap(open(PATH, 'rb'))")
    response = link.request()
    assert (response.body, response.is_complete) == (CONTENT[:10], True)
    assert response.header(b"content-length") == b"10"


def test_short_file_is_cut_and_logged(serve):
    link = serve(
        f"start_response('200 OK', [('Content-Length', '{len(CONTENT) + 5}')], (None, None, None)); return wrap(open(PATH, 'rb'))"
    )
    response = link.request()
    assert kinds(response) == [RESPONSE, FILE, ABORT]
    assert response.body == CONTENT and not response.is_complete
    link.worker.logged("5 bytes less body")


def test_head_hands_nothing_over(serve):
    response = serve("return wrap(open(PATH, 'rb'))").request(method="HEAD")
    assert FILE not in kinds(response) and response.is_complete


def test_empty_file_is_an_empty_body(serve):
    response = serve("return wrap(tempfile.TemporaryFile())").request()
    assert (response.body, response.is_complete) == (b"", True)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("io.BytesIO(b'abc')", b"abc"),
        ("gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b'abc')))", b"abc"),
        ("type('F', (io.BufferedReader,), {'read': lambda self, n: io.BufferedReader.read(self, n).upper()})(open(P, 'rb', 0))", b"ABC"),
        ("type('F', (), {'read': lambda self, n, parts=[b'a', b'bc', b'']: parts.pop(0)})()", b"abc"),
        ("pipe()", b"abc"),
    ],
)
def test_other_files_are_read(serve, file, expected):
    link = serve(
        f"""
        P = PATH + '2'
        with open(P, 'wb') as f: f.write(b'abc')
        def pipe():
            r, w = os.pipe()
            os.write(w, b'abc'); os.close(w)
            return os.fdopen(r, 'rb')
        return wrap({file})
        """
    )
    response = link.request()
    assert FILE not in kinds(response)
    assert (response.body, response.is_complete) == (expected, True)


def test_file_that_is_compressed_on_disk_is_not_handed_over(serve):
    link = serve(
        """
        with gzip.open(PATH + '.gz', 'wb') as f: f.write(b'abc')
        return wrap(gzip.open(PATH + '.gz', 'rb'))
        """
    )
    assert link.request().body == b"abc"


def test_wrapped_wrapper_is_iterated(serve):
    response = serve("return (block[::-1] for block in wrap(open(PATH, 'rb'), 256))").request()
    assert FILE not in kinds(response)
    assert response.body == bytes(range(255, -1, -1)) * 1000


def test_file_is_closed_once_after_it_was_handed_over(serve):
    link = serve(
        """
        class Body(io.FileIO):
            def close(self):
                if not self.closed: print('closed', file=sys.stderr, flush=True)
                super().close()
        return wrap(Body(PATH, 'rb'))
        """
    )
    assert link.request().body == CONTENT
    link.worker.logged("closed")
    assert link.worker.stop() == 0
    assert link.worker.log.read_text() == "closed\n"


def test_write_before_a_file(serve):
    link = serve("start_response('200 OK', [], (None, None, None))(b'first '); return wrap(open(PATH, 'rb'))")
    response = link.request()
    assert kinds(response) == [RESPONSE, FILE, DONE]
    assert response.body == b"first " + CONTENT


def test_descriptors_do_not_leak(serve):
    link = serve("return wrap(open(PATH, 'rb')) if environ['QUERY_STRING'] else [str(len(os.listdir('/proc/self/fd'))).encode()]")
    link.request()  # by its end, the link's own descriptor that was passed here is closed
    before = int(link.request().body)
    for _ in range(50):
        assert len(link.request(query=b"file").body) == len(CONTENT)
    assert int(link.request().body) == before


def test_without_a_head_it_is_a_failure(start, tmp_path):
    worker = start("def app(environ, start_response):\n    return environ['wsgi.file_wrapper'](open(__file__, 'rb'))\n")
    worker.ready()
    assert kinds(worker.attach().request()) == [DONE]
    worker.logged("start_response")
