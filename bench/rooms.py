"""Measures the rooms by themselves, without sockets to clients: ``python3 bench/rooms.py`` writes ROOMS.md.

Time and instructions of wire frames, head parsing and the routing decision; CPU time and instructions of a worker for
each request, which is where environ and scope are built.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python" / "tests"))
import wire  # noqa: E402: found only with the path above

VALGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
FEW, MANY = 1000, 11_000
"""Rounds of the two runs whose difference leaves out start and end."""
CRATES = {"tlsgi-wire": [], "tlsgi-front": ["--features", "rooms"]}

BARE = [(b"host", b"www.example.org")]
BROWSER = [
    *BARE,
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-US,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"referer", b"https://www.example.org/start"),
    (b"cookie", b"sessionid=0123456789abcdef0123456789abcdef; csrftoken=0123456789abcdef0123456789abcdef"),
    (b"sec-fetch-dest", b"document"),
    (b"sec-fetch-mode", b"navigate"),
    (b"sec-fetch-site", b"same-origin"),
    (b"priority", b"u=0, i"),
    (b"x-own", b"a name without a number of its own"),
]
HEADS = {"bare head": BARE, "head of a browser": BROWSER}
APPLICATIONS = {
    "wsgi": """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
""",
    "asgi": """
async def app(scope, receive, send):
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})
""",
}


@dataclass(frozen=True)
class Room:
    """A row: time of one round, and its instructions where valgrind is installed."""

    name: str
    time: str
    instructions: float | None


class Worker(wire.Worker):
    """A worker process, perhaps under a tool that counts."""

    def __init__(self, directory: Path, python: Path, package: Path, prefix: list[str], **start: Any) -> None:
        self.control, theirs = socket.socketpair()
        self.control.settimeout(wire.PATIENCE)
        self.log = directory / "worker.log"
        # The same hashes in every run: the difference of two runs is what is looked for.
        environment = {**os.environ, "PYTHONPATH": str(package), "PYTHONHASHSEED": "0"}
        command = [*prefix, str(python), "-m", "tlsgi.worker", str(theirs.fileno())]
        with theirs, self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stderr=log, cwd=directory, env=environment
            )
        self.links = []
        self.send("start", reference="application:app", directory=str(directory), **start)


def main() -> None:
    """All rooms, one table."""
    options = _options()
    # A worker under valgrind takes many times as long to start.
    wire.PATIENCE = 180.0
    rooms = [room for crate in CRATES for room in _rust(crate, options)]
    for interface in APPLICATIONS:
        for head, fields in HEADS.items():
            rooms.append(_worker(interface, head, fields, options))
    options.output.write_text(_page(rooms))
    print(f"wrote {options.output}")


def _rust(crate: str, options: argparse.Namespace) -> list[Room]:
    """What ``cargo bench`` says, and the instructions of the same program."""
    command = ["cargo", "bench", "--locked", "-p", crate, *CRATES[crate], "--bench", crate.removeprefix("tlsgi-")]
    command += ["--profile", options.profile] if options.profile else []
    built = subprocess.run([*command, "--no-run"], cwd=ROOT, check=True, capture_output=True, text=True)
    found = re.search(r"Executable benches/\S+ \((.*)\)", built.stderr)
    program = ROOT / found[1] if found else None
    written = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    print(written)
    rows = re.findall(r"[├╰]─ (\w+) +[\d.]+ \S+ +│ [\d.]+ \S+ +│ ([\d.]+ \S+)", written)
    if not rows or program is None:
        raise SystemExit(f"cargo bench of {crate} cannot be read:\n{built.stderr}{written}")
    return [Room(f"{crate}: {name.replace('_', ' ')}", time, _counted_program(program, name)) for name, time in rows]


def _counted_program(program: Path, name: str) -> float | None:
    def run(rounds: int) -> int:
        command = [*VALGRIND, str(program), "--count", name, str(rounds)]
        return _collected(subprocess.run(command, check=True, capture_output=True, text=True).stderr)

    return _difference(run, FEW, MANY)


def _worker(interface: str, head: str, fields: wire.Pairs, options: argparse.Namespace) -> Room:
    """A worker that answers one request after the other: its CPU time, reads and writes included."""
    requests = options.requests

    def run(rounds: int) -> int:
        return _run_worker(interface, fields, options, VALGRIND, rounds)[1]

    nanoseconds = _run_worker(interface, fields, options, [], requests)[0]
    name = f"tlsgi-worker: {interface.upper()}, {head}, read to written"
    return Room(name, f"{nanoseconds / requests / 1e3:.2f} µs of CPU", _difference(run, 1000, 5000, 1.1))


def _run_worker(
    interface: str, fields: wire.Pairs, options: argparse.Namespace, prefix: list[str], rounds: int
) -> tuple[int, int]:
    """Nanoseconds of CPU for so many requests, and all instructions of the process if they are counted."""
    with tempfile.TemporaryDirectory(prefix="tlsgi-rooms-") as name:
        directory = Path(name)
        (directory / "application.py").write_text(APPLICATIONS[interface])
        start = {"threads": 1} if interface == "wsgi" else {"lifespan": "off"}
        worker = Worker(directory, options.python, options.package, prefix, interface=interface, **start)
        try:
            worker.ready()
            link = worker.attach()
            # The number of an exchange may be used again once it is done.
            request = link.encode_request(headers=fields)[1]
            _ask(link.socket, request, rounds // 10)
            before = _cpu(worker.process.pid)
            _ask(link.socket, request, rounds)
            spent = _cpu(worker.process.pid) - before
            worker.stop()
            log = worker.log.read_text()
        finally:
            worker.close()
    return spent, _collected(log) if prefix else 0


def _ask(connection: socket.socket, request: bytes, rounds: int) -> None:
    """One request after the other, each until its exchange is done."""
    received = b""
    for _ in range(rounds):
        connection.sendall(request)
        is_done = False
        while not is_done:
            while len(received) < 8 or len(received) < 8 + int.from_bytes(received[:3], "little"):
                received += connection.recv(1 << 16)
            length, kind = int.from_bytes(received[:3], "little"), received[3]
            flags = received[8] if length else 0
            has_flags = kind in (wire.RESPONSE, wire.DATA, wire.TRAILERS, wire.ABORT)
            is_done = kind == wire.DONE or (has_flags and bool(flags & wire.DONE_FLAG))
            received = received[8 + length :]


def _cpu(process: int) -> int:
    """Nanoseconds that all threads ran."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def _difference(run: Callable[[int], int], few: int, many: int, factor: float = 1.0) -> float | None:
    """Instructions of one round, of which ``factor`` times as many are run; None without valgrind."""
    if shutil.which(VALGRIND[0]) is None:
        return None
    return (run(many) - run(few)) / ((many - few) * factor)


