"""Writes DIFFERENCES.md from what the last runs saw: ``python -m conformance.originals.report``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .. import peers
from ..report import cell
from .cases import CASES
from .comparison import Difference, reasons
from .programs import PROGRAMS

RESULTS = peers.DIRECTORY / "originals"
PAGE = Path(__file__).with_name("DIFFERENCES.md")


def remember(title: str, facts: int, found: list[Difference]) -> None:
    """Keeps what one case showed."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = {"facts": facts, "differences": found}
    _place(title).write_text(json.dumps(kept, indent=1, ensure_ascii=False), encoding="utf-8")


def recalled(title: str) -> dict[str, Any] | None:
    """What it showed when it ran last: how many facts were asked for, and the differences."""
    path = _place(title)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _place(title: str) -> Path:
    return RESULTS / ("".join(letter if letter.isalnum() else "-" for letter in title) + ".json")


def page() -> str:
    """How much is alike, and each reason with what it explains."""
    kept = {case.title: result for case in CASES if (result := recalled(case.title))}
    lines = ["# Differences between the originals and tlsgi", "", "Written by `python -m conformance.originals.report`.", ""]
    lines += ["| original | cases | facts asked of both | alike |", "|---|---|---|---|"]
    for program in PROGRAMS:
        known = [kept[case.title] for case in CASES if case.program == program and case.title in kept]
        asked, apart = sum(one["facts"] for one in known), sum(len(one["differences"]) for one in known)
        lines.append(f"| {program} | {len(known)} | {asked} | {asked - apart} |")
    everything = [Difference(*one) for case in CASES if case.title in kept for one in kept[case.title]["differences"]]
    for reason in reasons():
        lines += ["", f"**{reason.reason}** ({', '.join(reason.programs)})", ""]
        lines += ["| what | original | tlsgi | cases |", "|---|---|---|---|"]
        lines += _rows([one for one in everything if reason.covers(one)])
    return "\n".join(lines) + "\n"


def _rows(found: list[Difference]) -> list[str]:
    """Cases with the same facts are one row."""
    cases: dict[tuple[str, str, str], list[str]] = {}
    for title, fact, original, here in found:
        cases.setdefault((fact, original, here), []).append(title)
    rows = []
    for (fact, original, here), titles in cases.items():
        shown = ", ".join(titles) if len(titles) <= 3 else f"{', '.join(titles[:2])} and {len(titles) - 2} more"
        rows.append(f"| {cell(fact)} | {cell(original) or '(empty)'} | {cell(here) or '(empty)'} | {cell(shown)} |")
    return rows


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
