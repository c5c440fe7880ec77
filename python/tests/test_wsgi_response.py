"""What a WSGI application may answer, and what becomes of it."""

from __future__ import annotations

import textwrap
from typing import Any, Callable

import pytest

from wire import ABORT, BEGIN, DATA, DONE, EARLY_HINTS, FILE, RESPONSE, Link


@pytest.fixture
def serve(start) -> Callable[..., Link]:
    """A link to a worker for the body of an application; `worker` is on the link."""

    def serve_body(body: str, **options: Any) -> Link:
        source = "import sys, time\nlog = []\ndef app(environ, start_response):\n" + textwrap.indent(textwrap.dedent(body), "    ")
        worker = start(source, **options)
        worker.ready()
        link = worker.attach()
        link.worker = worker
        return link

    return serve_body


def kinds(response: Any) -> list[int]:
    return [frame.kind for frame in response.frames if frame.kind != BEGIN]


def test_list_is_answered_in_one_frame_and_one_write(serve):
    link = serve("start_response('200 OK', [('X-A', 'b')]); return [b'hello']")
    reads = link.reads
    response = link.request()
    assert kinds(response) == [RESPONSE]
    assert link.reads == reads + 1
    assert response.body == b"hello"
    assert response.fields == [(b"x-a", b"b"), (b"content-length", b"5")]


def test_list_of_several_pieces_has_no_length_of_ours(serve):
    link = serve("start_response('200 OK', []); return [b'a', b'', b'b']")
    response = link.request()
    assert (response.body, response.header(b"content-length"), response.is_complete) == (b"ab", None, True)
    assert kinds(response) == [RESPONSE]


@pytest.mark.parametrize("empty", ["[]", "()", "[b'']", "iter([])", "iter([b'', b''])", "(x for x in ())"])
def test_empty_body_is_complete(serve, empty):
    response = serve(f"start_response('200 OK', []); return {empty}").request()
    assert (response.status, response.body, response.is_complete, response.is_aborted) == (200, b"", True, False)


def test_every_yielded_block_is_sent_before_the_next_is_asked_for(serve):
    link = serve(
        """
        start_response('200 OK', [])
        def blocks():
            for number in range(3):
                yield b'%d' % number
                while log != [number]:
                    time.sleep(0.001)
                log.clear()
        if environ['PATH_INFO'] != '/':
            log.append(int(environ['PATH_INFO'][1:]))
            return []
        return blocks()
        """,
        threads=2,
    )
    exchange = link.open()
    for number in range(3):
        frame = link.expect(exchange, RESPONSE if number == 0 else DATA)
        assert frame.body == b"%d" % number
        assert link.request(path=b"/%d" % number).is_complete
    assert link.response(exchange).is_complete


def test_head_waits_for_the_first_block(serve):
    link = serve(
        """
        def blocks():
            yield b''
            start_response('201 Created', [('X-Late', '1')])
            yield b''
            yield b'body'
        return blocks()
        """
    )
    response = link.request()
    assert (response.status, response.header(b"x-late"), response.body) == (201, b"1", b"body")
    assert kinds(response)[0] == RESPONSE and response.frames[0].body == b"body"


def test_write_comes_before_the_iterable(serve):
    link = serve("write = start_response('200 OK', []); write(b'a'); write(b''); write(b'b'); return [b'c']")
    response = link.request()
    assert (response.body, response.header(b"content-length"), response.is_complete) == (b"abc", None, True)
    assert len(kinds(response)) == 3


def test_declared_length_ends_the_response_with_its_last_byte(serve):
    link = serve("start_response('200 OK', [('Content-Length', '3')]); return iter([b'ab', b'c', b''])")
    response = link.request()
    assert [frame.is_end for frame in response.frames if frame.kind in (RESPONSE, DATA)] == [False, True]
    assert response.frames[-1].kind == DONE
    assert response.header(b"content-length") == b"3"


@pytest.mark.parametrize("body", ["[b'abcdef']", "iter([b'ab', b'cdef', b'gh'])", "[b'ab', b'cd']"])
def test_too_much_body_is_cut_and_logged(serve, body):
    link = serve(f"start_response('200 OK', [('Content-Length', '3')]); return {body}")
    response = link.request()
    assert (response.body, response.is_complete, response.is_aborted) == (b"abc", True, False)
    link.worker.logged("more body than its Content-Length")


