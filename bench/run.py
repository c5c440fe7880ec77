"""Measures tlsgi and its peers side by side and writes RESULTS.md: ``python3 bench/run.py``."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import report
from loads import LOADS, QUICK, QUICK_SERVERS, Load, measure
from prepare import prepare
from report import Results
from servers import SERVERS, Place, Running, Server, StartError


def main() -> None:
    """Every load on every server that can do it, in rounds that alternate between the servers."""
    options = _options()
    # An ended run ends its servers: they are in sessions of their own.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    place = prepare(options)
    results = Results(options.note, options.seconds, options.rounds)
    servers = _present(options.servers, results)
    loads = [load for load in LOADS if load.name in options.only]
    try:
        for number in range(options.rounds):
            results.load_averages.append(os.getloadavg()[0])
            for load in loads:
                able = [server for server in servers if load.suits(server)]
                for server in able if number % 2 == 0 else reversed(able):
                    _run(load, server, place, results)
        report.write(results, place, options.output)
    finally:
        shutil.rmtree(place.directory)
    print(f"wrote {options.output}")


def _run(load: Load, server: Server, place: Place, results: Results) -> None:
    """A run that fails is a remark in the results, never a figure."""
    try:
        running = Running(server, place, load.setup)
    except StartError as error:
        results.remarks.append(f"{load.name}: {server.name} did not start")
        print(error, file=sys.stderr)
        return
    try:
        figures = measure(load, running, results.seconds)
        results.add(load, server.name, figures)
        shown = "; ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"{load.name:18} {server.name:15} {shown}", flush=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        reason = str(error).partition("\n")[0]
        results.remarks.append(f"{load.name}: {server.name} could not be measured ({reason})")
        print(f"{load.name}: {server.name}: {error}\n{running.log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
    finally:
        running.close()


def _present(names: list[str], results: Results) -> list[Server]:
    chosen = [server for server in SERVERS if server.name in names]
    for server in chosen:
        if not server.is_present:
            results.remarks.append(f"{server.name} is left out: `{server.program}` is not installed")
            print(results.remarks[-1], file=sys.stderr)
    return [server for server in chosen if server.is_present]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names, servers = [load.name for load in LOADS], [server.name for server in SERVERS]
    parser.add_argument("--quick", action="store_true", help="a few loads and servers, 3 rounds of 2 s")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"loads: {', '.join(names)}")
    parser.add_argument("--servers", nargs="+", choices=servers, metavar="NAME", help=f"servers: {', '.join(servers)}")
    parser.add_argument("--rounds", type=int, help="how often everything is measured [5]")
    parser.add_argument("--seconds", type=float, help="length of one measurement [5]")
    parser.add_argument("--tlsgi-binary", type=Path, help="a tlsgi that is built already")
    parser.add_argument("--tlsgi-package", type=Path, help="directory that holds its Python package [python]")
    parser.add_argument("--tlsgi-python", type=Path, help="interpreter of its workers [the benchmark's environment]")
    parser.add_argument("--note", default="", help="a sentence at the top of the results")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("RESULTS.md"), help="[bench/RESULTS.md]")
    options = parser.parse_args()
    options.only = options.only or (QUICK if options.quick else names)
    options.servers = options.servers or (QUICK_SERVERS if options.quick else servers)
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = options.seconds or (2 if options.quick else 5)
    return options


if __name__ == "__main__":
    main()