def _collected(text: str) -> int:
    found = re.search(r"Collected : (\d+)", text)
    if found is None:
        raise SystemExit(f"valgrind did not say what it counted:\n{text[-2000:]}")
    return int(found[1])


def _page(rooms: list[Room]) -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    lines = ["# Rooms by themselves", "", "Written by `bench/rooms.py`; [README.md](README.md) says what is measured.", ""]
    lines += [f"{now:%Y-%m-%d %H:%M} UTC. Times depend on the machine; instructions (of user space, counted by valgrind)"]
    lines += ["hardly do, and tell whether a change made a room cheaper.", "", "| room | time | instructions |", "|---|---:|---:|"]
    for room in rooms:
        counted = "–" if room.instructions is None else f"{room.instructions:,.0f}"
        lines.append(f"| {room.name} | {room.time} | {counted} |")
    return "\n".join([*lines, ""])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="interpreter of the worker")
    parser.add_argument("--package", type=Path, default=ROOT / "python", help="directory that holds tlsgi [python]")
    parser.add_argument("--profile", help="build profile of the Rust rooms [bench, which is release]")
    parser.add_argument("--requests", type=int, default=20_000, help="requests to a worker for its CPU time")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("ROOMS.md"), help="[bench/ROOMS.md]")
    options = parser.parse_args()
    # The worker starts in a directory of its own. Not resolved: an environment is found by the link to its interpreter.
    options.python, options.package = options.python.absolute(), options.package.absolute()
    return options


if __name__ == "__main__":
    main()
