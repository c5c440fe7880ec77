"""Files that an ASGI application hands to the front."""

from __future__ import annotations

import os

import pytest

from wire import DATA, DONE, FILE, RESPONSE, RESPONSE_CREDIT


def test_path_is_sent_as_a_descriptor(serve, tmp_path):
    _, link = serve("""
        async def app(scope, receive, send):
            path = scope["path"]
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
            await send({"type": "http.response.pathsend", "path": path})
    """)
    file = tmp_path / "file.bin"
    file.write_bytes(os.urandom(1000000))
    answer = link.request(path=str(file).encode())
    assert [got.kind for got in answer.frames if got.kind != DONE] == [RESPONSE, FILE]
    assert answer.body == file.read_bytes()
    assert answer.is_complete


@pytest.mark.parametrize("path,error", [("/no/such/file", "FileNotFoundError"), ("relative", "ValueError"), ("/", "OSError")])
def test_path_that_cannot_be_sent_raises(serve, path, error):
    _, link = serve(f"""
        async def app(scope, receive, send):
            await send({{"type": "http.response.start", "status": 200}})
            try:
                await send({{"type": "http.response.pathsend", "path": {path!r}}})
            except Exception as error:
                await send({{"type": "http.response.body", "body": type(error).__name__.encode()}})
    """)
    assert link.request().body == error.encode()


def test_file_shorter_than_its_length_is_an_abort(serve, tmp_path):
    worker, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
            await send({"type": "http.response.pathsend", "path": scope["path"]})
    """)
    (tmp_path / "short").write_bytes(b"123")
    answer = link.request(path=str(tmp_path / "short").encode())
    assert answer.is_aborted and not answer.is_complete
    worker.logged("shorter than its content-length")
    (tmp_path / "long").write_bytes(b"0123456789abc")
    answer = link.request(path=str(tmp_path / "long").encode())
    assert (answer.body, answer.is_complete) == (b"0123456789", True)


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_file_of_a_bodyless_answer_is_not_sent(serve, tmp_path, method):
    _, link = serve(f"""
        async def app(scope, receive, send):
            status = 200 if {method!r} == "HEAD" else 304
            await send({{"type": "http.response.start", "status": status, "headers": [(b"content-length", b"3")]}})
            await send({{"type": "http.response.pathsend", "path": scope["path"]}})
    """)
    (tmp_path / "file").write_bytes(b"123")
    answer = link.request(method=method, path=str(tmp_path / "file").encode())
    assert (answer.body, answer.is_complete, answer.is_aborted) == (b"", True, False)
    assert FILE not in [got.kind for got in answer.frames]


def test_ranges_mix_with_bytes_and_the_application_keeps_its_file(serve, tmp_path):
    _, link = serve("""
        async def app(scope, receive, send):
            zerocopy = {"type": "http.response.zerocopysend", "more_body": True}
            await send({"type": "http.response.start", "status": 200})
            with open(scope["path"], "rb") as file:
                await send({"type": "http.response.body", "body": b"<", "more_body": True})
                await send({**zerocopy, "file": file, "offset": 4, "count": 2})
                await send({"type": "http.response.body", "body": b"|", "more_body": True})
                assert file.read(1) == b"0"
                await send({**zerocopy, "file": file, "count": 3})
                await send({**zerocopy, "file": file, "count": 2})
                assert file.tell() == 6, file.tell()
                await send({**zerocopy, "file": file.fileno(), "offset": 8})
                assert not file.closed
            await send({"type": "http.response.body", "body": b">"})
    """)
    (tmp_path / "file").write_bytes(b"0123456789")
    answer = link.request(path=str(tmp_path / "file").encode())
    assert answer.body == b"<45|123" + b"45" + b"89>"
    assert answer.is_complete


def test_many_ranges_are_bounded_by_credit(serve, tmp_path):
    _, link = serve("""
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            with open(scope["path"], "rb") as file:
                for at in range(0, 4 << 20, 65536):
                    event = {"type": "http.response.zerocopysend", "file": file, "offset": at, "count": 65536}
                    await send({**event, "more_body": at + 65536 < 4 << 20})
    """)
    content = os.urandom(4 << 20)
    (tmp_path / "file").write_bytes(content)
    exchange = link.open(path=str(tmp_path / "file").encode())
    answer = link.response(exchange)
    assert answer.body == content
    kinds = [got.kind for got in answer.frames]
    assert kinds.count(FILE) <= 9
    assert kinds.count(DATA) >= 4 * (1 << 20) // RESPONSE_CREDIT


def test_what_is_no_regular_file_is_refused(serve):
    _, link = serve("""
        import os
        async def app(scope, receive, send):
            read, write = os.pipe()
            await send({"type": "http.response.start", "status": 200})
            try:
                await send({"type": "http.response.zerocopysend", "file": read})
            except OSError as error:
                await send({"type": "http.response.body", "body": str(error).encode()})
    """)
    assert link.request().body == b"only a regular file can be sent as a file"
