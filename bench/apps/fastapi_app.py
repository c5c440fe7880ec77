"""FastAPI answering JSON."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

application = FastAPI()


@application.get("/")
async def greeting() -> dict[str, Any]:
    """A small object."""
    return {"message": "Hello, world!", "numbers": [1, 2, 3]}
