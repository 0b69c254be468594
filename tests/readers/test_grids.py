from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_sample_image

from gan_doctor.readers._grids import Layout, Pixels, layout_of


def drawn(
    samples: Pixels, rows: int, columns: int, gap: int, border: int = -1, colour: int = 0
) -> Pixels:
    """A grid of samples (N, h, w, C), as torchvision draws it where gap and border are the same."""
    border = gap if border < 0 else border
    (h, w, c) = samples.shape[1:]
    height, width = (n * side + gap * (n - 1) + 2 * border for n, side in ((rows, h), (columns, w)))
    grid = np.full((height, width, c), colour, np.uint8)
    for i, sample in enumerate(samples[: rows * columns]):
        y, x = border + i // columns * (h + gap), border + i % columns * (w + gap)
        grid[y : y + h, x : x + w] = sample
    return grid


def digits(n: int) -> Pixels:
    images = (load_digits().images[:n] * 15.9).astype(np.uint8)
    return np.repeat(images[..., None], 3, axis=3)


def coloured(n: int, side: int, seed: int = 0) -> Pixels:
    """Smooth images of unrelated colours."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side))) for one in small])


def as_jpeg(pixels: Pixels, quality: int = 75) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (4, 16), (5, 7), (1, 8)])
@pytest.mark.parametrize("samples", [digits(64), coloured(64, 32)], ids=["digits", "coloured"])
def test_samples_between_lines_come_back_exactly(
    samples: Pixels, rows: int, columns: int, colour: int
) -> None:
    """The digits have black margins of their own beside the black lines."""
    grid = drawn(samples, rows, columns, gap=2, colour=colour)
    layout = layout_of([grid])
    assert layout is not None
    assert layout.tiles == (rows, columns)
    assert np.array_equal(layout.cut(grid), samples[: rows * columns])


@pytest.mark.parametrize(("gap", "border"), [(1, 1), (4, 0), (5, 5)])
def test_lines_may_be_of_any_width_and_have_no_frame(gap: int, border: int) -> None:
    layout = layout_of([drawn(coloured(24, 20), 4, 6, gap, border, 128)])
    assert layout == Layout((4, 6), (20, 20), gap, border)


def test_samples_need_not_be_square() -> None:
    layout = layout_of([drawn(coloured(24, 32)[:, :20], 4, 6, 2)])
    assert layout == Layout((4, 6), (20, 32), 2, 2)


def test_empty_places_at_the_end_are_no_samples() -> None:
    samples = coloured(30, 16)
    grid = drawn(samples, 4, 8, gap=2)
    layout = layout_of([grid])
    assert layout is not None
    assert np.array_equal(layout.cut(grid), samples)


@pytest.mark.parametrize("samples", [digits(64), coloured(64, 32)], ids=["digits", "coloured"])
def test_lines_that_jpeg_has_blurred_are_found(samples: Pixels) -> None:
    grid = as_jpeg(drawn(samples, 8, 8, gap=2))
    layout = layout_of([grid], lossy=True)
    assert layout is not None
    assert (layout.tiles, layout.size) == ((8, 8), samples.shape[1:3])


def test_samples_side_by_side_are_told_by_their_seams() -> None:
    samples = coloured(48, 32)
    grid = drawn(samples, 6, 8, gap=0)
    layout = layout_of([grid])
    assert layout is not None
    assert np.array_equal(layout.cut(grid), samples)


def test_an_early_image_of_noise_does_not_hide_the_seams_of_the_later_ones() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (192, 256, 3), dtype=np.uint8)
    later = [drawn(coloured(48, 32, seed), 6, 8, gap=0) for seed in (1, 2)]
    assert layout_of([noise, *later]) == Layout((6, 8), (32, 32))


def test_dark_images_do_not_hide_the_lines_of_the_others() -> None:
    """A generator that collapsed to black leaves no line to see."""
    early = drawn(coloured(64, 16), 8, 8, gap=2)
    dark = np.zeros_like(early)
    assert layout_of([dark]) is None
    assert layout_of([early, dark]) == Layout((8, 8), (16, 16), 2, 2)


def test_a_known_size_cuts_what_does_not_tell() -> None:
    """Digits without lines have black seams, and black rows in many places."""
    grid = drawn(digits(64), 8, 8, gap=0)
    assert layout_of([grid]) is None
    layout = layout_of([grid], size=(8, 8))
    assert layout is not None
    assert np.array_equal(layout.cut(grid), digits(64))
    assert layout_of([grid], size=(9, 9)) is None


@cache
def pictures() -> list[Pixels]:
    """Single images that a careless eye would cut: photographs, blocks, drawings, figures."""
    rng = np.random.default_rng(0)
    found = []
    for name in ("china.jpg", "flower.jpg"):
        photo = Image.fromarray(load_sample_image(name))
        for x, y in rng.integers(0, 300, (3, 2)):
            crop = photo.crop((x, y, x + 128, y + 128))
            found += [np.asarray(crop), as_jpeg(np.asarray(crop), 40)]
            found.append(np.asarray(crop.resize((8, 8)).resize((128, 128), 0)))
    for digit in digits(5):
        found.append(np.asarray(Image.fromarray(digit).resize((128, 128), 0)))
    checks = np.indices((128, 128)).sum(0) // 16 % 2 * 255
    found.append(np.repeat(checks[..., None], 3, axis=2).astype(np.uint8))
    found.append(np.full((128, 128, 3), 7, np.uint8))
    return found


def test_single_images_are_not_cut() -> None:
    assert [layout_of([image]) for image in pictures()] == [None] * len(pictures())
    assert [layout_of([image], lossy=True) for image in pictures()] == [None] * len(pictures())


def test_a_figure_with_margins_of_its_own_is_left_alone() -> None:
    """As matplotlib draws panels: white, wider around them than between."""
    assert layout_of([drawn(digits(16), 4, 4, gap=7, border=20, colour=255)]) is None


def test_there_is_nothing_to_tell_without_an_image() -> None:
    assert layout_of([]) is None
