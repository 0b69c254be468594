"""Which runs differ in their seed alone."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from gan_doctor.core import Objective, Run, Setup, Source, to_json
from gan_doctor.core.json_form import plain
from gan_doctor.diagnosis.setup_difference import settings_beside

# At the end of a name, or all of it, but for the suffix of a file: _s1, seed=3, -seed-3.
_SEED = re.compile(r"(?:^|[-_ .,])(?:seed|s)[-_ =.]?\d+(?=(?:\.[a-z]+)?$)", re.IGNORECASE)


def configuration_of(run: Run | None, source: Source | str) -> str:
    """A text that is the same for runs that differ in their seed alone.

    The settings of our own training without their seed; else the facts of the set-up that do not
    change with a seed, where the log has them; else the path without the number of the seed.

    Args:
        run: What was read, None if it could not be.
        source: Where, or only its path.
    """
    if run is None or isinstance(source, str):
        path = source if isinstance(source, str) else source.name
        return f"name {without_seed(path)}"
    settings = _seedless(settings_beside(source))
    if settings:
        return f"settings {_digest(settings)}"
    if run.setup.networks or run.setup.optimizers:
        return f"setup {_digest(to_json(_fixed(run.setup)))}"
    return f"name {without_seed(source.name)}"


def without_seed(path: str) -> str:
    """A path without the number of the seed at the end of its names.

    Example:
        >>> without_seed("lr-2/dcgan_s1"), without_seed("a/seed=3/loss.csv"), without_seed("a-s-3")
        ('lr-2/dcgan', 'a/loss.csv', 'a')
    """
    scheme, separator, names = path.rpartition("://")
    cut = [(name, _SEED.sub("", name)) for name in names.split("/")]
    kept = [after for name, after in cut if after == name or after[:1] not in ("", ".")]
    return scheme + separator + "/".join(kept)


def _seedless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _seedless(item) for name, item in value.items() if name.lower() != "seed"}
    return value


def _fixed(setup: Setup) -> Setup:
    """What somebody chose; what was measured differs a little from seed to seed."""
    return Setup(
        objective=Objective() if setup.objective_inferred else setup.objective,
        total_steps=setup.total_steps,
        networks=setup.networks,
        optimizers=setup.optimizers,
        tricks=setup.tricks,
        batch_size=setup.batch_size,
        sample_shape=setup.sample_shape,
        amp=setup.amp,
    )


def _digest(value: Any) -> str:
    text = json.dumps(plain(value), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
