"""A comparison of runs for machines: one JSON object with a version."""

from __future__ import annotations

import gan_doctor
from gan_doctor.core import to_json
from gan_doctor.diagnosis.comparison import Comparison
from gan_doctor.report.comparison_sentence import comparison_sentence
from gan_doctor.report.headline import headline
from gan_doctor.report.json_report import encoded, finding_json

VERSION = 1


def comparison_json(comparison: Comparison) -> bytes:
    """The comparison as JSON text; runs are named by their place in `runs`, from 0."""
    group_of = {i: n for n, group in enumerate(comparison.groups) for i in group}
    runs = [
        {
            "name": comparison.names[i],
            "source": diagnosis.run.source,
            "configuration": group_of[i],
            "clock": diagnosis.run.clock,
            "last_step": diagnosis.run.last_step,
            "budget": diagnosis.run.budget,
            "headline": headline(diagnosis),
            "worst": diagnosis.worst,
            "outlook": to_json(diagnosis.outlook),
            "best_step": diagnosis.best_step,
            "findings": [finding_json(finding) for finding in diagnosis.findings],
            "not_assessed": [v.detector for v in diagnosis.verdicts if v.status == "not assessed"],
        }
        for i, diagnosis in enumerate(comparison.diagnoses)
    ]
    return encoded(
        {
            "format": "gan-doctor comparison",
            "version": VERSION,
            "written_by": gan_doctor.__version__,
            "sentence": comparison_sentence(comparison),
            "runs": runs,
            "configurations": [list(group) for group in comparison.groups],
            "differing": {name: list(values) for name, values in comparison.differing.items()},
            "partings_from_the_first": [
                {"run": i, "series": to_json(found)}
                for i, found in enumerate(comparison.partings, start=1)
            ],
            "measures": to_json(comparison.judged),
        }
    )
