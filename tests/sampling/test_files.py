"""Samples out of a person's files."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gan_doctor.core import ConfigError
from gan_doctor.sampling.alike import made_alike
from gan_doctor.sampling.files import LARGEST_SIDE, SampleSet, load_samples
from gan_doctor.sampling.images import fitted
from gan_doctor.sampling.judged import judged


class Trap:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> Any:
        return (open, (str(TRAPPED), "w"))


TRAPPED = Path("trapped")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def pixels(n: int, h: int = 8, w: int = 8, channels: int = 3, seed: int = 0) -> np.ndarray:
    shape = (n, h, w, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def paint(path: str, image: np.ndarray) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def save_grid(tiles: torch.Tensor, path: str, columns: int, padding: int = 2) -> None:
    """(N, 3, h, w) in [0, 1] as torchvision's save_image lays them out, on black."""
    n, _, h, w = tiles.shape
    rows = -(-n // columns)
    whole = torch.zeros(3, rows * (h + padding) + padding, columns * (w + padding) + padding)
    for i, tile in enumerate(tiles):
        y, x = (
            k * (side + padding) + padding
            for k, side in zip(divmod(i, columns), (h, w), strict=True)
        )
        whole[:, y : y + h, x : x + w] = tile
    paint(path, whole.mul(255).round().byte().permute(1, 2, 0).numpy())


def wanted(image: np.ndarray) -> torch.Tensor:
    """What pixels (N, H, W, 3) must become."""
    return torch.from_numpy(image.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)


# Arrays and tensors


def test_arrays_of_bytes_become_minus_1_to_1_and_floats_stay() -> None:
    np.save("bytes.npy", pixels(5).transpose(0, 3, 1, 2))
    torch.testing.assert_close(load_samples("bytes.npy").samples, wanted(pixels(5)))
    np.save("floats.npy", np.linspace(-3, 300, 5 * 64).reshape(5, 1, 8, 8))
    x = load_samples("floats.npy").samples
    assert x.dtype == torch.float32
    assert (x.min(), x.max()) == (-3, 300)


@pytest.mark.parametrize("kind", ["npy", "npz", "tensor", "dict"])
def test_the_same_numbers_come_out_of_every_kind_of_file(kind: str) -> None:
    x = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    other = np.zeros(2)
    if kind == "npy":
        np.save("x.npy", x)
    elif kind == "npz":
        np.savez("x.npz", x=x, other=other)
    elif kind == "tensor":
        torch.save(torch.from_numpy(x).requires_grad_(), "x.pt")
    else:
        torch.save({"x": torch.from_numpy(x), "other": torch.zeros(2), "epoch": 3}, "x.pth")
    [path] = Path.cwd().iterdir()
    found = load_samples(path, key="x" if kind in ("npz", "dict") else None)
    assert found.labels is None
    np.testing.assert_array_equal(found.samples, x)


def test_the_axes_of_images_are_put_in_order_and_that_is_noted() -> None:
    np.save("last.npy", pixels(5))
    found = load_samples("last.npy")
    torch.testing.assert_close(found.samples, wanted(pixels(5)))
    assert any("last axis" in note for note in found.notes)
    np.save("grey.npy", pixels(5, channels=1)[..., 0])
    assert load_samples("grey.npy").samples.shape == (5, 1, 8, 8)
    for shape in ((5, 3, 8, 8), (5, 64, 4, 4), (5, 3), (5, 7, 2)):
        np.save("as_it_is.npy", np.ones(shape))
        found = load_samples("as_it_is.npy")
        assert found.samples.shape == shape
        assert found.notes == ()
    np.save("numbers.npy", np.arange(5))
    assert load_samples("numbers.npy").samples.shape == (5, 1)


def test_of_many_samples_some_are_drawn_by_a_seed() -> None:
    np.save("x.npy", np.arange(1000.0))
    first, again, other = (load_samples("x.npy", most=50, seed=seed).samples for seed in (0, 0, 1))
    assert (len(first), len(first.unique())) == (50, 50)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert load_samples("x.npy", most=50).found == 1000


# Not to be trusted


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.pt", "y.npy", "y.pt"])
def test_a_pickle_is_refused_and_not_run(name: str) -> None:
    trap = np.array([Trap()], dtype=object)
    if name == "x.npy":
        np.save(name, trap, allow_pickle=True)
    elif name == "x.npz":
        np.savez(name, trap)
    elif name == "x.pt":
        torch.save({"x": Trap()}, name)
    else:
        Path(name).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ConfigError, match=name):
        load_samples(name)
    assert not TRAPPED.exists()


