"""What the supervisor's ``start`` message says."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Optional


@dataclass(frozen=True)
class Start:
    """How this worker runs. The names are those of the message; absent ones have the defaults below."""

    reference: str = ""
    is_factory: bool = False
    interface: Optional[str] = None
    threads: int = 5
    concurrency: int = 1000
    lifespan: str = "auto"
    event_loop: str = "auto"
    directory: Optional[str] = None
    python_path: tuple[str, ...] = ()
    max_requests: int = 0
    version: str = ""
    name: str = "app"
    stop_timeout: float = 30.0
    preload: bool = False
    hooks: Optional[str] = None

    @classmethod
    def from_message(cls, content: dict[str, Any]) -> Start:
        """Reads the message; fields that this version does not know are left out."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in content.items() if name in known and value is not None}
        values["python_path"] = tuple(values.get("python_path", ()))
        return cls(**values)
