from __future__ import annotations

import copy

import torch
from torch import nn

from gan_doctor.nn import DCGANDiscriminator, remove_spectral_norm, spectral_norm


def discriminator() -> DCGANDiscriminator:
    torch.manual_seed(0)
    return DCGANDiscriminator(1, 8, width=8, norm="none")


def weights(module: nn.Module) -> list[torch.Tensor]:
    return [m.weight for m in module.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


def test_every_weight_comes_to_a_spectral_norm_of_one() -> None:
    D = spectral_norm(discriminator())
    for _ in range(200):
        D(torch.randn(2, 1, 8, 8))
    norms = [torch.linalg.matrix_norm(w.flatten(1), 2).item() for w in weights(D)]
    torch.testing.assert_close(torch.tensor(norms), torch.ones(len(norms)), atol=1e-3, rtol=0)


def test_the_directions_of_the_weights_stay() -> None:
    plain = discriminator()
    for before, after in zip(
        weights(plain), weights(spectral_norm(copy.deepcopy(plain))), strict=True
    ):
        assert torch.cosine_similarity(before.flatten(), after.flatten(), 0) > 0.9999


def test_taken_off_again_it_leaves_a_plain_state_and_the_same_function() -> None:
    plain = discriminator()
    D = spectral_norm(copy.deepcopy(plain)).eval()
    x = torch.randn(4, 1, 8, 8)
    normed = D(x)
    remove_spectral_norm(D)
    assert D.state_dict().keys() == plain.state_dict().keys()
    plain.load_state_dict(D.state_dict())
    torch.testing.assert_close(plain(x), normed)


def test_twice_on_is_once_on() -> None:
    once = spectral_norm(discriminator()).state_dict()
    twice = spectral_norm(spectral_norm(discriminator())).state_dict()
    assert once.keys() == twice.keys()