def test_what_would_fill_too_much_is_refused() -> None:
    np.save("x.npy", np.zeros((1000, 100), np.uint8))
    with pytest.raises(ConfigError, match=r"1000 samples of 100 .* put fewer into x\.npy"):
        load_samples("x.npy", limit=399_999)
    assert len(load_samples("x.npy", limit=400_000)) == 1000
    assert len(load_samples("x.npy", limit=4000, most=10)) == 10
    # A megabyte of zeros packs into a kilobyte.
    np.savez_compressed("bomb.npz", np.zeros(2**20, np.uint8))
    assert Path("bomb.npz").stat().st_size < 2**13
    with pytest.raises(ConfigError, match="GiB of memory"):
        load_samples("bomb.npz", limit=2**19)
    with zipfile.ZipFile("x.pt", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x/data.pkl", bytes(2**20))
    with pytest.raises(ConfigError, match="GiB of memory"):
        load_samples("x.pt", limit=2**19)
    # One number that claims to be a billion.
    torch.save(torch.zeros(1).expand(2**30), "wide.pt")
    with pytest.raises(ConfigError, match="fill"):
        load_samples("wide.pt", limit=2**29)
    paint("folder/1.png", pixels(1)[0])
    with pytest.raises(ConfigError, match=r"1 images of 40000x40000 .* smaller size"):
        load_samples("folder", size=(40_000, 40_000))


def test_what_cannot_be_read_says_what_to_do() -> None:
    np.savez("two.npz", a=np.zeros(3), b=np.zeros(3))
    np.save("empty.npy", np.zeros((0, 3)))
    np.save("text.npy", np.array(["a", "b"]))
    np.save("broken.npy", np.array([[1.0, 2], [np.nan, 3]]))
    Path("cut.npy").write_bytes(Path("broken.npy").read_bytes()[:-4])
    Path("junk.npz").write_bytes(b"junk")
    Path("junk.pt").write_bytes(b"junk")
    torch.save([torch.zeros(3)], "list.pt")
    paint("one.png", pixels(1)[0])
    Path("bare").mkdir()
    Path("notes.txt").write_text("no samples")
    for name, said in {
        "two.npz": r"holds 2 arrays: name one with --key. Known: a, b",
        "empty.npy": r"holds no samples: its shape is \(0, 3\)",
        "text.npy": "must hold real numbers, got <U1",
        "broken.npy": "1 of the 2 samples .* not finite",
        "cut.npy": r"cut\.npy",
        "junk.npz": r"junk\.npz",
        "junk.pt": r"junk\.pt",
        "list.pt": "holds a list, not a tensor",
        "one.png": "such as --grid 8x8",
        "bare": "holds no image",
        "notes.txt": "no file of samples. Known: a folder of images, .npy",
        "absent": "There is no absent",
    }.items():
        with pytest.raises(ConfigError, match=said):
            load_samples(name)
    with pytest.raises(ConfigError, match=r"holds no array 'c'\. Known: a, b"):
        load_samples("two.npz", key="c")


# Images


def test_a_folder_is_read_in_the_size_of_most_and_classes_are_subfolders() -> None:
    for i, image in enumerate(pixels(3, 10, 12)):
        paint(f"x/{'cat' if i else 'dog'}/{i}.png", image)
    paint("x/owl/big.png", pixels(1, 40, 12)[0])
    told: list[tuple[int, int]] = []
    found = load_samples("x", tell=lambda *at: told.append(at))
    assert found.samples.shape == (4, 3, 10, 12)
    assert (found.classes, found.labels.tolist()) == (("cat", "dog", "owl"), [0, 0, 1, 2])  # type: ignore[union-attr]
    torch.testing.assert_close(found.samples[:2], wanted(pixels(3, 10, 12)[1:]))
    assert any("1 of 4 images are of other sizes" in note for note in found.notes)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert load_samples("x", size=(8, 8)).samples.shape == (4, 3, 8, 8)


def test_large_images_are_made_smaller_unless_a_size_is_given() -> None:
    paint("x/1.png", pixels(1, 2 * LARGEST_SIDE, LARGEST_SIDE)[0])
    found = load_samples("x")
    assert found.samples.shape == (1, 3, LARGEST_SIDE, LARGEST_SIDE // 2)
    assert any("--size" in note for note in found.notes)
    assert load_samples("x", size=(200, 200)).samples.shape == (1, 3, 200, 200)


@pytest.mark.parametrize("padding", [0, 2])
def test_a_grid_is_cut_to_the_pixel(padding: int) -> None:
    tiles = pixels(12, 9, 11)
    save_grid(torch.from_numpy(tiles).permute(0, 3, 1, 2) / 255, "grid.png", 4, padding)
    found = load_samples("grid.png", grid=(3, 4), padding=padding)
    assert torch.equal(found.samples, wanted(tiles))


def test_a_grid_of_save_image_is_cut_and_its_empty_places_are_no_samples() -> None:
    tiles = torch.rand(13, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    save_grid(tiles, "grid.png", 4)
    found = load_samples("grid.png", grid=(4, 4), padding=2)
    torch.testing.assert_close(found.samples, 2 * tiles - 1, atol=0.01, rtol=0)
    assert any("3 empty places" in note for note in found.notes)
    # A G that makes nothing but black is not an empty grid.
    save_grid(torch.zeros(16, 3, 8, 8), "black.png", 4)
    assert len(load_samples("black.png", grid=(4, 4), padding=2)) == 16


def test_a_folder_of_grids_is_one_set() -> None:
    for name in ("a/1.png", "b/2.png"):
        paint(f"x/{name}", pixels(1, 16, 24, seed=len(name))[0])
    found = load_samples("x", grid=(2, 3))
    assert found.samples.shape == (12, 3, 8, 8)
    assert found.labels is not None
    assert found.labels.tolist() == [0] * 6 + [1] * 6
    assert len(load_samples("x", grid=(2, 3), most=4)) == 4


def test_a_grid_that_does_not_divide_says_with_what_it_would() -> None:
    save_grid(torch.zeros(16, 3, 9, 9), "grid.png", 4)
    with pytest.raises(ConfigError, match=r"46x46 pixels .* 4 rows and 4 columns .* --padding 2"):
        load_samples("grid.png", grid=(4, 4))
    with pytest.raises(ConfigError, match="give the --grid ROWSxCOLUMNS"):
        load_samples("grid.png", grid=(50, 4))


def test_tensors_are_made_to_fit_as_images_are() -> None:
    x = torch.zeros(1, 1, 12, 40)
    x[..., 14:26] = 1  # the middle square
    assert torch.equal(fitted(x, (12, 12)), torch.ones(1, 1, 12, 12))
    smooth = torch.linspace(-1, 1, 32).expand(1, 1, 32, 32)
    small = fitted(smooth, (8, 8))
    torch.testing.assert_close(
        small[0, 0, 0], smooth[0, 0, 0].view(8, 4).mean(1), atol=0.05, rtol=0
    )
    assert small.min() >= -1


# Two sides


def side(shape: tuple[int, ...], **facts: Any) -> SampleSet:
    return SampleSet(torch.rand(shape, generator=torch.Generator().manual_seed(0)), **facts)


def test_the_larger_side_is_made_as_small_as_the_other() -> None:
    for shapes in (((4, 1, 8, 8), (4, 3, 16, 16)), ((4, 3, 16, 16), (4, 1, 8, 8))):
        fake, real = made_alike(*map(side, shapes))
        assert fake.samples.shape == real.samples.shape == (4, 3, 8, 8)
        assert len(fake.notes + real.notes) == 2


def test_classes_are_told_by_their_names() -> None:
    fake = side((3, 2), labels=torch.tensor([0, 1, 2]), classes=("dog", "owl", "yak"))
    real = side((3, 2), labels=torch.tensor([0, 1, 2]), classes=("cat", "dog", "owl"))
    fake, real = made_alike(fake, real)
    assert fake.labels is not None
    assert fake.labels.tolist() == [1, 2, 3]
    assert any("yak" in note for note in fake.notes)


def test_what_is_of_another_kind_is_refused() -> None:
    for shapes in (((4, 2), (4, 3)), ((4, 3), (4, 3, 8, 8)), ((4, 4, 8, 8), (4, 3, 8, 8))):
        with pytest.raises(ConfigError, match="same kind of data"):
            made_alike(*map(side, shapes))


def test_too_few_say_how_many_are_needed() -> None:
    for fakes, reals in ((63, 500), (500, 127)):
        with pytest.raises(ConfigError, match="64 fakes and 128 reals are needed"):
            judged(side((fakes, 2)), side((reals, 2)))
    assert judged(side((64, 2)), side((128, 2))).bands[0].n == 64
    with pytest.raises(ConfigError, match="all the same"):
        judged(side((64, 2)), SampleSet(torch.ones(128, 2)))


def test_draws_share_nothing_where_there_is_enough(digits: tuple[torch.Tensor, Any]) -> None:
    x = digits[0]
    run = judged(SampleSet(x[:900]), SampleSet(x[900:1100]), name="digits")
    assert (run.clock, run.ticks.tolist(), run.bands[0].n) == ("row", [1, 2, 3], 100)
    assert not any("share" in note for note in run.notes)
    shares = run.get("sample/precision")
    assert shares is not None
    assert len(set(shares.values)) > 1
    assert run.setup.sample_shape == (1, 8, 8)
    assert (run.setup.real_range, run.setup.fake_range) == ((-1, 1), (-1, 1))
    again = judged(SampleSet(x[:900]), SampleSet(x[900:1100]), name="digits")
    assert again == run
    assert any("share" in n for n in judged(SampleSet(x[:200]), SampleSet(x[900:1100])).notes)


@pytest.mark.parametrize(("scale", "shift"), [(0.5, 0.5), (127.5, 127.5)])
def test_a_scale_of_its_own_is_named(
    digits: tuple[torch.Tensor, Any], scale: float, shift: float
) -> None:
    x = digits[0]
    told = judged(SampleSet(scale * x[:400] + shift), SampleSet(x[400:800])).events
    assert "another scale" in told[0].detail["text"]
    noise = torch.rand(400, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert judged(SampleSet(noise), SampleSet(x[400:800])).events == ()
    assert judged(SampleSet(x[:400]), SampleSet(x[400:800])).events == ()
