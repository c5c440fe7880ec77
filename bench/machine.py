"""What a measurement was made with: machine, versions, build of tlsgi."""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from peers import SERVERS
from servers import Place

PACKAGES = (
    *("granian", "uvicorn", "gunicorn", "hypercorn", "uwsgi", "mod_wsgi", "uvloop", "httptools"),
    *("flask", "django", "fastapi", "aioquic"),
)
TOOLS = {
    "nginx": ["nginx", "-v"],
    "Apache": ["apache2", "-v"],
    "wrk": ["wrk", "-v"],
    "h2load": ["h2load", "--version"],
    "curl": ["curl", "--version"],
    "OpenSSL": ["openssl", "version"],
}


def context(place: Place, seconds: float, note: str) -> dict[str, Any]:
    """Kept beside the figures of every load."""
    missing = [f"{server.name} ({server.how_to_get})" for server in SERVERS if not server.is_present(place)]
    return {
        "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "note": note,
        "seconds": seconds,
        "build": _build(place),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory()} GiB; {platform.system()} {platform.release()}",
        "versions": _versions(place),
        "missing": missing,
    }


def _build(place: Place) -> str:
    """The same for the same binary and worker module, whatever commit they say they are of."""
    digest = hashlib.sha256(place.tlsgi_binary.read_bytes())
    for module in sorted((place.tlsgi_package / "tlsgi").glob("_worker*.so")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:12]


def _versions(place: Place) -> list[str]:
    python = _first_line([place.installed("python"), "--version"])
    root = next((place.environment / "lib").glob("python3*/site-packages"))
    installed = {found.metadata["Name"].lower(): found.version for found in distributions(path=[str(root)])}
    names = (name.replace("_", "-") if name not in installed else name for name in PACKAGES)
    packages = [f"{name} {installed[name]}" for name in names if name in installed]
    tools = [f"{name} {version}" for name, command in TOOLS.items() if (version := _number(command))]
    return [_first_line([str(place.tlsgi_binary), "--version"]), python, *packages, *tools]


def _number(command: list[str]) -> str:
    """The first thing that looks like a version."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else ""


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().partition("\n")[0]


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30))
