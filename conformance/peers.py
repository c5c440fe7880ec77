"""Prepares what the servers besides tlsgi need: ``python -m conformance.peers``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _directory() -> Path:
    """`target/conformance`; where root runs the checks and others cannot enter the checkout, a place that they can: some of the
    servers serve as another user."""
    usual = ROOT / "target" / "conformance"
    is_open = all(parent.stat().st_mode & 0o001 for parent in ROOT.parents)
    return usual if os.geteuid() != 0 or is_open else Path("/var/tmp/tlsgi-conformance")


DIRECTORY = _directory()
CERTIFICATE = DIRECTORY / "certificate.pem"
KEY = DIRECTORY / "key.pem"


def command(name: str) -> str:
    """Path of an installed server."""
    path = DIRECTORY / "bin" / name
    if not path.exists() or not CERTIFICATE.exists():
        sys.exit(f"{path} or its certificate is missing: run `python -m conformance.peers` first")
    return str(path)


def main() -> None:
    """A virtual environment with the pinned servers, and a certificate that they can use. What needs a compiler and its headers
    (apache2-dev, libssl-dev, python3-dev) is left out where it cannot be built; the checks then say so."""
    lists = [Path(__file__).with_name(name) for name in ("requirements.txt", "requirements-compiled.txt")]
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    if DIRECTORY.stat().st_uid != os.geteuid():
        sys.exit(f"{DIRECTORY} belongs to somebody else: remove it")
    installed, wanted = DIRECTORY / "installed.txt", "".join(path.read_text(encoding="utf-8") for path in lists)
    if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
        installed.write_text(_install(lists, wanted), encoding="utf-8")
    if not CERTIFICATE.exists():
        make_certificate(CERTIFICATE, KEY)


def _install(lists: list[Path], wanted: str) -> str:
    """What could be installed: the rest is tried again by the next run, which may find what was missing."""
    if not (DIRECTORY / "bin" / "pip").exists():
        subprocess.run([_interpreter(), "-m", "venv", "--clear", str(DIRECTORY)], check=True)
    pip = [str(DIRECTORY / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", str(lists[0])], check=True)
    # Without this uwsgi is built without TLS where it does not find the library by itself.
    environment = {**os.environ, "UWSGI_PROFILE_OVERRIDE": "ssl=true"}
    for line in lists[1].read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            # A wheel in pip's cache may be linked to another interpreter of the same version.
            done = subprocess.run([*pip, "--no-cache-dir", line], env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                wanted = wanted.replace(line, "")
                print(f"{line} cannot be built:\n{done.stderr[-2000:]}", file=sys.stderr)
    return wanted


def _interpreter() -> str:
    """That of the system where it has the version of this one: every user can run it."""
    same = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != {sys.version_info[:2]!r})"
    for candidate in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if Path(candidate).exists() and subprocess.run([candidate, "-c", same], capture_output=True).returncode == 0:
            return candidate
    return sys.executable


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
