"""The data sets that there are, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from gan_doctor.core import ConfigError, UnknownNameError
from gan_doctor.training.data.dataset import Dataset
from gan_doctor.training.data.digits import digits
from gan_doctor.training.data.gaussians import grid_data, ring_data
from gan_doctor.training.data.image_folder import FOLDER, image_folder
from gan_doctor.training.data.low_diversity import low_diversity
from gan_doctor.training.data.mnist import MNIST, mnist
from gan_doctor.training.data.pairs import pairs
from gan_doctor.training.data.stacked_mnist import stacked_mnist
from gan_doctor.training.data.swiss_roll import swiss_roll
from gan_doctor.training.data.table import TABLE, table
from gan_doctor.training.data.texture import texture


@dataclass(frozen=True)
class DataKind:
    """One data set.

    Args:
        summary: What it is, in one sentence.
        kind: Of its samples: points of the plane, images, or vectors of numbers.
        sizes: Sides that its images come in; 0 for what has none, empty for any.
        make: Makes it of the given size, from the given file.
        file: What `data_file` must be, "" if nothing is read from disk.
        labelled: Whether it has classes, or has them where the file tells; `Dataset.classes` knows.
        paired: Whether each sample is the true output for an input that G is told.
    """

    summary: str
    kind: Literal["points", "images", "vectors"]
    sizes: tuple[int, ...]
    make: Callable[[int, str], Dataset]
    file: str = ""
    labelled: bool = False
    paired: bool = False

    def check_size(self, name: str, size: int) -> None:
        """Raises a ConfigError if its images do not come in that size; `name` is its own."""
        if self.sizes and size not in self.sizes:
            sizes = " or ".join(map(str, self.sizes))
            raise ConfigError(f"size must be {sizes} for {name}, got {size}")

    @property
    def needs_file(self) -> bool:
        """Whether it is read from disk."""
        return bool(self.file)


def load(name: str, size: int = 0, file: str = "") -> Dataset:
    """A whole data set, on the CPU. The same arguments give the same data.

    Args:
        name: One of `DATA`.
        size: Side of an image, one of its sizes; 0 for points and vectors.
        file: Where it lies, for those that are read from disk.

    Raises:
        UnknownNameError: There is no such data set.
        ConfigError: The size does not fit, or the file is missing or is no such data.
    """
    if name not in DATA:
        raise UnknownNameError("data set", name, DATA)
    kind = DATA[name]
    kind.check_size(name, size)
    if kind.needs_file and not file:
        raise ConfigError(f"{name} is read from disk, not downloaded: set data_file to {kind.file}")
    return kind.make(size, file)


DATA: Mapping[str, DataKind] = {
    "ring": DataKind(
        "8 narrow Gaussians on a circle (Lin 2018).",
        "points",
        (0,),
        lambda size, file: ring_data(),
        labelled=True,
    ),
    "grid": DataKind(
        "25 narrow Gaussians on a square grid (Lin 2018).",
        "points",
        (0,),
        lambda size, file: grid_data(),
        labelled=True,
    ),
    "swiss-roll": DataKind(
        "A spiral in the plane, without modes (Gulrajani 2017).",
        "points",
        (0,),
        lambda size, file: swiss_roll(),
    ),
    "digits": DataKind(
        "1,797 real handwritten digits of 8x8 pixels, from scikit-learn.",
        "images",
        (8,),
        lambda size, file: digits(),
        labelled=True,
    ),
    "mnist": DataKind(
        "Real handwritten digits of up to 28x28 pixels.",
        "images",
        (16, 28),
        mnist,
        file=MNIST,
        labelled=True,
    ),
    "stacked-mnist": DataKind(
        "Three digits of MNIST as the colours of one image, which makes 1,000 modes.",
        "images",
        (16, 28),
        stacked_mnist,
        file=MNIST,
        labelled=True,
    ),
    "low-diversity": DataKind(
        "Drawn blobs that hardly differ: healthy data which looks like a collapse.",
        "images",
        (16,),
        lambda size, file: low_diversity(),
    ),
    "texture": DataKind(
        "Drawn grain of random orientation: healthy data which looks like noise.",
        "images",
        (16,),
        lambda size, file: texture(),
    ),
    "pairs": DataKind(
        "Digits of 8x8 pixels to be restored from 4x4: each input has one true output.",
        "images",
        (8,),
        lambda size, file: pairs(),
        paired=True,
    ),
    "images": DataKind(
        "Your own images, from a folder.",
        "images",
        (),
        image_folder,
        file=FOLDER,
        labelled=True,
    ),
    "csv": DataKind(
        "Your own table of numbers.",
        "vectors",
        (0,),
        lambda size, file: table(file),
        file=TABLE,
    ),
}
