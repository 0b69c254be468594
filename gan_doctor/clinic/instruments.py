"""What the clinic reads off a training by itself, while the doctor watches it with other eyes."""

from __future__ import annotations

import math
import zlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_doctor.clinic.features import Space, frechet
from gan_doctor.core import FloatArray
from gan_doctor.metrics import norm
from gan_doctor.metrics.prdc import prdc
from gan_doctor.metrics.separation import auroc
from gan_doctor.monitor.undisturbed import undisturbed
from gan_doctor.training.drawing import Drawing

SAMPLES = 1_000  # at each look
LATE = 5_000  # at those that decide the outcome
_SEED = 917  # of the latents at a look, which are those of no sample check
_PROBED = 500  # samples that D is asked about


@dataclass(frozen=True)
class Look:
    """What is seen at one step. NaN is what could not be measured, or has no meaning there.

    Args:
        step: Generator steps so far.
        frechet: Distance of the samples from the whole data.
        precision: Share of the samples among the data.
        coverage: Share of the data near a sample.
        variance: Total variance of the features, over that of the data.
        repeated: Share of the samples with another one next to them, nearer than 99% of reals have.
        packed: Bytes of the samples in a zip, over those of as many reals.
        modes: Share of the known modes that hold a tenth of their share of the samples or more.
        perplexity: exp of the entropy of the modes' shares, over that of the data.
        moved: Share of the samples that are in other modes than at the look before.
        ranked: Share of pairs of a real and a fake that D ranks right, the way it trains to, of
            reals that it is trained on.
        forgotten: By how much that share is less, of reals that are kept from the training.
        copied: Share of the samples that are twice as near to a real of the training as to any of
            as many that are kept from it.
        reach: Largest size of D's outputs.
        finite: Whether all weights are numbers.
        rate_g: Learning rate of G, over its first.
        rate_d: Learning rate of D, over its first.
        step_g: Size of G's steps since the look before, over the size of its weights.
        step_d: The same of D.
    """

    step: int
    frechet: float
    precision: float
    coverage: float
    variance: float
    repeated: float
    packed: float
    modes: float
    perplexity: float
    moved: float
    ranked: float
    forgotten: float
    copied: float
    reach: float
    finite: bool
    rate_g: float
    rate_d: float
    step_g: float
    step_d: float

    def to_json(self) -> dict[str, Any]:
        """With four digits, and None for what is not finite."""
        return {
            name: value
            if isinstance(value, bool | int)
            else (float(f"{value:.4g}") if math.isfinite(value) else None)
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, table: dict[str, Any]) -> Look:
        """From what `to_json` gave."""
        values: dict[str, Any] = {k: math.nan if v is None else v for k, v in table.items()}
        return cls(**values)


