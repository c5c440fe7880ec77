"""Writes the results: medians as tables in Markdown, and a plot of bars for each load."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from importlib.metadata import distributions
from pathlib import Path

from loads import Load
from servers import Place

BAR, GAP, LABEL, WIDTH, FIGURE = 18, 6, 130, 300, 70
OURS, THEIRS = "#2563eb", "#94a3b8"
PACKAGES = ("granian", "uvicorn", "gunicorn", "hypercorn", "uvloop", "flask", "django", "fastapi")

Rounds = dict[str, list[dict[str, float]]]


@dataclass
class Results:
    """Everything that was measured: by load, by server, one entry for each round."""

    note: str
    seconds: float
    rounds: int
    began: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc))
    load_averages: list[float] = field(default_factory=list)
    by_load: dict[Load, Rounds] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def add(self, load: Load, server: str, figures: dict[str, float]) -> None:
        """Keeps the figures of one run."""
        self.by_load.setdefault(load, {}).setdefault(server, []).append(figures)


def write(results: Results, place: Place, path: Path) -> None:
    """The page, and its plots in the directory ``plots`` beside it."""
    plots = path.parent / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    for old in plots.glob("*.svg"):
        old.unlink()
    text = [_head(results, place)]
    for load, rounds in results.by_load.items():
        rows = {server: _medians(measured) for server, measured in rounds.items()}
        (plots / f"{load.name}.svg").write_text(_plot(load.title, rows))
        text.append(f"## {load.title}\n\n![{load.title}](plots/{load.name}.svg)\n\n{_table(rows)}")
    path.write_text("\n".join(text))


def _medians(measured: list[dict[str, float]]) -> dict[str, float]:
    """The median of every column; failures are added up, the memory is the highest, for neither may hide in a median."""
    columns = list(dict.fromkeys(column for figures in measured for column in figures))
    gathered = {column: [figures[column] for figures in measured if column in figures] for column in columns}
    rules = {"failures": sum, "peak MiB": max}
    return {column: float(rules.get(column, statistics.median)(values)) for column, values in gathered.items()}


def _head(results: Results, place: Place) -> str:
    averages = ", ".join(f"{average:.1f}" for average in results.load_averages)
    cores = os.cpu_count() or 1
    is_busy = max(results.load_averages) > cores / 2
    busy = " **The machine was busy with something else: neither figures nor ratios can be relied on.**" if is_busy else ""
    lines = [
        "# Results",
        "",
        "Written by `bench/run.py`; [README.md](README.md) says what is measured and how.",
        *(["", f"**{results.note}**"] if results.note else []),
        "",
        f"- {results.began:%Y-%m-%d %H:%M} UTC; medians of {results.rounds} alternating rounds of {results.seconds:g} s",
        f"- {_processor()}, {cores} cores, {_memory()} GiB; {platform.system()} {platform.release()}",
        f"- load average before each round: {averages}.{busy}",
        f"- {', '.join(_versions(place))}",
        *(f"- {remark}" for remark in dict.fromkeys(results.remarks)),
        "",
    ]
    return "\n".join(lines)


def _versions(place: Place) -> Iterable[str]:
    yield _said([str(place.tlsgi_binary), "--version"])
    yield f"Python {platform.python_version()}"
    site = next((place.environment / "lib").glob("python3*")) / "site-packages"
    found = {item.metadata["Name"].lower(): item.version for item in distributions(path=[str(site)])}
    yield from (f"{name} {found[name]}" for name in PACKAGES)
    yield _said(["wrk", "--version"]).partition(" [")[0]
    yield _said(["h2load", "--version"])
    yield _said(["openssl", "version"]).partition(" (")[0]


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().partition("\n")[0]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30))


def _table(rows: dict[str, dict[str, float]]) -> str:
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = ["| server | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for server, row in rows.items():
        lines.append(f"| {server} | " + " | ".join(_shown(row.get(column)) for column in columns) + " |")
    return "\n".join(lines) + "\n"


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    if value == int(value) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _plot(title: str, rows: dict[str, dict[str, float]]) -> str:
    """Two panels of bars: the first figure of the table and the second, with the same servers on the same lines."""
    columns = list(next(iter(rows.values())))[:2]
    panel = WIDTH + FIGURE
    width, height = LABEL + len(columns) * panel, 46 + len(rows) * (BAR + GAP)
    heads = [(LABEL + at * panel, escape(name)) for at, name in enumerate(columns)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"',
        ' font-family="sans-serif" font-size="12">',
        f'<title>{escape(title)}</title><rect width="100%" height="100%" fill="white"/>',
        *(f'<text x="{left}" y="30" font-weight="bold">{name}</text>' for left, name in heads),
    ]
    for line, (server, row) in enumerate(rows.items()):
        top = 40 + line * (BAR + GAP)
        parts.append(f'<text x="{LABEL - 8}" y="{top + 13}" text-anchor="end">{escape(server)}</text>')
        for at, name in enumerate(columns):
            highest = max(other.get(name, 0.0) for other in rows.values()) or 1.0
            length = WIDTH * max(0.0, row.get(name, 0.0)) / highest
            left, colour = LABEL + at * panel, OURS if server == "tlsgi" else THEIRS
            parts.append(f'<rect x="{left}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>')
            parts.append(f'<text x="{left + length + 5:.1f}" y="{top + 13}">{_shown(row.get(name))}</text>')
    return "\n".join([*parts, "</svg>\n"])
