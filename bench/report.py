"""Writes the page: goals, tables and plots out of the stored figures."""

from __future__ import annotations

import datetime
import statistics
from itertools import groupby
from pathlib import Path

import goals
import plots
import store
from goals import Judged
from loads import LOADS, Load
from peers import SERVERS
from plots import shown
from store import Figures, Record

NOISE_PERCENT = 10.0
"""Share of the machine that others may take during a measurement before it counts as disturbed."""
SPREAD_PERCENT = 20.0
ONE_RUN = datetime.timedelta(minutes=30)
RULES = {"failures": sum, "peak MiB": max, "others %": max}


def write(results: Path, path: Path) -> None:
    """The page, and its plots in the directory ``plots`` beside it."""
    known = [(load, record) for load in LOADS if (record := store.read(results, load.name)) and record.servers()]
    directory = path.parent / "plots"
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.svg"):
        old.unlink()
    medians = {load.name: _medians(record) for load, record in known}
    text = [*_head([record for _, record in known]), *_goals(goals.judge(medians), dict(known))]
    for title, found in groupby(known, key=lambda item: item[0].group):
        members = list(found)
        name = "-".join(part for part in "".join(c if c.isalnum() else " " for c in title.lower()).split())
        picture = plots.group(title, [(load.title, medians[load.name]) for load, _ in members])
        (directory / f"{name}.svg").write_text(picture)
        text += [f"## {title}", "", f"![{title}](plots/{name}.svg)", ""]
        for load, record in members:
            text += _section(load, record, medians[load.name])
    path.write_text("\n".join(text))


def _medians(record: Record) -> dict[str, Figures]:
    return {server: _median(measured) for server in record.servers() if (measured := _measured(record, server))}


def _measured(record: Record, server: str) -> list[Figures]:
    return [known.figures[server] for known in record.rounds if server in known.figures]


def _median(measured: list[Figures]) -> Figures:
    """The median of every column; failures are added up, memory and noise are the highest: neither may hide in a median."""
    columns = list(dict.fromkeys(column for figures in measured for column in figures))
    gathered = {column: [figures[column] for figures in measured if column in figures] for column in columns}
    combined = {column: float(RULES.get(column, statistics.median)(values)) for column, values in gathered.items()}
    first = gathered[columns[0]]
    if len(first) > 1 and combined[columns[0]]:
        combined["spread %"] = 100 * (max(first) - min(first)) / combined[columns[0]]
    return combined


def _head(records: list[Record]) -> list[str]:
    lines = ["# Results", "", "Written by `bench/run.py`; [README.md](README.md) says what is measured and how.", ""]
    if not records:
        return [*lines, "Nothing was measured.", ""]
    newest = max(records, key=lambda record: str(record.context["at"])).context
    notes = dict.fromkeys(record.context["note"] for record in records if record.context["note"])
    lines += [line for note in notes for line in (f"**{note}**", "")]
    times = sorted(at for record in records for known in record.rounds for at in known.at.values())
    counts = sorted({len(record.rounds) for record in records})
    seconds = sorted({record.context["seconds"] for record in records})
    lines += [
        f"- {_minute(times[0])} to {_minute(times[-1])} UTC; medians over rounds that alternate ({_span(counts)} of {_span(seconds)} s)",
        f"- {newest['machine']}; the load generators run on the same cores",
        f"- {', '.join(newest['versions'])}",
        _noise(records),
        *(f"- left out: {server} needs {rest}" for server, rest in (_split(name) for name in newest["missing"])),
    ]
    builds = list(dict.fromkeys(record.context["build"] for record in records))
    if len(builds) > 1:
        other = [record.load for record in records if record.context["build"] != newest["build"]]
        lines.append(f"- measured with an older build of tlsgi: {', '.join(other)}")
    return [*lines, ""]


def _noise(records: list[Record]) -> str:
    figures = [found for record in records for known in record.rounds for found in known.figures.values()]
    disturbed = sum(found.get("others %", 0.0) > NOISE_PERCENT for found in figures)
    averages = [average for record in records for known in record.rounds for average in known.load_averages.values()]
    text = f"- noise: in {disturbed} of {len(figures)} measurements other programs took more than {NOISE_PERCENT:.0f} % of the machine"
    text += f"; load average at their ends, own load included, {min(averages):.1f} to {max(averages):.1f}"
    if disturbed * 10 > len(figures):
        text += ". **The machine was busy with something else: neither figures nor ratios can be relied on.**"
    return text