class Instruments:
    """Looks at one training again and again.

    Args:
        space: In which its samples are seen.
        fake_high: Whether D is trained to score fakes high, as where its labels are swapped.
        unit: Whether the training has its images in [0, 1]; they are seen in [-1, 1].
        held_out: (N, ...) reals that are kept from the training, as the training has them.
    """

    def __init__(
        self,
        space: Space,
        fake_high: bool = False,
        unit: bool = False,
        held_out: Tensor | None = None,
    ) -> None:
        self.space, self._fake_high, self._unit = space, fake_high, unit
        self._held_out = held_out
        self._reals = space.reals[:SAMPLES]
        self._images = space.images[:SAMPLES]
        self._shares = self._of_modes(space.images[: 10 * SAMPLES])
        self._variance = float(space.reals.var(0).sum())
        self._near = float(np.quantile(_nearest(self._reals), 0.01))
        self._packed = _packed(self._images)
        self._before: tuple[FloatArray | None, dict[str, Tensor]] = None, {}
        self._rates: tuple[float, float] | None = None
        self.looks: list[Look] = []

    def distance(self, drawing: Drawing) -> float:
        """Fréchet distance of the samples as they are now."""
        fakes = drawing.fakes(LATE, seed=_SEED, average=False)
        return frechet(self.space.features(self._seen(fakes)), self.space.reals)

    def look(self, step: int, drawing: Drawing, n: int = SAMPLES) -> None:
        """Measures a training and keeps what was seen.

        Args:
            step: Of the training.
            drawing: Its networks and data.
            n: Samples for the Fréchet distance.
        """
        training = drawing.steps.now
        weights = {
            role: torch.cat([p.detach().flatten() for p in net.parameters()])
            for role, net in (("g", training.G), ("d", training.D))
        }
        shares_before, weights_before = self._before
        drawn = drawing.fakes(max(n, SAMPLES), seed=_SEED + step, average=False)
        fakes = self._seen(drawn)
        shares = self._of_modes(fakes)
        rates = tuple(o.param_groups[0]["lr"] for o in (training.opt_g, training.opt_d))
        self._rates = self._rates or (rates[0], rates[1])
        step_g, step_d = (_moved_by(weights[role], weights_before.get(role)) for role in "gd")
        ranked, forgotten, reach = self._judged(training.D, drawing.reals(_PROBED), drawn)
        found = self._of_samples(fakes)
        self.looks.append(
            Look(
                step,
                *found,
                _reached(shares, self._shares),
                _perplexity(shares) / _perplexity(self._shares),
                _between(shares, shares_before),
                ranked,
                forgotten,
                self._copied(fakes, drawing),
                reach,
                all(bool(w.isfinite().all()) for w in weights.values()),
                rates[0] / self._rates[0],
                rates[1] / self._rates[1],
                step_g,
                step_d,
            )
        )
        self._before = shares, weights

    def _seen(self, samples: Tensor) -> Tensor:
        return 2 * samples - 1 if self._unit else samples

    def _of_samples(self, fakes: Tensor) -> tuple[float, float, float, float, float, float]:
        """From the Fréchet distance to the size in a zip, in the order of `Look`."""
        if not fakes.isfinite().all():
            return (math.nan,) * 6
        seen = self.space.features(fakes)
        few = seen[:SAMPLES]
        near = prdc(torch.tensor(self._reals), torch.tensor(few), k_pr=3, k_dc=5)
        return (
            frechet(seen, self.space.reals),
            near.precision,
            near.coverage,
            float(seen.var(0).sum()) / self._variance,
            float((_nearest(few) < self._near).mean()),
            _packed(fakes[:SAMPLES]) / self._packed,
        )

    def _of_modes(self, samples: Tensor) -> FloatArray | None:
        """(K,) the share of the samples in each mode, None where modes are not known."""
        if self.space.modes is None or not samples.isfinite().all():
            return None
        told = self.space.modes(samples)
        counts = np.bincount(told[told >= 0], minlength=self.space.n_modes)
        return np.asarray(counts / max(len(told), 1), dtype=np.float64)

    def _copied(self, fakes: Tensor, drawing: Drawing) -> float:
        """NaN where no reals are kept from the training."""
        if self._held_out is None or not fakes.isfinite().all():
            return math.nan
        n = min(len(self._held_out), len(drawing.data))
        seen = self.space.features(fakes[:SAMPLES])
        trained_on, kept = (
            _squared(seen, self.space.features(self._seen(reals[:n]))).min(1)
            for reals in (drawing.reals(n), self._held_out)
        )
        return float((4 * trained_on < kept).mean())

    def _judged(self, D: nn.Module, reals: Tensor, fakes: Tensor) -> tuple[float, float, float]:
        """How D ranks reals and fakes, how much worse those it never saw, and its outputs' size."""
        device = next(D.parameters()).device
        shown = [reals, fakes[:_PROBED], reals[:0] if self._held_out is None else self._held_out]
        with undisturbed(D):
            try:
                outputs = [D(x.to(device)).flatten() for x in shown if len(x)]
            except (TypeError, RuntimeError):  # a D that is told classes, or sees several samples
                return (math.nan,) * 3
        if not all(x.isfinite().all() for x in outputs):
            return math.nan, math.nan, math.inf
        on_real, on_fake, *on_held_out = outputs
        ranked = self._ranked(on_real, on_fake)
        forgotten = ranked - self._ranked(on_held_out[0], on_fake) if on_held_out else math.nan
        return ranked, forgotten, max(x.abs().max().item() for x in outputs)

    def _ranked(self, on_real: Tensor, on_fake: Tensor) -> float:
        ranked = auroc(on_real, on_fake).item()
        return 1 - ranked if self._fake_high else ranked


def _reached(shares: FloatArray | None, real: FloatArray | None) -> float:
    if shares is None or real is None:
        return math.nan
    there = real > 0
    return float((shares[there] >= 0.1 * real[there]).mean())


def _perplexity(shares: FloatArray | None) -> float:
    """1 where all is in one mode; NaN where there are none."""
    if shares is None or not shares.sum():
        return math.nan
    p = shares[shares > 0] / shares.sum()
    return float(np.exp(-(p * np.log(p)).sum()))


def _between(shares: FloatArray | None, before: FloatArray | None) -> float:
    """Total variation between two looks; NaN where either has none."""
    return (
        math.nan if shares is None or before is None else float(np.abs(shares - before).sum() / 2)
    )


def _moved_by(now: Tensor, before: Tensor | None) -> float:
    if before is None:
        return math.nan
    return float(norm([now - before]) / norm([before]).clamp(min=1e-12))


def _nearest(x: FloatArray) -> FloatArray:
    """(N,) distance of each sample to its nearest other one."""
    far = _squared(x, x)
    np.fill_diagonal(far, np.inf)
    return np.asarray(np.sqrt(np.maximum(far.min(1), 0)))


def _squared(x: FloatArray, y: FloatArray) -> FloatArray:
    """(N, M) squared distances of (N, F) from (M, F)."""
    return np.asarray(np.square(x).sum(1)[:, None] + np.square(y).sum(1) - 2 * x @ y.T)


def _packed(samples: Tensor) -> float:
    """Bytes in a zip, of images; NaN for points."""
    if samples.dim() != 4:
        return math.nan
    pixels = ((samples.float().clamp(-1, 1) + 1) * 7.5).round().byte()  # 16 greys
    return float(len(zlib.compress(pixels.numpy().tobytes(), 6)))
