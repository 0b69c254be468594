from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from gan_doctor.core import ConfigError
from gan_doctor.losses import diversity_loss, mode_seeking_loss


@pytest.fixture
def pairs() -> list[torch.Tensor]:
    """Two batches of samples and of their latents."""
    random = torch.Generator().manual_seed(0)
    samples = torch.randn(2, 5, 1, 3, 3, dtype=torch.float64, generator=random)
    return [*samples, *torch.randn(2, 5, 4, dtype=torch.float64, generator=random)]


def ratios(pairs: list[torch.Tensor]) -> list[float]:
    def apart(x: torch.Tensor, y: torch.Tensor) -> float:
        values = [
            abs(a - b) for a, b in zip(x.flatten().tolist(), y.flatten().tolist(), strict=True)
        ]
        return sum(values) / len(values)

    return [apart(a, b) / apart(u, v) for a, b, u, v in zip(*pairs, strict=True)]


def test_mode_seeking_equals_its_formula(pairs: list[torch.Tensor]) -> None:
    expected = 1 / (sum(ratios(pairs)) / 5 + 1e-5)
    assert mode_seeking_loss(*pairs).item() == pytest.approx(expected, rel=1e-12)


def test_diversity_equals_its_formula(pairs: list[torch.Tensor]) -> None:
    found = ratios(pairs)
    tau = sorted(found)[2]  # some pairs below it, some above
    expected = -sum(min(ratio, tau) for ratio in found) / 5
    assert diversity_loss(*pairs, tau=tau).item() == pytest.approx(expected, rel=1e-12)


def test_gradients_are_those_of_the_losses(pairs: list[torch.Tensor]) -> None:
    first, second, *z = pairs
    found = sorted(ratios(pairs))
    tau = (found[2] + found[3]) / 2
    samples = first.requires_grad_(), second.requires_grad_()
    assert gradcheck(lambda a, b: mode_seeking_loss(a, b, *z), samples)
    assert gradcheck(lambda a, b: diversity_loss(a, b, *z, tau=tau), samples)


def test_a_collapse_costs_most(pairs: list[torch.Tensor]) -> None:
    first, second, *z = pairs
    closer = first + 0.01 * (second - first)
    assert mode_seeking_loss(first, closer, *z) > 50 * mode_seeking_loss(first, second, *z)
    assert mode_seeking_loss(first, first, *z).item() == pytest.approx(1e5)
    assert diversity_loss(first, closer, *z, tau=1.0) > diversity_loss(*pairs, tau=1.0)
    assert diversity_loss(first, first, *z, tau=1.0).item() == 0


def test_a_pair_that_is_apart_by_tau_is_left_alone(pairs: list[torch.Tensor]) -> None:
    first, second, *z = pairs
    tau = min(ratios(pairs)) / 2
    loss = diversity_loss(first.requires_grad_(), second, *z, tau=tau)
    assert loss.item() == pytest.approx(-tau)
    loss.backward()
    assert first.grad is not None
    assert not first.grad.any()


def test_the_size_of_an_image_changes_nothing(pairs: list[torch.Tensor]) -> None:
    first, second, *z = pairs
    larger = (x.repeat_interleave(2, 2).repeat_interleave(2, 3) for x in (first, second))
    torch.testing.assert_close(mode_seeking_loss(*larger, *z), mode_seeking_loss(*pairs))


def test_what_is_not_in_pairs_is_refused(pairs: list[torch.Tensor]) -> None:
    first, second, *z = pairs
    with pytest.raises(ConfigError, match="first and second must have the same shape"):
        mode_seeking_loss(first, second[:1], *z)
    with pytest.raises(ConfigError, match="z_first and z_second must have the same shape"):
        diversity_loss(first, second, z[0], z[1][:1], tau=1.0)


@pytest.mark.parametrize("tau", [0.0, -1.0, float("nan")])
def test_a_bound_that_is_not_positive_is_refused(tau: float, pairs: list[torch.Tensor]) -> None:
    with pytest.raises(ConfigError, match="tau must be positive"):
        diversity_loss(*pairs, tau=tau)
