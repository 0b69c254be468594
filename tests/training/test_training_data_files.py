"""The reader's own data: a folder of images, a table of numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_doctor.core import ConfigError
from gan_doctor.training.data import Dataset, load

RED, GREY, WHITE = (255, 0, 0), (51, 51, 51), (255, 255, 255)


@pytest.fixture
def paint(tmp_path: Path) -> Callable[..., Path]:
    """Writes an image of one colour, and says where."""

    def write(name: str, colour: object = RED, size: tuple[int, int] = (8, 8)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = "L" if isinstance(colour, int) else {3: "RGB", 4: "RGBA"}[len(colour)]  # type: ignore[arg-type]
        Image.new(mode, size, colour).save(path)  # type: ignore[arg-type]
        return path

    return write


def images(folder: Path, size: int = 8) -> Dataset:
    return load("images", size, str(folder))


@pytest.mark.parametrize("ending", ["png", "jpg", "JPEG", "webp", "bmp"])
def test_images_of_usual_kinds_are_read(ending: str, paint: Callable[..., Path]) -> None:
    data = images(paint(f"one.{ending}").parent)
    assert data.x.shape == (1, 3, 8, 8)
    assert data.x.dtype == torch.float32
    expected = torch.tensor([1.0, -1, -1]).view(1, 3, 1, 1).expand_as(data.x)
    torch.testing.assert_close(data.x, expected, atol=0.03, rtol=0)


def test_an_image_fills_the_square_and_its_middle_is_kept(tmp_path: Path) -> None:
    wide = np.full((10, 40, 3), 255, np.uint8)
    wide[:, 15:25] = RED  # the middle square
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(wide.transpose(1, 0, 2)).save(tmp_path / "tall.png")
    for image in images(tmp_path, 20).x:
        inside = image[:, 2:-2, 2:-2]  # of the resampling at the edges
        torch.testing.assert_close(inside[0], torch.ones(16, 16))
        torch.testing.assert_close(inside[1:], -torch.ones(2, 16, 16))


def test_images_are_found_at_any_depth_in_the_order_of_their_names(
    paint: Callable[..., Path], tmp_path: Path
) -> None:
    paint("b.png", WHITE)
    paint("a/deep/down.png", (0, 0, 0))
    paint("c.png", (255, 254, 255))
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "d.png").mkdir()
    assert images(tmp_path).x[:, 0, 0, 0].tolist() == [-1, 1, 1]


def test_images_have_one_channel_only_if_all_are_grey(
    paint: Callable[..., Path], tmp_path: Path
) -> None:
    paint("l.png", 51)
    paint("rgb.png", GREY)
    data = images(tmp_path)
    assert data.x.shape == (2, 1, 8, 8)
    torch.testing.assert_close(data.x, torch.full((2, 1, 8, 8), -0.6))
    paint("red.png", RED)
    assert images(tmp_path).x.shape == (3, 3, 8, 8)


def test_what_is_transparent_becomes_white(paint: Callable[..., Path]) -> None:
    assert (images(paint("clear.png", (255, 0, 0, 0)).parent).x == 1).all()


def test_an_image_that_a_camera_turned_is_turned_back(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = 255
    turned = Image.fromarray(pixels)
    exif = turned.getexif()
    exif[0x0112] = 3  # by half a turn
    turned.save(tmp_path / "turned.png", exif=exif)
    x = images(tmp_path).x[0, 0]
    assert (x[0, 0], x[-1, 0]) == (-1, 1)


def test_subfolders_are_classes(paint: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("dog/1.png", "cat/2.png", "cat/more/3.png", "owl/4.png"):
        paint(name)
    data = images(tmp_path)
    assert data.y is not None
    assert (data.y.tolist(), data.classes) == ([0, 0, 1, 2], 3)
    assert data.y.dtype == torch.long


@pytest.mark.parametrize("names", [("a/1.png", "a/2.png"), ("a/1.png", "b/2.png", "3.png")])
def test_one_subfolder_or_an_image_outside_makes_no_classes(
    names: tuple[str, ...], paint: Callable[..., Path], tmp_path: Path
) -> None:
    for name in names:
        paint(name)
    data = images(tmp_path)
    assert (data.y, data.classes) == (None, 0)


def test_a_folder_without_an_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    for folder in (tmp_path, tmp_path / "absent", tmp_path / "notes.txt"):
        with pytest.raises(ConfigError, match=rf"{folder.name} holds no image: set data_file"):
            images(folder)


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "good.png")
    good = (tmp_path / "good.png").read_bytes()
    for content in (b"no image", b"", good[: len(good) // 2], good[:30]):
        (tmp_path / "broken.png").write_bytes(content)
        with pytest.raises(ConfigError, match=r"broken\.png as an image .* take it out"):
            images(tmp_path)


def test_an_image_whose_values_would_be_cut_off_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 40_000, np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(ConfigError, match=r"deep\.png .* more than 8 bits a channel"):
        images(tmp_path)


def test_an_image_as_large_as_an_attack_is_refused(
    paint: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint("huge.png", size=(40, 40))
    for most in (1000, 100):  # Pillow warns above it, and refuses above twice as much
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
        with pytest.raises(ConfigError, match=r"huge\.png as an image"):
            images(tmp_path)


def test_more_images_than_memory_holds_are_refused_before_they_are_read(
    paint: Callable[..., Path], tmp_path: Path
) -> None:
    paint("1.png")
    (tmp_path / "2.png").write_bytes(b"never opened")
    with pytest.raises(ConfigError, match=r"2 images of 40000x40000 .* set a smaller size"):
        images(tmp_path, 40_000)


def test_images_need_a_size(paint: Callable[..., Path]) -> None:
    folder = paint("1.png").parent
    with pytest.raises(ConfigError, match="size must be 1 or more for images, got 0"):
        images(folder, 0)


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Dataset]:
    """Reads a text as a CSV."""

    def read(text: str) -> Dataset:
        (tmp_path / "my.csv").write_text(text, encoding="utf-8")
        return load("csv", 0, str(tmp_path / "my.csv"))

    return read


def test_columns_get_mean_0_and_sd_1(table: Callable[[str], Dataset]) -> None:
    drawn = np.random.default_rng(0).normal([3, -1000], [0.01, 500], (50, 2))
    x = table("\n".join(f"{a!r},{b!r}" for a, b in drawn.tolist())).x
    assert x.shape == (50, 2)
    assert x.dtype == torch.float32
    expected = (drawn - drawn.mean(0)) / drawn.std(0)
    np.testing.assert_allclose(x, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,8\n",
        "height,width\n1,2\n3,8",
        "\ufeffheight,width\r\n1,2\r\n3,8\r\n",
        '"a, b",c\n"1",2\n\n 3 ,8e0\n  \n',
    ],
    ids=["bare", "names", "from a spreadsheet", "quotes, spaces and empty lines"],
)
def test_lines_are_read_as_they_come(text: str, table: Callable[[str], Dataset]) -> None:
    assert table(text).x.tolist() == [[-1, -1], [1, 1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,x", r"my\.csv, line 3: column 2 \(b\) must be a finite number, got 'x'"),
        ("1,2\n,4", r"line 2: column 1 must be a finite number, got ''"),
        ("1,2\nnan,4", r"line 2: column 1 .* got 'nan'"),
        ("1,2\n3,-inf", r"line 2: column 2 .* got '-inf'"),
        ("1,2\n3,1e300", r"line 2: column 2 .* got '1e300'"),
        ("1,b\n3,4", r"line 1: column 2 .* got 'b'"),
        ("a,b\n\n1,2\n3", r"line 4: expected 2 numbers, got 1"),
        ("1,2\n3,4,5", r"line 2: expected 2 numbers, got 3"),
        ("1,2\n,", r"line 2: column 1 .* got ''"),
        ("a,b\n0.1,2\n0.1,3\n0.1,4", r"column 1 \(a\) is the same in all 3 rows"),
        ("1,2", r"column 1 is the same in all 1 rows"),
        ("1e-200,1\n2e-200,2", "column 1 is the same"),
        ("a;b\n1;2", r"column 1 \(a;b\) must be a finite number, got '1;2'"),
        ("a,b\n", r"my\.csv holds no rows of numbers: set data_file to a CSV"),
        ("", r"my\.csv holds no rows"),
    ],
)
def test_a_table_that_cannot_be_learned_from_says_where(
    text: str, message: str, table: Callable[[str], Dataset]
) -> None:
    with pytest.raises(ConfigError, match=message):
        table(text)


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_bytes(b"\xff\xfe\x00,\x81")
    (tmp_path / "cut.csv").write_text('1,"' + "2" * 200_000)  # a cell longer than csv reads
    for name in ("my.csv", "cut.csv", "absent.csv", "."):
        with pytest.raises(ConfigError, match="Cannot read numbers from"):
            load("csv", 0, str(tmp_path / name))
