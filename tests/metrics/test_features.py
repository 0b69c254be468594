from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.metrics import Features, RandomConv, Raw, distances, feature_space

PRINT_FEATURES = """
import random, sys, numpy, torch
for seed in (random.seed, numpy.random.seed, torch.manual_seed):
    seed(int(sys.argv[1]))
from gan_doctor.metrics import RandomConv
images = torch.linspace(-1, 1, 4 * 16 * 16).reshape(4, 1, 16, 16).sin()
print(RandomConv(1, (16, 16), seed=3)(images).numpy().tobytes().hex())
"""


def share_of_classes_found(features: torch.Tensor, labels: torch.Tensor) -> float:
    apart = distances(features, features).fill_diagonal_(torch.inf)
    neighbours = labels[apart.topk(5, largest=False).indices]
    return (neighbours.mode(-1).values == labels).float().mean().item()


def test_two_processes_with_different_global_seeds_get_the_same_features():
    runs = [
        subprocess.run(
            [sys.executable, "-c", PRINT_FEATURES, seed], capture_output=True, check=True
        )
        for seed in ("1", "2")
    ]
    assert len(runs[0].stdout) > 1000
    assert runs[0].stdout == runs[1].stdout


def test_the_features_of_a_seed_stay_what_they_are_in_logs_already_written():
    images = torch.linspace(-1, 1, 2 * 3 * 64).reshape(2, 3, 8, 8).sin()
    features = RandomConv(3, (8, 8))(images)
    expected = [0.04925, 0.02118, -0.84979, 0.35377]
    assert features[0, :4].tolist() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("channels", "size"),
    [(1, (8, 8)), (1, (28, 28)), (3, (9, 31)), (3, (64, 64)), (4, (16, 200)), (1, (130, 65))],
)
def test_every_image_size_gets_128_finite_features_that_differ(channels, size):
    torch.manual_seed(0)
    features = RandomConv(channels, size)(torch.rand(6, channels, *size) * 2 - 1)
    assert features.shape == (6, 128)
    assert features.dtype == torch.float32
    apart = distances(features, features) + torch.eye(6)
    assert apart.isfinite().all()
    assert (apart > 1e-3).all()


def test_an_image_has_the_same_features_in_any_company(digits):
    images = digits[0][:20]
    phi = RandomConv(1, (8, 8))
    together, alone = phi(images), torch.cat([phi(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


def test_seeds_differ():
    images = torch.randn(2, 1, 8, 8)
    assert not torch.allclose(RandomConv(1, (8, 8), 0)(images), RandomConv(1, (8, 8), 1)(images))


def test_location_shape_and_texture_all_move_the_features(digits):
    images = digits[0][:200]
    phi = RandomConv(1, (8, 8))
    features = phi(images)
    usual = distances(features, features).median()
    moved, mirrored, inverted = images.roll(1, -1), images.flip(-1), -images
    blurred = torch.nn.functional.avg_pool2d(images, 3, 1, padding=1)
    for changed in (moved, mirrored, inverted, blurred):
        assert (phi(changed) - features).norm(dim=1).median() > 0.3 * usual


def test_nearest_neighbours_mostly_share_their_class(digits):
    images, labels = digits
    phi = RandomConv(1, (8, 8))
    assert share_of_classes_found(phi(images), labels) > 0.95  # raw pixels: 0.98


@pytest.mark.parametrize(("side", "least"), [(16, 0.9), (28, 0.84)])
def test_nearest_neighbours_mostly_share_their_class_on_mnist(mnist, side, least):
    images, labels = (part[:3000] for part in mnist)
    images = torch.nn.functional.interpolate(
        images, size=(side, side), mode="bilinear", antialias=True
    )
    assert share_of_classes_found(RandomConv(1, (side, side))(images), labels) > least


def test_autocast_does_not_coarsen_the_features():
    images = torch.randn(4, 1, 16, 16)
    phi = RandomConv(1, (16, 16))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(phi(images), phi(images.clone()))
        inside = phi(images)
    assert torch.equal(inside, phi(images))


def test_images_of_half_precision_have_nearly_the_same_features():
    images = torch.randn(4, 1, 16, 16)
    phi = RandomConv(1, (16, 16))
    torch.testing.assert_close(phi(images.half()), phi(images), rtol=1e-2, atol=1e-2)


def test_the_default_dtype_of_a_program_does_not_matter():
    images = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
    expected = RandomConv(1, (8, 8))(images)
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(RandomConv(1, (8, 8))(images), expected)
    finally:
        torch.set_default_dtype(torch.float32)


def test_raw_flattens():
    points = torch.arange(12, dtype=torch.float16).reshape(3, 2, 2)
    assert torch.equal(Raw()(points), torch.arange(12.0).reshape(3, 4))


def test_images_get_random_conv_and_all_else_raw():
    spaces: dict[tuple[int, ...], Features] = {
        shape: feature_space(shape)
        for shape in [(1, 8, 8), (3, 32, 16), (1, 7, 8), (1, 8, 7), (2,), (28, 28), (1, 4, 8, 8)]
    }
    images = {shape for shape, space in spaces.items() if space.name == "random-conv"}
    assert images == {(1, 8, 8), (3, 32, 16)}
    assert {space.name for shape, space in spaces.items() if shape not in images} == {"raw"}


def test_images_too_small_or_of_another_shape_are_refused_with_both_numbers():
    with pytest.raises(ConfigError, match=r"8 x 8.*\(7, 20\).*Raw"):
        RandomConv(1, (7, 20))
    with pytest.raises(ConfigError, match=r"\(1, 8, 8\).*\(3, 8, 8\)"):
        RandomConv(1, (8, 8))(torch.zeros(2, 3, 8, 8))
