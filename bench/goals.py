"""What tlsgi is to reach beside the others, as ratios within one run, and whether it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from store import Figures

Medians = dict[str, dict[str, Figures]]
"""By load, then by server."""

PYTHON = ("granian", "uvicorn", "gunicorn", "hypercorn", "uwsgi", "mod_wsgi", "nginx+gunicorn")
CHECKED = tuple(name for name in PYTHON if name != "uwsgi")
"""Those that refuse to start with a configuration that makes no sense."""


@dataclass(frozen=True)
class Goal:
    """``figure`` of tlsgi in ``load``, at least or at most ``factor`` times that of the best of ``others``.

    Without others the factor is the bound itself. ``other_load`` is where the others are looked up, if elsewhere.
    With ``needs_rate`` only those count that answer at least half as many: who serves few serves them soon.
    """

    load: str
    figure: str
    factor: float
    others: tuple[str, ...] = ()
    is_least: bool = True
    other_load: str = ""
    needs_rate: bool = False


@dataclass(frozen=True)
class Judged:
    """A goal with what was measured; ``ratio`` is the figure itself where there is nothing to compare with."""

    goal: Goal
    ours: float
    other: str
    theirs: float | None
    ratio: float

    @property
    def is_reached(self) -> bool:
        """Whether it is."""
        return self.ratio >= self.goal.factor if self.goal.is_least else self.ratio <= self.goal.factor


def judge(medians: Medians) -> list[Judged]:
    """Every goal that the figures suffice for."""
    return [judged for goal in GOALS if (judged := _judge(goal, medians)) is not None]


def _judge(goal: Goal, medians: Medians) -> Judged | None:
    ours = medians.get(goal.load, {}).get("tlsgi", {}).get(goal.figure)
    if ours is None:
        return None
    if not goal.others:
        return Judged(goal, ours, "", None, ours)
    known = medians.get(goal.other_load or goal.load, {})
    found = {name: known[name][goal.figure] for name in goal.others if goal.figure in known.get(name, {})}
    if goal.needs_rate:
        least = medians[goal.load]["tlsgi"].get("requests/s", 0.0) / 2
        found = {name: value for name, value in found.items() if known[name].get("requests/s", 0.0) >= least}
    if not found:
        return None
    best: Callable[..., str] = max if goal.is_least else min
    other = best(found, key=lambda name: found[name])
    return Judged(goal, ours, other, found[other], ours / found[other] if found[other] else float("inf"))


def _rate(load: str, factor: float, *others: str, unit: str = "requests/s", other_load: str = "") -> Goal:
    return Goal(load, unit, factor, others, True, other_load)


def _cpu(load: str, factor: float, *others: str) -> Goal:
    return Goal(load, "CPU µs/request", factor, others, False)


def _p99(load: str) -> Goal:
    return Goal(load, "p99 ms", 1.0, PYTHON, False, needs_rate=True)


GOALS = (
    _rate("h1-wsgi-32", 1.8, "granian"),
    _rate("h1-wsgi-32", 1.0, "nginx"),
    _cpu("h1-wsgi-32", 0.55, "granian"),
    _rate("h1-wsgi-128", 1.4, "granian"),
    _cpu("h1-wsgi-128", 0.7, "granian"),
    _rate("h1-asgi-32", 1.8, "granian"),
    _rate("h1-asgi-32", 2.4, "uvicorn"),
    _cpu("h1-asgi-32", 0.5, "granian"),
    *(_rate(f"h2-{interface}", 3.0, "granian") for interface in ("wsgi", "asgi")),
    *(_rate(f"h2-{interface}", 2.0, "nginx") for interface in ("wsgi", "asgi")),
    *(_rate(f"h1-{interface}-1", 1.1, *PYTHON) for interface in ("wsgi", "asgi")),
    *(_cpu(f"h1-{interface}-1", 0.9, *PYTHON) for interface in ("wsgi", "asgi")),
    _cpu("full-p256", 1.0, "granian"),
    *(Goal(load, "resumed %", 100.0) for load in ("resumed-p256", "resumed-rsa2048", "resumed-workers")),
    *(_cpu(load, 0.7, "nginx") for load in ("resumed-p256", "resumed-rsa2048", "resumed-workers")),
    Goal("idle-silent", "KiB per idle connection", 1.0, ("nginx",), False),
    Goal("idle-10000", "KiB per idle connection", 1.0, ("nginx",), False),
    *(_rate(name, 1.0, *PYTHON) for name in ("flask", "django", "fastapi")),
    *(_p99(name) for name in ("flask", "django", "fastapi")),
    Goal("sleep", "requests/s", 0.95 * 1600),
    _p99("sleep"),
    Goal("await", "requests/s", 0.95 * 51_200),
    _p99("await"),
    _rate("static-100m", 0.9, "nginx", unit="MiB/s"),
    _rate("static-100m", 1.0, "granian", "uwsgi", "mod_wsgi", unit="MiB/s"),
    *(
        _rate(f"download-{interface}", 0.9, "nginx", unit="MiB/s", other_load="static-100m")
        for interface in ("wsgi", "asgi")
    ),
    *(_rate(f"download-{interface}", 1.0, *PYTHON, unit="MiB/s") for interface in ("wsgi", "asgi")),
    *(_rate(f"upload-{interface}", 0.9, "nginx", unit="MiB/s") for interface in ("wsgi", "asgi")),
    *(_rate(f"upload-{interface}", 1.0, *PYTHON, unit="MiB/s") for interface in ("wsgi", "asgi")),
    *(Goal(f"start-{interface}", "ms to first answer", 100.0, (), False) for interface in ("wsgi", "asgi")),
    *(Goal(f"start-{interface}", "ms to first answer", 1.0, CHECKED, False) for interface in ("wsgi", "asgi")),
)
