"""Images in a terminal: each character is two pixels, one above the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.style import Style
from rich.text import Text

from gan_doctor.core import ReadError, Run

_UPPER = "▀"
LARGEST = 32  # pixels of a side; larger images are averaged down
ROWS = 2  # of images, at most


@dataclass(frozen=True)
class SampleBlocks:
    """Some images beside each other, as many as there is room for; nothing without colours.

    Args:
        images: (N, C, H, W) uint8.
    """

    images: np.ndarray[Any, Any]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not can_show(console):
            return
        pixels = _small(self.images)
        h, w = pixels.shape[1:3]
        columns = max(1, (options.max_width + 1) // (w + 1))
        for first in range(0, min(len(pixels), ROWS * columns), columns):
            row = pixels[first : first + columns]
            if first:
                yield Text()
            for y in range(0, h, 2):
                yield _line(row, y, options.max_width)


def can_show(console: Console) -> bool:
    """Whether a terminal has the colours and the character for it."""
    try:
        _UPPER.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    enough = console.color_system in ("truecolor", "256", "windows")
    return console.is_terminal and enough and not console.no_color


def latest_images(run: Run) -> tuple[float, np.ndarray[Any, Any]] | None:
    """The step of the last fakes that are images and can be read, and these; None without any."""
    fakes = [samples for samples in run.parts[-1].samples if samples.kind == "fake"]
    for samples in reversed(fakes[-3:]):  # the last may be half written
        try:
            batch = samples.load()
        except (OSError, ReadError):
            continue
        if batch.ndim == 4 and batch.dtype == np.uint8 and batch.size:
            return samples.step, batch
    return None


def _small(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(N, H, W, 3) of at most `LARGEST` pixels a side."""
    x = images[:, :3] if images.shape[1] >= 3 else np.repeat(images[:, :1], 3, axis=1)
    factor = -(-max(x.shape[2:]) // LARGEST)
    n, c, h, w = x.shape
    h, w = max(1, h // factor), max(1, w // factor)
    x = x[:, :, : h * factor, : w * factor].astype(np.float32)
    fy, fx = x.shape[2] // h, x.shape[3] // w
    mean = x.reshape(n, c, h, fy, w, fx).mean(axis=(3, 5))
    return np.asarray(mean.transpose(0, 2, 3, 1).round(), np.uint8)


def _line(row: np.ndarray[Any, Any], y: int, width: int) -> Text:
    line = Text(no_wrap=True, overflow="crop")
    for n, image in enumerate(row):
        if n:
            line.append(" ")
        below = image[y + 1] if y + 1 < len(image) else [None] * image.shape[1]
        for over, under in list(zip(image[y], below, strict=True))[:width]:
            line.append(_UPPER, Style(color=_colour(over), bgcolor=_colour(under)))
    return line


def _colour(pixel: Any) -> Color | None:
    return None if pixel is None else Color.from_rgb(*map(int, pixel))
