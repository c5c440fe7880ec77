"""Writes DIFFERENCES.md from the results of the last runs: ``python -m conformance.report``."""

from __future__ import annotations

import json
from pathlib import Path

from .differences import table
from .peers import DIRECTORY

PAGE = Path(__file__).with_name("DIFFERENCES.md")
KINDS = ("tlsgi", "gunicorn", "uvicorn", "granian")
MARKS = {"passed": "yes", "differs": "**no**", "skipped": "–"}


def page(results: dict[str, dict[str, str]]) -> str:
    """The table of checks that not every server passes, and the reasons."""
    kinds = [kind for kind in KINDS if kind in results]
    lines = ["# Differences", "", "Written by `python -m conformance.report`. `–`: the check does not apply.", ""]
    for kind in kinds:
        outcomes = list(results[kind].values())
        passed, all_run = outcomes.count("passed"), len(outcomes) - outcomes.count("skipped")
        lines.append(f"* {kind}: {passed} of {all_run} checks")
    lines += ["", f"| check | {' | '.join(kinds)} |", "|---" * (len(kinds) + 1) + "|"]
    rows = {name: [results[kind].get(name, "skipped") for kind in kinds] for kind in kinds for name in results[kind]}
    for name, outcomes in rows.items():
        whole, pieces = name.replace("-byte by byte]", "-whole]"), name.replace("-whole]", "-byte by byte]")
        is_both = whole != pieces and rows.get(whole) == rows.get(pieces)
        if "differs" in outcomes and not (is_both and name == pieces):
            shown = whole.replace("-whole]", "]") if is_both else name
            lines.append(f"| {cell(shown)} | {' | '.join(MARKS[outcome] for outcome in outcomes)} |")
    for kind in kinds:
        if rows := table(kind):
            lines += ["", f"## {kind}", ""]
            for row in rows:
                lines.append(f"* {row.reason}")
                lines += [f"  * `{pattern}`" for pattern in row.checks]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """Text that does not end a cell."""
    return text.replace("|", "\\|")


def main() -> None:
    """Reads target/conformance/results."""
    directory = DIRECTORY / "results"
    results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(directory.glob("*.json"))}
    PAGE.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
