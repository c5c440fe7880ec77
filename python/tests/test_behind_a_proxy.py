"""The guide behind-a-proxy is followed: its commands serve, with a real nginx in front and curl as the balancer."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from server import COMMAND, PATIENCE, ROOT, Server

pytestmark = pytest.mark.skipif(not Path(COMMAND).exists(), reason="the command is not built: cargo xtask install")

GUIDE = (ROOT / "docs/guides/behind-a-proxy.md").read_text()
APPLICATION = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = ("wsgi.url_scheme", "REMOTE_ADDR", "HTTP_HOST", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
    return [" ".join(str(environ.get(name, "-")) for name in names).encode()]
"""
NGINX = """
daemon off;
pid {directory}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/a; proxy_temp_path {directory}/b; fastcgi_temp_path {directory}/c;
    uwsgi_temp_path {directory}/d; scgi_temp_path {directory}/e;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {directory}/c.pem;
        ssl_certificate_key {directory}/k.pem;
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            {lines}
        }}
    }}
}}
"""


def words(part: str) -> list[str]:
    """The one command of the guide with these words, as arguments of ``tlsgi serve``."""
    found = [line for line in re.findall(r"^\$ tlsgi (app:app .*)$", GUIDE, re.MULTILINE) if part in line]
    assert len(found) == 1, found
    return shlex.split(found[0])


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def nginx(directory: Path, upstream: str) -> Iterator[int]:
    """A real nginx that ends TLS, with the guide's own lines."""
    (lines,) = re.findall(r"^```nginx\n(proxy_set_header .*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(directory / "k.pem")]
    made = ["openssl", "req", "-x509", *key, "-out", str(directory / "c.pem"), "-subj", "/CN=localhost"]
    subprocess.run(made, check=True, capture_output=True)
    port = free_port()
    text = NGINX.format(directory=directory, port=port, upstream=upstream.rsplit(":", 1)[1], lines=lines)
    (directory / "nginx.conf").write_text(text)
    program = subprocess.Popen(["nginx", "-c", str(directory / "nginx.conf"), "-p", str(directory)], stderr=subprocess.PIPE)
    assert program.stderr is not None
    try:
        deadline = time.monotonic() + PATIENCE
        while program.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        assert program.poll() is None, program.stderr.read()
        yield port
    finally:
        program.terminate()
        program.wait(PATIENCE)
        program.stderr.close()


def curl(*arguments: str) -> str:
    return subprocess.run(["curl", "--silent", "--max-time", "30", *arguments], capture_output=True, text=True, check=False).stdout


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APPLICATION)
    return tmp_path


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here")
@pytest.mark.parametrize("part", ["--bind-http", "--trust X-Forwarded-For"])
def test_nginx_in_front(directory: Path, part: str) -> None:
    # The proxy of this test is on this machine, and its port a free one, which the harness asks for.
    line = " ".join(words(part)).replace("10.0.0.0/8", "127.0.0.1").replace("--bind-http 127.0.0.1:8000 ", "")
    server = Server(directory, *shlex.split(line), cwd=directory)
    try:
        with nginx(directory, server.http) as port:
            spoofed = ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: http", "X-Forwarded-Host: evil.test", "X-Real-IP: 6.6.6.6"]
            fields = [word for field in spoofed for word in ("--header", field)]
            told = curl("--insecure", *fields, f"https://localhost:{port}/")
            # Everybody here is 127.0.0.1, which is trusted: the hop before it is the client. Nothing else of the client's is left.
            assert told == "https 6.6.6.6 localhost 6.6.6.6, 127.0.0.1 -"
            assert curl("--insecure", f"https://localhost:{port}/") == "https 127.0.0.1 localhost 127.0.0.1 -"
        # Who comes by plain HTTP without the proxy's word is redirected.
        assert "location: https://" in curl("--include", f"http://localhost:{server.http.rsplit(':', 1)[1]}/")
    finally:
        code = server.stop()
    assert code == 0, server.log


def test_balancer_that_passes_on_bytes(directory: Path) -> None:
    server = Server(directory, *(word.replace("10.0.0.0/8", "127.0.0.1") for word in words("--proxy-protocol")), cwd=directory)
    try:
        ask = ["--cacert", server.root, server.https.replace("127.0.0.1", "localhost") + "/"]
        spoofed = ["--header", "X-Forwarded-For: 6.6.6.6", "--header", "X-Forwarded-Proto: http"]
        assert curl("--haproxy-protocol", *spoofed, *ask).startswith("https 127.0.0.1 localhost")
        assert curl(*ask) == ""
    finally:
        code = server.stop()
    assert code == 0, server.log
