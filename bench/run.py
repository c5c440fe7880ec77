"""Measures tlsgi and its peers side by side and writes RESULTS.md: ``python3 bench/run.py``."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import machine
import report
import store
from loads import LOADS, QUICK, QUICK_SERVERS, Load, measure
from measure import wait_for_calm
from peers import SERVERS
from prepare import prepare
from report import NOISE_PERCENT
from servers import Place, Running, Server, StartError

UNFINISHED = 3
"""Exit status of a run that its budget ended: call it again with ``--continue``."""


def main() -> int:
    """Every load on every server that can do it, in rounds that alternate between the servers."""
    options = _options()
    if options.render:
        report.write(options.results, options.output)
        return 0
    # An ended run ends its servers.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    began = time.monotonic()
    place = prepare(options)
    try:
        is_finished = options.prepare or _measure(options, place, began)
    finally:
        shutil.rmtree(place.directory)
    if not options.prepare:
        report.write(options.results, options.output)
        print(f"wrote {options.output}" + ("" if is_finished else "; there is more to do: --continue"))
    return 0 if is_finished else UNFINISHED


def _measure(options: argparse.Namespace, place: Place, began: float) -> bool:
    """Whether all that was asked for is done."""
    context = machine.context(place, options.seconds, options.note)
    present = [server for server in SERVERS if server.name in options.servers and server.is_present(place)]
    for load in (load for load in LOADS if load.name in options.only):
        able = [server for server in present if load.suits(server)]
        names = [server.name for server in able]
        record = store.begin(options.results, load.name, context, names, options.is_continued)
        for number in range(options.rounds):
            missing = [server for server in able if not record.has(number, server.name)]
            for server in missing if number % 2 == 0 else reversed(missing):
                left = began + options.budget - time.monotonic() if options.budget else float("inf")
                left -= 1.5 * options.seconds + load.cost
                if left < 0:
                    return False
                record.add(number, server.name, _calmly(options, load, server, place, left))
                record.save(options.results)
    return True


def _calmly(options: argparse.Namespace, load: Load, server: Server, place: Place, left: float) -> store.Figures | str:
    """One measurement; where others disturbed it, and there is time and patience, the calmer of two."""
    if not options.patience:
        return _run(load, server, place, options.seconds)
    until = time.monotonic() + left
    wait_for_calm(NOISE_PERCENT / 100, min(options.patience, left))
    first = _run(load, server, place, options.seconds)
    left = until - time.monotonic()
    if isinstance(first, str) or first["others %"] <= NOISE_PERCENT or left < 0:
        return first
    wait_for_calm(NOISE_PERCENT / 100, min(options.patience, left))
    again = _run(load, server, place, options.seconds)
    return first if isinstance(again, str) or again["others %"] > first["others %"] else again


def _run(load: Load, server: Server, place: Place, seconds: float) -> store.Figures | str:
    """Figures, or the reason why there are none."""
    try:
        running = Running(server, place, load.setup)
    except StartError as error:
        print(f"{load.name}: {error}", file=sys.stderr)
        return "did not start"
    try:
        figures = measure(load, running, seconds)
        shown = "; ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"{load.name:18} {server.name:15} {shown}", flush=True)
        return figures
    except (OSError, ValueError, StartError, subprocess.SubprocessError) as error:
        log = running.log.read_text(errors="replace")[-2000:]
        print(f"{load.name}: {server.name}: {error}\n{log}", file=sys.stderr)
        return str(error).partition("\n")[0]
    finally:
        running.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names, servers = [load.name for load in LOADS], [server.name for server in SERVERS]
    parser.add_argument("--quick", action="store_true", help="a few loads and servers, 3 rounds of 2 s")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"loads, or their first letters: {', '.join(names)}")
    parser.add_argument("--servers", nargs="+", metavar="NAME", help=f"servers: {', '.join(servers)}")
    parser.add_argument("--rounds", type=int, help="how often everything is measured [5]")
    parser.add_argument("--seconds", type=float, help="length of one measurement [5]")
    parser.add_argument("--continue", action="store_true", dest="is_continued", help="measure only what is missing")
    parser.add_argument("--budget", type=float, help=f"begin nothing that would end later than this many seconds; exit with {UNFINISHED} if more is to do")
    parser.add_argument("--patience", type=float, default=0, help="wait so many seconds at most for others to leave the machine alone, and measure once more what they disturbed")
    parser.add_argument("--prepare", action="store_true", help="install and build, measure nothing")
    parser.add_argument("--render", action="store_true", help="write the page from the stored results, measure nothing")
    parser.add_argument("--tlsgi-binary", type=Path, help="a tlsgi that is built already")
    parser.add_argument("--tlsgi-package", type=Path, help="directory that holds its Python package [python]")
    parser.add_argument("--tlsgi-python", type=Path, help="interpreter of its workers [the benchmark's environment]")
    parser.add_argument("--note", default="", help="a sentence at the top of the results")
    parser.add_argument("--results", type=Path, default=store.DIRECTORY, help="where figures are kept [bench/results]")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("RESULTS.md"), help="[bench/RESULTS.md]")
    options = parser.parse_args()
    options.only = _chosen(parser, options.only, QUICK if options.quick else names, names, True)
    options.servers = _chosen(parser, options.servers, QUICK_SERVERS if options.quick else servers, servers, False)
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = options.seconds or (2 if options.quick else 5)
    return options


def _chosen(
    parser: argparse.ArgumentParser, asked: list[str] | None, usual: tuple[str, ...] | list[str], known: list[str], by_prefix: bool
) -> list[str]:
    """Names between spaces or commas."""
    if asked is None:
        return list(usual)
    found: list[str] = []
    for name in (part for word in asked for part in word.split(",") if part):
        fitting = [name] if name in known else [each for each in known if by_prefix and each.startswith(name)]
        if not fitting:
            parser.error(f"{name!r} is none of {', '.join(known)}")
        found += fitting
    return found


if __name__ == "__main__":
    sys.exit(main())
