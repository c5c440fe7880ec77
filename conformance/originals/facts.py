"""What can be seen of a running server: each function asks and notes facts, short words under a name."""

from __future__ import annotations

import os
import re
import shutil
import ssl
from typing import Callable, Dict

from .place import NAME
from .running import Running
from .visitor import Answer, Visitor

Facts = Dict[str, str]
TARGET = "/app/a%20b?c=%20d"
VARIABLES = re.compile(r"HTTPS(?:_.*)?|SSL_(?!CLIENT_CERT$|SERVER_|SESSION_ID|CLIENT_V_|CLIENT_M_SERIAL).*")
"""Values of these are compared; of the dates and numbers of certificates that each run makes, only that they are there."""
CORE = (
    "wsgi.url_scheme", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REQUEST_METHOD", "SERVER_PROTOCOL", "REQUEST_URI",
    "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "HTTP_HOST", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once",
    "REQUEST_SCHEME", "HTTP_X_FORWARDED_PROTO", "CASE_SET",
    "scheme", "path", "root_path", "http_version", "method", "client",
)  # fmt: skip


class Asking:
    """A visitor of one run, and the names that stand for what differs from run to run."""

    def __init__(self, running: Running, ports: dict[str, int], open_ports: set[int]) -> None:
        self.running, self.ports, self.open_ports = running, ports, open_ports
        self.visitor = Visitor(running.place.directory, ports)

    def word(self, text: str) -> str:
        """Without ports and directories of this run."""
        for scheme, port in self.ports.items():
            text = re.sub(rf"\b{port}\b", scheme.upper(), text)
        return text.replace(str(self.running.place.directory), "DIR")


def listeners(asking: Asking, facts: Facts) -> None:
    """Which ports are there."""
    for scheme, port in asking.ports.items():
        facts[f"{scheme}: listens"] = "yes" if port in asking.open_ports else "no"


def answers(asking: Asking, facts: Facts) -> None:
    """Status and environment of an ordinary request on each port."""
    for scheme in asking.ports:
        answer = asking.visitor.ask(scheme, TARGET, fields={"X-Case": "é", "X_Spoof": "1"})
        facts[f"{scheme}: status"] = answer.outcome
        _note_environment(asking, facts, scheme, answer)
        for name in answer.told.get("environ", {}):
            if name not in CORE and not VARIABLES.fullmatch(name):
                facts[f"{scheme}: has {name}"] = "yes"
        posted = asking.visitor.ask(scheme, TARGET, method="POST", body="hello")
        facts[f"{scheme}: body of a POST"] = posted.told.get("body", posted.outcome)
        facts[f"{scheme}: HEAD"] = asking.visitor.ask(scheme, TARGET, method="HEAD").outcome


def statuses(asking: Asking, facts: Facts) -> None:
    """Whether requests are answered at all."""
    for scheme in asking.ports:
        for method, body in (("GET", None), ("HEAD", None), ("POST", "x")):
            for path in ("/", TARGET):
                facts[f"{scheme}: status of {method} {path}"] = asking.visitor.ask(scheme, path, method=method, body=body).outcome


def _note_environment(asking: Asking, facts: Facts, scheme: str, answer: Answer) -> None:
    environ = answer.told.get("environ", {})
    for name in CORE:
        if name in environ:
            facts[f"{scheme}: {name}"] = asking.word(str(environ[name]))
    for name, value in environ.items():
        if VARIABLES.fullmatch(name):
            facts[f"{scheme}: {name}"] = asking.word(str(value)) if str(value).isprintable() else "bytes"


def redirect(asking: Asking, facts: Facts) -> None:
    """What plain HTTP says to requests that belong on the other port."""
    for method, body in (("GET", None), ("HEAD", None), ("POST", "x")):
        answer = asking.visitor.ask("http", TARGET, method=method, body=body)
        facts[f"redirect of {method}: status"] = answer.outcome
        facts[f"redirect of {method}: location"] = asking.word(answer.fields.get("location", "none"))
        facts[f"redirect of {method}: HSTS"] = answer.fields.get("strict-transport-security", "none")
        facts[f"redirect of {method}: the application is asked"] = "yes" if answer.told else "no"
    other = asking.visitor.ask("http", "/", host="evil.example.org")
    facts["redirect of another host: status"] = other.outcome
    facts["redirect of another host: location"] = asking.word(other.fields.get("location", "none"))


