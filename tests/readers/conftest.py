"""The real logs of other people, where they lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def real_logs() -> Path:
    folder = Path(__file__).parents[2] / "../shared/logs"
    if not folder.is_dir():
        pytest.skip("there is no ../shared/logs beside the checkout")
    return folder
