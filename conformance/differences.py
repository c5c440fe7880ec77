"""Reads the table of expected differences and names the checks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterable, NamedTuple

import pytest

try:
    import tomllib
except ModuleNotFoundError:  # Python before 3.11; pytest brings it there
    import tomli as tomllib  # type: ignore[no-redef]

TABLE = Path(__file__).with_name("differences.toml")


def check_name(item: pytest.Item) -> str:
    """``area: sentence``, with the row in brackets where a check has many."""
    area = item.path.stem[len("test_") :].replace("_", " ")
    function = getattr(item, "originalname", item.name)[len("test_") :].replace("_", " ")
    row = getattr(item, "callspec", None)
    return f"{area}: {function} [{row.id}]" if row else f"{area}: {function}"


class Difference(NamedTuple):
    """A reason, patterns of check names, and whether chance decides."""

    reason: str
    checks: list[str]
    chance: bool = False


def table(kind: str) -> list[Difference]:
    """Those of one server, in the order of the file."""
    rows: dict[str, Any] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return [Difference(**row) for row in rows.get(kind, [])]


def expected(kind: str, names: Iterable[str], is_whole: bool = True) -> dict[str, Difference]:
    """By check name, for one server. A check with two reasons is an error, and so is, where the names are all that there
    are, a pattern that fits none."""
    known, reasons = list(names), dict[str, Difference]()
    for difference in table(kind):
        for pattern in difference.checks:
            fitting = [name for name in known if _fits(pattern, name)]
            if is_whole and not fitting:
                raise pytest.UsageError(f"differences.toml, {kind}: no check is called {pattern!r}")
            if twice := [name for name in fitting if name in reasons]:
                raise pytest.UsageError(f"differences.toml, {kind}: two reasons for {twice}")
            reasons.update(dict.fromkeys(fitting, difference))
    return reasons


def _fits(pattern: str, name: str) -> bool:
    """``*`` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