def policy(asking: Asking, facts: Facts) -> None:
    """HSTS on what the application and the server answer."""
    for what, path in (("page", "/"), ("page with its own policy", "/headers"), ("fault", "/fault")):
        answer = asking.visitor.ask("https", path)
        facts[f"HSTS of a {what}: status"] = answer.outcome
        facts[f"HSTS of a {what}"] = answer.fields.get("strict-transport-security", "none")


def copies(asking: Asking, facts: Facts) -> None:
    """Whether both ports lead to the same processes and to the same objects in them."""
    seen: dict[str, set[tuple[int, int]]] = {scheme: set() for scheme in asking.ports}
    # Several in a row on each port: processes that take turns must not look like two sets.
    for scheme in [*asking.ports] * 3:
        for _ in range(5):
            told = asking.visitor.ask(scheme, "/").told
            if told:
                seen[scheme].add((told["process"], told["copy"]))
    everywhere = set[tuple[int, int]]().union(*seen.values())
    processes = {process for process, _ in everywhere}
    facts["copies in a process"] = f"{len(everywhere) / max(1, len(processes)):g}"
    if len(seen) > 1:
        shared = [{process for process, _ in found} for found in seen.values()]
        facts["processes of both ports are the same"] = "yes" if shared[0] & shared[1] else "no"


def processes(asking: Asking, facts: Facts) -> None:
    """How many serve, by asking until no new one shows."""
    found: set[int] = set()
    for _ in range(40):
        told = asking.visitor.ask("https" if "https" in asking.ports else "http", "/").told
        found |= {told["process"]} if told else set()
    facts["processes that answer"] = str(len(found))


def people(asking: Asking, facts: Facts) -> None:
    """As whom the application runs, and where."""
    told = asking.visitor.ask(next(iter(asking.ports)), "/").told
    for name in ("users", "groups", "umask", "directory"):
        facts[f"process: {name}"] = asking.word(str(told.get(name, "unknown")))
    for name, value in told.get("variables", {}).items():
        facts[f"process: variable {name}"] = asking.word(value)


def clients(asking: Asking, facts: Facts) -> None:
    """Which client certificates get in where, by version of TLS."""
    for version in ("1.2", "1.3"):
        for path in ("/", "/api/x"):
            for certificate in (None, "client.crt", "stranger.crt", "expired.crt"):
                answer = asking.visitor.ask("https", path, certificate=certificate, version=version)
                shown = (certificate or "no certificate").replace(".crt", "")
                facts[f"TLS {version} {path} {shown}"] = _let_in(answer)
    early = asking.visitor.ask("https", "/api/x", certificate="client.crt", late=False)
    facts["TLS 1.3 /api/x client, as a browser"] = _let_in(early)
    for path in ("/api/x", "/api", "/x/../api/x", "//api/x", "/%61pi/x"):
        facts[f"no certificate, {path}"] = _let_in(asking.visitor.ask("https", path))
        if "http" in asking.ports:
            facts[f"plain HTTP, {path}"] = _let_in(asking.visitor.ask("http", path))
    inside = asking.visitor.ask("https", "/api/x", certificate="client.crt")
    _note_environment(asking, facts, "with a certificate", inside)
    claimed = {"SSL-Client-Verify": "SUCCESS", "Ssl_Client_S_Dn": "CN=evil"}
    told = asking.visitor.ask("https", "/", fields=claimed).told.get("environ", {})
    facts["claimed in fields: SSL_CLIENT_VERIFY"] = str(told.get("SSL_CLIENT_VERIFY", "none"))


def revoked(asking: Asking, facts: Facts) -> None:
    """What a list of revoked certificates does."""
    for certificate in ("client.crt", "revoked.crt"):
        answer = asking.visitor.ask("https", "/api/x", certificate=certificate, version="1.2")
        facts[f"/api/x {certificate[:-4]}"] = _let_in(answer)


def _let_in(answer: Answer) -> str:
    """Alerts of TLS and connections that just end are one: which of them arrives is a matter of chance."""
    if answer.outcome == "200":
        return "let in"
    return answer.outcome if answer.outcome.isdigit() else "cut off"


def versions(asking: Asking, facts: Facts) -> None:
    """Which protocol versions, and whether old suites, are negotiated."""
    for version in ("1.1", "1.2", "1.3"):
        facts[f"TLS {version}"] = _negotiated(asking.visitor.ask("https", "/", version=version))
    for suite in ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-SHA", "AES128-SHA", "AES256-GCM-SHA384"):
        facts[f"suite {suite}"] = _negotiated(asking.visitor.ask("https", "/", version="1.2", ciphers=suite))


