"""FID, KID, precision and recall as torch-fidelity computes them, in any feature space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from gan_doctor.core import ConfigError, MissingExtraError
from gan_doctor.metrics._torchvision import import_torchvision

FID_SAMPLES = 10_000  # on each side: below, its bias exceeds what it is to show (Heusel 2017)
KID_SUBSET = 1_000  # torch-fidelity's own
NEIGHBOUR = 3  # of precision and recall (Kynkaanniemi 2019)

_GIVEN = "gan-doctor-given"


def fidelity(
    real: Tensor,
    fake: Tensor,
    features: Callable[[Tensor], Tensor],
    name: str,
    batch: int = 256,
    seed: int = 0,
) -> Mapping[str, float | int | str]:
    """How far fakes are from reals, in numbers that compare with other people's.

    FID estimates a covariance: with less than 10,000 samples, or not more than twice as many as
    there are features, it says more about n than about the fakes, and is left out. KID has no such
    bias. Neither compares between feature spaces, which is why the name comes with the numbers.

    Precision and recall are those of `torch.cdist`: ties, such as fakes that are copies of each
    other, are left to rounding. `gan_doctor.metrics.prdc.prdc` decides them, and is faster.

    Args:
        real: (N, ...) samples.
        fake: (M, ...) samples, in the range and shape of the reals.
        features: Maps (B, ...) samples to (B, F); `RandomConv`, a trained classifier, D's body.
        name: Of the feature space.
        batch: Samples to map at once.
        seed: Of the subsets of KID; the global random state is not touched.

    Returns:
        `features` (the name), `n` (the smaller of N and M), `kid` and `kid_sd` (mean and standard
        deviation over 100 subsets of `kid_subset` samples a side), `precision`, `recall`, and
        `fid` where n allows it.

    Raises:
        ConfigError: There are fewer than 4 samples on a side, or features that are not (B, F) or
            not finite.
        MissingExtraError: torch-fidelity is not installed.
    """
    n = min(len(real), len(fake))
    if n <= NEIGHBOUR:
        raise ConfigError(f"fidelity needs {NEIGHBOUR + 1} samples or more a side, got {n}")
    library = _torch_fidelity()
    x, y = (_features(samples, features, name, batch) for samples in (real, fake))
    # Subsets as large as the sets would all be the same: a standard deviation of 0.
    subset = min(KID_SUBSET, n // 2)
    has_fid = n >= FID_SAMPLES and n > 2 * x.shape[1]
    # Its data loader draws a seed.
    with torch.random.fork_rng(devices=[]):
        found = library.calculate_metrics(
            input1=_Rows(y),
            input2=_Rows(x),
            feature_extractor=_GIVEN,
            fid=has_fid,
            kid=True,
            kid_subset_size=subset,
            prc=True,
            prc_neighborhood=NEIGHBOUR,
            prc_batch_size=1_000,
            rng_seed=seed,
            batch_size=batch,
            cuda=False,
            cache=False,
            save_cpu_ram=True,
            verbose=False,
        )
    result: dict[str, float | int | str] = {
        "features": name,
        "n": n,
        "kid": found[library.KEY_METRIC_KID_MEAN],
        "kid_sd": found[library.KEY_METRIC_KID_STD],
        "kid_subset": subset,
        "precision": found[library.KEY_METRIC_PRECISION],
        "recall": found[library.KEY_METRIC_RECALL],
    }
    if has_fid:
        result["fid"] = found[library.KEY_METRIC_FID]
    return result


def _features(
    samples: Tensor, features: Callable[[Tensor], Tensor], name: str, batch: int
) -> Tensor:
    """(N, F) float64 on the CPU: means and covariances in float32 would cost FID its digits."""
    with torch.no_grad():
        found = torch.cat([features(part).double().cpu() for part in samples.split(batch)])
    if found.shape != (len(samples), found.shape[-1]):
        raise ConfigError(f"The features {name!r} are to be (N, F), got {tuple(found.shape)}")
    if not found.isfinite().all():
        raise ConfigError(f"The features {name!r} hold values that are not finite")
    return found


class _Rows(Dataset[Tensor]):
    """Features as a data set, which is how torch-fidelity takes them."""

    def __init__(self, rows: Tensor) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Tensor:
        return self._rows[index]


@cache
def _torch_fidelity() -> ModuleType:
    """torch-fidelity, which from now on knows an extractor that passes on the features it gets."""
    try:
        import_torchvision()
        import torch_fidelity
    except ImportError as error:
        raise MissingExtraError("torch-fidelity", "fidelity") from error

    class Given(torch_fidelity.FeatureExtractorBase):  # type: ignore[misc]
        """Rows in, the same rows out."""

        def __init__(self, name: str, features_list: list[str], **_: Any) -> None:
            super().__init__(name, features_list)

        @staticmethod
        def get_provided_features_list() -> tuple[str]:
            return ("given",)

        @staticmethod
        def get_default_feature_layer_for_metric(_: str) -> str:
            return "given"

        def forward(self, rows: Tensor) -> tuple[Tensor]:
            return (rows,)

    torch_fidelity.register_feature_extractor(_GIVEN, Given)
    library: ModuleType = torch_fidelity
    return library
