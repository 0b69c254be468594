"""Batches of samples as pictures of bounded size: images as one PNG, points as a scatter."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_doctor.report.html.element import Html, tag

MOST_IMAGES = 64
MOST_POINTS = 512
LONGEST_SIDE = 64  # pixels of one image
MOST_BYTES = 140_000  # of one grid before it is packed: 13 of them stay below 2.5 MB as text

Batch = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Window:
    """The square of the plane that is shown.

    Args:
        x: Of its centre.
        y: Of its centre.
        reach: Half its side.
    """

    x: float
    y: float
    reach: float


def is_images(batch: Batch) -> bool:
    """Whether these are images as the log keeps them: uint8, NCHW."""
    return batch.ndim == 4 and batch.dtype == np.uint8 and batch.size > 0


def is_points(batch: Batch) -> bool:
    """Whether these are points of the plane."""
    return batch.ndim == 2 and batch.shape[1] == 2 and len(batch) > 0


def grid_picture(batch: Batch, alt: str, most_bytes: int = MOST_BYTES) -> Html:
    """(N, C, H, W) uint8 as one picture, as many of the first as fit, in rows."""
    from PIL import Image

    images = _colours(batch)  # (N, H, W, 3 or 1)
    h, w, channels = images.shape[1:]
    longest = max(h, w)
    if longest > LONGEST_SIDE:
        size = tuple(max(1, round(side * LONGEST_SIDE / longest)) for side in (w, h))
        small = [
            Image.fromarray(one.squeeze()).resize(size, Image.Resampling.BOX) for one in images
        ]
        images = np.stack([np.asarray(one) for one in small]).reshape(len(small), *size[::-1], -1)
        h, w = images.shape[1:3]
    n = max(1, min(len(images), MOST_IMAGES, most_bytes // (h * w * channels)))
    columns = max(1, round((n * h / w) ** 0.5)) if n > 1 else 1
    rows = -(-n // columns)
    sheet = np.full((rows * columns, h + 1, w + 1, channels), 128, np.uint8)  # a line between two
    sheet[:n, :h, :w] = images[:n]
    tall = sheet.reshape(rows, columns, h + 1, w + 1, channels).swapaxes(1, 2)
    pixels = tall.reshape(rows * (h + 1), columns * (w + 1), channels)[:-1, :-1]
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze(2) if channels == 1 else pixels).save(file, "png", optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    return tag("img", src=Html(f"data:image/png;base64,{data}"), alt=alt, class_="pixels")


def _colours(batch: Batch) -> Batch:
    """(N, C, H, W) as (N, H, W, 3), or (N, H, W, 1) where there is less than three channels."""
    few = batch[:MOST_IMAGES]
    return few[:, : 3 if few.shape[1] >= 3 else 1].transpose(0, 2, 3, 1)


def window_of(points: Batch) -> Window:
    """The square around most of some points; what lies far outside is not squeezed into sight."""
    known = points[np.isfinite(points).all(1)].astype(float)
    if not len(known):
        return Window(0.0, 0.0, 1.0)
    x, y = np.median(known, axis=0)
    reach = 1.6 * np.quantile(np.abs(known - [x, y]), 0.99) or 1.0
    return Window(float(x), float(y), float(reach))


def scatter_picture(batch: Batch, window: Window, alt: str, behind: Batch | None = None) -> Html:
    """(N, 2) points of the plane, on others in grey."""
    grey = None if behind is None else tag("path", class_="behind", d=_dots(behind, window))
    dots = tag("path", class_="dots", d=_dots(batch, window))
    return tag(
        "svg", grey, dots, viewBox="0 0 1000 1000", role="img", aria_label=alt, class_="scatter"
    )


def outside(batch: Batch, window: Window) -> float:
    """The share of points that the window does not show."""
    near = np.abs(batch - [window.x, window.y]) <= window.reach
    return float(1 - near.all(1).mean())


def _dots(batch: Batch, window: Window) -> Html:
    points = batch[:MOST_POINTS].astype(float)
    places = 500 + 500 * (points - [window.x, window.y]) / window.reach * [1, -1]
    seen = places[(np.isfinite(places) & (places >= 0) & (places <= 1000)).all(1)].round()
    return Html("".join(f"M{x:.0f} {y:.0f}h0" for x, y in seen))