def _negotiated(answer: Answer) -> str:
    return "yes" if answer.outcome.isdigit() else "no"


def chain(asking: Asking, facts: Facts) -> None:
    """Whether a client that knows only the root can verify the server."""
    facts["verified by the root alone"] = asking.visitor.ask("https", "/", authority="other-ca.crt").outcome


def renewal(asking: Asking, facts: Facts) -> None:
    """Whether a new certificate in the same files is served: by itself, else after the signal for it."""
    place, port = asking.running.place.directory, asking.ports["https"]
    before = ssl.get_server_certificate(("127.0.0.1", port))
    shutil.copy(place / "leaf.key", place / "server.key")
    shutil.copy(place / "leaf.crt", place / "server.crt")
    facts["new certificate is served by itself"] = _within(asking, before, 4)


def _within(asking: Asking, before: str, seconds: float) -> str:
    def is_new() -> bool:
        try:
            return ssl.get_server_certificate(("127.0.0.1", asking.ports["https"])) != before
        except (OSError, ssl.SSLError):
            return False

    return "yes" if asking.running.wait_until(is_new, seconds) else "no"


def touched(asking: Asking, facts: Facts) -> None:
    """Whether the next requests are answered by new code when the script changes."""
    place = asking.running.place.directory
    ask: Callable[[], Answer] = lambda: asking.visitor.ask(next(iter(asking.ports)), "/")
    before = _who(ask())
    for script in ("wsgi.py", "instruments.wsgi"):
        path = place / script
        moment = path.stat().st_mtime + 5
        os.utime(path, (moment, moment))
    # A process forked anew may have its objects where the one before had them.
    changed = asking.running.wait_until(lambda: _who(ask()) not in (None, before), 5)
    facts["changed script is loaded again"] = "yes" if changed else "no"
    facts["after it: status"] = ask().outcome


def _who(answer: Answer) -> tuple[int, int] | None:
    return (answer.told["process"], answer.told["copy"]) if answer.told else None


def names(asking: Asking, facts: Facts) -> None:
    """Which names are served."""
    for host in (NAME, "example.com", "alias.example.com", "other.example.org", "127.0.0.1", "localhost"):
        for scheme in asking.ports:
            answer = asking.visitor.ask(scheme, "/", host=host)
            location = answer.fields.get("location")
            facts[f"{scheme}://{host}"] = answer.outcome + (f" {asking.word(location)}" if location else "")


def spoofed(asking: Asking, facts: Facts) -> None:
    """What a visitor who is no proxy can make the application believe."""
    fields = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "evil.example.org",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Ssl": "on",
    }
    for scheme in asking.ports:
        told = asking.visitor.ask(scheme, "/", fields=fields).told.get("environ", {})
        for name in ("wsgi.url_scheme", "scheme", "REMOTE_ADDR", "client", "HTTP_HOST", "SERVER_PORT", "HTTPS", *_field_names(fields)):
            facts[f"{scheme}, forged: {name}"] = asking.word(str(told.get(name, "none")))


def _field_names(fields: dict[str, str]) -> list[str]:
    return ["HTTP_" + name.upper().replace("-", "_") for name in fields]


def fields(asking: Asking, facts: Facts) -> None:
    """What stands in the head of a response."""
    for path in ("/", "/headers"):
        answer = asking.visitor.ask(next(iter(asking.ports)), path)
        for name in sorted({*answer.fields, "server", "date", "x-own"} - {"content-length", "transfer-encoding", "connection"}):
            value = answer.fields.get(name, "none")
            facts[f"{path} {name}"] = "some" if name == "date" and value != "none" else asking.word(value)


def fault(asking: Asking, facts: Facts) -> None:
    """What visitors see of an exception."""
    answer = asking.visitor.ask(next(iter(asking.ports)), "/fault")
    facts["fault: status"] = answer.outcome
    asking.running.wait_until(lambda: "a fault of the application" in asking.running.log(), 2)
    facts["fault: its text is shown"] = "yes" if "a fault of the application" in answer.body else "no"
    facts["fault: its text is logged"] = "yes" if "a fault of the application" in asking.running.log() else "no"


def plain_on_tls(asking: Asking, facts: Facts) -> None:
    """What a visitor gets who types http:// and the TLS port."""
    answer = asking.visitor.ask("http", TARGET, port=asking.ports["https"])
    facts["plain HTTP on the TLS port: status"] = answer.outcome
    facts["plain HTTP on the TLS port: location"] = asking.word(answer.fields.get("location", "none"))
