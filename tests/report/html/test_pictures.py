from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from gan_doctor.core import Band, Key, Run, Series
from gan_doctor.report.html.modes import mode_section
from gan_doctor.report.html.pictures import MOST_BYTES, grid_picture
from gan_doctor.report.html.spectrum import radial_power


def shown(batch: np.ndarray) -> np.ndarray:
    data = grid_picture(batch, "x").partition("base64,")[2].partition('"')[0]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_images_keep_their_pixels_in_rows() -> None:
    batch = np.random.default_rng(0).integers(0, 256, (4, 3, 5, 5), np.uint8)
    sheet = shown(batch)
    assert sheet.shape == (11, 11, 3)
    assert (sheet[:5, 6:] == batch[1].transpose(1, 2, 0)).all()
    assert (sheet[6:, :5] == batch[2].transpose(1, 2, 0)).all()


@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 1), (3, 2, 9, 4), (100, 3, 64, 64), (5, 4, 300, 7), (9, 1, 1, 4000)]
)
def test_images_of_any_shape_are_bounded(shape: tuple[int, ...]) -> None:
    sheet = shown(np.full(shape, 7, np.uint8))
    assert 0 < sheet.size < 1.2 * MOST_BYTES
    assert max(sheet.shape[:2]) < 1000


def test_the_spectrum_of_a_wave_has_its_power_at_its_frequency() -> None:
    wave = 127 + 100 * np.sin(2 * np.pi * 5 * np.arange(32) / 32)
    images = np.broadcast_to(wave, (2, 1, 32, 32)).astype(np.uint8)
    power = radial_power(images)
    assert len(power) == 16
    assert power.argmax() == 4  # the fifth, counted from one wave


def test_modes_are_told_apart_as_missing_scarce_usual_and_too_many() -> None:
    shares = {0: 0.0, 1: 0.1, 2: 0.25, 3: 0.65}
    keys = {label: Key("sample/mode_share", features="raw", label=label) for label in shares}
    run = Run(
        "modes",
        series=tuple(Series(keys[n], [1, 2], [0.9, share]) for n, share in shares.items()),
        bands=tuple(Band(key, 512, 0.25, 0.02, 0.2, 0.3) for key in keys.values()),
    )
    late = Run("modes", series=tuple(s[1:] for s in run.series), bands=run.bands)
    section = mode_section(late)
    assert section is not None
    words = [row.rpartition('class="word">')[2].partition("<")[0] for row in section.split("</tr>")]
    assert words[1:5] == ["missing", "too few", "as real", "too many"]
    assert mode_section(Run("none")) is None
