"""A picture of samples while they are made: images in rows, points of the plane as dots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor

from gan_doctor.training.drawing import Drawing

SHOWN = 64
COLUMNS = 8
GAP = 2  # pixels between two images
_SMALL = 160  # pixels that a row of a picture should at least be wide


def grids_into(folder: Path) -> Callable[[int, Drawing], None]:
    """A look that writes a picture of the same latents each time, `step-0000100.png`."""

    def look(step: int, drawing: Drawing) -> None:
        save_grid(folder / f"step-{step:07d}.png", drawing.fakes(SHOWN), drawing.reals(SHOWN))

    return look


def save_grid(path: Path, samples: Tensor, real: Tensor | None = None) -> None:
    """Writes a PNG.

    Args:
        path: Of the file; its folder is made.
        samples: (N, C, H, W) images in [-1, 1], or (N, F) vectors, whose first two numbers are
            drawn.
        real: Reals to draw in grey behind vectors.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if samples.dim() == 4:
        from matplotlib.image import imsave

        imsave(path, _tiled(samples))
    else:
        _dots(path, samples, real)


def _tiled(images: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(rows * (H + GAP), COLUMNS * (W + GAP), 3) on white, small images enlarged."""
    n, channels, height, width = images.shape
    colours = images[:, :3] if channels >= 3 else images[:, :1].expand(-1, 3, -1, -1)
    pixels = ((colours + 1) * 127.5).clamp(0, 255).byte().numpy()
    times = max(1, -(-_SMALL // (COLUMNS * width)))
    pixels = pixels.repeat(times, axis=2).repeat(times, axis=3)
    rows = -(-n // COLUMNS)
    height, width = height * times + GAP, width * times + GAP
    canvas = np.full((rows, COLUMNS, 3, height, width), 255, np.uint8)
    canvas.reshape(-1, 3, height, width)[:n, :, :-GAP, :-GAP] = pixels
    return canvas.transpose(0, 3, 1, 4, 2).reshape(rows * height, COLUMNS * width, 3)


def _dots(path: Path, samples: Tensor, real: Tensor | None) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 4), layout="constrained")
    ax = figure.subplots()
    if real is not None:
        ax.scatter(real[:, 0], real[:, 1], s=4, color="#BBBBBB", lw=0)
        ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())
    ax.scatter(samples[:, 0], samples[:, 1], s=6, color="#D55E00", lw=0)
    ax.set_aspect("equal")
    figure.savefig(path, dpi=100)
