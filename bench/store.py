"""What was measured, as files: one JSON file for each load, so that runs can be divided, repeated in part and rendered again."""

from __future__ import annotations

import datetime
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Figures = dict[str, float]
DIRECTORY = Path(__file__).resolve().parent / "results"


@dataclass
class Round:
    """One measurement of each server, side by side. ``failed`` has the reasons of those that gave no figures."""

    figures: dict[str, Figures] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)
    load_averages: dict[str, float] = field(default_factory=dict)

    def forget(self, server: str) -> None:
        """Removes all that is known about a server."""
        for known in (self.figures, self.failed, self.at, self.load_averages):
            known.pop(server, None)


@dataclass
class Record:
    """All rounds of one load, and what they were measured with: seconds, machine, versions, build."""

    load: str
    context: dict[str, Any]
    rounds: list[Round] = field(default_factory=list)

    def has(self, number: int, server: str) -> bool:
        """Whether this was measured, or tried."""
        return number < len(self.rounds) and server in self.rounds[number].at

    def add(self, number: int, server: str, figures: Figures | str) -> None:
        """Keeps figures, or why there are none."""
        while len(self.rounds) <= number:
            self.rounds.append(Round())
        target = self.rounds[number]
        target.forget(server)
        if isinstance(figures, str):
            target.failed[server] = figures
        else:
            target.figures[server] = {name: float(f"{value:.6g}") for name, value in figures.items()}
        target.at[server] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        target.load_averages[server] = round(os.getloadavg()[0], 2)

    def servers(self) -> list[str]:
        """Every server with figures, in the order of the first round."""
        return list(dict.fromkeys(name for known in self.rounds for name in known.figures))

    def save(self, directory: Path) -> None:
        """Writes it, whole or not at all."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{self.load}.json"
        new = path.with_suffix(".new")
        new.write_text(json.dumps({"context": self.context, "rounds": [vars(known) for known in self.rounds]}, indent=1))
        new.replace(path)


def read(directory: Path, load: str) -> Record | None:
    """What is known of a load."""
    path = directory / f"{load}.json"
    if not path.exists():
        return None
    known = json.loads(path.read_text())
    return Record(load, known["context"], [Round(**found) for found in known["rounds"]])


def begin(directory: Path, load: str, context: dict[str, Any], servers: list[str], continues: bool) -> Record:
    """The record to add to. What ``servers`` have in it is kept only to be continued, and only if the context is the same."""
    record = read(directory, load)
    if record is None or (continues and not _is_same(record.context, context)):
        return Record(load, context)
    if not continues:
        for known in record.rounds:
            for server in servers:
                known.forget(server)
        record.rounds = [known for known in record.rounds if known.at]
    record.context = context
    return record


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one.get(name) == other.get(name) for name in ("build", "seconds", "versions"))
