from __future__ import annotations

from collections.abc import Callable

import pytest

from gan_doctor.core import Finding


@pytest.fixture
def finding() -> Callable[[str], Finding]:
    """A finding of a signature, with nothing special about it."""
    return lambda slug: Finding("GD000", slug, "critical", "Something is wrong.", 100, 200)
