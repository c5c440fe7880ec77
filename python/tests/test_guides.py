"""The guides are followed word by word: their files are written, their commands run, their output is what they say."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server import COMMAND, PATIENCE, ROOT, Server

pytestmark = pytest.mark.skipif(not Path(COMMAND).exists(), reason="the command is not built: cargo xtask install")

GUIDES = ROOT / "docs/guides"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(text: str, directory: Path, server: Server | None) -> str:
    if server is not None:
        text = text.replace(":8443", ":" + server.https.rsplit(":", 1)[1])
    command = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE)
    log = server.log if server else ""
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}\n{log}"
    return done.stdout


def write(text: str, directory: Path) -> str:
    """Writes a file whose first line names it."""
    name = re.match(r"# (\w+\.py)\n", text)
    assert name, f"no file name in {text}"
    (directory / name[1]).write_text(text)
    return name[1]


def start(line: str, directory: Path) -> Server:
    words = shlex.split(line)
    assert words[:2] == ["tlsgi", "serve"], line
    return Server(directory, *words[2:], cwd=directory)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
            return
        except ConnectionRefusedError:
            assert process.poll() is None, "it ended"
    raise AssertionError(f"nobody listens on {port}")


def test_mutual_tls(tmp_path: Path) -> None:
    server: Server | None = None
    output, compared = "", 0
    for kind, text in BLOCK.findall((GUIDES / "mutual-tls.md").read_text()):
        if kind == "python":
            write(text, tmp_path)
        elif kind == "sh" and text.startswith("tlsgi serve"):
            if server is not None:
                assert server.stop() == 0
            server = start(text, tmp_path)
        elif kind == "sh":
            output = run(text, tmp_path, server)
        elif kind == "text":
            assert output == text
            compared += 1
        elif kind == "toml":
            (tmp_path / "tlsgi.toml").write_text(text)
    assert server is not None and compared == 5
    assert server.stop() == 0, server.log


def test_reading_client_certificates(tmp_path: Path) -> None:
    pytest.importorskip("flask")
    pytest.importorskip("django")
    pytest.importorskip("fastapi")
    first = BLOCK.search((GUIDES / "mutual-tls.md").read_text())
    assert first
    run(first[2], tmp_path, None)
    page = (GUIDES / "reading-client-certificates.md").read_text()
    programs = re.findall(r"^```python\n(.*?)^```\n\n`(tlsgi serve [^`]*)`$", page, re.MULTILINE | re.DOTALL)
    assert len(programs) == 3
    for program, line in programs:
        name = write(program, tmp_path)
        server = start(line, tmp_path)
        try:
            for version in ("--http1.1", "--http2"):
                ask = f"curl --silent {version} --cacert state/ca/rootCA.pem https://localhost:8443/api/me"
                assert "client-certificate-missing" in run(ask, tmp_path, server), name
                told = json.loads(run(f"{ask} --cert alice.pem --key alice.key", tmp_path, server))
                expected = "CN=alice,OU=Shop,O=Example" if "certificates" in told else "alice"
                assert told["name"] == expected, name
        finally:
            code = server.stop()
        assert code == 0, server.log


def test_tls(tmp_path: Path) -> None:
    server: Server | None = None
    output, compared = "", 0
    for kind, text in BLOCK.findall((GUIDES / "tls.md").read_text()):
        if text.startswith("tlsgi serve"):
            if server is not None:
                assert server.stop() == 0
            server = start(text, tmp_path)
        elif kind == "sh":
            output = run(text, tmp_path, server)
        else:
            assert output == text
            compared += 1
    assert server is not None and compared == 3
    assert server.stop() == 0, server.log


def test_as_a_proxy(tmp_path: Path) -> None:
    server: Server | None = None
    behind: subprocess.Popen[bytes] | None = None
    output, compared = "", 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    try:
        for kind, text in BLOCK.findall((GUIDES / "as-a-proxy.md").read_text().replace("8000", port)):
            if kind == "python":
                write(text, tmp_path)
            elif text.startswith("python "):
                behind = subprocess.Popen([sys.executable, *text.split()[1:2]], cwd=tmp_path, stderr=subprocess.DEVNULL)
                wait_for(int(port), behind)
            elif kind == "sh" and text.startswith("tlsgi serve"):
                server = start(text, tmp_path)
            elif kind == "sh":
                output = run(text, tmp_path, server)
            elif kind == "text":
                assert server is not None
                assert output == text.replace("8443", server.https.rsplit(":", 1)[1])
                compared += 1
    finally:
        if behind is not None:
            behind.terminate()
            behind.wait(PATIENCE)
        code = server.stop() if server is not None else None
    assert server is not None and compared == 1
    assert code == 0, server.log
