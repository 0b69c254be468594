"""A folder of the reader's own images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gan_doctor.core import ConfigError
from gan_doctor.sampling.images import (
    as_samples,
    check_memory,
    classes_of,
    image_paths,
    read_image,
)
from gan_doctor.training.data.dataset import Dataset

# What `data_file` must be.
FOLDER = "a folder of images (png, jpg, webp or bmp), of any sizes, in subfolders if you like"

_MOST_BYTES = 8 * 2**30  # that the images may fill in memory; our choice


def image_folder(size: int, file: str) -> Dataset:
    """All images of a folder and what lies in it, (N, 3, size, size), in the order of their names.

    Each is resized until it fills the square, and its middle is kept; what is transparent becomes
    white. They are (N, 1, size, size) if all are grey. Subfolders are classes, in the order of
    their names, if there are two or more and every image lies in one.

    Args:
        size: Side of an image.
        file: The folder.

    Raises:
        ConfigError: There is no image, an image cannot be read, they do not fit into memory, or
            the size is none.
    """
    if size < 1:
        raise ConfigError(f"size must be 1 or more for images, got {size}")
    folder = Path(file)
    paths = image_paths(folder)
    if not paths:
        raise ConfigError(f"{folder} holds no image: set data_file to {FOLDER}")
    check_memory(len(paths), (3, size, size), _MOST_BYTES, folder)
    x = as_samples(np.stack([read_image(path, (size, size)) for path in paths]))
    y, classes = classes_of([path.relative_to(folder) for path in paths])
    return Dataset(x, y, len(classes))
