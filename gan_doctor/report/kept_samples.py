"""The batches of samples that a log has kept, as far as they can still be read."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_doctor.core import ReadError, Samples

Batch = np.ndarray[Any, Any]


def loaded(samples: Samples) -> Batch | None:
    """A batch; None where it was thinned away since the run was read, is damaged or is empty."""
    try:
        batch = samples.load()
    except (OSError, ReadError):
        return None
    return batch if batch.size else None