def test_write_beyond_the_length_raises(serve):
    link = serve(
        """
        write = start_response('200 OK', [('Content-Length', '3')])
        write(b'ab')
        try:
            write(b'cd')
        except ValueError as error:
            print('told:', error, file=sys.stderr, flush=True)
        return []
        """
    )
    response = link.request()
    assert (response.body, response.is_complete) == (b"abc", True)
    link.worker.logged("told: more body than Content-Length said")


@pytest.mark.parametrize("body", ["iter([b'ab'])", "(b for b in [b'ab'])"])
def test_too_little_body_is_cut_and_logged(serve, body):
    link = serve(f"start_response('200 OK', [('Content-Length', '5')]); return {body}")
    response = link.request()
    assert (response.is_complete, response.is_aborted) == (False, True)
    link.worker.logged("3 bytes less body")


def test_too_little_body_that_is_known_before_is_a_failure(serve):
    link = serve("start_response('200 OK', [('Content-Length', '5')]); return [b'ab']")
    response = link.request()
    assert (response.status, kinds(response)) == (0, [DONE])
    link.worker.logged("3 bytes less body")


@pytest.mark.parametrize("body", ["[b'hello']", "iter([b'he', b'llo'])", "endless()"])
@pytest.mark.parametrize("length", ["5", None])
def test_head_has_no_body_and_keeps_its_length(serve, body, length):
    fields = [("Content-Length", length)] if length else []
    link = serve(
        f"""
        def endless():
            while True:
                yield b'x'
        start_response('200 OK', {fields})
        return {body}
        """
    )
    response = link.request(method="HEAD")
    assert (response.status, response.body, response.is_complete) == (200, b"", True)
    if length or body.startswith("["):
        assert response.header(b"content-length") == b"5"


def test_empty_answer_to_head_claims_no_length(serve):
    response = serve("start_response('200 OK', []); return [b'']").request(method="HEAD")
    assert response.header(b"content-length") is None and response.is_complete


@pytest.mark.parametrize(("status", "keeps_length"), [("204 No Content", False), ("205 Reset", False), ("304 Not Modified", True)])
@pytest.mark.parametrize("body", ["[b'body']", "iter([b'body'])"])
def test_statuses_without_body(serve, status, keeps_length, body):
    link = serve(f"start_response({status!r}, [('Content-Length', '4')]); return {body}")
    response = link.request()
    assert (response.status, response.body, response.is_complete) == (int(status[:3]), b"", True)
    assert (response.header(b"content-length") == b"4") is keeps_length


@pytest.mark.parametrize(
    "call",
    [
        "start_response(b'200 OK', [])",
        "start_response(200, [])",
        "start_response('200', [])",
        "start_response('20 OK', [])",
        "start_response('OK', [])",
        "start_response('２００ OK', [])",
        "start_response('200 OK\\r\\nX: y', [])",
        "start_response('100 Continue', [])",
        "start_response('099 Low', [])",
        "start_response('200 OK', None)",
        "start_response('200 OK', {'a': 'b'})",
        "start_response('200 OK', [['A', 'b']])",
        "start_response('200 OK', [('A', 'b', 'c')])",
        "start_response('200 OK', [('A', b'b')])",
        "start_response('200 OK', [(b'A', 'b')])",
        "start_response('200 OK', [('A', 1)])",
        "start_response('200 OK', [('', 'b')])",
        "start_response('200 OK', [('A B', 'b')])",
        "start_response('200 OK', [('A:', 'b')])",
        "start_response('200 OK', [('Ä', 'b')])",
        "start_response('200 OK', [('A', 'b\\r\\nSet-Cookie: c')])",
        "start_response('200 OK', [('A', 'b\\nc')])",
        "start_response('200 OK', [('A', 'b\\0c')])",
        "start_response('200 OK', [('A', '\\u20ac')])",
        "start_response('200 OK', [('A', 'x' * 70000)])",
        "start_response('200 OK', [('Content-Length', 'x')])",
        "start_response('200 OK', [('Content-Length', '-1')])",
        "start_response('200 OK', [('Content-Length', '1'), ('Content-Length', '2')])",
        "start_response()",
    ],
)
def test_bad_heads_raise_where_they_are_given(serve, call):
    link = serve(
        f"""
        try:
            {call}
        except (TypeError, ValueError) as error:
            start_response('200 OK', [])
            return [b'raised']
        return [b'accepted']
        """
    )
    assert link.request().body == b"raised"


