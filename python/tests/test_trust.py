"""A browser without any flag about certificates, in a home of its own, and mkcert beside `tlsgi mkcert`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest

from server import COMMAND, PATIENCE, ROOT, Server

pytestmark = [
    pytest.mark.skipif(not Path(COMMAND).exists(), reason="the command is not built: cargo xtask install"),
    pytest.mark.skipif(sys.version_info < (3, 11), reason="once is enough"),
]

CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which nothing was ever trusted; the stores of the machine are left alone."""
    directory = tmp_path / "home"
    directory.mkdir()
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "CAROOT", "JAVA_HOME", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.setenv("TRUST_STORES", "nss")
    return directory


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*arguments: str) -> Server:
        servers.append(Server(tmp_path, *arguments))
        return servers[-1]

    yield start
    for server in servers:
        assert server.stop() == 0, server.log


def run(*words: str, cwd: Path = ROOT, code: int = 0) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def tlsgi(home: Path, *words: str, code: int = 0) -> str:
    """With the state directory that the server of the same test has."""
    return run(COMMAND, *words, "--state-dir", str(home.parent / "state"), code=code)


def shown(url: str, home: Path, *further: str) -> str:
    """The page as a new profile of Chromium shows it, with no flag about certificates."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", "--timeout=20000"]
    profile = home.parent / f"profile{len(list(home.parent.iterdir()))}"
    command = [str(CHROMIUM), *flags, *further, f"--user-data-dir={profile}", "--dump-dom", url]
    page = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return page.stdout


def addresses(server: Server, *hosts: str) -> list[str]:
    port = server.https.rsplit(":", 1)[1]
    return [f"https://{host}:{port}/" for host in hosts]


@needs_browser
@needs("certutil")
def test_browser_shows_the_page_after_trust_install(home: Path, serve: Callable[..., Server]) -> None:
    pytest.importorskip("flask")
    assert "installed  Chromium" in tlsgi(home, "trust", "install")
    assert "trusted    Chromium" in tlsgi(home, "trust", "status")
    server = serve("examples/flask_app.py", "--host", "::1")
    for url in addresses(server, "localhost", "127.0.0.1", "[::1]", "app.localhost", "a.b.localhost"):
        assert "Flask, over HTTPS" in shown(url, home), url


@needs_browser
@needs("certutil")
def test_browser_refuses_the_page_before_and_after(home: Path, serve: Callable[..., Server]) -> None:
    pytest.importorskip("flask")
    server = serve("examples/flask_app.py")
    [url] = addresses(server, "localhost")
    assert "Flask, over HTTPS" not in shown(url, home)
    tlsgi(home, "trust", "status", code=1)
    tlsgi(home, "trust", "install")
    assert "Flask, over HTTPS" in shown(url, home)
    assert "removed    Chromium" in tlsgi(home, "trust", "uninstall")
    assert "Flask, over HTTPS" not in shown(url, home)


@needs_browser
@needs("certutil", "mkcert")
def test_root_of_mkcert_is_found_and_used(home: Path, serve: Callable[..., Server]) -> None:
    pytest.importorskip("flask")
    database = home / ".pki/nssdb"
    database.mkdir(parents=True)
    run("certutil", "-N", "--empty-password", "-d", f"sql:{database}")
    run("mkcert", "-install")
    assert "trusted    Chromium" in tlsgi(home, "trust", "status")
    server = serve("examples/flask_app.py")
    for url in addresses(server, "localhost", "127.0.0.1", "app.localhost"):
        assert "Flask, over HTTPS" in shown(url, home), url
    assert not (home.parent / "state/ca/rootCA.pem").exists()
    # And the other way round: what tlsgi took out, mkcert misses.
    assert "removed    Chromium" in tlsgi(home, "trust", "uninstall")
    assert "not installed in the Firefox and/or Chrome/Chromium" in run("mkcert", "example.test", cwd=home)


@needs_browser
@needs("certutil")
def test_new_root_is_good_for_the_servers_names(home: Path, serve: Callable[..., Server]) -> None:
    pytest.importorskip("flask")
    server = serve("examples/flask_app.py", "--server-name", "shop.example.com")
    tlsgi(home, "trust", "install")
    [url] = addresses(server, "shop.example.com")
    assert "Flask, over HTTPS" in shown(url, home, "--host-resolver-rules=MAP shop.example.com 127.0.0.1")


@needs_browser
@needs("certutil")
def test_root_of_tlsgi_mkcert_is_used_too(home: Path, serve: Callable[..., Server]) -> None:
    pytest.importorskip("flask")
    run(COMMAND, "mkcert", "-install", "-ecdsa")
    server = serve("examples/flask_app.py")
    for url in addresses(server, "localhost", "app.localhost"):
        assert "Flask, over HTTPS" in shown(url, home), url


@needs("certutil")
def test_a_root_is_replaced_by_one_that_may_vouch_for_more(home: Path) -> None:
    root = home.parent / "state/ca/rootCA.pem"
    tlsgi(home, "trust", "install")
    first = root.read_text()
    told = tlsgi(home, "cert", "www.example.com", "--cert-file", str(home / "a.pem"), code=1)
    assert "may not vouch for www.example.com" in told and "tlsgi trust install --permit www.example.com" in told
    tlsgi(home, "trust", "install")
    assert root.read_text() == first
    tlsgi(home, "trust", "install", "--permit", "example.com")
    assert root.read_text() != first
    stored = run("certutil", "-L", "-d", f"sql:{home / '.pki/nssdb'}")
    assert stored.count("tlsgi local CA") == 1, stored
    files = ["--cert-file", str(home / "a.pem"), "--key-file", str(home / "a-key.pem")]
    tlsgi(home, "cert", "www.example.com", "*.example.com", *files)
    verify = ["openssl", "verify", "-x509_strict", "-verify_hostname", "www.example.com", "-CAfile", str(root)]
    run(*verify, str(home / "a.pem"))


def test_certificates_for_clients_come_from_a_root_that_is_never_trusted(home: Path) -> None:
    files = ["--cert-file", str(home / "c.pem"), "--key-file", str(home / "c-key.pem"), "--p12-file", str(home / "c.p12")]
    told = tlsgi(home, "cert", "--client", "me@example.test", "spiffe://example.test/web", *files)
    root = home.parent / "state/client-ca/clientCA.pem"
    assert str(root) in told
    run("openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", str(root), str(home / "c.pem"))
    run("openssl", "verify", "-purpose", "sslserver", "-CAfile", str(root), str(home / "c.pem"), code=2)
    text = run("openssl", "x509", "-noout", "-text", "-in", str(home / "c.pem"))
    assert "email:me@example.test, URI:spiffe://example.test/web" in text
    passphrase = re.search(r"passphrase (\S+)", told)
    assert passphrase is not None
    run("openssl", "pkcs12", "-in", str(home / "c.p12"), "-nodes", "-passin", f"pass:{passphrase[1]}")
    assert (home / "c-key.pem").stat().st_mode & 0o777 == 0o600
    assert (home / "c.p12").stat().st_mode & 0o777 == 0o600


@needs("mkcert", "openssl")
@pytest.mark.parametrize("program", ["mkcert", COMMAND], ids=["mkcert", "tlsgi"])
@pytest.mark.parametrize("words", ["localhost 127.0.0.1 ::1", "-cert-file cert.pem -key-file key.pem 0.0.0.0 localhost 127.0.0.1 ::1"])
def test_files_of_mkcert_serve(words: str, program: str, home: Path, serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAROOT", str(home / "root"))
    monkeypatch.setenv("TRUST_STORES", "java")
    command = [program] if program == "mkcert" else [program, "mkcert"]
    run(*command, "-install")
    run(*command, *words.split(), cwd=home)
    names = ("cert.pem", "key.pem") if "-cert-file" in words else ("localhost+2.pem", "localhost+2-key.pem")
    certificate, key = (str(home / name) for name in names)
    server = serve("examples/wsgi_app.py", "--certfile", certificate, "--keyfile", key)
    for url in addresses(server, "localhost", "127.0.0.1"):
        assert run("curl", "--silent", "--show-error", "--cacert", str(home / "root/rootCA.pem"), url).startswith("Hello"), url
    for flag, name in [("-verify_hostname", "localhost"), ("-verify_ip", "127.0.0.1"), ("-verify_ip", "::1")]:
        run("openssl", "verify", flag, name, "-CAfile", str(home / "root/rootCA.pem"), certificate)


def test_missing_certutil_is_named_with_its_package(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("chromium", "apt"):
        (tools / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tools))
    told = tlsgi(home, "trust", "install", code=1)
    assert "certutil is not installed" in told
    assert "apt install libnss3-tools" in told


COMMANDS = [
    ["localhost", "127.0.0.1", "::1"],
    ["*.example.test"],
    ["*.test"],
    ["-ecdsa", "Example.Test"],
    ["-client", "me@example.test", "a.test"],
    ["-client", "me@example.test"],
    ["bücher.test"],
    ["under_score.test", "https://example.test/path"],
    ["-cert-file", "both.pem", "-key-file", "both.pem", "a.test"],
    ["-pkcs12", "windows.test"],
    ["-install"],
    ["-install", "-uninstall"],
    ["-csr", "x", "-client"],
    ["-csr", "{requests}/names.csr"],
    ["-csr", "{requests}/common.csr", "-cert-file", "signed.pem"],
    ["-CAROOT"],
    ["-foo"],
    ["not/a/name"],
]


def plain(text: str) -> list[str]:
    """Lines of ``openssl x509 -text`` without what differs from one certificate to the next, extensions in one order."""
    head, *extensions = re.split(r"\n {12}(?=X509v3 )", re.sub(r"\n    Signature Algorithm:.*", "", text, flags=re.DOTALL))
    text = "\n".join([head, *sorted(extensions)])
    lines = [line for line in text.splitlines() if not re.fullmatch(r"\s*(04:|00:)?([0-9a-f]{2}:)*([0-9a-f]{2}:?)\s*", line)]
    # Names are written in lower case here, as they were typed there.
    return [re.sub(r"\d\d:\d\d:\d\d ", "", line).lower() for line in lines]


def requests(directory: Path) -> None:
    """One with names and usages, one with a common name alone."""
    new = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", str(directory / "csr.key")]
    names = "subjectAltName=DNS:a.test,DNS:*.b.test,IP:10.0.0.1"
    usages = ["-addext", "extendedKeyUsage=serverAuth,clientAuth", "-addext", "keyUsage=critical,digitalSignature"]
    run(*new, "-subj", "/O=Shop/CN=a.test", "-addext", names, *usages, "-out", str(directory / "names.csr"))
    run(*new, "-subj", "/CN=c.test", "-out", str(directory / "common.csr"))


@needs("mkcert", "openssl")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_mkcert_and_tlsgi_mkcert_do_the_same(words: list[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAROOT", str(home / "root"))
    monkeypatch.setenv("TRUST_STORES", "java" if shutil.which("certutil") is None else "nss")
    monkeypatch.setenv("USER", run("id", "-un").strip())
    database = home / ".pki/nssdb"
    if shutil.which("certutil"):
        database.mkdir(parents=True)
        run("certutil", "-N", "--empty-password", "-d", f"sql:{database}")
    run("mkcert", "-install")
    requests(home)
    words = [word.replace("{requests}", str(home)) for word in words]
    outcomes = []
    for command in (["mkcert"], [COMMAND, "mkcert"]):
        directory = home / f"made{len(outcomes)}"
        directory.mkdir()
        done = subprocess.run([*command, *words], cwd=directory, capture_output=True, text=True, timeout=PATIENCE, check=False)
        files = {}
        for path in sorted(directory.rglob("*")):
            is_certificate = path.suffix == ".pem" and not path.name.endswith("-key.pem")
            text = run("openssl", "x509", "-noout", "-text", "-in", str(path)) if is_certificate else ""
            if is_certificate:
                run("openssl", "verify", "-CAfile", str(home / "root/rootCA.pem"), str(path))
            mode = None if path.suffix == ".p12" else oct(path.stat().st_mode)
            files[path.name] = (mode, plain(text))
        outcomes.append((done.returncode, done.stdout, done.stderr, files))
    theirs, ours = outcomes
    if words == ["-foo"]:
        assert (ours[0], ours[2].splitlines()[0]) == (theirs[0], theirs[2].splitlines()[0])
    elif words == ["not/a/name"]:
        # The reason stands behind it.
        assert ours[0] == theirs[0] and ours[2].startswith(theirs[2].strip())
    else:
        assert ours == theirs


@needs("mkcert", "openssl")
def test_new_roots_look_alike(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", run("id", "-un").strip())
    monkeypatch.setenv("TRUST_STORES", "java")
    for flags in ([], ["-ecdsa"]):
        texts = []
        for command in (["mkcert"], [COMMAND, "mkcert"]):
            root = home / f"{len(flags)}{Path(command[0]).name}"
            monkeypatch.setenv("CAROOT", str(root))
            run(*command, *flags, "-install")
            text = run("openssl", "x509", "-noout", "-text", "-in", str(root / "rootCA.pem"))
            texts.append(plain(text))
            assert (root / "rootCA-key.pem").stat().st_mode & 0o077 == 0
        without = [[line for line in text if not re.search(r"[0-9a-f]{2}(:[0-9a-f]{2}){19}", line)] for text in texts]
        assert without[1] == without[0], "but for the key's identifier"


@needs("openssl")
def test_mkcert_by_the_name_of_a_link(home: Path) -> None:
    link = home / "mkcert"
    link.symlink_to(COMMAND)
    assert run(str(link), "-CAROOT").strip() == str(home / ".local/share/mkcert")
    told = run(str(link), "one.test", "spiffe://one.test/a", cwd=home)
    assert 'The certificate is at "./one.test+1.pem" and the key at "./one.test+1-key.pem"' in told
    assert (home / "one.test+1.pem").exists()
