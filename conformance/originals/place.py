"""A directory of its own for each run: applications, certificates of the server, authorities and clients."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .. import peers

NAME = "www.example.com"
APPLICATIONS = Path(__file__).resolve().parent / "apps"
WEB_USER = 33
"""``www-data`` of Debian. Apache refuses to serve as root, so where root runs the checks this user serves."""

_SUBJECTS = (
    "req -x509 -newkey rsa:2048 -nodes -days 365 -keyout server.key -out server.crt -subj /CN=localhost"
    f" -addext subjectAltName=DNS:localhost,DNS:{NAME},IP:127.0.0.1",
    "req -x509 -newkey rsa:2048 -nodes -days 365 -keyout ca.key -out client-ca.crt -subj /C=AU/O=Internet/CN=Clients",
    "req -new -newkey rsa:2048 -nodes -keyout client.key -out client.csr -subj /C=AU/O=Internet/CN=Client-01",
    "x509 -req -days 365 -in client.csr -CA client-ca.crt -CAkey ca.key -set_serial 1 -out client.crt",
    "req -x509 -newkey rsa:2048 -nodes -days 365 -keyout other.key -out other-ca.crt -subj /CN=Strangers",
    "x509 -req -days 365 -in client.csr -CA other-ca.crt -CAkey other.key -set_serial 1 -out stranger.crt",
    "ca -batch -config ca.cnf -in client.csr -startdate 20200101000000Z -enddate 20210101000000Z -out expired.crt",
    "ca -batch -config ca.cnf -in client.csr -days 30 -out revoked.crt",
    "ca -batch -config ca.cnf -revoke revoked.crt",
    "ca -batch -config ca.cnf -gencrl -out revoked.pem",
    "req -new -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=localhost",
    "req -new -newkey rsa:2048 -nodes -keyout middle.key -out middle.csr -subj /CN=Intermediate",
    "x509 -req -days 365 -in middle.csr -CA other-ca.crt -CAkey other.key -set_serial 7 -extfile middle.cnf -out chain.pem",
    "x509 -req -days 365 -in leaf.csr -CA chain.pem -CAkey middle.key -set_serial 8 -extfile leaf.cnf -out leaf.crt",
    "pkcs8 -topk8 -in server.key -passout pass:secret -out sealed.key",
)
_FILES = {
    "ca.cnf": "[ca]\ndefault_ca=own\n[own]\ndir=.\ndatabase=index.txt\nserial=serial\ncrlnumber=crlnumber\nnew_certs_dir=.\n"
    "certificate=client-ca.crt\nprivate_key=ca.key\ndefault_md=sha256\ndefault_days=30\ndefault_crl_days=30\npolicy=any\n"
    "unique_subject=no\n[any]\ncountryName=optional\norganizationName=optional\ncommonName=supplied\n",
    "index.txt": "",
    "serial": "1000\n",
    "crlnumber": "01\n",
    "middle.cnf": "basicConstraints=critical,CA:TRUE\n",
    "leaf.cnf": f"subjectAltName=DNS:localhost,DNS:{NAME},IP:127.0.0.1\n",
}


@functools.lru_cache(maxsize=None)
def certificates() -> Path:
    """Made once a session."""
    directory = Path(tempfile.mkdtemp(prefix="originals-"))
    for name, text in _FILES.items():
        (directory / name).write_text(text)
    for line in _SUBJECTS:
        done = subprocess.run(["openssl", *line.split()], cwd=directory, capture_output=True, text=True)
        assert done.returncode == 0, f"openssl {line}: {done.stderr}"
    return directory


@functools.lru_cache(maxsize=None)
def package() -> Path:
    """The package of tlsgi where every user can read it: a checkout may lie in a home directory."""
    directory = Path(tempfile.mkdtemp(prefix="originals-"))
    shutil.copytree(peers.ROOT / "python" / "tlsgi", directory / "tlsgi")
    open_to_all(directory)
    return directory


def open_to_all(directory: Path) -> None:
    """What is below can be read, not written, by everybody."""
    subprocess.run(["chmod", "-R", "a+rX", str(directory)], check=True)


@functools.lru_cache(maxsize=None)
def worker_python() -> str | None:
    """The interpreter for the workers of tlsgi: where root runs the checks, one that the web user may run."""
    if os.geteuid() != 0:
        return sys.executable
    program = ["-c", "import tlsgi._worker"]
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        environment = {**os.environ, "PYTHONPATH": str(package())}
        user = {"user": WEB_USER, "group": WEB_USER, "extra_groups": []}
        try:
            if subprocess.run([candidate, *program], env=environment, cwd="/", capture_output=True, **user).returncode == 0:
                return candidate
        except OSError:
            continue
    return None


class Place:
    """The directory of one run."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="originals-"))
        self.directory.chmod(0o755)
        for source in (*certificates().iterdir(), *APPLICATIONS.glob("*.*")):
            shutil.copy(source, self.directory)
        shutil.copy(APPLICATIONS / "wsgi.py", self.directory / "instruments.wsgi")
        open_to_all(self.directory)

    def write(self, name: str, text: str) -> None:
        """A file that everybody may read."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        open_to_all(path.parent)

    def remove(self) -> None:
        """Nothing is left."""
        shutil.rmtree(self.directory, ignore_errors=True)
