from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.training import classifier as module
from gan_doctor.training.classifier import Classifier, digit_classifier, stacked_modes
from gan_doctor.training.data import load

DIGITS, EPOCHS = 400, 3


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    """400 of scikit-learn's digits, three times as large and with a margin."""
    found = load_digits()
    large = (found.images[:DIGITS] * (255 / 16)).astype(np.uint8).repeat(3, 1).repeat(3, 2)
    return {"images": np.pad(large, ((0, 0), (2, 2), (2, 2))), "labels": found.target[:DIGITS]}


@pytest.fixture(scope="module")
def file(arrays: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("digits") / "digits.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return str(path)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def trained(file: str, cache: Path) -> Classifier:
    return digit_classifier(file, cache, EPOCHS)


@pytest.fixture(scope="module")
def briefly(file: str, cache: Path) -> Classifier:
    """After a single pass."""
    return digit_classifier(file, cache, 1)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each training."""
    done: list[int] = []
    train = module._trained

    def counted(data: object, epochs: int) -> Classifier:
        done.append(epochs)
        return train(data, epochs)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_trained", counted)
    return done


def weights(classifier: Classifier) -> list[Tensor]:
    return list(classifier.net.state_dict().values())


def same(a: Classifier, b: Classifier) -> bool:
    pairs = zip(weights(a), weights(b), strict=True)
    return a.accuracy == b.accuracy and all(torch.equal(x, y) for x, y in pairs)


def test_it_learns_to_tell_digits_apart(trained: Classifier) -> None:
    assert trained.accuracy > 0.7  # by chance .1


def test_the_accuracy_is_that_on_the_digits_which_it_did_not_see(
    briefly: Classifier, arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    order = torch.randperm(DIGITS, generator=torch.Generator().manual_seed(0))
    held = order[: DIGITS // 5]
    labels = torch.tensor(arrays["labels"])
    labels[held] = (labels[held] + 1) % 10
    file = str(tmp_path / "wrong.npz")
    np.savez(file, images=arrays["images"], labels=labels.numpy())
    misled = digit_classifier(file, tmp_path, 1)

    assert all(torch.equal(a, b) for a, b in zip(weights(misled), weights(briefly), strict=True))
    told = misled.predict(load("mnist", 28, file).x[held])
    assert misled.accuracy == (told == labels[held]).float().mean().item()
    assert briefly.accuracy == (told == (labels[held] - 1) % 10).float().mean().item()
    assert misled.accuracy != briefly.accuracy


def test_a_digit_keeps_its_class_when_it_lies_a_pixel_off(trained: Classifier, file: str) -> None:
    x = load("mnist", 28, file).first(200)
    agree = trained.predict(x) == trained.predict(x.roll((1, -1), (2, 3)))
    assert agree.float().mean() > 0.7


def test_each_image_is_judged_alone(trained: Classifier, file: str) -> None:
    x = load("mnist", 28, file).first(30)
    together = trained.predict(x)
    assert together.dtype == torch.long
    assert together.tolist() == [int(trained.predict(image[None])) for image in x]


def test_more_images_than_one_chunk_keep_their_order(
    trained: Classifier, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = load("mnist", 28, file).first(50)
    expected = trained.predict(x)
    monkeypatch.setattr(module, "_CHUNK", 16)
    assert torch.equal(trained.predict(x), expected)
    assert trained.predict(x[:0]).shape == (0,)


def test_a_stack_is_the_number_that_its_colours_write(trained: Classifier, file: str) -> None:
    data = load("stacked-mnist", 28, file)
    x = data.first(40)
    a, b, c = (trained.predict(x[:, [i]]) for i in range(3))
    assert torch.equal(stacked_modes(trained, x), 100 * a + 10 * b + c)


def test_images_of_another_shape_are_refused(trained: Classifier) -> None:
    with pytest.raises(ConfigError, match=r"\(N, 1, 28, 28\), got \(2, 1, 16, 16\)"):
        trained.predict(torch.zeros(2, 1, 16, 16))
    with pytest.raises(ConfigError, match=r"\(N, 3, 28, 28\), got \(2, 1, 28, 28\)"):
        stacked_modes(trained, torch.zeros(2, 1, 28, 28))


def test_it_is_trained_once_and_kept(
    trained: Classifier, file: str, cache: Path, trainings: list[int]
) -> None:
    again = digit_classifier(file, cache, EPOCHS)
    assert not trainings
    assert same(again, trained)
    assert not again.net.training
    assert {path.suffix for path in cache.iterdir()} == {".pt"}


def test_the_same_data_gives_the_same_weights_and_no_random_state_is_touched(
    briefly: Classifier, file: str, tmp_path: Path
) -> None:
    torch.manual_seed(123)
    before = torch.get_rng_state()
    assert same(digit_classifier(file, tmp_path, 1), briefly)
    assert torch.equal(torch.get_rng_state(), before)


def test_other_data_or_another_training_has_a_file_of_its_own(
    arrays: dict[str, np.ndarray], file: str, tmp_path: Path, trainings: list[int]
) -> None:
    other = arrays["images"].copy()
    other[0, 0, 0] = 1
    np.savez(tmp_path / "other.npz", images=other, labels=arrays["labels"])
    for of, epochs in ((file, 0), (str(tmp_path / "other.npz"), 0), (file, 1), (file, 0)):
        digit_classifier(of, tmp_path / "cache", epochs)
    assert trainings == [0, 0, 1]


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def swap(path: Path) -> None:
    torch.save({**torch.load(path, weights_only=True), "trained_on": "something else"}, path)


def strip(path: Path) -> None:
    torch.save({"trained_on": torch.load(path, weights_only=True)["trained_on"]}, path)


def reshape(path: Path) -> None:
    state = torch.load(path, weights_only=True)
    torch.save({**state, "weights": {"0.weight": torch.zeros(2)}}, path)


def make_code(path: Path) -> None:
    torch.save(Classifier(torch.nn.Identity(), 1.0), path)


def make_list(path: Path) -> None:
    torch.save([1, 2], path)


@pytest.mark.parametrize("spoil", [damage, empty, swap, strip, reshape, make_code, make_list])
def test_a_damaged_or_foreign_file_is_trained_anew_and_replaced(
    spoil: Callable[[Path], None], file: str, tmp_path: Path, trainings: list[int]
) -> None:
    first = digit_classifier(file, tmp_path, 0)
    spoil(next(tmp_path.glob("*.pt")))
    assert same(digit_classifier(file, tmp_path, 0), first)
    assert len(trainings) == 2
    assert same(digit_classifier(file, tmp_path, 0), first)
    assert len(trainings) == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_the_cache_lies_where_the_variable_says(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_DOCTOR_CACHE", str(tmp_path / "mine"))
    digit_classifier(file, epochs=0)
    assert len(list((tmp_path / "mine").iterdir())) == 1
    monkeypatch.delenv("GAN_DOCTOR_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    digit_classifier(file, epochs=0)
    assert len(list((tmp_path / "home" / ".cache" / "gan-doctor").iterdir())) == 1


def test_a_cache_that_cannot_be_written_says_so_before_the_training(
    file: str, tmp_path: Path, trainings: list[int]
) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ConfigError, match=r"taken.* set GAN_DOCTOR_CACHE"):
        digit_classifier(file, tmp_path / "taken", 0)
    assert not trainings


def test_a_write_that_breaks_off_says_so_and_leaves_no_rest(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ConfigError, match=r"No space left on device.* set GAN_DOCTOR_CACHE"):
        digit_classifier(file, tmp_path, 0)
    assert not list(tmp_path.iterdir())


def test_data_that_nothing_can_be_learned_from_is_refused(
    arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    np.savez(tmp_path / "bare.npz", images=arrays["images"])
    with pytest.raises(ConfigError, match=r"bare\.npz has no labels"):
        digit_classifier(str(tmp_path / "bare.npz"), tmp_path)
    np.savez(tmp_path / "few.npz", **{name: array[:79] for name, array in arrays.items()})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"80 digits or more, .*few\.npz has 79"):
        digit_classifier(str(tmp_path / "few.npz"), tmp_path)


def test_real_digits_are_told_apart_as_documented() -> None:
    """It trains for half a minute unless `GAN_DOCTOR_CACHE` keeps what an earlier run trained."""
    folder, kept = os.environ.get("GAN_DOCTOR_DATA"), os.environ.get("GAN_DOCTOR_CACHE")
    if not folder or not kept:
        pytest.skip("GAN_DOCTOR_DATA and GAN_DOCTOR_CACHE do not both name a directory")
    assert digit_classifier(str(Path(folder) / "mnist10k.npz")).accuracy >= 0.985