def test_odd_but_valid_heads_pass(serve):
    link = serve("start_response('799 ', [('X-Latin', '\\xe9'), ('X-Blank', ' a\\tb '), ('Set-Cookie', 'a'), ('Set-Cookie', 'b')]); return []")
    response = link.request()
    assert response.status == 799
    assert response.fields == [(b"x-latin", b"\xe9"), (b"x-blank", b"a\tb"), (b"set-cookie", b"a"), (b"set-cookie", b"b")]


def test_hop_by_hop_headers_are_dropped_and_logged(serve):
    link = serve("start_response('200 OK', [('Transfer-Encoding', 'chunked'), ('Connection', 'x'), ('X-Kept', '1')]); return [b'a']")
    response = link.request()
    assert [name for name, _ in response.fields] == [b"x-kept", b"content-length"]
    link.worker.logged('dropped the response header "transfer-encoding"')


def test_second_head_needs_exc_info(serve):
    link = serve("start_response('200 OK', []); start_response('201 Created', []); return []")
    response = link.request()
    assert (response.status, kinds(response)) == (0, [DONE])
    link.worker.logged("AssertionError: start_response was called a second time without exc_info")


def test_head_is_replaced_with_exc_info(serve):
    link = serve(
        """
        start_response('200 OK', [('X-A', 'b')])
        try:
            1 / 0
        except ZeroDivisionError:
            start_response('500 Oops', [('X-C', 'd')], sys.exc_info())
        return [b'sorry']
        """
    )
    response = link.request()
    assert (response.status, response.fields[:2]) == (500, [(b":reason", b"Oops"), (b"x-c", b"d")])
    assert response.body == b"sorry"


def test_exc_info_after_the_head_was_sent_is_raised_again(serve):
    link = serve(
        """
        def blocks():
            yield b'some'
            try:
                1 / 0
            except ZeroDivisionError:
                start_response('500 Oops', [], sys.exc_info())
            yield b'never'
        start_response('200 OK', [])
        return blocks()
        """
    )
    response = link.request()
    assert (response.status, response.body, response.is_aborted) == (200, b"some", True)
    assert "ZeroDivisionError" in link.worker.logged("ZeroDivisionError")


@pytest.mark.parametrize("error", ["ValueError('x')", "SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()"])
def test_exception_before_the_head_is_a_failure_and_the_worker_goes_on(serve, error):
    link = serve(f"if environ['PATH_INFO'] == '/ok':\n    start_response('200 OK', [])\n    return []\nraise {error}")
    for _ in range(2):
        response = link.request(path=b"/bad", headers=[(b"host", b"a"), (b"x-request-id", b"id-7")])
        assert kinds(response) == [DONE]
    assert link.request(path=b"/ok").status == 200
    log = link.worker.logged(error.partition("(")[0])
    assert "the application raised: GET /bad (id-7)" in log and "Traceback" in log


def test_exception_in_the_first_block_is_a_failure_not_a_cut(serve):
    link = serve("def blocks():\n    start_response('200 OK', [])\n    raise ValueError\n    yield b''\nreturn blocks()")
    assert kinds(link.request()) == [DONE]


def test_exception_after_the_head_cuts_the_response(serve):
    link = serve("start_response('200 OK', [])\ndef blocks():\n    yield b'a'\n    raise ValueError\nreturn blocks()")
    response = link.request()
    assert (response.body, response.is_complete, response.is_aborted) == (b"a", False, True)
    assert response.frames[-1].kind == ABORT


def test_exception_after_write_cuts_the_response(serve):
    link = serve("start_response('200 OK', [])(b'a')\nraise ValueError")
    response = link.request()
    assert (response.body, response.is_aborted) == (b"a", True)


@pytest.mark.parametrize("body", ["['text']", "iter(['text'])", "[bytearray(b'x')]", "[None]", "iter([5])"])
def test_body_that_is_not_bytes_is_a_failure(serve, body):
    link = serve(f"start_response('200 OK', []); return {body}")
    assert kinds(link.request()) == [DONE]
    link.worker.logged("TypeError: body must be bytes, not")


