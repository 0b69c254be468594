"""A small share of `python tests/benchmarks/fuzz_readers.py`, which breaks many more logs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers.fuzzing import SOUND, broken_logs, read_by, written

from gan_doctor.readers import known


def test_every_reader_has_sound_logs_that_it_reads(tmp_path: Path) -> None:
    assert set(SOUND) == set(known())
    for slug, logs in SOUND.items():
        for i, files in enumerate(logs):
            run = read_by(slug, written(files, tmp_path / slug / str(i)))
            assert run is not None, slug
            assert run.series or run.samples, slug


@pytest.mark.parametrize("slug", sorted(SOUND))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_broken_log_is_read_in_part_or_refused(slug: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        read_by(slug, written(data.draw(broken_logs(slug)), Path(folder)))
