"""The server under test, the differences that are expected of it, and the results for the table."""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Iterator

import pytest

from . import peers
from .differences import check_name, expected
from .http1 import WIRE
from .servers import INTERFACES, Server

KIND = os.environ.get("SERVER_UNDER_TEST", "tlsgi")
RESULTS = peers.DIRECTORY / "results"
collect_ignore = [] if KIND == "tlsgi" else ["originals"]


def pytest_configure(config: pytest.Config) -> None:
    """Marks of this suite."""
    if KIND not in INTERFACES:
        raise pytest.UsageError(f"SERVER_UNDER_TEST={KIND}: one of {', '.join(INTERFACES)}")
    config.addinivalue_line("markers", "applies_to(*kinds): the check has no meaning for other servers")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """An expected difference must fail, any other check must pass."""
    ours = [item for item in items if item.path.parent == peers.ROOT / "conformance"]
    names = [check_name(item) for item in ours]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"checks of the same name: {sorted(twice)}"
    # A part of the suite may be run, so a pattern that fits nothing is an error only of the whole.
    is_whole = config.args in ([str(peers.ROOT / "conformance")], ["conformance"]) and not config.option.keyword
    config.stash[IS_WHOLE] = is_whole
    reasons = expected(KIND, names, is_whole)
    for item, name in zip(ours, names):
        item.add_marker(pytest.mark.timeout(60))
        if not _applies(item):
            item.add_marker(pytest.mark.skip(reason="not applicable"))
        elif name in reasons:
            difference = reasons[name]
            item.add_marker(pytest.mark.xfail(reason=difference.reason, strict=not difference.chance))


def _applies(item: pytest.Item) -> bool:
    needed = {"wsgi", "asgi"} & set(getattr(item, "fixturenames", ()))
    marks = [mark.args for mark in item.iter_markers("applies_to")]
    return needed <= INTERFACES[KIND] and all(KIND in kinds for kinds in marks)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    """Remembers the outcome of each check."""
    if call.when == "setup":
        WIRE.clear()
    report = yield
    if report.when == "call" or report.outcome != "passed":
        has_failed = report.outcome == "failed" or (hasattr(report, "wasxfail") and report.outcome == "skipped")
        outcome = "differs" if has_failed else report.outcome
        if report.longrepr and str(report.longrepr).startswith("[XPASS"):
            outcome = "passed"
        item.config.stash.setdefault(OUTCOMES, {})[check_name(item)] = outcome
    if report.outcome == "failed":
        lines = [f"{way} {data[:500]!r}" for way, data in WIRE[-40:]]
        report.sections.append(("on the wire", "\n".join(lines)))
        for server in item.session.stash.get(SERVERS, {}).values():
            report.sections.append((f"end of the log of {server.kind} ({server.interface})", server.log()[-3000:]))
    return report


OUTCOMES: pytest.StashKey[dict[str, str]] = pytest.StashKey()
IS_WHOLE: pytest.StashKey[bool] = pytest.StashKey()
SERVERS: pytest.StashKey[dict[str, Server]] = pytest.StashKey()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the outcomes for ``python -m conformance.report``."""
    for server in session.stash.get(SERVERS, {}).values():
        server.close()
    if outcomes := session.config.stash.get(OUTCOMES, {}):
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f"{KIND}.json"
        # A run of some checks leaves what is known of the others.
        known = json.loads(path.read_text()) if path.exists() and not session.config.stash.get(IS_WHOLE, True) else {}
        path.write_text(json.dumps({**known, **outcomes}, indent=1, ensure_ascii=False))


def _shared(request: pytest.FixtureRequest, interface: str) -> Server:
    servers = request.session.stash.setdefault(SERVERS, {})
    server = servers.get(interface)
    if server is None or not server.is_listening():
        if server is not None:
            server.close()
        servers[interface] = server = Server(KIND, interface, f"{interface}_app:application")
    return server


@pytest.fixture
def wsgi(request: pytest.FixtureRequest) -> Server:
    """The WSGI application, over TLS."""
    return _shared(request, "wsgi")


@pytest.fixture
def asgi(request: pytest.FixtureRequest) -> Server:
    """The ASGI application, over TLS."""
    return _shared(request, "asgi")


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """Whichever interface the server has; both applications show what they were given."""
    return _shared(request, "wsgi" if "wsgi" in INTERFACES[KIND] else "asgi")


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """``start(interface, application, **options)``: a server of its own for this check."""
    started = []

    def start_server(interface: str, application: str | None = None, **options: Any) -> Server:
        if interface not in INTERFACES[KIND]:
            pytest.skip("not applicable")
        started.append(Server(KIND, interface, application or f"{interface}_app:application", **options))
        return started[-1]

    yield start_server
    for one in started:
        one.close()
