"""Brings about what a run needs: the environment with the peers, a build of tlsgi, certificates and files."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from loads import STATIC_LARGE
from servers import Place
from tools import BODY_MEBIBYTES

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / "target" / "bench-venv"
KINDS = {"p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa2048": ["rsa:2048"]}
TOOLS = ("wrk", "h2load", "openssl", "curl")


def prepare(options: argparse.Namespace) -> Place:
    """Everything ready, in a new directory that the caller removes."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)} (Debian: apt install wrk nghttp2-client openssl curl)")
    _install_peers()
    python = options.tlsgi_python or ENVIRONMENT / "bin" / "python"
    binary = options.tlsgi_binary or _build(python)
    directory = Path(tempfile.mkdtemp(prefix="tlsgi-bench-"))
    # Servers that drop root must be able to read the files below.
    directory.chmod(0o755)
    package = options.tlsgi_package or ROOT / "python"
    # As pip does for the peers.
    subprocess.run([str(python), "-m", "compileall", "-q", str(package / "tlsgi")], check=True)
    place = Place(directory, ENVIRONMENT, binary.absolute(), package.absolute(), python.absolute())
    for kind in KINDS:
        _make_certificate(place, kind)
    place.files.mkdir()
    (place.files / "file.bin").write_bytes(os.urandom(10 << 10))
    for large in (directory / "body", place.files / STATIC_LARGE):
        with large.open("wb") as body:
            for _ in range(BODY_MEBIBYTES):
                body.write(bytes(1 << 20))
    return place


def _install_peers() -> None:
    """Into an environment of their own. What needs a compiler is left out where that fails, and the page says so."""
    lists = [Path(__file__).with_name(name) for name in ("requirements.txt", "requirements-compiled.txt")]
    installed, wanted = ENVIRONMENT / "installed.txt", "".join(list.read_text() for list in lists)
    if installed.exists() and installed.read_text() == wanted:
        return
    if not (ENVIRONMENT / "bin" / "python").exists():
        venv.create(ENVIRONMENT, with_pip=True)
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "-q"]
    subprocess.run([*command, "-r", str(lists[0])], check=True)
    # Without this it is built without TLS where it does not find the library by itself.
    environment = {**os.environ, "UWSGI_PROFILE_OVERRIDE": "ssl=true"}
    for line in lists[1].read_text().splitlines():
        if line and not line.startswith("#"):
            # A wheel in pip's cache may be linked to another interpreter of the same version.
            compiled = [*command, "--no-cache-dir", line]
            done = subprocess.run(compiled, env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                # Tried again by the next run, which may find what was missing.
                wanted = wanted.replace(line, "")
                print(f"{line} cannot be built:\n{done.stderr[-2000:]}", file=sys.stderr)
    installed.write_text(wanted)


def _build(python: Path) -> Path:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "tlsgi"], cwd=ROOT, check=True)
    subprocess.run(["sh", ROOT / "python" / "build_module.sh", str(python), "release"], cwd=ROOT, check=True)
    return target / "release" / "tlsgi"


def _make_certificate(place: Place, kind: str) -> None:
    command = ["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost", "-newkey", *KINDS[kind]]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(place.private_key(kind)), "-out", str(place.certificate(kind))]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
