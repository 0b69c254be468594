"""Adaptive augmentation (Karras 2020, ADA): as strong as D's overfitting asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.nn._generator_state import restore, saved
from gan_doctor.nn._pixels import interpolate, mirrored, pick, refuse_other_than_images


class AdaptiveAugment:
    """Changes what D sees, each change with probability `p`, and steers `p` by D's logits on reals.

    The pipeline is the paper's 'bgc' with its ranges (appendix B): pixel blitting (flip, quarter
    turns, whole shifts), geometry (scale, rotation, stretch, shift) and colour (brightness,
    contrast, luma flip, hue, saturation). Between pixels it interpolates bilinearly, where the
    paper filters. Apply it to reals and fakes, in D's step and in G's. Above p = .8 the changes
    begin to show in the fakes (section 3.2).

    `watch` measures `r_t`, the mean sign of D's logits on reals, and moves `p` towards it: it needs
    a D whose logits are centred on 0, which those of Wasserstein and relativistic losses are not.

    Args:
        batch_size: Reals of a D step.
        target: Of `r_t`: above it D overfits and `p` rises.
        interval: D steps between two changes of `p`; each reads one number from the device.
        ada_kimg: Thousands of reals in which `p` can go from 0 to 1; 500 and 100 (fine-tuning) are
            the official code's.
        generator: On the device of the images; torch's global one when None.

    Attributes:
        p: Probability of each change, in [0, 1]; 0 at first. (The official code lets it rise above
            1, where it changes nothing but takes long to come back.)
        r_t: As last measured, in [-1, 1]; None before the first `interval` is over.

    Raises:
        ConfigError: `batch_size`, `interval` or `ada_kimg` is not positive.
    """

    def __init__(
        self,
        batch_size: int,
        target: float = 0.6,
        interval: int = 4,
        ada_kimg: float = 500.0,
        generator: torch.Generator | None = None,
    ) -> None:
        for name, value in [
            ("batch_size", batch_size),
            ("interval", interval),
            ("ada_kimg", ada_kimg),
        ]:
            if value <= 0:
                raise ConfigError(f"{name} must be positive, got {value}")
        self.target, self.interval, self.generator = target, interval, generator
        self._change = batch_size * interval / (ada_kimg * 1000)
        self.p = 0.0
        self.r_t: float | None = None
        self._signs: Tensor | float = 0.0  # sum since the last change of p
        self._seen = self._steps = 0

    def __call__(self, x: Tensor) -> Tensor:
        """Changes each image at random, apart from the others; those that no change meets stay.

        Args:
            x: (B, C, H, W) images in [-1, 1]; the result may leave that range. Quarter turns need
                H = W, else only half turns are made. Hue needs C = 3; "grey" is the mean over the
                channels, so apply it before packing.

        Returns:
            (B, C, H, W), differentiable in `x`; `x` itself at p = 0.

        Raises:
            ConfigError: `x` is not a batch of images.
        """
        refuse_other_than_images(x)
        if self.p == 0:
            return x
        # Half precision is too coarse for the places of pixels and for draws below a small p.
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        return self._color(self._geometry(self._blit(wide))).to(x.dtype)

    def watch(self, real_logits: Tensor) -> None:
        """Takes in D's logits on the reals of a D step, and changes `p` at each `interval`-th call.

        Args:
            real_logits: Any shape, from the reals as D sees them, that is, augmented.
        """
        logits = real_logits.detach()
        # To torch the sign of NaN is 0.
        signs = torch.where(logits.isnan(), logits, logits.sign())
        self._signs = self._signs + signs.sum(dtype=torch.float32)
        self._seen += real_logits.numel()
        self._steps += 1
        if self._steps < self.interval:
            return
        self.r_t = float(self._signs) / max(1, self._seen)
        self._signs, self._seen, self._steps = 0.0, 0, 0
        # A NaN is on neither side and leaves p where it is.
        direction = (self.r_t > self.target) - (self.r_t < self.target)
        self.p = min(1.0, max(0.0, self.p + direction * self._change))

    def state_dict(self) -> dict[str, Any]:
        """`p`, `r_t`, what was seen since p last changed, and the state of `generator`."""
        return {
            "p": self.p,
            "r_t": self.r_t,
            "signs": float(self._signs),
            "seen": self._seen,
            "steps": self._steps,
            "generator": saved(self.generator),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave.

        Raises:
            ConfigError: Only one of the two blocks has a `generator`.
        """
        restore(self.generator, state["generator"])
        self.p, self.r_t, self._signs = state["p"], state["r_t"], state["signs"]
        self._seen, self._steps = state["seen"], state["steps"]

    def _blit(self, x: Tensor) -> Tensor:
        """Flip, quarter turns and shifts by whole pixels: no value is changed, only its place."""
        H, W = x.shape[2:]
        flipped = self._sometimes(x, self._uniform(x).mul(2).floor())  # 0, 1
        turns = self._sometimes(x, self._uniform(x).mul(4).floor())  # 0, 1, 2, 3
        if H != W:
            turns = turns.mul(2).remainder(4)
        met = self._met(x)
        down = torch.where(met, (self._uniform(x) * 2 - 1) * H / 8, 0).round()
        right = torch.where(met, (self._uniform(x) * 2 - 1) * W / 8, 0).round()
        rows, columns = _grid(x)
        rows, columns = rows - down, columns - right
        turn = turns * (math.pi / 2)
        cos, sin = turn.cos().round(), turn.sin().round()
        rows, columns = cos * rows - sin * columns, sin * rows + cos * columns
        columns = columns * (1 - 2 * flipped)
        rows, columns = (rows + (H - 1) / 2).round().long(), (columns + (W - 1) / 2).round().long()
        return pick(x, mirrored(rows, H), mirrored(columns, W))

    def _geometry(self, x: Tensor) -> Tensor:
        """Scale, rotation, stretch, rotation and shift, in one interpolation."""
        H, W = x.shape[2:]
        scale = self._sometimes(x, self._normal(x) * 0.2).exp2()
        before, after = self._rotation(x), self._rotation(x)
        stretch = self._sometimes(x, self._normal(x) * 0.2).exp2()
        met = self._met(x)
        down = torch.where(met, self._normal(x) * H / 8, 0)
        right = torch.where(met, self._normal(x) * W / 8, 0)
        # From a place in the result to where it comes from.
        rows, columns = _grid(x)
        rows, columns = _rotated(rows - down, columns - right, after)
        rows, columns = _rotated(rows * stretch, columns / stretch, before)
        rows, columns = rows / scale + (H - 1) / 2, columns / scale + (W - 1) / 2
        still = (scale == 1) & (before == 0) & (after == 0) & (stretch == 1)
        still = still & (down == 0) & (right == 0)
        return torch.where(still[:, None], x, interpolate(x, rows, columns))

    def _color(self, x: Tensor) -> Tensor:
        """Brightness, contrast, luma flip, hue and saturation, all of them linear in a pixel."""
        brightness = self._sometimes(x, self._normal(x) * 0.2)[:, None]
        contrast = self._sometimes(x, self._normal(x) * 0.5).exp2()[:, None]
        luma = 1 - 2 * self._sometimes(x, self._uniform(x).mul(2).floor())[:, None]
        hue = self._sometimes(x, (self._uniform(x) * 2 - 1) * math.pi)[:, None]
        saturation = self._sometimes(x, self._normal(x)).exp2()[:, None]
        bright = (x + brightness) * contrast
        grey = bright.mean(1, keepdim=True)
        colour = bright - grey
        if x.shape[1] == 3:
            # Rotation about the grey axis; the roll makes the cross product with it.
            across = (colour.roll(-2, 1) - colour.roll(-1, 1)) / math.sqrt(3)
            colour = colour * hue.cos() + across * hue.sin()
        still = (brightness == 0) & (contrast == 1) & (luma == 1) & (saturation == 1)
        if x.shape[1] == 3:
            still = still & (hue == 0)
        return torch.where(still, x, grey * luma + colour * saturation)

    def _rotation(self, x: Tensor) -> Tensor:
        """(B, 1, 1) angles. One of the two meets an image with probability p."""
        met = self._uniform(x) < 1 - math.sqrt(1 - self.p)
        return torch.where(met, (self._uniform(x) * 2 - 1) * math.pi, 0)

    def _sometimes(self, x: Tensor, change: Tensor) -> Tensor:
        """The change with probability p, else 0."""
        return torch.where(self._met(x), change, 0)

    def _met(self, x: Tensor) -> Tensor:
        return self._uniform(x) < self.p

    def _uniform(self, x: Tensor) -> Tensor:
        return torch.rand(len(x), 1, 1, generator=self.generator, device=x.device, dtype=x.dtype)

    def _normal(self, x: Tensor) -> Tensor:
        return torch.randn(len(x), 1, 1, generator=self.generator, device=x.device, dtype=x.dtype)


def _grid(x: Tensor) -> tuple[Tensor, Tensor]:
    """(1, H, 1) rows and (1, 1, W) columns, measured from the middle of the image."""
    H, W = x.shape[2:]
    rows = torch.arange(H, device=x.device, dtype=x.dtype) - (H - 1) / 2
    columns = torch.arange(W, device=x.device, dtype=x.dtype) - (W - 1) / 2
    return rows[None, :, None], columns[None, None]


def _rotated(rows: Tensor, columns: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    cos, sin = angle.cos(), angle.sin()
    return cos * rows - sin * columns, sin * rows + cos * columns
