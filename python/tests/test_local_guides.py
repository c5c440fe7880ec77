"""The commands of the guides, run as they stand there: blocks of `sh`, one after the other, in a home of their own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server import COMMAND, PATIENCE, ROOT, Server

pytestmark = [
    pytest.mark.skipif(not Path(COMMAND).exists(), reason="the command is not built: cargo xtask install"),
    pytest.mark.skipif(sys.version_info < (3, 11), reason="once is enough"),
]


def blocks(guide: str) -> list[str]:
    text = (ROOT / "docs/guides" / guide).read_text()
    return [line for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for line in block.splitlines()]


@pytest.mark.skipif(shutil.which("certutil") is None, reason="certutil is not installed")
@pytest.mark.parametrize("guide", ["laptop.md", "phone-on-the-lan.md", "container.md"])
def test_commands_of_the_guide_work(guide: str, tmp_path: Path) -> None:
    pytest.importorskip("flask")
    home = tmp_path / "home"
    tools = tmp_path / "tools"
    for directory in (home, tools):
        directory.mkdir()
    (tools / "tlsgi").symlink_to(COMMAND)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "CAROOT", "JAVA_HOME", "TLSGI_"))}
    environment = {**kept, "HOME": str(home), "XDG_STATE_HOME": str(home / ".local/state"), "TRUST_STORES": "nss"}
    environment["PATH"] = f"{tools}:{os.environ['PATH']}"
    server: Server | None = None
    lines = blocks(guide)
    assert lines
    try:
        for line in lines:
            words = shlex.split(line)
            further = {}
            while "=" in words[0]:
                name, value = words.pop(0).split("=", 1)
                further[name] = value.replace("~", str(home))
            if words[:2] == ["tlsgi", "serve"]:
                # On ports and addresses of the test.
                arguments = [word for word in words[2:] if word not in ("--host", "0.0.0.0")]
                if server is not None:
                    assert server.stop() == 0, server.log
                state = ["--state-dir", str(home / ".local/state/tlsgi")]
                server = Server(tmp_path, *arguments, environment={**environment, **further}, options=state)
                continue
            if server is not None:
                line = line.replace("https://localhost:8443", server.https)
            done = subprocess.run(["sh", "-ec", line], cwd=home, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    finally:
        if server is not None:
            assert server.stop() == 0, server.log
