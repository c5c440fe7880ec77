"""How a WSGI application reads the request body."""

from __future__ import annotations

import textwrap
from typing import Any, Callable

import pytest

from wire import CREDIT, DATA, DONE, LARGEST_REQUEST_WINDOW, REQUEST_CREDIT, RESPONSE, Link


@pytest.fixture
def serve(start) -> Callable[..., Link]:
    def serve_body(body: str, **options: Any) -> Link:
        source = "import hashlib, sys\ndef app(environ, start_response):\n    body = environ['wsgi.input']\n"
        source += textwrap.indent(textwrap.dedent(body), "    ")
        worker = start(source, **options)
        worker.ready()
        link = worker.attach()
        link.worker = worker
        return link

    return serve_body


def answer(expression: str) -> str:
    return f"start_response('200 OK', [])\nreturn [repr({expression}).encode()]"


BODY = b"one\ntwo\n\nthree"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("body.read()", BODY),
        ("body.read(None)", BODY),
        ("body.read(-1)", BODY),
        ("(body.read(5), body.read(0), body.read(100), body.read(1), body.read())", (BODY[:5], b"", BODY[5:], b"", b"")),
        ("[body.read(1) for _ in range(14)]", [BODY[at : at + 1] for at in range(14)]),
        ("[body.readline() for _ in range(6)]", [b"one\n", b"two\n", b"\n", b"three", b"", b""]),
        ("[body.readline(3) for _ in range(4)]", [b"one", b"\n", b"two", b"\n"]),
        ("body.readline(0)", b""),
        ("body.readlines()", [b"one\n", b"two\n", b"\n", b"three"]),
        ("body.readlines(5)", [b"one\n", b"two\n"]),
        ("list(body)", [b"one\n", b"two\n", b"\n", b"three"]),
        ("(next(body), body.read(2), list(body))", (b"one\n", b"tw", [b"o\n", b"\n", b"three"])),
        ("(lambda b: (body.readinto(b), bytes(b)))(bytearray(6))", (6, BODY[:6])),
        ("(lambda b: (body.readinto(b), bytes(b)))(bytearray(20))", (14, BODY + b"\0" * 6)),
        ("__import__('io').BufferedReader(body).read()", BODY),
        ("body.read1(2)", BODY[:2]),
    ],
)
@pytest.mark.parametrize("pieces", [1, 13, 4])
def test_every_way_of_reading(serve, expression, expected, pieces):
    link = serve(answer(expression))
    if pieces == 1:
        exchange = link.open(method="POST", body=BODY, length=len(BODY))
    else:
        exchange = link.open(method="POST", is_end=False, length=len(BODY))
        size = -(-len(BODY) // pieces)
        for at in range(0, len(BODY), size):
            link.data(exchange, BODY[at : at + size], is_end=at + size >= len(BODY))
    assert eval(link.response(exchange).body) == expected


def test_request_without_body_has_empty_input(serve):
    link = serve(answer("(body.read(), body.read(5), body.readline(), body.readlines(), list(body))"))
    assert eval(link.request().body) == (b"", b"", b"", [], [])


def test_read_waits_for_what_it_asked_for(serve):
    link = serve(answer("body.read(6)"))
    exchange = link.open(method="POST", is_end=False, body=b"abc")
    assert link.is_quiet()
    link.data(exchange, b"def")
    assert link.response(exchange).body == b"b'abcdef'"


def test_body_of_unknown_length_ends(serve):
    link = serve(answer("('CONTENT_LENGTH' in environ, body.read())"))
    exchange = link.open(method="POST", is_end=False)
    link.data(exchange, b"abc")
    link.data(exchange, b"", is_end=True)
    assert eval(link.response(exchange).body) == (False, b"abc")


def test_reading_grants_credit_and_not_before(serve):
    link = serve(
        """
        if environ['PATH_INFO'] == '/unread':
            start_response('200 OK', [])(b'x')
            body.read(10)
            return []
        digest = hashlib.sha256()
        while True:
            block = body.read(10000)
            if not block:
                break
            digest.update(block)
        start_response('200 OK', [])
        return [digest.hexdigest().encode()]
        """
    )
    import hashlib

    digest = hashlib.sha256()
    exchange = link.open(method="POST", is_end=False)
    credit, left = REQUEST_CREDIT, 3 << 20
    while left:
        if credit == 0:
            frame = link.expect(exchange, CREDIT)
            assert frame.number >= REQUEST_CREDIT // 2
            credit += frame.number
            assert credit <= LARGEST_REQUEST_WINDOW
        piece = bytes([left % 251]) * min(credit, left, 20_000)
        digest.update(piece)
        credit -= len(piece)
        left -= len(piece)
        link.data(exchange, piece, is_end=left == 0)
    assert link.response(exchange).body == digest.hexdigest().encode()
    exchange = link.open(method="POST", path=b"/unread", is_end=False, body=b"y" * 100)
    frames = link.response(exchange).frames
    assert CREDIT not in [frame.kind for frame in frames]


def test_expect_continue_is_granted_at_the_first_read_only(serve):
    link = serve(
        """
        if environ['PATH_INFO'] == '/refuse':
            start_response('413 Too Large', [])
            return [b'no']
        start_response('200 OK', [])
        return [body.read()]
        """
    )
    refused = link.request(method="POST", path=b"/refuse", is_end=False, expects_continue=True, length=5)
    assert refused.status == 413 and CREDIT not in [frame.kind for frame in refused.frames]
    exchange = link.open(method="POST", is_end=False, expects_continue=True, length=5)
    assert link.expect(exchange, CREDIT).number > 0
    link.data(exchange, b"hello", is_end=True)
    assert link.response(exchange).body == b"hello"


def test_client_that_leaves_is_an_oserror(serve):
    link = serve(
        """
        try:
            body.read()
        except OSError as error:
            print('told', type(error).__name__, file=sys.stderr, flush=True)
            raise
        """
    )
    exchange = link.open(method="POST", is_end=False, body=b"abc")
    assert link.is_quiet()
    link.cancel(exchange)
    assert link.response(exchange).frames[-1].kind == DONE
    log = link.worker.logged("told ConnectionResetError")
    assert "Traceback" not in log, "an application that lets it through is not at fault"


def test_front_that_dies_is_an_oserror_and_a_new_one_is_served(serve):
    link = serve("body.read()\nstart_response('200 OK', [])\nreturn [b'done']")
    link.open(method="POST", is_end=False, body=b"abc")
    assert link.is_quiet()
    link.close()
    assert link.worker.attach().request().body == b"done"


def test_over_credit_ends_the_worker(serve):
    link = serve("body.read(1)\nimport time; time.sleep(60)")
    exchange = link.open(method="POST", is_end=False)
    for _ in range(2):
        link.data(exchange, b"x" * REQUEST_CREDIT)
    assert link.worker.wait() == 1
    assert "bytes over the credit" in link.worker.log.read_text()


def test_frames_that_cross_the_end_are_ignored(serve):
    link = serve("start_response('200 OK', [])\nreturn [b'x']")
    exchange = link.open(method="POST", is_end=False, length=10)
    link.response(exchange)
    link.data(exchange, b"late")
    link.grant(exchange, 5)
    link.cancel(exchange)
    assert link.request().body == b"x"


def test_uploads_do_not_block_each_other(serve):
    link = serve("start_response('200 OK', [])\nreturn [body.read()]", threads=2)
    stalled = link.open(method="POST", is_end=False, body=b"a")
    assert link.is_quiet()
    assert link.request(method="POST", body=b"other").body == b"other"
    link.data(stalled, b"b", is_end=True)
    assert link.response(stalled).body == b"ab"


def test_large_upload_keeps_memory_bounded(serve):
    link = serve(
        """
        total = 0
        for block in iter(lambda: body.read(65536), b''):
            total += len(block)
        start_response('200 OK', [])
        return [str(total).encode()]
        """
    )
    assert link.request(method="POST", body=b"x").body == b"1"
    before = link.worker.memory()
    exchange = link.open(method="POST", is_end=False)
    credit, left, block = REQUEST_CREDIT, 256 << 20, b"z" * REQUEST_CREDIT
    while left:
        while credit < 1:
            credit += link.expect(exchange, CREDIT).number
        piece = block[: min(credit, left)]
        credit -= len(piece)
        left -= len(piece)
        link.data(exchange, piece, is_end=left == 0)
    assert link.response(exchange).body == str(256 << 20).encode()
    assert link.worker.memory() - before < 16 << 20
