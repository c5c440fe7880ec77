"""What a run costs: processor time and memory of a process tree, read from /proc."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path
from types import TracebackType

TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.4
CALM_SECONDS = 0.5


def tree(root: int) -> dict[int, float]:
    """Processor seconds by process, of a process, its descendants and all that belong to its session.

    The time of children that ended is in the figure of who waited for them; a keeper waits for those whose parent ended first.
    """
    parents: dict[int, int] = {}
    sessions: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            text = Path("/proc", entry, "stat").read_text()
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        process = int(entry)
        parents[process], sessions[process] = int(fields[1]), int(fields[3])
        seconds[process] = sum(int(ticks) for ticks in fields[11:15]) / TICKS
    return {process: seconds[process] for process in seconds if _belongs(process, root, parents, sessions)}


def _belongs(process: int, root: int, parents: dict[int, int], sessions: dict[int, int]) -> bool:
    while process in parents:
        if root in (process, sessions[process]):
            return True
        process = parents[process]
    return False


def cpu_seconds(root: int) -> float:
    """User and system time of the tree."""
    return sum(tree(root).values())


def memory_kib(root: int) -> int:
    """PSS of the tree below a keeper, which is not counted: pages shared by several processes count once."""
    total = 0
    for process in tree(root):
        if process == root:
            continue
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
        total += int(found[1]) if found else 0
    return total


def settled_memory_kib(root: int, patience: int = 20) -> int:
    """PSS once two readings in a row agree within a hundredth."""
    pause = threading.Event()
    before = memory_kib(root)
    for _ in range(patience):
        pause.wait(SAMPLE_SECONDS)
        now = memory_kib(root)
        if abs(now - before) * 100 <= before:
            return now
        before = now
    return before


def machine_busy_seconds() -> float:
    """Processor seconds that the whole machine spent at work since it started, those included that its host gave to others."""
    fields = [int(ticks) for ticks in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, interrupt, soft_interrupt, stolen = fields[:8]
    return (user + nice + system + interrupt + soft_interrupt + stolen) / TICKS


def wait_for_calm(share: float, patience: float) -> bool:
    """Waits until others than this process tree take less than this share of the machine; false where they do not in time."""
    pause, deadline = threading.Event(), time.monotonic() + patience
    capacity = CALM_SECONDS * (os.cpu_count() or 1)
    while True:
        before = machine_busy_seconds() - cpu_seconds(os.getpid())
        pause.wait(CALM_SECONDS)
        spent = machine_busy_seconds() - cpu_seconds(os.getpid()) - before
        if spent < share * capacity:
            return True
        if time.monotonic() > deadline:
            return False


class Meter:
    """Measures a tree from entering to leaving the ``with``."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.cpu = 0.0
        self.peak_kib = 0
        self.foreign_cpu = 0.0
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Meter:
        self._cpu, self._ours, self._machine = self._read()
        self._sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        cpu, ours, machine = self._read()
        self.cpu = cpu - self._cpu
        self.foreign_cpu = max(0.0, (machine - self._machine) - (ours - self._ours))
        self._ended.set()
        self._sampler.join()

    def _read(self) -> tuple[float, float, float]:
        return cpu_seconds(self.root), cpu_seconds(os.getpid()), machine_busy_seconds()

    def _sample(self) -> None:
        while True:
            self.peak_kib = max(self.peak_kib, memory_kib(self.root))
            if self._ended.wait(SAMPLE_SECONDS):
                return
