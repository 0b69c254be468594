"""`kill -9` at any moment costs at most one flush, and the run can be resumed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "kill.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_five_kills_break_no_promise(tmp_path):
    results = tmp_path / "kill.json"
    child = subprocess.run(
        [sys.executable, BENCHMARK, "--times", "5", "--results", results],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert child.returncode == 0, child.stdout + child.stderr
    summary = orjson.loads(results.read_bytes())["summary"]
    assert summary["kills"] == 5
    assert summary["promises broken"] == []
