from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_doctor.core import MissingExtraError
from gan_doctor.triage import Sweep
from gan_doctor.triage.pool import each


def test_every_answer_comes_with_the_number_of_its_task() -> None:
    assert sorted(each(divmod, [(7, 2), (9, 4)], workers=1)) == [(0, (3, 1)), (1, (2, 1))]
    assert list(each(divmod, [], workers=2)) == []


def test_a_process_that_is_killed_takes_one_answer_with_it() -> None:
    def killed_by(n: int) -> int:  # within a test, it goes to the other process by value
        if n == 2:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGKILL)
        return n

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib's, of the killed process
        answers = dict(each(killed_by, [(n,) for n in range(4)], workers=2))
    assert answers == {0: 0, 1: 1, 2: None, 3: 3}


@pytest.mark.parametrize("name", ["dask", "ray"])
def test_a_backend_that_is_not_installed_names_its_extra(
    name: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("dask", "dask.distributed", "ray", "ray.util.joblib"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'gan-doctor\[{name}\]'"):
        list(each(divmod, [(1, 1)], backend=name))


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A Dask scheduler with two workers in this process, and a client of it."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as made,
        distributed.Client(made) as client,
    ):
        yield client


def test_a_dask_cluster_gives_the_same_rows(make_run: Any, tmp_path: Path, cluster: Any) -> None:
    for n in range(4):
        make_run(f"a_s{n}", broken_at=201 if n else None)
    places = [str(tmp_path)]
    on_cluster = Sweep(places, backend="dask").look()
    assert on_cluster == Sweep(places, workers=1).look()
    assert len(on_cluster) == 4
    events = cluster.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)
    assert events > 0
