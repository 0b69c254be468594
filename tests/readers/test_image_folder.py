from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from subprocess import run as start

import fsspec
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import gan_doctor
from gan_doctor.core import ReadError, Run, Samples, Source
from gan_doctor.readers import _pictures, reader_for
from gan_doctor.readers.image_folder import ImageFolderReader

DIGITS = (load_digits().images * 15.9).astype(np.uint8)
Pixels = np.ndarray


def grid(samples: Pixels, columns: int = 4, gap: int = 2) -> Pixels:
    """(N, h, w) as torchvision draws them."""
    n, h, w = samples.shape
    image = np.zeros((-(-n // columns) * (h + gap) + gap, columns * (w + gap) + gap), np.uint8)
    for i, sample in enumerate(samples):
        y, x = gap + i // columns * (h + gap), gap + i % columns * (w + gap)
        image[y : y + h, x : x + w] = sample
    return image


def saved(folder: Path, images: Mapping[str, Pixels]) -> Path:
    for name, pixels in images.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(pixels).save(folder / name)
    return folder


def grids(*names: str) -> dict[str, Pixels]:
    return {name: grid(DIGITS[12 * i : 12 * i + 12]) for i, name in enumerate(names)}


def read(folder: Path) -> Run:
    return ImageFolderReader().read(Source.of(folder))[0]


def fakes(run: Run) -> list[Samples]:
    return [samples for samples in run.samples if samples.kind == "fake"]


def steps(run: Run) -> list[float]:
    return [samples.step for samples in fakes(run)]


# Names


@pytest.mark.parametrize(
    ("names", "clock", "at"),
    [
        (("epoch_10.png", "epoch_9.png"), "epoch", [9, 10]),
        (("fake_samples_epoch_003.png", "fake_samples_epoch_004.png"), "epoch", [3, 4]),
        (("fakes000200.png", "fakes000000.png"), "kimg", [0, 200]),
        (("sample-3000.jpg", "sample-500.jpg"), "iteration", [500, 3000]),
        (("92800.png", "400.png"), "iteration", [400, 92800]),
        (("1.png", "2.png"), "epoch", [1, 2]),
        (("dcgan64_100.png", "dcgan64_200.png"), "epoch", [100, 200]),
        (("Iter=100_of_500.png", "Iter=200_of_500.png"), "iteration", [100, 200]),
        (("images/92800.png", "images/400.png"), "iteration", [400, 92800]),
    ],
)
def test_the_number_in_a_name_is_the_step(
    names: tuple[str, ...], clock: str, at: list[float], tmp_path: Path
) -> None:
    run = read(saved(tmp_path, grids(*names)))
    assert (run.clock, steps(run)) == (clock, at)
    guessed = any("taken for" in note for note in run.notes)
    assert guessed == (not any(w in names[0].lower() for w in ("epoch", "fakes", "iter")))


def test_of_several_series_the_longest_and_plainest_is_read(tmp_path: Path) -> None:
    run = read(saved(tmp_path, grids("0.png", "0-ema.png", "1.png", "1-ema.png", "loss.png")))
    assert [samples.path for samples in fakes(run)] == ["0.png", "1.png"]
    assert "3 images left out, 0-ema.png and the like" in run.notes


def test_of_an_epoch_with_many_iterations_the_last_is_read(tmp_path: Path) -> None:
    """A grid of the same noise every 100 iterations: pooled, nearly all samples would be copies."""
    names = [f"epoch{e}_iter{i}.png" for e in (1, 2) for i in (100, 1000, 900)]
    run = read(saved(tmp_path, grids(*names)))
    assert [s.path for s in fakes(run)] == ["epoch1_iter1000.png", "epoch2_iter1000.png"]


def test_images_of_one_step_belong_together(tmp_path: Path) -> None:
    files = {f"epoch_{e}_sample_{i}.png": DIGITS[10 * e + i] for e in (1, 2) for i in range(5)}
    run = read(saved(tmp_path, files))
    assert steps(run) == [1, 2]
    assert np.array_equal(fakes(run)[1].load()[:, 0], DIGITS[20:25])


def test_a_folder_for_each_step_holds_single_images(tmp_path: Path) -> None:
    files = {f"step-{s}/{i}.png": DIGITS[s + i] for s in (9, 100) for i in range(5)}
    run = read(saved(tmp_path, files))
    assert (run.clock, steps(run)) == ("iteration", [9, 100])
    assert np.array_equal(fakes(run)[0].load()[:, 0], DIGITS[9:14])


@pytest.mark.parametrize(
    "names", [(), ("loss.png", "roc.png"), ("a9f3c1.png", "0b7e22.png", "77de0a.png"), ("1.png",)]
)
def test_a_folder_without_a_series_is_not_its_own(names: tuple[str, ...], tmp_path: Path) -> None:
    source = Source.of(saved(tmp_path, grids(*names)))
    assert ImageFolderReader().score(source) == 0
    with pytest.raises(ReadError, match="no two images with numbers"):
        ImageFolderReader().read(source)


def test_a_log_beside_the_images_is_surer(tmp_path: Path) -> None:
    saved(tmp_path, grids("fakes000000.png", "fakes000200.png"))
    assert isinstance(reader_for(Source.of(tmp_path)), ImageFolderReader)
    assert 0 < ImageFolderReader().score(Source.of(tmp_path)) <= 0.2


# Samples


def test_grids_are_cut_into_their_samples(tmp_path: Path) -> None:
    run = read(saved(tmp_path, grids("epoch_1.png", "epoch_2.png")))
    loaded = fakes(run)[1].load()
    assert (loaded.dtype, loaded.shape) == (np.uint8, (12, 1, 8, 8))
    assert np.array_equal(loaded[:, 0], DIGITS[12:24])
    assert "each image is cut into 3 x 4 samples of 8x8 pixels" in run.notes


def test_where_no_grid_is_seen_an_image_is_one_sample_and_it_is_said(tmp_path: Path) -> None:
    run = read(saved(tmp_path, {f"{i}.png": grid(DIGITS[:16], gap=0) for i in (1, 2)}))
    assert fakes(run)[0].load().shape == (1, 1, 32, 32)
    assert "no grid was found in the images: each counts as one sample" in run.notes


def test_the_reals_tell_the_size_of_samples_without_lines(tmp_path: Path) -> None:
    files = {f"{i}.png": grid(DIGITS[:16], gap=0) for i in (1, 2)}
    run = read(saved(tmp_path, files | {f"real/{i}.png": DIGITS[i] for i in range(5)}))
    assert fakes(run)[0].load().shape == (16, 1, 8, 8)
    real = next(samples for samples in run.samples if samples.kind == "real")
    assert np.array_equal(np.unique(real.load(), axis=0), np.unique(DIGITS[:5, None], axis=0))


def test_reals_may_be_a_grid_as_the_dcgan_example_saves_them(tmp_path: Path) -> None:
    names = ("real_samples.png", "fake_samples_epoch_000.png", "fake_samples_epoch_001.png")
    run = read(saved(tmp_path, grids(*names)))
    real = next(samples for samples in run.samples if samples.kind == "real")
    assert np.array_equal(real.load()[:, 0], DIGITS[:12])


def test_reals_of_two_kinds_are_not_guessed_among(tmp_path: Path) -> None:
    names = [f"epoch{e}_{what}.png" for e in (1, 2) for what in ("real_A", "real_B", "fake_B")]
    run = read(saved(tmp_path, grids(*names)))
    assert not any(samples.kind == "real" for samples in run.samples)
    assert any("several kinds of real images" in note for note in run.notes)


def test_without_reals_the_run_says_what_would_help(tmp_path: Path) -> None:
    run = gan_doctor.read(saved(tmp_path, grids("epoch_1.png", "epoch_2.png")))
    assert any("folder real" in note for note in run.notes)
    verdicts = {v.detector: v.status for v in gan_doctor.diagnose(run).verdicts}
    assert verdicts["mode-collapse"] == "not assessed"


def test_large_samples_are_made_smaller_and_colours_stay(tmp_path: Path) -> None:
    colour = np.zeros((200, 100, 3), np.uint8)
    colour[..., 1] = 200
    run = read(saved(tmp_path, {"1.png": colour, "2.png": colour}))
    assert fakes(run)[0].load().shape == (1, 3, 128, 64)
    assert fakes(run)[0].load()[0, :, 5, 5].tolist() == [0, 200, 0]


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    clear = np.zeros((8, 8, 4), np.uint8)
    run = read(saved(tmp_path, {"1.png": clear, "2.png": clear}))
    assert (fakes(run)[0].load() == 255).all()


def test_a_run_can_be_sent_to_another_process(tmp_path: Path) -> None:
    run = pickle.loads(pickle.dumps(read(saved(tmp_path, grids("1.png", "2.png")))))
    assert len(fakes(run)[0].load()) == 12


# Bad input


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_what_cannot_be_used_is_left_out_and_counted(tmp_path: Path) -> None:
    saved(tmp_path, grids("1.png", "2.png", "5.png"))
    (tmp_path / "3.png").write_bytes((tmp_path / "1.png").read_bytes()[:-40])  # torn
    (tmp_path / "4.png").write_bytes(b"\x89PNG nonsense")
    for i, sides in enumerate([(5000, 5000), (10_000, 9_000), (60_000, 60_000)], start=6):
        (tmp_path / f"{i}.png").write_bytes(bomb(*sides))
    moving = [Image.fromarray(grid(DIGITS[i : i + 12])) for i in (0, 12)]
    moving[0].save(tmp_path / "9.png", save_all=True, append_images=moving[1:])
    Image.fromarray(grid(DIGITS[:16])).save(tmp_path / "10.png")
    Image.fromarray(np.zeros((32, 42), np.uint16)).save(tmp_path / "11.png")
    run = read(tmp_path)
    assert steps(run) == [1, 2, 3, 5]
    assert {
        "1 image left out: it cannot be read as an image",
        "3 images left out: it has too many pixels",
        "1 image left out: it is animated",
        "1 image left out: it is of another size than most",
        "1 image left out: it has more than 8 bits a channel",
    } <= set(run.notes)
    with pytest.raises(ReadError, match=r"3\.png: it cannot be read as an image"):
        fakes(run)[2].load()


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    saved(tmp_path / "secret", grids("3.png"))
    saved(tmp_path / "run", grids("1.png", "2.png"))
    (tmp_path / "run/3.png").symlink_to(tmp_path / "secret/3.png")
    (tmp_path / "run/real").symlink_to(tmp_path / "secret")
    run = read(tmp_path / "run")
    assert steps(run) == [1, 2]
    assert any("leads out of" in note for note in run.notes)
    assert not any(samples.kind == "real" for samples in run.samples)


def test_a_folder_of_nothing_but_broken_images_is_said_to_be_so(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(ReadError, match="2 images left out"):
        gan_doctor.read(tmp_path)


def test_a_file_or_a_stream_is_not_its_own(tmp_path: Path) -> None:
    saved(tmp_path, grids("1.png"))
    for place in (tmp_path / "1.png", io.BytesIO(b"x")):
        assert ImageFolderReader().score(Source.of(place)) == 0


def test_a_remote_folder_is_read_alike(tmp_path: Path) -> None:
    saved(tmp_path, grids("1.png", "2.png") | {"real/0.png": DIGITS[0]})
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path), "/pictures", recursive=True)
    try:
        run = ImageFolderReader().read(Source.of("memory://pictures"))[0]
        assert steps(run) == [1, 2]
        assert np.array_equal(fakes(run)[1].load()[:, 0], DIGITS[12:24])
    finally:
        memory.rm("/pictures", recursive=True)


# Reading again


def test_heads_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source.of(saved(tmp_path, grids("1.png", "2.png")))
    _, cursor = ImageFolderReader().read(source)
    saved(tmp_path, grids("3.png"))
    opened: list[str] = []
    monkeypatch.setattr(
        "gan_doctor.readers.image_folder.head_of",
        lambda source, path: opened.append(path) or _pictures.head_of(source, path),
    )
    run, _ = ImageFolderReader().read(source, cursor)
    assert (opened, steps(run)) == (["3.png"], [1, 2, 3])
    os.remove(tmp_path / "1.png")
    assert steps(ImageFolderReader().read(source, cursor)[0]) == [2, 3]


def test_reading_needs_no_torch(tmp_path: Path) -> None:
    saved(tmp_path, grids("1.png", "2.png"))
    code = f"import sys, gan_doctor; gan_doctor.read({str(tmp_path)!r}); "
    code += "assert 'torch' not in sys.modules"
    assert start([sys.executable, "-c", code], check=False).returncode == 0
