"""Reads the table of expected differences and names the checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def expected(kind: str) -> dict[str, str]:
    """Check name to reason, for one server."""
    tables: dict[str, Any] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return dict(tables.get(kind, {}))
