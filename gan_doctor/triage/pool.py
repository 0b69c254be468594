"""Many calls at a time, on the cores of this machine or on a Dask or Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, TypeVar

from gan_doctor.core import MissingExtraError

T = TypeVar("T")
Backend = Literal["loky", "dask", "ray"]


def each(
    call: Callable[..., T],
    tasks: Sequence[tuple[Any, ...]],
    workers: int = 0,
    backend: Backend = "loky",
) -> Iterator[tuple[int, T | None]]:
    """The number of each task and what the call gave, in the order in which they end.

    Answers are handed on as they come, so that their number takes no memory here. A task whose
    process is killed gives None, and the others go on.

    Args:
        call: A function that other processes can import.
        tasks: The arguments of each call.
        workers: Processes at a time, 0 for one a core.
        backend: `loky` for this machine; `dask` for the client at hand, else for the scheduler
            that DASK_SCHEDULER_ADDRESS names; `ray` for what `ray.init` finds.

    Raises:
        MissingExtraError: The backend is not installed.
    """
    if not tasks:
        return
    from joblib import cpu_count
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    if backend == "loky":
        workers = min(workers or cpu_count(), len(tasks))
    left = set(range(len(tasks)))
    with _cluster(backend, workers):
        try:
            for number, result in _all(call, tasks, sorted(left), workers or -1, backend):
                left.discard(number)
                yield number, result
        except TerminatedWorkerError:
            # One of them took too much memory: alone in a process, only that one ends.
            for number in sorted(left):
                yield number, _alone(call, tasks, number)


def _all(
    call: Callable[..., T],
    tasks: Sequence[tuple[Any, ...]],
    numbers: Sequence[int],
    workers: int,
    backend: Backend,
) -> Iterator[tuple[int, T]]:
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend):  # Parallel itself knows no clusters by name
        one_each = Parallel(n_jobs=workers, return_as="generator_unordered")
    yield from one_each(delayed(_numbered)(call, n, tasks[n]) for n in numbers)


def _numbered(call: Callable[..., T], number: int, task: tuple[Any, ...]) -> tuple[int, T]:
    return number, call(*task)


def _alone(call: Callable[..., T], tasks: Sequence[tuple[Any, ...]], number: int) -> T | None:
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    try:
        return next(_all(call, tasks, [number], 2, "loky"))[1]
    except TerminatedWorkerError:
        return None


def _cluster(backend: Backend, workers: int) -> AbstractContextManager[Any]:
    """Connects to a cluster for as long as it is needed."""
    if backend == "dask":
        try:
            from dask import config
            from dask.distributed import Client, get_client
        except ImportError as error:
            raise MissingExtraError("dask.distributed", "dask") from error
        try:
            return nullcontext(get_client())
        except ValueError:
            pass
        if config.get("scheduler-address", None):
            return Client()
        return Client(n_workers=workers or None, threads_per_worker=1, dashboard_address=None)
    if backend == "ray":
        try:
            from ray.util.joblib import register_ray
        except ImportError as error:
            raise MissingExtraError("ray", "ray") from error
        register_ray()
    return nullcontext()
