"""Load generators that are programs: wrk, h2load, curl, and the HTTP/3 client of this directory. Each becomes an `Outcome`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from servers import Running

HERE = Path(__file__).resolve().parent
WRK_SCRIPT = HERE / "wrk.lua"
BODY_MEBIBYTES = 100
TRANSFER_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """What a generator saw; latencies in milliseconds, None where it measures none.

    ``uncounted`` are requests that cost the server time, but are not in the rate.
    """

    count: float
    seconds: float
    failures: int = 0
    p50: float | None = None
    p99: float | None = None
    extra: dict[str, float] = field(default_factory=dict)
    uncounted: int = 0


Client = Callable[[Running, float], Outcome]


def wrk(connections: int, path: str = "/") -> Client:
    """HTTP/1.1 over kept-alive connections."""

    def run(server: Running, seconds: float) -> Outcome:
        command = ["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{max(1, round(seconds))}s"]
        written = _output([*command, "-s", str(WRK_SCRIPT), server.url(path)])
        found = json.loads(written[written.rindex('{"requests"') :])
        failures = int(found["failures"])
        return Outcome(found["requests"] - found["refused"], found["seconds"], failures, found["p50"], found["p99"])

    return run


def h2load(connections: int, streams: int, path: str = "/") -> Client:
    """HTTP/2; the latencies come from a second, shorter run, because writing them down slows the generator."""

    def run(server: Running, seconds: float) -> Outcome:
        command = ["h2load", "-t", "1", "-c", str(connections), "-m", str(streams), server.url(path)]
        written = _output([*command, "-D", str(max(1, round(seconds)))])
        elapsed = re.search(r"finished in ([\d.]+)(m?s)", written)
        counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", written)
        codes = re.search(r"status codes: (\d+) 2xx", written)
        if elapsed is None or counts is None or codes is None:
            raise ValueError(f"h2load said:\n{written}")
        succeeded = min(int(counts[1]), int(codes[1]))
        failed = int(counts[1]) - succeeded + sum(int(count) for count in counts.groups()[1:])
        log = server.directory / "latencies"
        _output([*command, "-D", "1", "--log-file", str(log)])
        latencies = [int(line.split()[2]) / 1e3 for line in log.read_text().splitlines()]
        took = float(elapsed[1]) / (1000 if elapsed[2] == "ms" else 1)
        return Outcome(succeeded, took, failed, *percentiles(latencies), uncounted=len(latencies))

    return run


def transfer(path: str, is_upload: bool) -> Client:
    """A large body, in one direction; counts mebibytes."""

    def run(server: Running, seconds: float) -> Outcome:
        command = ["curl", "--silent", "--http1.1", "--cacert", str(server.certificate), "--output", os.devnull]
        command += ["--max-time", str(TRANSFER_SECONDS), "--write-out", "%{http_code} %{size_download} %{size_upload}"]
        if is_upload:
            command += ["--request", "POST", "--header", "Expect:"]
            command += ["--upload-file", str(server.place.directory / "body")]
        took, failures = [], 0
        for began in until(seconds):
            done = subprocess.run([*command, server.url(path)], capture_output=True, text=True)
            status, *sizes = done.stdout.split()
            failures += status != "200" or max(int(size) for size in sizes) != BODY_MEBIBYTES << 20
            took.append(time.perf_counter() - began)
        if failures == len(took):
            raise ValueError(f"no transfer succeeded; curl ended with {done.returncode}, status {status}")
        return Outcome((len(took) - failures) * BODY_MEBIBYTES, sum(took), failures)

    return run


def http3(server: Running, seconds: float) -> Outcome:
    """HTTP/3 by a client in Python: it is slower than the servers, so that the CPU time is what tells them apart."""
    command = [server.place.installed("python"), str(HERE / "http3.py"), str(server.port), str(server.certificate)]
    done = subprocess.run([*command, str(seconds)], capture_output=True, text=True)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip().rpartition("\n")[2] or "the HTTP/3 client failed")
    found = json.loads(done.stdout)
    return Outcome(found["requests"], found["seconds"], found["failures"], *percentiles(found["latencies"]))


def until(seconds: float) -> Iterator[float]:
    """The time, again and again until that much has passed; once at least."""
    ended = time.perf_counter() + seconds
    yield time.perf_counter()
    while (now := time.perf_counter()) < ended:
        yield now


def percentiles(latencies: list[float]) -> tuple[float | None, float | None]:
    """The median and the 99th in a hundred."""
    ordered = sorted(latencies)
    if not ordered:
        return None, None
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
