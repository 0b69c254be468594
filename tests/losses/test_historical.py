from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError
from gan_doctor.losses import HistoricalAverage


def layer(seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(3, 2).double()


def shake(module: nn.Module) -> torch.Tensor:
    """Moves all weights at random, and returns the new ones in one vector."""
    with torch.no_grad():
        for p in module.parameters():
            p += torch.randn_like(p)
    return nn.utils.parameters_to_vector(module.parameters()).detach()


def test_it_is_the_squared_distance_to_the_mean_of_all_past_values() -> None:
    D = layer()
    average = HistoricalAverage(D)
    past = [nn.utils.parameters_to_vector(D.parameters()).detach()]
    for _ in range(5):
        now = shake(D)
        expected = 0.3 * (now - torch.stack(past).mean(0)).square().sum()
        torch.testing.assert_close(average.penalty(0.3).detach(), expected)
        average.update()
        past.append(now)


def test_its_gradient_draws_each_weight_to_its_mean() -> None:
    D = layer()
    average = HistoricalAverage(D)
    start = D.weight.detach().clone()
    shake(D)
    average.penalty(0.3).backward()
    torch.testing.assert_close(D.weight.grad, 0.6 * (D.weight - start).detach())


def test_an_untouched_module_pays_nothing() -> None:
    average = HistoricalAverage(layer())
    average.update()
    assert average.penalty().item() == 0


def test_neither_penalty_nor_update_changes_a_weight() -> None:
    D = layer()
    average = HistoricalAverage(D)
    now = shake(D)
    average.penalty()
    average.update()
    assert torch.equal(nn.utils.parameters_to_vector(D.parameters()).detach(), now)


def test_a_checkpoint_goes_on_as_if_nothing_had_happened() -> None:
    D, twin = layer(), layer()
    whole, first = HistoricalAverage(D), HistoricalAverage(twin)
    for _ in range(3):
        shake(D)
        twin.load_state_dict(D.state_dict())
        whole.update()
        first.update()
    kept = first.state_dict()
    first.update()  # what was kept stays as it was
    second = HistoricalAverage(twin)
    second.load_state_dict(kept)
    shake(D)
    twin.load_state_dict(D.state_dict())
    assert second.penalty() == whole.penalty()
    whole.update()
    second.update()
    assert second.penalty() == whole.penalty()


def test_a_module_without_parameters_is_refused() -> None:
    with pytest.raises(ConfigError, match="a module with parameters, got Tanh"):
        HistoricalAverage(nn.Tanh())
