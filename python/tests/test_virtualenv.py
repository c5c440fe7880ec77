"""An application in a virtual environment of its own, in which nobody installed tlsgi."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import urllib.request
from pathlib import Path

import pytest
from server import COMMAND, Server

APPLICATION = """
import sys
import only_there

def application(environ, start_response):
    start_response("200 OK", [])
    try:
        import pytest
    except ModuleNotFoundError:
        pytest = None
    return [f"{only_there.TEXT} {sys.prefix} {pytest}".encode()]
"""


@pytest.mark.skipif(Path(COMMAND).parent != Path(sys.executable).parent, reason="the command has a package for another version")
@pytest.mark.parametrize("options", [[], ["--preload", "--processes", "2"]])
def test_virtual_environment_without_tlsgi_is_served(tmp_path: Path, options: list[str]) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    packages = Path(sysconfig.get_path("purelib", "venv" if sys.version_info >= (3, 11) else "posix_prefix", {"base": str(environment)}))
    (packages / "only_there.py").write_text("TEXT = 'from there'\n")
    (tmp_path / "application.py").write_text(APPLICATION)
    ports = ["--host", "127.0.0.1", "--https-port", "0", "--port", "0"]
    program = [COMMAND, "serve", "application", "--chdir", str(tmp_path), "--virtualenv", str(environment), *ports, *options]
    server = Server(tmp_path, program=program)
    try:
        with urllib.request.urlopen(server.https + "/", context=server.context()) as answer:
            # Nothing else of the environment that tlsgi is in comes along.
            assert answer.read().decode() == f"from there {environment} None"
    finally:
        server.stop()
