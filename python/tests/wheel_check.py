"""Builds the wheel as pip does, installs it into a clean environment and asks it for one page. Not a pytest file: it takes minutes."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.url_scheme"].encode()]
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        environment = {**os.environ, "SETUPTOOLS_RUST_CARGO_PROFILE": os.environ.get("TLSGI_WHEEL_PROFILE", "quick")}
        environment.pop("PYTHONPATH", None)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        run([*pip, "wheel", "--no-deps", "--wheel-dir", str(directory), str(ROOT)], environment)
        [wheel] = directory.glob("tlsgi-*.whl")
        run([sys.executable, "-m", "venv", str(directory / "venv")], environment)
        python = directory / "venv/bin/python"
        run([str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", str(wheel)], environment)
        (directory / "page.py").write_text(APPLICATION)
        ask_for_a_page(directory)
    print("1 passed, 0 failed")


def ask_for_a_page(directory: Path) -> None:
    command = [str(directory / "venv/bin/tlsgi"), "serve", "page.py", "--host", "127.0.0.1", "--https-port", "0", "--no-http"]
    command += ["--state-dir", str(directory / "state")]
    server = subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = next(line.strip() for line in server.stdout if "https://" in line)
        context = ssl.create_default_context(cafile=str(directory / "state/ca/rootCA.pem"))
        with urllib.request.urlopen(url, context=context, timeout=30) as response:
            body = response.read()
        assert body == b"https", body
    finally:
        server.terminate()
        code = server.wait(60)
    assert code == 0, f"the server ended with {code}"


def run(command: list[str], environment: dict[str, str]) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, check=True, env=environment)


if __name__ == "__main__":
    main()
