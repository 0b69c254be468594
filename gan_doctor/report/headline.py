"""The one line that answers the question: is this run all right?"""

from __future__ import annotations

from gan_doctor.core import Diagnosis
from gan_doctor.report.wording import at, count


def headline(diagnosis: Diagnosis) -> str:
    """The answer in one line: "2 problems, first sign at step 420; 3 signatures not assessed".

    A problem is a finding of at least a warning that still stands. What was not assessed is always
    said, since a run without samples is not a run without mode collapse.
    """
    findings = [f for f in diagnosis.findings if f.severity != "info" or not f.standing]
    problems = [f for f in findings if f.standing]
    open_questions = sum(v.status == "not assessed" for v in diagnosis.verdicts)
    if problems:
        onset = min(f.onset for f in problems)
        answer = f"{count(len(problems), 'problem')}, first sign at {at(diagnosis.run, onset)}"
    elif open_questions == len(diagnosis.verdicts):
        answer = "Nothing could be assessed"
    elif findings:
        answer = f"No problem stands, {len(findings)} cleared"
    else:
        answer = "No problem found"
    return f"{answer}; {_not_assessed(open_questions, len(diagnosis.verdicts))}"


def _not_assessed(n: int, asked: int) -> str:
    everything = asked and not n
    return "every signature assessed" if everything else f"{count(n, 'signature')} not assessed"
