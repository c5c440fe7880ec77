"""Prepares what the servers besides tlsgi need: ``python -m conformance.peers``."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIRECTORY = ROOT / "target" / "conformance"
CERTIFICATE = DIRECTORY / "certificate.pem"
KEY = DIRECTORY / "key.pem"


def command(name: str) -> str:
    """Path of an installed server."""
    path = DIRECTORY / "bin" / name
    if not path.exists() or not CERTIFICATE.exists():
        sys.exit(f"{path} or its certificate is missing: run `python -m conformance.peers` first")
    return str(path)


def main() -> None:
    """A virtual environment with the pinned servers, and a certificate that they can use."""
    if not (DIRECTORY / "bin" / "python").exists():
        venv.create(DIRECTORY, with_pip=True)
    requirements = Path(__file__).with_name("requirements.txt")
    subprocess.run([DIRECTORY / "bin" / "python", "-m", "pip", "install", "-q", "-r", requirements], check=True)
    if not CERTIFICATE.exists():
        request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        files = ["-days", "365", "-keyout", str(KEY), "-out", str(CERTIFICATE)]
        subprocess.run([*request, *names, *files], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
