"""The diagnosis of a run that is made of samples alone, without a training around them."""

from __future__ import annotations

from dataclasses import replace

from gan_doctor.core import Config, Diagnosis, Run
from gan_doctor.detectors import known
from gan_doctor.diagnosis.diagnose import diagnose

_OF_SAMPLES = ("GD3", "GD4", "GD502")
_OF_A_COURSE = ("GD303", "GD404")  # from check to check, which draws of one folder do not have


def diagnose_samples(run: Run, config: Config = Config()) -> Diagnosis:
    """What is wrong with samples: asks the detectors that need nothing else.

    Args:
        run: Of `sampling.judged`; its rows are draws, so findings have no time.
        config: Which detectors to ask, and overruled limits.

    Raises:
        UnknownNameError: The configuration names a detector or limit that there is not.
    """
    others = [
        kind.code
        for kind in known().values()
        if not kind.code.startswith(_OF_SAMPLES) or kind.code in _OF_A_COURSE
    ]
    return diagnose(run, replace(config, ignore=(*config.ignore, *others)))
