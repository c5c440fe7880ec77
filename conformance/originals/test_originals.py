"""Every case, run by the original and by tlsgi: what differs has a reason in the table, and every reason still has a difference."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from .cases import CASES, Case
from .comparison import Difference, differences, facts_of, reasons, stale, unexplained
from .place import certificates, package, worker_python
from .programs import PROGRAMS
from .report import recalled, remember


def why_not(case: Case) -> str | None:
    """Why a case cannot be run on this machine."""
    if missing := PROGRAMS[case.program].missing():
        return missing
    if case.needs_root and os.geteuid() != 0:
        return "only root can start processes as other users"
    if worker_python() is None:
        return "no interpreter here can be run by the web user and has the version of the worker module"
    return None


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_original_and_tlsgi_do_the_same_or_a_reason_is_given(case: Case) -> None:
    """The whole comparison of one case."""
    if reason := why_not(case):
        pytest.skip(f"{case.program} is not compared: {reason}")
    certificates()
    package()
    with ThreadPoolExecutor() as both:
        originals, ours = (both.submit(facts_of, case, is_original) for is_original in (True, False))
    (original, its_log), (here, our_log) = originals.result(), ours.result()
    found = differences(case, original, here)
    remember(case.title, len({*original, *here}), found)
    assert original["starts"] == "yes" or case.says or _is_explained(found), f"the original does not start:\n{its_log[-3000:]}"
    complaints = unexplained(found, reasons())
    shown = f"log of the original:\n{its_log[-2000:]}\nlog of tlsgi:\n{our_log[-2000:]}"
    assert not complaints, "\n".join([*complaints, shown])


def _is_explained(found: list[Difference]) -> bool:
    return any(one.fact == "starts" for one in found) and not unexplained(found, reasons())


def test_every_reason_still_has_a_difference() -> None:
    """Looks at what the cases showed when they ran last: a reason that explains nothing any more is taken out."""
    known = [(case.program, recalled(case.title)) for case in CASES]
    absent = {program for program, result in known if result is None}
    found = [Difference(*one) for _, result in known if result for one in result["differences"]]
    table = [reason for reason in reasons() if not absent & set(reason.programs)]
    complaints = stale(found, table)
    assert not complaints, "no difference any more:\n" + "\n".join(complaints)
    if absent:
        pytest.skip(f"reasons about these are not judged, which did not run here: {', '.join(sorted(absent))}")


def test_titles_are_unique() -> None:
    """The table names cases by title."""
    titles = [case.title for case in CASES]
    assert len(set(titles)) == len(titles)
    assert {program for reason in reasons() for program in reason.programs} <= set(PROGRAMS)
