from __future__ import annotations

import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.nn import DCGANDiscriminator, DCGANGenerator


@pytest.mark.parametrize("size", [8, 12, 16, 28, 32])
def test_generator_and_discriminator_fit_each_other(size: int) -> None:
    G = DCGANGenerator(latent=5, channels=3, size=size, width=4)
    D = DCGANDiscriminator(channels=3, size=size, width=4)
    images = G(torch.randn(7, 5))
    assert images.shape == (7, 3, size, size)
    assert images.abs().max() < 1
    assert D(images).shape == (7,)


@pytest.mark.parametrize("size", [0, 4, 7, 9, 14, 72, 1])
def test_sizes_that_no_doubling_reaches_are_refused_by_number(size: int) -> None:
    for make in (lambda: DCGANGenerator(2, 1, size), lambda: DCGANDiscriminator(1, size)):
        with pytest.raises(ConfigError, match=f"got {size}$"):
            make()


@pytest.mark.parametrize("norm", ["layer", "none"])
def test_samples_of_a_batch_are_judged_apart_unless_batch_normalised(norm: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(6, 1, 16, 16)
    apart = DCGANDiscriminator(1, 16, width=8, norm=norm)  # type: ignore[arg-type]
    mixed = DCGANDiscriminator(1, 16, width=8, norm="batch")
    torch.testing.assert_close(apart(x)[:2], apart(x[:2]))
    assert not torch.allclose(mixed(x)[:2], mixed(x[:2]), rtol=1e-3)


def test_first_and_last_layers_are_not_normalised() -> None:
    layers = list(DCGANDiscriminator(1, 32, width=4, norm="batch").layers)
    assert [type(layer).__name__ for layer in layers] == [
        *("Conv2d", "LeakyReLU"),
        *("Conv2d", "BatchNorm2d", "LeakyReLU"),
        *("Conv2d", "BatchNorm2d", "LeakyReLU"),
        "Conv2d",
    ]


def test_weights_start_as_narrow_as_in_the_paper() -> None:
    torch.manual_seed(0)
    G = DCGANGenerator(64, 1, 16)
    weights = torch.cat([p.flatten() for p in G.parameters() if p.dim() == 4])
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)
