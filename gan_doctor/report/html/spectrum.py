"""The power of images by spatial frequency, fakes against reals."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_doctor.core import FloatArray, Run
from gan_doctor.report.envelope import Envelope
from gan_doctor.report.html.chart import plot
from gan_doctor.report.html.element import Html, tag
from gan_doctor.report.html.pictures import Batch, is_images
from gan_doctor.report.html.samples import batches_of
from gan_doctor.report.html.scale import height, width
from gan_doctor.report.wording import at, number

SMALLEST = 8  # pixels a side, from which on a spectrum tells something
LARGEST = 256


def spectrum_section(run: Run) -> Html | None:
    """The radial spectrum of the last fakes and of the reals; None without both as images."""
    loaded, real = batches_of(run)
    if not loaded or real is None:
        return None
    step, fake = at(run, loaded[-1][0].step), loaded[-1][1]
    alike = is_images(real) and is_images(fake) and real.shape[2:] == fake.shape[2:]
    if not alike or not SMALLEST <= min(real.shape[2:]) <= max(real.shape[2:]) <= LARGEST:
        return None
    powers = {f"fakes at {step}": radial_power(fake), "reals": radial_power(real)}
    if not all((power > 0).all() for power in powers.values()):
        return None  # images of one colour have none
    return tag("section", tag("h2", "Spectrum"), _figure(powers), id="spectrum")


def radial_power(images: Batch) -> FloatArray:
    """(min(H, W) // 2,) mean power at each whole frequency from 1 on, of grey (N, C, H, W)."""
    grey = images[:64].mean(1) / 255  # (N, H, W)
    h, w = grey.shape[1:]
    centred = grey - grey.mean((1, 2), keepdims=True)
    power: np.ndarray[Any, Any] = (np.abs(np.fft.fft2(centred)) ** 2).mean(0)  # (H, W)
    rows, columns = np.fft.fftfreq(h)[:, None] * min(h, w), np.fft.fftfreq(w) * min(h, w)
    radius = np.hypot(rows, columns).round().astype(int).ravel()
    sums, n = np.bincount(radius, power.ravel()), np.bincount(radius)
    return (sums / np.maximum(n, 1))[1 : min(h, w) // 2 + 1]


def _figure(powers: dict[str, FloatArray]) -> Html:
    n = len(next(iter(powers.values())))
    waves = np.arange(1.0, n + 1)
    y = height([float(v) for power in powers.values() for v in power], log=True)
    told = [f"{name}: {number(p[0])} at 1, {number(p[-1])} at {n}" for name, p in powers.items()]
    curves = [(name, Envelope(waves, power, power, power)) for name, power in powers.items()]
    title = "Power by waves across a picture"
    return plot(title, curves, width(1, n), y, f"{title}. {'; '.join(told)}")
