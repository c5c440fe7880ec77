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
        make_certificate(CERTIFICATE, KEY)


def make_certificate(certificate: Path, key: Path, form: str = "PKCS#8") -> None:
    """Writes a certificate of its own for localhost and its key: RSA as PKCS#1, else ECDSA as SEC1 or PKCS#8."""
    if form == "PKCS#1":
        generate = ["openssl", "genrsa", "-traditional", "2048"]
    elif form == "SEC1":
        generate = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"]
    else:
        generate = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    written = subprocess.run(generate, check=True, capture_output=True)
    key.write_bytes(written.stdout)
    request = ["openssl", "req", "-x509", "-key", str(key), "-out", str(certificate), "-days", "365", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*request, *names], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