@pytest.mark.parametrize("body", ["[b'x']", "[]", "iter([b'x'])", "iter([])", "None", "5"])
def test_no_head_or_no_iterable_is_a_failure(serve, body):
    link = serve(f"return {body}")
    assert kinds(link.request()) == [DONE]
    link.worker.logged("Error: ")


def test_write_of_text_raises(serve):
    link = serve("write = start_response('200 OK', [])\ntry:\n    write('x')\nexcept TypeError:\n    return [b'raised']")
    assert link.request().body == b"raised"


CLOSING = """
    class Body:
        def __init__(self, blocks): self.blocks = iter(blocks)
        def __iter__(self): return self
        def __next__(self):
            block = next(self.blocks)
            if isinstance(block, Exception): raise block
            return block
        def close(self): print('closed', environ['PATH_INFO'], file=sys.stderr, flush=True)
"""


@pytest.mark.parametrize(
    ("blocks", "method"),
    [
        ("[b'a', b'b']", "GET"),
        ("[]", "GET"),
        ("[b'a', ValueError()]", "GET"),
        ("[ValueError()]", "GET"),
        ("['text']", "GET"),
        ("[b'a', b'b']", "HEAD"),
    ],
)
def test_close_is_called_once(serve, blocks, method):
    link = serve(f"{CLOSING}\n    start_response('200 OK', [])\n    return Body({blocks})")
    link.request(method=method)
    link.worker.logged("closed /")
    assert link.worker.stop() == 0
    assert link.worker.log.read_text().count("closed /") == 1


def test_response_ends_before_close(serve):
    link = serve(
        f"""{CLOSING}
    class Slow(Body):
        def close(self):
            while not log: time.sleep(0.001)
    start_response('200 OK', [])
    if environ['PATH_INFO'] == '/go':
        log.append(1)
        return []
    return Slow([b'a'])
        """,
        threads=2,
    )
    exchange = link.open()
    assert link.expect(exchange, RESPONSE).body == b"a"
    assert link.expect(exchange, DATA).is_end
    assert link.request(path=b"/go").is_complete
    link.expect(exchange, DONE)


def test_failing_close_is_logged_and_harms_nothing(serve):
    link = serve(
        f"""{CLOSING}
    class Bad(Body):
        def close(self): raise ValueError('in close')
    start_response('200 OK', [])
    return Bad([b'a'])
        """
    )
    response = link.request()
    assert (response.body, response.is_complete, response.is_aborted) == (b"a", True, False)
    assert "close() of the response failed" in link.worker.logged("in close")


def test_write_after_the_request_raises(serve):
    link = serve(
        """
        if log:
            try:
                log[0](b'late')
            except AssertionError:
                start_response('200 OK', [])
                return [b'raised']
        log.append(start_response('200 OK', []))
        return [b'first']
        """
    )
    assert link.request().body == b"first"
    assert link.request().body == b"raised"


def test_early_hints(serve):
    link = serve(
        """
        hint = environ['wsgi.early_hints']
        hint([('Link', '</a.css>; rel=preload')])
        hint([('Link', '</b.css>; rel=preload')])
        for bad in ([('A', 'b\\n')], [('Content-Length', '1')], [('A', 1)]):
            try:
                hint(bad)
            except (TypeError, ValueError):
                pass
            else:
                raise SystemError('accepted')
        start_response('200 OK', [])(b'x')
        hint([('Link', 'too late')])
        return []
        """
    )
    response = link.request()
    assert kinds(response)[:3] == [EARLY_HINTS, EARLY_HINTS, RESPONSE]
    assert response.frames[0].fields == [(b"link", b"</a.css>; rel=preload")]
    assert EARLY_HINTS not in kinds(response)[2:]
    assert EARLY_HINTS not in kinds(link.request(version=10))


def test_wsgi_errors_takes_any_text(serve):
    link = serve(
        """
        environ['wsgi.errors'].write('snow \\u2603\\n')
        environ['wsgi.errors'].writelines(['a\\n', 'b\\n'])
        environ['wsgi.errors'].flush()
        print('printed', file=environ['wsgi.errors'])
        start_response('200 OK', [])
        return []
        """,
        environment={"PYTHONIOENCODING": "ascii:strict"},
    )
    assert link.request().status == 200
    assert "\na\nb\n" in link.worker.logged("printed")
