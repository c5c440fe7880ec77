"""Runs a case by the original and by tlsgi, and holds what differs against the table of reasons."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, Iterable, NamedTuple

from ..differences import tomllib
from ..servers import free_port
from .cases import Case
from .facts import Asking, Facts
from .place import Place
from .programs import PROGRAMS, Command, ours
from .running import Running

TABLE = Path(__file__).with_name("differences.toml")
ABSENT = "nothing"


class Difference(NamedTuple):
    """One fact that the two do not share."""

    case: str
    fact: str
    original: str
    here: str


class Reason(NamedTuple):
    """Patterns of titles and facts, and, where they are given, of what each of the two does; ``*`` for anything."""

    reason: str
    programs: list[str]
    facts: list[str]
    cases: list[str] = ["*"]
    original: str = "*"
    here: str = "*"

    def covers(self, difference: Difference) -> bool:
        """Whether this explains it."""
        program, _, name = difference.case.partition(": ")
        return (
            program in self.programs
            and any(_fits(pattern, name) for pattern in self.cases)
            and any(_fits(pattern, difference.fact) for pattern in self.facts)
            and _fits(self.original, difference.original)
            and _fits(self.here, difference.here)
        )


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.S) is not None


def reasons() -> list[Reason]:
    """All, in the order of the file."""
    rows: dict[str, Any] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return [Reason(**row) for row in rows["difference"]]


def facts_of(case: Case, is_original: bool) -> tuple[Facts, str]:
    """What is seen of one of the two, and its log."""
    program = PROGRAMS[case.program]
    ports = {scheme: free_port() for scheme in ("http", "https")}
    place = Place()
    try:
        fill = {**ports, "dir": str(place.directory)}
        for name, text in case.files.items():
            place.write(name, text)
        words = shlex.split(case.words.format(**fill))
        if case.file is not None:
            prelude = program.prelude(place) if program.prelude else ""
            place.write(_file_name(words), prelude + case.file.format(**fill))
        command = Command(program.start(place, words), {}) if is_original else ours(program, words)
        variables = {name: text.format(**fill) for name, text in case.environment.items()}
        command = command._replace(environment={**command.environment, **variables})
        return _observe(case, program.last, place, command, {scheme: ports[scheme] for scheme in case.ports})
    finally:
        place.remove()


def _file_name(words: list[str]) -> str:
    return next(word for word in words if word.startswith("site."))


def _observe(case: Case, last: str, place: Place, command: Command, ports: dict[str, int]) -> tuple[Facts, str]:
    facts: Facts = {}
    running = Running(place, command)
    try:
        open_ports = running.wait_for(ports.values())
        asking = Asking(running, ports, open_ports)
        if case.says is not None or not open_ports:
            # Some bind their ports before they find out what is wrong.
            has_failed = running.wait_until(lambda: running.process.poll() not in (None, 0), 4)
            facts["starts"] = "no" if has_failed else "yes"
            facts["says what is wrong"] = "yes" if (case.says or "") in running.log() else "no"
            return facts, running.log()
        facts["starts"] = "yes"
        for probe in case.probes:
            probe(asking, facts)
        facts["ends when told to"] = running.end(last)
        return facts, running.log()
    finally:
        running.close()


def differences(case: Case, original: Facts, here: Facts) -> list[Difference]:
    """Where the two are not alike, in order."""
    names = list(dict.fromkeys([*original, *here]))
    if original["starts"] != here["starts"]:
        names = ["starts"]
    pairs = [(name, original.get(name, ABSENT), here.get(name, ABSENT)) for name in names]
    return [Difference(case.title, *pair) for pair in pairs if pair[1] != pair[2]]


def stale(found: list[Difference], table: Iterable[Reason]) -> list[str]:
    """Programs, cases and facts of reasons that explain nothing any more."""
    complaints = []
    for reason in table:
        narrower = [
            *(("program", one, reason._replace(programs=[one])) for one in reason.programs),
            *(("case", one, reason._replace(cases=[one])) for one in reason.cases),
            *(("fact", one, reason._replace(facts=[one])) for one in reason.facts),
        ]
        for what, one, narrow in narrower:
            if not any(narrow.covers(difference) for difference in found):
                complaints.append(f"{what} {one!r} of: {reason.reason}")
    return complaints


def unexplained(found: Iterable[Difference], table: list[Reason]) -> list[str]:
    """Differences without a reason, or with more than one."""
    complaints = []
    for difference in found:
        fitting = [reason for reason in table if reason.covers(difference)]
        if len(fitting) != 1:
            trouble = "has no reason" if not fitting else f"has {len(fitting)} reasons"
            complaints.append(f"{difference.case}: {difference.fact}: original {difference.original!r}, here {difference.here!r} {trouble}")
    return complaints