def _goals(judged: list[Judged], known: dict[Load, Record]) -> list[str]:
    if not judged:
        return []
    titles = {load.name: load.title for load in known}
    records = {load.name: record for load, record in known.items()}
    reached = sum(found.is_reached for found in judged)
    lines = ["## Goals", "", f"{reached} of {len(judged)} are reached. Ratios are within one run.", ""]
    lines += ["| load | figure | tlsgi | compared with | ratio | goal | |", "|---|---|---:|---|---:|---:|---|"]
    for found in judged:
        goal = found.goal
        bound = f"{'≥' if goal.is_least else '≤'} {shown(goal.factor)}"
        other = f"{found.other} {shown(found.theirs)}" if found.other else ""
        other += f" ({titles.get(goal.other_load, goal.other_load)})" if goal.other_load else ""
        ratio = f"{found.ratio:.2f}" if found.other else ""
        verdict = "reached" if found.is_reached else "**missed**"
        verdict += _doubts(found, records)
        cells = [titles[goal.load], goal.figure, shown(found.ours), other, ratio, bound, verdict]
        lines.append(f"| {' | '.join(cells)} |")
    explained = Path(__file__).with_name("MISSED.md")
    return [*lines, "", *([explained.read_text().rstrip(), ""] if explained.exists() else [])]


def _doubts(found: Judged, records: dict[str, Record]) -> str:
    """What speaks against a ratio: noise, spread, servers measured apart from each other."""
    doubts = []
    sides = [(found.goal.load, "tlsgi")]
    sides += [(found.goal.other_load or found.goal.load, found.other)] if found.other else []
    combined = [_median(_measured(records[load], server)) for load, server in sides]
    if any(figures.get("others %", 0.0) > NOISE_PERCENT for figures in combined):
        doubts.append("machine busy")
    if any(figures.get("spread %", 0.0) > SPREAD_PERCENT for figures in combined):
        doubts.append("wide spread")
    if not found.goal.other_load and len(sides) == 2 and not _is_one_run(records[found.goal.load], found.other):
        doubts.append("not in one run")
    return f" ({', '.join(doubts)})" if doubts else ""


def _is_one_run(record: Record, other: str) -> bool:
    pairs = [(known.at["tlsgi"], known.at[other]) for known in record.rounds if {"tlsgi", other} <= set(known.figures)]
    return bool(pairs) and all(
        abs(datetime.datetime.fromisoformat(one) - datetime.datetime.fromisoformat(two)) < ONE_RUN for one, two in pairs
    )


def _section(load: Load, record: Record, rows: dict[str, Figures]) -> list[str]:
    return [f"### {load.title}", "", _table(rows), *(f"- {remark}" for remark in _remarks(load, record)), ""]


def _remarks(load: Load, record: Record) -> list[str]:
    """Who is not in the table, and why."""
    remarks = []
    for server in SERVERS:
        reasons = list(dict.fromkeys(known.failed[server.name] for known in record.rounds if server.name in known.failed))
        if reasons:
            times = sum(server.name in known.failed for known in record.rounds)
            remarks.append(f"{server.name} failed in {times} of {len(record.rounds)} rounds: {'; '.join(reasons)}")
        remarks += [f"{server.name}: {reason}" for ability, reason in server.lacks if ability in load.needs]
    return remarks


def _table(rows: dict[str, Figures]) -> str:
    last = ("failures", "spread %", "others %")
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    columns = [column for column in columns if column not in last] + [column for column in last if column in columns]
    lines = ["| server | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for server, row in rows.items():
        lines.append(f"| {server} | " + " | ".join(shown(row.get(column)) for column in columns) + " |")
    return "\n".join(lines) + "\n"


def _minute(at: str) -> str:
    return at[:16].replace("T", " ")


def _span(values: list[float] | list[int]) -> str:
    return f"{values[0]:g}" if values[0] == values[-1] else f"{values[0]:g} to {values[-1]:g}"


def _split(missing: str) -> tuple[str, str]:
    server, _, rest = missing.partition(" (")
    return server, rest.rstrip(")")
