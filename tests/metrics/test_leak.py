from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gan_doctor.metrics import AugmentationLeak, RandomConv, leak


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


PHI = RandomConv(1, (28, 28))


@pytest.fixture(scope="module")
def fitted(mnist) -> AugmentationLeak:
    return AugmentationLeak.fit(mnist[0][:1024], PHI, seeded())


def shares(fitted: AugmentationLeak, images: Tensor) -> dict[str, float]:
    return {name: share.item() for name, share in fitted.shares(PHI(images)).items()}


def test_tells_each_augmentation_of_reals(fitted):
    assert fitted.names == ("rotation", "flip", "translation", "cutout")
    assert min(fitted.separation.values()) > 0.9
    assert fitted.held_out.shape == (512, 4)
    assert fitted.held_out.mean(0).max() < 0.2


def test_fresh_reals_count_as_the_held_out_ones_do(fitted, mnist):
    fresh = shares(fitted, mnist[0][2000:3000])
    for name, expected in zip(fitted.names, fitted.held_out.mean(0).tolist(), strict=True):
        assert fresh[name] == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize("name", leak._CHANGES)
def test_augmented_reals_are_taken_for_augmented_in_that_way_first(fitted, mnist, name):
    augmented = leak._CHANGES[name](mnist[0][2000:2512], seeded(1))
    found = shares(fitted, augmented)
    assert found[name] > 0.8
    assert found[name] == max(found.values())


def test_blur_is_no_trace(fitted, mnist):
    blurred = avg_pool2d(mnist[0][2000:2512], 3, 1, padding=1, count_include_pad=False)
    for name, expected in zip(fitted.names, fitted.held_out.mean(0).tolist(), strict=True):
        assert shares(fitted, blurred)[name] < expected + 0.1


def test_half_of_them_give_half_the_share(fitted, mnist):
    images = mnist[0][2000:2512]
    mixed = torch.cat([images[:256], images[256:].rot90(1, (2, 3))])
    assert 0.35 < shares(fitted, mixed)["rotation"] < 0.65


def test_what_the_data_is_symmetric_under_is_not_assessed():
    texture = torch.randn(600, 1, 16, 16, generator=seeded())
    fitted = AugmentationLeak.fit(texture, RandomConv(1, (16, 16)), seeded())
    assert fitted.separation["rotation"] == pytest.approx(0.5, abs=0.1)
    assert fitted.separation["flip"] == pytest.approx(0.5, abs=0.1)
    assert not {"rotation", "flip"} & set(fitted.shares(torch.zeros(5, 128)))


def test_data_that_no_augmentation_changes_leaves_nothing_to_assess():
    blank = torch.zeros(80, 1, 16, 16)
    fitted = AugmentationLeak.fit(blank, RandomConv(1, (16, 16)), seeded())
    assert fitted.shares(torch.zeros(5, 128)) == {}
    assert fitted.held_out.shape == (40, 0)
    assert set(fitted.separation.values()) == {0.5}


def test_the_direction_is_that_of_fishers_discriminant(monkeypatch):
    monkeypatch.setattr(leak, "_RIDGE", 0.0)
    plain = torch.randn(300, 5, generator=seeded()) @ torch.randn(5, 5, generator=seeded(1))
    other = plain.flip(0) + torch.tensor([1.0, 0, -1, 0.5, 0])
    direction, threshold = leak._discriminant(plain, other)
    x = torch.cat([plain, other]).numpy()
    lda = LinearDiscriminantAnalysis(solver="lsqr").fit(x, np.arange(600) >= 300)
    expected = torch.from_numpy(lda.coef_[0]).float()
    cosine = torch.cosine_similarity(direction, expected, 0)
    assert cosine.item() == pytest.approx(1, abs=1e-4)
    assert ((torch.from_numpy(x) @ direction > threshold).numpy() == lda.predict(x)).mean() > 0.995


def test_constant_features_and_scale_do_not_matter(mnist):
    def padded(x: Tensor) -> Tensor:
        return torch.cat([1000 * PHI(x)[:, :64], PHI(x)[:, 64:], torch.ones(len(x), 3)], 1)

    images, other = mnist[0][:600], mnist[0][2000:2200]
    plain = AugmentationLeak.fit(images, PHI, seeded()).shares(PHI(other))
    changed = AugmentationLeak.fit(images, padded, seeded()).shares(padded(other))
    for name, share in plain.items():
        assert changed[name].item() == pytest.approx(share.item(), abs=0.05)


def test_many_draws_at_once_equal_a_loop(fitted, mnist):
    features = PHI(mnist[0][:60]).unflatten(0, (3, 20))
    for name, share in fitted.shares(features).items():
        torch.testing.assert_close(share[2], fitted.shares(features[2])[name])


def test_the_same_seed_gives_the_same_and_no_other_random_state_is_touched(mnist):
    images, before = mnist[0][:200], torch.get_rng_state()
    first, second, third = (AugmentationLeak.fit(images, PHI, seeded(s)) for s in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.separation == second.separation
    assert first.separation != third.separation


@pytest.mark.parametrize("size", [(12, 12), (9, 13)])
def test_augmentations_do_what_they_say(size):
    x = 1 + torch.rand(200, 2, *size, generator=seeded())
    turned, mirrored, shifted, cut = (f(x, seeded(1)) for f in leak._CHANGES.values())
    candidates = [x.rot90(k, (2, 3)) for k in (1, 2, 3)]
    same = [
        (turned == c).flatten(1).all(1) if turned.shape == c.shape else None for c in candidates
    ]
    same = torch.stack([s for s in same if s is not None])
    assert same.any(0).all()
    assert len(same) == 1 or (same.float().mean(1) > 0.2).all()
    assert torch.equal(mirrored, x.flip(-1))
    assert ((cut == 0).flatten(1).sum(1) == 2 * (size[0] // 2) * (size[1] // 2)).all()
    assert torch.equal(cut[cut != 0], x[cut != 0])
    seen = set()
    for before, after in zip(x, shifted, strict=True):
        fits = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if _moved(before, a, b).equal(after)]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) == 9


def _moved(image: Tensor, down: int, right: int) -> Tensor:
    moved = torch.zeros_like(image)
    height, width = image.shape[1:]
    for row in range(height):
        for column in range(width):
            if 0 <= row + down < height and 0 <= column + right < width:
                moved[:, row + down, column + right] = image[:, row, column]
    return moved
